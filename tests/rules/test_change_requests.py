"""Which requested changes are open: until the answer differs, the team answers, or the role decides anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lifecycle.rules.change_requests import ChangeRequest, change_requests
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.vocabulary import Decision, Gate, ProjectStatus, Role
from tests.rules.building import answered, guide, moment
from tests.rules.worksheets import changed, full_worksheet, signed, with_answer

ASKED = Decision.CHANGES_REQUESTED
BEFORE = full_worksheet()


def asking(*fields: str, project: ProjectFacts = BEFORE) -> ProjectFacts:
    """Privacy asks at Design to change these answers of the full worksheet."""
    made = signed(BEFORE, Gate.DESIGN, Role.PRIVACY, decision=ASKED, fields=fields, id=7)
    return replace(project, sign_offs=(made,))


def found(project: ProjectFacts, *answered: tuple[int, str]) -> tuple[ChangeRequest, ...]:
    return change_requests(project, guide(), answered)


def open_keys(project: ProjectFacts, *answered: tuple[int, str]) -> list[str]:
    return [request.key for request in found(project, *answered) if request.is_open]


def test_request_is_open_on_each_named_answer() -> None:
    assert open_keys(asking("D21", "R15")) == ["D21", "R15"]


@pytest.mark.parametrize(
    ("named", "keys"),
    [("X07", ["X07@1"]), ("X07@1", ["X07@1"]), ("X07@9", []), ("D99", [])],
    ids=["every source", "one source", "a source that is gone", "a question that is gone"],
)
def test_data_sources_are_named_one_by_one_or_all(named: str, keys: list[str]) -> None:
    assert open_keys(asking(named)) == keys


def test_changing_one_answer_settles_it_and_bringing_it_back_opens_it_again() -> None:
    edited = asking("D21", "R15", project=changed(BEFORE, "R15"))
    assert open_keys(edited) == ["D21"]
    assert [request.is_changed for request in found(edited)] == [False, True]
    cleared = asking("R15", project=with_answer(BEFORE, "R15", None))
    assert open_keys(cleared) == []
    assert open_keys(asking("R15", project=changed(changed(BEFORE, "R15"), "D01"))) == []
    assert open_keys(asking("R15", project=changed(BEFORE, "D01"))) == ["R15"]


def test_answer_that_the_role_does_not_rely_on_is_settled_by_answering_it_later() -> None:
    assert "D14" not in guide().relied_on(Gate.DESIGN, Role.PRIVACY)
    asked = asking("D14")
    made, fact = asked.sign_offs[0], asked.answers["D14"]
    earlier = with_answer(asked, "D14", replace(fact, at=made.at))
    later = with_answer(asked, "D14", replace(fact, at=moment(made.at.date().replace(year=2040))))
    assert (open_keys(earlier), open_keys(later)) == (["D14"], [])


def test_words_of_the_team_settle_the_answer_they_are_about() -> None:
    assert open_keys(asking("D21", "R15"), (7, "R15")) == ["D21"]
    assert open_keys(asking("D21", "R15"), (6, "R15")) == ["D21", "R15"]


@pytest.mark.parametrize(
    "made",
    [
        signed(BEFORE, Gate.DESIGN, Role.PRIVACY, id=8),
        signed(BEFORE, Gate.DESIGN, Role.PRIVACY, decision=ASKED, fields=(), id=8),
    ],
    ids=["approved since", "asked for nothing in particular since"],
)
def test_newer_decision_of_the_role_ends_what_the_older_asked_for(made: object) -> None:
    asked = asking("D21")
    assert open_keys(replace(asked, sign_offs=(*asked.sign_offs, made))) == []


def test_each_of_several_approvers_keeps_asking_until_they_decide_anew_themselves() -> None:
    tier_four = with_answer(BEFORE, "R21", answered("R21", {"tier": "4", "why": "As agreed"}))
    needed = {"approvals_needed": {4: {Role.PRIVACY: 2}}}
    policy = guide().policy.model_copy(update=needed)
    by_two = guide().model_copy(update={"policy": policy})
    first = signed(
        tier_four, Gate.DESIGN, Role.PRIVACY, decision=ASKED, fields=("D21",), id=7, person_key="p1"
    )
    second = signed(tier_four, Gate.DESIGN, Role.PRIVACY, id=8, person_key="p2")
    project = replace(tier_four, sign_offs=(first, second))
    assert [request.key for request in change_requests(project, by_two, ())] == ["D21"]
    again = replace(second, id=9, person_key="p1")
    assert change_requests(replace(project, sign_offs=(first, second, again)), by_two, ()) == ()


def test_project_that_has_ended_asks_for_nothing() -> None:
    assert found(replace(asking("D21"), status=ProjectStatus.STOPPED)) == ()
