"""What is kept is the same in every language: verdicts, digests, what a sign-off covers, what a firing is called."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from lifecycle.guide import PartSpec
from lifecycle.language import speaking
from lifecycle.rules.checks.evaluation import AREAS_OF_CHECKS, Judgement, judge_all
from lifecycle.rules.monitors import (
    MonitorSpec,
    breach_sentence,
    breach_title,
    length_text,
    limit_text,
    silence_sentence,
)
from lifecycle.rules.parts import parse_part
from lifecycle.rules.signoffs import cover
from lifecycle.rules.triggers import Direction, LimitKind
from lifecycle.vocabulary import DURATION_UNITS, Duration, Gate, Role, duration_unit
from tests.rules.building import guide
from tests.rules.test_judging_again import PROJECTS

FRENCH = "fr"


def _kept(judgement: Judgement) -> tuple[object, ...]:
    verdict = judgement.verdict
    return verdict.result, verdict.missing, verdict.fields, judgement.inputs_digest, judgement.looked_at


def test_every_verdict_and_digest_is_the_same_in_every_language() -> None:
    other = guide().in_language(FRENCH)
    said_otherwise = set()
    for project in PROJECTS:
        english = judge_all(project, guide())
        with speaking(FRENCH):
            spoken = judge_all(project, other)
        assert list(map(_kept, spoken)) == list(map(_kept, english))
        said_otherwise |= {
            now.check.id for was, now in zip(english, spoken, strict=True) if was.messages != now.messages
        }
    assert said_otherwise >= set(AREAS_OF_CHECKS)


def test_sign_off_covers_the_same_in_every_language() -> None:
    other = guide().in_language(FRENCH)
    for project in PROJECTS[::10]:
        for gate in Gate:
            for role in (Role.BUSINESS, Role.APPROVER):
                with speaking(FRENCH):
                    spoken = cover(project, other, gate, role)
                assert spoken == cover(project, guide(), gate, role)


SPEC = MonitorSpec("Recall", Direction.BELOW, threshold=1234.5, expected_seconds=86_400)


@pytest.mark.parametrize(
    "spec", [SPEC, replace(SPEC, limit_kind=LimitKind.ROW), replace(SPEC, limit_kind=LimitKind.CHANGE)]
)
def test_what_is_kept_of_a_firing_is_english(spec: MonitorSpec) -> None:
    def kept() -> tuple[str, ...]:
        return breach_title(spec), breach_sentence(spec, [("a", 1234.5)]), silence_sentence(spec, "then")

    english = kept()
    with speaking(FRENCH):
        assert kept() == english


def test_whoever_reads_a_rule_reads_numbers_as_their_language_writes_them() -> None:
    assert (limit_text(SPEC), length_text(86_400)) == ("below 1,234.5", "1 day")
    with speaking(FRENCH):
        assert limit_text(SPEC).endswith("1\u202f234,5")


def test_unit_of_time_is_understood_in_english_and_as_it_is_spoken() -> None:
    part = PartSpec(id="value", type="duration")
    for unit in DURATION_UNITS:
        with speaking(FRENCH):
            for word in (unit, unit[:-1], duration_unit(unit), str(Duration(Decimal(1), unit)).split()[1]):
                assert parse_part(part, f"3 {word}") == {"amount": "3", "unit": unit}
