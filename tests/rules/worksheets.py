"""Whole worksheets for the tests of sign-offs, gates and readiness: every question has an answer.

The contents are opaque marks ("D14 as it was"): what these rules compare is content, not meaning.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lifecycle.guide import CheckSpec, Guide
from lifecycle.rules.project_facts import AnswerFact, MemberFact, ProjectFacts, SignOffFact, SourceFact
from lifecycle.rules.signoffs import cover
from lifecycle.vocabulary import AnswerState, Gate, Role, Stage
from tests.rules.building import TODAY, guide, moment, sign_off

PEOPLE = (
    MemberFact("pat", Role.PRODUCT_MANAGER, 0, "Pat Quill"),
    MemberFact("bo", Role.BUSINESS, 0, "Bo Lind"),
    MemberFact("ann", Role.APPROVER, 3, "Ann Reyes"),
    MemberFact("val", Role.VALIDATION, 0, "Val Stone"),
)


def marked(field_id: str, mark: str = "as it was", **details: Any) -> AnswerFact:
    """An answered fact whose content is a mark and whose value is empty."""
    given = {"answer_id": 1, "settled_stage": Stage.DISCOVERY, "at": moment(TODAY), **details}
    return AnswerFact(AnswerState.ANSWERED, None, content=f"{field_id} {mark}", **given)


def full_worksheet(**details: Any) -> ProjectFacts:
    """Everything answered, one data source, tier unknown, no sign-off."""
    fields = guide().fields
    return ProjectFacts(
        today=TODAY,
        answers={name: marked(name) for name in fields if not name.startswith("X")},
        sources=(SourceFact(1, "Feed", {name: marked(name) for name in fields if name.startswith("X")}),),
        members=PEOPLE,
        **details,
    )


def with_answer(project: ProjectFacts, field_id: str, fact: AnswerFact | None) -> ProjectFacts:
    """The same project with one answer put in, or taken out; a data-source field of its first source."""
    if not field_id.startswith("X"):
        return replace(project, answers=_put(project.answers, field_id, fact))
    first, *others = project.sources
    return replace(project, sources=(replace(first, answers=_put(first.answers, field_id, fact)), *others))


def changed(project: ProjectFacts, field_id: str) -> ProjectFacts:
    return with_answer(project, field_id, marked(field_id, "as it is now", answer_id=2))


def _put(answers: Any, field_id: str, fact: AnswerFact | None) -> dict[str, AnswerFact]:
    kept = {key: value for key, value in answers.items() if key != field_id}
    return kept if fact is None else {**kept, field_id: fact}


def signed(project: ProjectFacts, gate: Gate, role: Role, **details: Any) -> SignOffFact:
    """A sign-off bound to the project as it is."""
    covered = {key: content for key, (_, content) in cover(project, guide(), gate, role).items()}
    return sign_off(gate, role, covered, **details)


def signed_by_all(project: ProjectFacts, gate: Gate) -> ProjectFacts:
    """The project with a valid sign-off of every role of the gate."""
    made = [
        signed(project, gate, spec.role, id=place, act=spec.act)
        for place, spec in enumerate(guide().reviews(gate, tier=project.tier), 1)
    ]
    return replace(project, sign_offs=(*project.sign_offs, *made))


def guide_with(*checks: CheckSpec) -> Guide:
    """The shipped guide with these checks in place of its own: a gate's other parts, seen apart."""
    return guide().model_copy(update={"checks": checks})
