"""Data sources whose record was taken from another project: where from, and what changed there since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.editions import by_its_guide
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import worksheets
from lifecycle.queries.projects import readable_ids
from lifecycle.queries.wording import NO_ANSWER, all_names
from lifecycle.queries.worksheets import AnswerView
from lifecycle.rules.answers import decode, describe
from lifecycle.store.tables import DataSource, Project, SharedSource
from lifecycle.vocabulary import Actor, AnswerState


@dataclass(frozen=True, slots=True)
class ChangeThere:
    """An answer that is another one there by now; `revision` is what taking it over or setting it aside names."""

    field_id: str
    title: str
    revision: int
    there: str
    here: str


@dataclass(frozen=True, slots=True)
class SharedRecord:
    """`project_key` is empty where the person may not read the other project: then nothing of it is shown."""

    source_id: int
    project_key: str
    project_name: str
    source_name: str
    is_gone: bool  # there it is no longer in use
    changes: tuple[ChangeThere, ...]


@dataclass(frozen=True, slots=True)
class TakeableSource:
    """A data source of another project that this person may read."""

    source_id: int
    name: str
    project_name: str


def takeable(session: Session, *, by: Actor, project_id: int) -> tuple[TakeableSource, ...]:
    """All data sources of readable projects that are not archived, by name. One statement."""
    found = session.execute(
        select(col(DataSource.id), col(DataSource.name), col(Project.name))
        .join(Project, col(Project.id) == col(DataSource.project_id))
        .where(
            col(DataSource.removed_at).is_(None),
            col(Project.archived_at).is_(None),
            col(Project.id) != project_id,
            col(Project.id).in_(readable_ids(by)),
        )
        .order_by(col(DataSource.name), col(Project.name), col(DataSource.id))
    )
    return tuple(TakeableSource(key or 0, name, project) for key, name, project in found)


@by_its_guide
def shared(session: Session, *, by: Actor, guide: Guide, project_id: int) -> Mapping[int, SharedRecord]:
    """By data source of this project: where its record is from. A handful of statements for each other project."""
    rows = session.execute(
        select(SharedSource, DataSource, Project)
        .join(DataSource, col(DataSource.id) == col(SharedSource.origin_source_id))
        .join(Project, col(Project.id) == col(SharedSource.origin_project_id))
        .where(col(SharedSource.project_id) == project_id)
    ).all()
    if not rows:
        return {}
    readable = set(
        session.execute(
            select(col(Project.id)).where(
                col(Project.id).in_({other.id for _, _, other in rows}), col(Project.id).in_(readable_ids(by))
            )
        ).scalars()
    )
    here = worksheets.sheet(session, project_id=project_id)
    sheets = {other.id: worksheets.sheet(session, project_id=other.id or 0) for _, _, other in rows}
    names = all_names(session)
    found: dict[int, SharedRecord] = {}
    for link, source, other in rows:
        if other.id not in readable:
            found[link.source_id] = SharedRecord(link.source_id, "", "", "", False, ())
            continue
        seen: dict[str, int] = json.loads(link.seen)
        theirs = {
            field_id: answer
            for (source_id, field_id), answer in sheets[other.id].answers.items()
            if source_id == source.id
        }
        ours = {
            field_id: answer
            for (source_id, field_id), answer in here.answers.items()
            if source_id == link.source_id
        }
        changes = tuple(_changes(guide, seen, theirs, ours, names))
        found[link.source_id] = SharedRecord(
            link.source_id, other.key, other.name, source.name, source.removed_at is not None, changes
        )
    return found


def _changes(
    guide: Guide,
    seen: Mapping[str, int],
    theirs: Mapping[str, AnswerView],
    ours: Mapping[str, AnswerView],
    names: Mapping[str, str],
) -> Iterator[ChangeThere]:
    for field in guide.source_worksheet.fields:
        there, here = theirs.get(field.id), ours.get(field.id)
        if there is None or there.revision == seen.get(field.id) or _same(there, here):
            continue
        said = (_words(guide, field.id, answer, names) for answer in (there, here))
        yield ChangeThere(field.id, field.title, there.revision, *said)


def _same(there: AnswerView, here: AnswerView | None) -> bool:
    mine = (here.state, here.value, here.reason) if here else (None, None, None)
    return mine == (there.state, there.value, there.reason)


def _words(guide: Guide, field_id: str, answer: AnswerView | None, names: Mapping[str, str]) -> str:
    if answer is None or answer.state is None:
        return say(NO_ANSWER)
    if answer.state is AnswerState.NOT_APPLICABLE:
        return say("Does not apply: {reason}", reason=answer.reason)
    if answer.state is AnswerState.DONT_KNOW:
        return say("Not known yet")
    field = guide.field(field_id)
    try:
        return describe(field, decode(field, answer.stored, names))
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return say("An answer from before this question changed")
