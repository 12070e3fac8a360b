"""Rows of a project for tests of the facts: written as the actions write them, without their refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from lifecycle.canonical import canonical_json
from lifecycle.guide import FieldSpec, Guide, PartSpec
from lifecycle.rules.answers import parse
from lifecycle.store.database import Database
from lifecycle.store.tables import (
    Answer,
    Condition,
    CurrentAnswer,
    DataSource,
    GateDecision,
    PersonRow,
    Project,
    Review,
    SignOff,
)
from lifecycle.vocabulary import Act, AnswerState, Decision, Gate, Outcome, Role
from tests.clock import START
from tests.rules.building import guide


def add_people(session: Session, *keys: str, level: int = 0) -> None:
    for key in keys:
        session.add(
            PersonRow(
                key=key,
                name=f"{key.title()} Example",
                organisation_role="member",
                approval_level=level,
                created_at=START,
            )
        )
    session.flush()


def add_project(session: Session, key: str = "p", gate: Gate | None = Gate.DISCOVERY, **details: Any) -> int:
    stage = gate.stage.value if gate else None
    given = {"stage": stage, "gate": gate.value if gate else None, "furthest_stage": stage, **details}
    project = Project(
        key=key, name=key.upper(), stage_since=START, created_at=START, created_by="pat", **given
    )
    session.add(project)
    session.flush()
    assert project.id is not None
    return project.id


def add_source(session: Session, project_id: int, name: str = "Feed", position: int = 1) -> int:
    source = DataSource(
        project_id=project_id, key=name.lower(), name=name, position=position, created_at=START
    )
    session.add(source)
    session.flush()
    assert source.id is not None
    return source.id


def answer(
    session: Session,
    project_id: int,
    field_id: str,
    raw: Any = None,
    *,
    state: AnswerState | None = AnswerState.ANSWERED,
    source_id: int = 0,
    at: datetime = START,
    settled_stage: str | None = "discovery",
    **details: Any,
) -> None:
    """Save an answer with its history; `state` None clears it."""
    is_answered = state is AnswerState.ANSWERED
    value = canonical_json(parse(guide().field(field_id), raw)) if is_answered else None
    current = session.get(CurrentAnswer, (project_id, source_id, field_id))
    revision = current.revision + 1 if current else 1
    given = {
        "project_id": project_id,
        "source_id": source_id,
        "field_id": field_id,
        "revision": revision,
        "state": state.value if state else None,
        "value": value,
        "at": at,
        "by_key": "pat",
        **details,
    }
    saved = Answer(**given)
    session.add(saved)
    session.flush()
    if current:
        session.delete(current)
        session.flush()
    session.add(CurrentAnswer(**given, answer_id=saved.id, settled_stage=settled_stage, settled_at=at))
    session.flush()


def fill(session: Session, project_id: int, of: Guide, source_ids: tuple[int, ...] = ()) -> None:
    """Answer every question, in full, with something of its type."""
    for field in of.fields.values():
        for source_id in source_ids if field.is_of_source else (0,):
            answer(session, project_id, field.id, something(field), source_id=source_id)


def something(field: FieldSpec) -> Any:
    if field.kind == "rows":
        return [{part.id: _part(part) for part in field.rows} for _ in range(3)]
    if field.kind == "parts":
        return {part.id: _part(part) for part in field.parts}
    return _part(field.columns[0])


def _part(part: PartSpec) -> Any:
    if part.type == "choice":
        return next(reversed(part.choices))
    if part.type == "choices":
        return list(part.choices)[:2]
    if part.type in ("reference", "references"):
        reference = f"{part.to[0]}/r1"
        return reference if part.type == "reference" else [reference]
    return {
        "number": 1,
        "quantity": "3 %",
        "duration": "3 months",
        "money": "100 EUR",
        "date": "2026-09-01",
        "yes_no": True,
        "tags": ["north", "south"],
        "person": "Robin Vale",
        "link": "https://example.org/a",
    }.get(part.type, "Some words about it")


def review(
    session: Session,
    project_id: int,
    gate: Gate,
    role: Role,
    *,
    state: str = "open",
    due_on: date | None = None,
) -> int:
    asked = Review(
        project_id=project_id,
        gate=gate.value,
        role=role.value,
        act=Act.APPROVE.value,
        person_key="ria",
        requested_by="pat",
        requested_at=START,
        due_on=due_on,
        state=state,
    )
    session.add(asked)
    session.flush()
    assert asked.id is not None
    return asked.id


def sign(
    session: Session,
    project_id: int,
    gate: Gate,
    role: Role,
    covered: dict[str, tuple[int, str]],
    *,
    decision: Decision = Decision.APPROVED,
    at: datetime = START,
    withdraws: int | None = None,
) -> int:
    signed = SignOff(
        project_id=project_id,
        review_id=review(session, project_id, gate, role, state="decided"),
        gate=gate.value,
        role=role.value,
        act=Act.APPROVE.value,
        person_key="ria",
        printed_name="Ria Example",
        decision=decision.value,
        meaning="approves",
        statement="I approve",
        at=at,
        digest="0",
        covered=canonical_json({key: list(pair) for key, pair in covered.items()}),
        withdraws=withdraws,
    )
    session.add(signed)
    session.flush()
    assert signed.id is not None
    return signed.id


def condition(session: Session, project_id: int, due_on: date, gate: Gate = Gate.DISCOVERY) -> Condition:
    owed = Condition(
        project_id=project_id,
        gate=gate.value,
        role=Role.LEGAL.value,
        text="Sign the terms",
        owner="pat",
        due_on=due_on,
        created_at=START,
        created_by="ria",
    )
    session.add(owed)
    session.flush()
    return owed


def decide(
    session: Session, project_id: int, gate: Gate, outcome: Outcome = Outcome.GO, at: datetime = START
) -> None:
    session.add(
        GateDecision(
            project_id=project_id,
            gate=gate.value,
            outcome=outcome.value,
            to_stage=gate.stage.value if outcome is Outcome.RECYCLE else None,
            at=at,
            by_key="bo",
            printed_name="Bo Example",
        )
    )
    session.flush()


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    """The statements that the reading engine was sent meanwhile."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    engine = database._reader  # the statements are what this test is about
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
