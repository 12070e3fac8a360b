"""The checks' rules and their texts belong together, whatever has been registered."""

from __future__ import annotations

import string

import pytest

from lifecycle.rules.checks.reading import RULES
from lifecycle.vocabulary import REVIEWERS, CheckResult, Role
from tests.rules.building import facts, guide, verdict

BRANCHES = [(check, branch) for check in guide().checks for branch in check.branches]


def test_rules_and_texts_name_the_same_branches() -> None:
    assert set(RULES) == {(check.id, branch.id) for check, branch in BRANCHES}


@pytest.mark.parametrize("check", guide().checks, ids=lambda check: check.id)
def test_check_is_waived_by_whoever_owns_the_risk(check) -> None:
    assert check.waived_by in (*REVIEWERS, Role.APPROVER)


@pytest.mark.parametrize(("check", "branch"), BRANCHES, ids=lambda part: part.id)
def test_text_is_a_sentence_in_plain_format(check, branch) -> None:
    assert check.why.endswith(".")
    assert branch.message.endswith(".")
    for _, name, details, conversion in string.Formatter().parse(branch.message):
        assert not details, "values come ready for the sentence"
        assert not conversion
        assert name is None or name.isidentifier()


@pytest.mark.parametrize(("check", "branch"), BRANCHES, ids=lambda part: part.id)
def test_project_without_answers_gets_a_verdict_that_names_real_fields(check, branch) -> None:
    found = verdict(check.id, branch.id, facts())
    assert isinstance(found.result, CheckResult)
    for key in (*found.missing, *found.fields):
        assert key.partition("@")[0] in guide().fields
        assert key.partition("@")[0] in check.reads, f"{check.id} names {key} without reading it"
