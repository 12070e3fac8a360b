"""The proposed tier: points, quarters, relief, and the open cases whose tier is on record."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from lifecycle.rules.project_facts import AnswerFact, ProjectFacts
from lifecycle.rules.tiers import propose
from lifecycle.vocabulary import AnswerState
from tests.rules.building import dont_know, facts, guide

IMPACT = ("D12", "D13", "D25", "D27", "D42")


def of(role: str, affected: str, undo: str, **more: Any) -> ProjectFacts:
    return facts(D12=role, D13={"affected": affected, "undo": undo}, **more)


REST = {"D25": {"personal": False}, "D27": "none", "D42": False}


@pytest.mark.parametrize(
    ("project", "points", "maximum", "tier"),
    [
        (of("informs", "nobody", "easily"), 0, 17, 1),
        (of("informs", "customers", "easily"), 3, 17, 1),
        (of("informs", "public", "with_effort"), 6, 17, 2),
        (of("recommends", "customers", "hard"), 10, 17, 3),
        (of("decides_alone", "public", "never"), 17, 17, 4),
        (of("informs", "customers", "with_effort", **REST), 5, 20, 1),  # exactly a quarter
        (of("recommends", "customers", "hard", **REST), 10, 20, 2),  # exactly half
        (of("recommends", "customers", "hard", **{**REST, "D42": True}), 11, 20, 3),
        (of("decides_unless_overridden", "public", "hard", **REST), 15, 20, 3),  # exactly three quarters
        (of("decides_unless_overridden", "public", "never", **REST), 16, 20, 4),
    ],
)
def test_proposal_takes_quarters_of_what_the_answers_could_give(
    project: ProjectFacts, points: int, maximum: int, tier: int
) -> None:
    found = propose(project, guide())

    assert found is not None
    assert (found.points, found.maximum, found.tier) == (points, maximum, tier)
    assert sum(item.points for item in found.because) == points


@pytest.mark.parametrize(
    "project",
    [facts(), facts(D12="informs"), facts(D12="informs", D13=dont_know()), facts(D13={"affected": "staff"})],
)
def test_no_tier_is_proposed_before_the_needed_answers(project: ProjectFacts) -> None:
    assert propose(project, guide()) is None


def test_proposal_says_because_of_which_answers() -> None:
    found = propose(of("recommends", "customers", "with_effort", D42=False), guide())

    assert found is not None
    assert [(item.text, item.points, item.field) for item in found.because] == [
        ("It recommends what is done", 1, "D12"),
        ("Customers bear the effect", 3, "D13"),
        ("Undoing it takes effort", 2, "D13"),
    ]


FOUR_OF_SIX = {
    "R09": {"override": True, "logged": True},
    "R12": {"kind": "manual", "drill_planned": False},
    "R28": {"reasons_shown": True},
}


@pytest.mark.parametrize(
    ("appeal", "share", "tier"),
    [
        ({"can_change": False, "effect_waits": False}, Fraction(9, 17), 3),
        ({"can_change": True, "effect_waits": False}, Fraction(9, 17) * Fraction(85, 100), 2),
        ({"can_change": True, "effect_waits": True}, Fraction(9, 17) * Fraction(85, 100), 2),
    ],
)
def test_mitigation_of_four_fifths_lowers_the_share(
    appeal: dict[str, bool], share: Fraction, tier: int
) -> None:
    found = propose(of("informs", "customers", "hard", R23=appeal, **FOUR_OF_SIX), guide())

    assert found is not None
    assert (found.share, found.tier, found.is_relieved) == (share, tier, share < Fraction(9, 17))


def test_proposal_ignores_the_tier_that_was_confirmed() -> None:
    found = propose(of("decides_alone", "public", "never", R21={"tier": "1"}), guide())

    assert found is not None
    assert found.tier == 4


def _translated(answers: dict[str, Any]) -> ProjectFacts:
    """The impact answers of a case in our words; nothing else of it speaks about the tier."""
    given = {field_id: answers[field_id]["value"] for field_id in IMPACT if field_id in answers}
    words = {
        field_id: AnswerFact(AnswerState.ANSWERED, _words(field_id, value))
        for field_id, value in given.items()
    }
    return facts(**words)


def _words(field_id: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _words(field_id, item) for name, item in value.items()}
    if not isinstance(value, str):
        return value
    return {"reasons to the affected person": "reasons_to_affected"}.get(value, value.replace(" ", "_"))


def test_points_give_the_recorded_tier_of_every_open_case(shared_data: Path) -> None:
    file = shared_data / "foresight" / "cases-open.json"
    if not file.is_file():
        pytest.skip(f"there is no {file.name}")
    cases = [case["answers"] | {"id": case["id"]} for case in json.loads(file.read_text("utf-8"))["cases"]]

    recorded = {case["id"]: case["R21"]["value"] for case in cases if "R21" in case}
    proposed = {
        case["id"]: found.tier
        for case in cases
        if "R21" in case and (found := propose(_translated(case), guide()))
    }

    assert len(recorded) >= 8
    assert set(recorded.values()) == {3, 4}
    assert proposed == recorded
