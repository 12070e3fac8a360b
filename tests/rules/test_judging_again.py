"""Judging again only what an answer can change gives exactly what judging everything gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.guide import FieldSpec
from lifecycle.rules.assessment import are_only_words, basis, basis_after, changed_fields
from lifecycle.rules.checks.evaluation import judge_again, judge_all, states_at
from lifecycle.rules.checks.looking import EVERYTHING, watched
from lifecycle.rules.project_facts import AnswerFact, MemberFact, ProjectFacts, SourceFact
from lifecycle.rules.readiness import early_planning_index, production_debt, readiness_of_all
from lifecycle.rules.validity import valid_until
from lifecycle.vocabulary import Gate, Role
from tests.rules import (
    test_checks_data,
    test_checks_design,
    test_checks_discovery,
    test_checks_feasibility,
    test_checks_model,
    test_checks_production,
)
from tests.rules.building import TODAY, answered, dont_know, facts, guide, not_applicable
from tests.rules.worksheets import changed, full_worksheet, signed_by_all, with_answer

Answers = Mapping[str, AnswerFact]

# Every project of the tables that make each branch fire, pass, and be unable to tell.
PROJECTS: tuple[ProjectFacts, ...] = tuple(
    case.project
    for module in (
        test_checks_data,
        test_checks_design,
        test_checks_discovery,
        test_checks_feasibility,
        test_checks_model,
        test_checks_production,
    )
    for case in module.CASES
)
# Every answer of theirs: what any other project may be changed to.
ANSWERS: Mapping[str, list[AnswerFact]] = {
    field_id: [
        *(each.answers[field_id] for each in PROJECTS if field_id in each.answers),
        *(
            source.answers[field_id]
            for each in PROJECTS
            for source in each.sources
            if field_id in source.answers
        ),
        not_applicable(),
        dont_know(),
    ]
    for field_id in guide().fields
}


def assert_same_as_anew(before: ProjectFacts, after: ProjectFacts, fields: frozenset[str]) -> None:
    earlier = judge_all(before, guide())
    states_at(earlier, before, Gate.LAUNCH)  # what was made of them before must not linger
    again, anew = judge_again(earlier, fields, after, guide()), judge_all(after, guide())
    assert again == anew
    for gate in (*Gate, None):
        assert states_at(again, after, gate) == states_at(anew, after, gate)


def _changed(project: ProjectFacts, field_id: str, fact: AnswerFact | None) -> ProjectFacts:
    if field_id.startswith("X") and not project.sources:
        project = replace(project, sources=(SourceFact(1, "Feed"),))
    return with_answer(project, field_id, fact)


@st.composite
def one_answer(draw: st.DrawFn) -> tuple[ProjectFacts, ProjectFacts, str]:
    """A project, and the same with one other answer, put in, changed or taken out."""
    project = draw(st.sampled_from(PROJECTS))
    said = [*project.answers, *(name for source in project.sources for name in source.answers)]
    field_id = draw(st.sampled_from(said) if said and draw(st.booleans()) else st.sampled_from(list(ANSWERS)))
    was, now = (draw(st.sampled_from([None, *ANSWERS[field_id]])) for _ in range(2))
    return _changed(project, field_id, was), _changed(project, field_id, now), field_id


@settings(max_examples=250, deadline=None)
@given(step=one_answer())
def test_judging_again_after_one_answer_is_judging_anew(step: tuple[ProjectFacts, ProjectFacts, str]) -> None:
    before, after, field_id = step
    assert_same_as_anew(before, after, frozenset({field_id}))


@pytest.mark.parametrize("number", range(8))
def test_judging_again_after_all_answers_of_another_project(number: int) -> None:
    """Many at once: the answers of every eighth project of the tables put in the place of nothing."""
    for project in PROJECTS[number :: 8 * 4]:
        bare = replace(
            project, answers={}, sources=tuple(replace(each, answers={}) for each in project.sources)
        )
        fields = changed_fields(bare, project)
        assert fields is not None
        assert_same_as_anew(bare, project, fields)


@pytest.mark.parametrize("field_id", ["D14", "D26", "R21", "D33", "X03", "X16"])
def test_signed_project_is_put_together_again_as_anew(field_id: str) -> None:
    """With sign-offs, whose staleness some checks watch, and over the field that says the tier."""
    project = signed_by_all(full_worksheet(gate=Gate.LAUNCH), Gate.DESIGN)
    for after in (changed(project, field_id), with_answer(project, field_id, None)):
        assert basis_after(basis(project, guide()), project, after, guide()) == basis(after, guide())


def test_basis_is_made_anew_when_more_than_answers_changed() -> None:
    project = full_worksheet(gate=Gate.LAUNCH)
    others: list[dict[str, Any]] = [
        {"today": TODAY.replace(year=TODAY.year + 1)},
        {"members": (MemberFact("ria", Role.APPROVER, 4),)},
        {"sources": ()},
        {"sources": (replace(project.sources[0], name="Renamed"),)},
    ]
    for other in others:
        after = replace(project, **other)
        assert changed_fields(project, after) is None
        assert basis_after(basis(project, guide()), project, after, guide()) == basis(after, guide())
    assert changed_fields(project, changed(changed(project, "D14"), "X07")) == {"D14", "X07"}
    assert changed_fields(project, project) == set()


@pytest.mark.parametrize(
    ("look", "noted"),
    [
        pytest.param(lambda it: it.answer("D01"), {"D01"}, id="asked for"),
        pytest.param(lambda it: it.answers.get("D02"), {"D02"}, id="asked for, not there"),
        pytest.param(lambda it: "D02" in it.answers, {"D02"}, id="whether it is there"),
        pytest.param(lambda it: it.answers["D01"], {"D01"}, id="taken"),
        pytest.param(lambda it: dict(it.answers), {EVERYTHING, "D01"}, id="all of them"),
        pytest.param(lambda it: len(it.answers), {EVERYTHING}, id="how many"),
        pytest.param(lambda it: bool(it.answers), {EVERYTHING}, id="whether any"),
        pytest.param(lambda it: it.tier, {"R21", "D33"}, id="the tier"),
        pytest.param(lambda it: list(it.content_keys(("X07",))), {"X07"}, id="of each source"),
    ],
)
def test_looking_at_an_answer_is_noted(look: Any, noted: set[str]) -> None:
    looked_at: set[str] = set()
    look(watched(facts(D01="So far by phone", sources=[{"X07": not_applicable()}]), looked_at))
    assert looked_at == noted


@st.composite
def one_text(draw: st.DrawFn) -> tuple[ProjectFacts, ProjectFacts]:
    """As `one_answer`, of a question asked in words: half the time from one answer to another."""
    project = draw(st.sampled_from(PROJECTS))
    field_id = draw(st.sampled_from([field.id for field in guide().fields.values() if _is_in_words(field)]))
    said = [*ANSWERS[field_id], answered(field_id, _words(field_id))]
    was, now = (draw(st.sampled_from(said)) for _ in range(2))
    return _changed(project, field_id, was), _changed(project, field_id, now)


def _is_in_words(field: FieldSpec) -> bool:
    return field.kind == "single" and field.type in ("text", "long_text")


def _words(field_id: str) -> str:
    return f"What was never said of {field_id} before."


@settings(max_examples=250, deadline=None)
@given(step=st.one_of(one_text(), one_answer().map(lambda step: step[:2])))
def test_where_only_words_differ_every_standing_is_the_same(step: tuple[ProjectFacts, ProjectFacts]) -> None:
    before, after = step
    earlier, later = basis(before, guide()), basis(after, guide())
    if not are_only_words(earlier, later, before, after, guide()):
        return
    was, now = readiness_of_all(before, guide(), earlier), readiness_of_all(after, guide(), later)
    for gate in Gate:
        assert was[gate].level is now[gate].level
        assert was[gate].shares == now[gate].shares
        assert was[gate].blockers == now[gate].blockers
    assert valid_until(before, guide()) == valid_until(after, guide())
    assert early_planning_index(before, guide()) == early_planning_index(after, guide())
    assert production_debt(before, guide()) == production_debt(after, guide())


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"D01": "By phone"}, {"D01": "By phone, twice"}, True),
        ({}, {"D01": "By phone"}, False),
        ({"D01": "By phone"}, {"D01": dont_know()}, False),
        ({"D33": "1"}, {"D33": "3"}, False),
    ],
)
def test_only_words_differ(before: dict[str, Any], after: dict[str, Any], expected: bool) -> None:
    was, now = facts(**before), facts(**after)
    pair = basis(was, guide()), basis(now, guide())
    assert are_only_words(*pair, was, now, guide()) is expected
    signed = replace(now, sign_offs=signed_by_all(full_worksheet(), Gate.DISCOVERY).sign_offs)
    assert not are_only_words(*pair, replace(was, sign_offs=signed.sign_offs), signed, guide())
