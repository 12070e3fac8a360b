"""What a worksheet or a data source's record holds now, and how each of its answers came about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session, col

from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_facts
from lifecycle.facts.projects import content_digest, organisation_today
from lifecycle.guide import Guide
from lifecycle.language import mark, say
from lifecycle.rules.project_facts import SignOffFact
from lifecycle.rules.signoffs import counting_sign_offs
from lifecycle.store.tables import Answer, CurrentAnswer, DataSource, PersonRow
from lifecycle.vocabulary import AnswerState


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer as stored. `value` is its canonical JSON; state None: cleared."""

    answer_id: int
    revision: int
    state: AnswerState | None
    value: str | None
    owner: str | None
    due_on: date | None
    reason: str | None
    at: datetime
    by_key: str
    by_name: str
    restored_from: int | None = None
    method: str = "web"

    @property
    def stored(self) -> Any:
        """The value as plain JSON, for `rules.answers.decode` and for seeding widgets."""
        return json.loads(self.value) if self.value else None

    @property
    def content(self) -> str:
        """The digest that a sign-off is bound to; empty when it was cleared."""
        return content_digest(self.state, self.value, self.reason) if self.state else ""


@dataclass(frozen=True, slots=True)
class SourceName:
    """One data source that the project uses."""

    id: int
    key: str
    name: str
    revision: int


@dataclass(frozen=True, slots=True)
class RemovedSource:
    """One that the project no longer uses; its record is kept."""

    id: int
    name: str
    removed_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerSheet:
    """All current answers of a project: (source id, field id) to answer; 0 is the stage worksheet."""

    answers: Mapping[tuple[int, str], AnswerView]
    sources: tuple[SourceName, ...]

    def answer(self, field_id: str, source_id: int = 0) -> AnswerView | None:
        """The answer when there is one or was one; a cleared answer has state None."""
        return self.answers.get((source_id, field_id))


def sheet(session: Session, *, project_id: int) -> AnswerSheet:
    """Every current answer of the project, with the names of those who gave them: two statements."""
    found = session.execute(_SHEET.where(col(CurrentAnswer.project_id) == project_id))
    return AnswerSheet(
        answers={(row.source_id, row.field_id): _current(row) for row in found},
        sources=sources(session, project_id=project_id),
    )


@by_its_guide
def sign_offs(session: Session, *, project_id: int, guide: Guide, at: datetime) -> tuple[SignOffFact, ...]:
    """The decisions of the project that count, for `rules.coverage`."""
    facts = known_facts(session, project_id, guide=guide, today=organisation_today(session, at))
    return counting_sign_offs(facts, guide)


def sources(session: Session, *, project_id: int) -> tuple[SourceName, ...]:
    """The data sources in use, in their order."""
    rows = session.execute(
        select(DataSource)
        .where(col(DataSource.project_id) == project_id, col(DataSource.removed_at).is_(None))
        .order_by(col(DataSource.position), col(DataSource.id))
    ).scalars()
    return tuple(SourceName(row.id or 0, row.key, row.name, row.revision) for row in rows)


def removed_sources(session: Session, *, project_id: int) -> tuple[RemovedSource, ...]:
    """Those that can be brought back, the last removed first."""
    rows = session.execute(
        select(col(DataSource.id), col(DataSource.name), col(DataSource.removed_at))
        .where(col(DataSource.project_id) == project_id, col(DataSource.removed_at).is_not(None))
        .order_by(col(DataSource.removed_at).desc(), col(DataSource.id))
    )
    return tuple(RemovedSource(key or 0, name, at) for key, name, at in rows if at is not None)


def answer_history(
    session: Session, *, project_id: int, field_id: str, source_id: int = 0, most: int = 30
) -> tuple[AnswerView, ...]:
    """Every version of one answer, newest first."""
    found = session.execute(
        select(Answer, col(PersonRow.name))
        .outerjoin(PersonRow, col(PersonRow.key) == col(Answer.by_key))
        .where(
            col(Answer.project_id) == project_id,
            col(Answer.source_id) == source_id,
            col(Answer.field_id) == field_id,
        )
        .order_by(col(Answer.revision).desc())
        .limit(most)
    )
    return tuple(_version(row, name) for row, name in found)


def versions(
    session: Session, *, project_id: int, wanted: frozenset[tuple[int, str, int]]
) -> Mapping[tuple[int, str, int], AnswerView]:
    """Earlier answers by data source, question and revision; those that never were are left out. One statement."""
    if not wanted:
        return {}
    found = session.execute(
        select(Answer).where(
            col(Answer.project_id) == project_id,
            col(Answer.field_id).in_({field_id for _, field_id, _ in wanted}),
            col(Answer.revision).in_({revision for _, _, revision in wanted}),
        )
    ).scalars()
    named = {(row.source_id, row.field_id, row.revision): row for row in found}
    return {place: _version(named[place], None) for place in wanted if place in named}


def known_people(session: Session) -> Mapping[str, str]:
    """Key to name of everybody active, for choosing a person."""
    found = session.execute(
        select(col(PersonRow.key), col(PersonRow.name))
        .where(col(PersonRow.active).is_(True))
        .order_by(col(PersonRow.name))
    )
    return dict(found.all())


# Columns, not entities: a whole project's answers are read after every save.
_SHEET = select(*CurrentAnswer.__table__.c, col(PersonRow.name).label("by_name")).outerjoin(  # type: ignore[attr-defined]
    PersonRow, col(PersonRow.key) == col(CurrentAnswer.by_key)
)


def _current(row: Row[Any]) -> AnswerView:
    return AnswerView(
        answer_id=row.answer_id,
        revision=row.revision,
        state=AnswerState(row.state) if row.state else None,
        value=row.value,
        owner=row.owner,
        due_on=row.due_on,
        reason=row.reason,
        at=row.at,
        by_key=row.by_key,
        by_name=row.by_name or _nobody(row.by_key),
    )


def _version(row: Answer, name: str | None) -> AnswerView:
    return AnswerView(
        answer_id=row.id or 0,
        revision=row.revision,
        state=AnswerState(row.state) if row.state else None,
        value=row.value,
        owner=row.owner,
        due_on=row.due_on,
        reason=row.reason,
        at=row.at,
        by_key=row.by_key,
        by_name=name or _nobody(row.by_key),
        restored_from=row.restored_from,
        method=row.method,
    )


_NOT_A_PERSON = {"command-line": mark("Command line"), "system": "Lifecycle"}


def _nobody(key: str) -> str:
    """Who acted, where no person has this key."""
    return say(_NOT_A_PERSON[key]) if key in _NOT_A_PERSON else say("somebody erased")
