"""Days that the answers of many projects name, read by field: for telling people ahead of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from lifecycle.rules.retold import AGREEMENT, OPERATE_REVIEW, kept
from lifecycle.store.tables import CurrentAnswer, DataSource, Project
from lifecycle.vocabulary import AnswerState, Gate, ProjectStatus


@dataclass(frozen=True, slots=True)
class DatedAnswer:
    """One such day. `kind` is that of the outbox; `place` names the answer, and its row where it has rows.

    `what` is stored where people are told of it: in English, until it is retold.
    """

    project_id: int
    kind: str
    on: date
    what: str
    place: str


def dated_answers(
    session: Session, project_ids: SelectOfScalar[int | None] | Select[Any]
) -> tuple[DatedAnswer, ...]:
    """Ends of agreements (X09), changes foreseen (D32) and the next review of what is live (P08): three statements."""
    return (
        *_agreements(session, project_ids),
        *_foreseen(session, project_ids),
        *_reviews(session, project_ids),
    )


def _agreements(session: Session, project_ids: Any) -> Iterator[DatedAnswer]:
    rows = session.exec(
        select(CurrentAnswer, DataSource.name)
        .join(
            DataSource,
            (col(DataSource.project_id) == col(CurrentAnswer.project_id))
            & (col(DataSource.id) == col(CurrentAnswer.source_id)),
        )
        .where(*_answered("X09", project_ids), col(DataSource.removed_at).is_(None))
    )
    for row, name in rows:
        if on := _day(_stored(row)):
            place = f"X09@{row.source_id}"
            yield DatedAnswer(row.project_id, "agreement.ends", on, kept(AGREEMENT, source=name), place)


def _foreseen(session: Session, project_ids: Any) -> Iterator[DatedAnswer]:
    for row in session.exec(select(CurrentAnswer).where(*_of_worksheet("D32", project_ids))):
        for entry in _stored(row) or ():
            if isinstance(entry, dict) and (on := _day(entry.get("expected_on"))):
                what = f"“{entry.get('change') or 'a change'}”"
                yield DatedAnswer(row.project_id, "change.expected", on, what, f"D32/{entry.get('id')}")


def _reviews(session: Session, project_ids: Any) -> Iterator[DatedAnswer]:
    """Of live products alone: before Launch there is nothing to look at again."""
    rows = session.exec(
        select(CurrentAnswer)
        .join(Project, col(Project.id) == col(CurrentAnswer.project_id))
        .where(
            *_of_worksheet("P08", project_ids),
            col(Project.status) == ProjectStatus.LIVE.value,
            col(Project.gate) == Gate.OPERATE.value,
        )
    )
    for row in rows:
        stored = _stored(row)
        if isinstance(stored, dict) and (on := _day(stored.get("next"))):
            yield DatedAnswer(row.project_id, "operate_review.due", on, kept(OPERATE_REVIEW), "P08")


def _of_worksheet(field_id: str, project_ids: Any) -> tuple[Any, ...]:
    """With all three columns of the key, so that nothing but these answers is read."""
    return (*_answered(field_id, project_ids), col(CurrentAnswer.source_id) == 0)


def _answered(field_id: str, project_ids: Any) -> tuple[Any, ...]:
    return (
        col(CurrentAnswer.field_id) == field_id,
        col(CurrentAnswer.state) == AnswerState.ANSWERED.value,
        col(CurrentAnswer.project_id).in_(project_ids),
    )


def _stored(row: CurrentAnswer) -> Any:
    return json.loads(row.value) if row.value else None


def _day(stored: object) -> date | None:
    """None too for what was stored before its question had a day."""
    try:
        return date.fromisoformat(stored) if isinstance(stored, str) else None
    except ValueError:
        return None


def still_says(session: Session, project_id: int, place: str, on: date) -> bool:
    """Whether the answer at this place still names this day."""
    return any(
        (each.place, each.on) == (place, on)
        for each in dated_answers(session, select(Project.id).where(col(Project.id) == project_id))
    )
