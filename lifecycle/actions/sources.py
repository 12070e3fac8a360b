"""Data sources: one record per input of a project, reviewed at every gate."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from lifecycle.actions.projects import next_key, open_project, record_change, slug
from lifecycle.errors import Conflict, Invalid, NotFound
from lifecycle.events import EventAction
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import require_on_project
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules.answers import clean_text
from lifecycle.store.tables import DataSource
from lifecycle.vocabulary import Actor

LONGEST_NAME = 200
MOST_SOURCES = 100


@by_its_guide
def add(session: Session, *, by: Actor, at: datetime, guide: Guide, project_id: int, name: str) -> int:
    """Open a record for one more input; returns its id. Sign-offs that rest on data sources become stale."""
    require_on_project(session, "sources.add", by, project_id)
    open_project(session, project_id)
    source = new_source(session, project_id, name, at)
    _record(session, EventAction.SOURCE_ADDED, source, by, at, guide, name=source.name)
    return source.id or 0


def new_source(session: Session, project_id: int, name: str, at: datetime) -> DataSource:
    """The row of one more input; its caller records the event."""
    name = _tidy(session, project_id, name)
    taken = set(session.exec(select(DataSource.key).where(col(DataSource.project_id) == project_id)))
    if len(taken) >= MOST_SOURCES:
        raise Invalid({"name": say("A project can have at most {most} data sources.", most=MOST_SOURCES)})
    last = session.exec(
        select(func.max(DataSource.position)).where(col(DataSource.project_id) == project_id)
    ).one()
    source = DataSource(
        project_id=project_id,
        key=next_key(slug(name), taken),
        name=name,
        position=(last or 0) + 1,
        created_at=at,
    )
    session.add(source)
    session.flush()
    return source


@by_its_guide
def rename(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    source_id: int,
    name: str,
    base: int,
) -> None:
    """Give a source another name; its answers and the sign-offs that rest on it stay as they are."""
    require_on_project(session, "sources.rename", by, project_id)
    open_project(session, project_id)
    source = existing(session, project_id, source_id)
    if " ".join(name.split()) == source.name:
        return
    if source.revision != base:
        raise Conflict(
            say("this data source"), base=base, found=source.revision, theirs=source.name, mine=name
        )
    before, source.name = source.name, _tidy(session, project_id, name)
    source.revision += 1
    _record(session, EventAction.SOURCE_RENAMED, source, by, at, guide, before=before, after=source.name)


@by_its_guide
def remove(
    session: Session, *, by: Actor, at: datetime, guide: Guide, project_id: int, source_id: int
) -> None:
    """The project no longer uses this source; its record and history stay, and it can be brought back."""
    require_on_project(session, "sources.remove", by, project_id)
    open_project(session, project_id)
    source = existing(session, project_id, source_id)
    source.removed_at = at
    source.revision += 1
    _record(session, EventAction.SOURCE_REMOVED, source, by, at, guide)


@by_its_guide
def restore(
    session: Session, *, by: Actor, at: datetime, guide: Guide, project_id: int, source_id: int
) -> None:
    """Bring a removed source back with the answers it had."""
    require_on_project(session, "sources.restore", by, project_id)
    open_project(session, project_id)
    source = session.get(DataSource, source_id)
    if source is None or source.project_id != project_id or source.removed_at is None:
        raise NotFound(say("removed data source"), source_id)
    source.removed_at = None
    source.revision += 1
    _record(session, EventAction.SOURCE_ADDED, source, by, at, guide, restored=True)


def existing(session: Session, project_id: int, source_id: int) -> DataSource:
    """The source if the project uses it; raises NotFound."""
    source = session.get(DataSource, source_id)
    if source is None or source.project_id != project_id or source.removed_at is not None:
        raise NotFound(say("data source"), source_id)
    return source


def _tidy(session: Session, project_id: int, name: str) -> str:
    name = " ".join(clean_text(name).split())
    if not name:
        raise Invalid({"name": say("Give the data source a name.")})
    if len(name) > LONGEST_NAME:
        raise Invalid(
            {
                "name": say(
                    "This is {count:,} characters long; at most {longest:,} can be kept.",
                    count=len(name),
                    longest=LONGEST_NAME,
                )
            }
        )
    used = session.exec(
        select(DataSource.name).where(
            col(DataSource.project_id) == project_id, col(DataSource.removed_at).is_(None)
        )
    )
    if name.casefold() in {other.casefold() for other in used}:
        raise Invalid({"name": say("There is a data source called “{name}” already.", name=name)})
    return name


def _record(
    session: Session,
    action: EventAction,
    source: DataSource,
    by: Actor,
    at: datetime,
    guide: Guide,
    **detail: object,
) -> None:
    session.flush()
    record_change(session, action, source.project_id, f"source:{source.id}", detail, by, at, guide)
