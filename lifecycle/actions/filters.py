"""Views of the portfolio that people keep under names of their own. Nobody else sees or changes them."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from lifecycle.errors import NotFound, Refused
from lifecycle.events import ORGANISATION, EventAction, record
from lifecycle.language import say
from lifecycle.rules import saved_filters as rules
from lifecycle.rules.permissions import require
from lifecycle.store.tables import SavedFilter
from lifecycle.vocabulary import Actor, Blocker


def save(session: Session, *, by: Actor, at: datetime, name: str, query: str) -> int:
    """Keep the query of an address; returns its id. The name must be new among one's own."""
    require("filters.save", by)
    name = rules.tidy_name(name)
    rules.check_query(query)
    _refuse_taken(session, by, name)
    own = select(func.count()).select_from(SavedFilter).where(col(SavedFilter.person_key) == by.key)
    if session.exec(own).one() >= rules.MOST:
        raise Refused(
            Blocker("filter:many", say("You keep {most} views already. Delete one first.", most=rules.MOST))
        )
    row = SavedFilter(person_key=by.key, name=name, query=query, saved_at=at)
    session.add(row)
    session.flush()
    _record(session, EventAction.FILTER_SAVED, row, by, at, name=name, query=query)
    return row.id or 0


def rename(session: Session, *, by: Actor, at: datetime, filter_id: int, name: str) -> None:
    """Another name for a view; its old name again changes nothing and leaves no event."""
    require("filters.rename", by)
    row = _own(session, by, filter_id)
    name = rules.tidy_name(name)
    if name == row.name:
        return
    _refuse_taken(session, by, name)
    before, row.name = row.name, name
    session.flush()
    _record(session, EventAction.FILTER_RENAMED, row, by, at, before=before, after=name)


def delete(session: Session, *, by: Actor, at: datetime, filter_id: int) -> None:
    """The view is gone; what it showed is not touched."""
    require("filters.delete", by)
    row = _own(session, by, filter_id)
    session.delete(row)
    session.flush()
    _record(session, EventAction.FILTER_DELETED, row, by, at, name=row.name)


def _own(session: Session, by: Actor, filter_id: int) -> SavedFilter:
    """Another person's is as if it did not exist."""
    row = session.get(SavedFilter, filter_id)
    if row is None or row.person_key != by.key:
        raise NotFound(say("saved view"), filter_id)
    return row


def _refuse_taken(session: Session, by: Actor, name: str) -> None:
    taken = select(SavedFilter.id).where(
        col(SavedFilter.person_key) == by.key, func.lower(col(SavedFilter.name)) == name.lower()
    )
    if session.exec(taken).first() is not None:
        raise Refused(
            Blocker(
                "filter:taken", say("You keep a view named “{name}” already. Choose another name.", name=name)
            )
        )


def _record(
    session: Session, action: EventAction, row: SavedFilter, by: Actor, at: datetime, **detail: object
) -> None:
    record(
        session,
        chain=ORGANISATION,
        action=action,
        subject=f"filter:{row.id}",
        detail=detail,
        by=by,
        at=at,
    )
