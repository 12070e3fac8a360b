"""What projects were: a row of `project_past` for every event that changed what the portfolio counts of one.

Called by the writer of the log with the rows that an event vouches for, so that no action can forget it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, literal, select
from sqlmodel import Session

from lifecycle.store.base import metadata
from lifecycle.store.tables import Project, ProjectPast, RegisterEntry
from lifecycle.store.tallies import forget_days, recount

_PROJECTS = metadata.tables[str(Project.__tablename__)]
_ENTRIES = metadata.tables[str(RegisterEntry.__tablename__)]
_PAST = metadata.tables[str(ProjectPast.__tablename__)]
_TOLD_BY = ("project:", "register_entry:")  # names of the rows that say what a project is
_CHUNK = 400  # ids in one IN (…)
_WHAT = (
    _PROJECTS.c.id.label("project_id"),
    func.trim(_PROJECTS.c.name).label("name"),
    func.trim(_PROJECTS.c.organisation).label("organisation"),
    _PROJECTS.c.stage,
    _PROJECTS.c.gate,
    _PROJECTS.c.status,
    _PROJECTS.c.origin,
    _PROJECTS.c.adopted_at.is_not(None).label("adopted"),
    _PROJECTS.c.archived_at.is_not(None).label("archived"),
    func.coalesce(_ENTRIES.c.stage_word, "").label("stage_word"),
    func.coalesce(_ENTRIES.c.risk, "").label("risk"),
    literal(True).label("known"),
)
_COLUMNS = tuple(column.name for column in _PAST.c if column.name not in ("id", "at"))


def keep_past(session: Session, rows: Iterable[str], at: datetime) -> None:
    """`rows` are named as in the log; those of other tables are passed over. `at` is the event's moment."""
    ids = sorted({int(row.partition(":")[2]) for row in rows if row.startswith(_TOLD_BY)})
    for chunk in _chunks(ids):
        before = _newest(session, chunk)
        now = session.execute(
            select(*_WHAT)
            .outerjoin(_ENTRIES, _ENTRIES.c.project_id == _PROJECTS.c.id)
            .where(_PROJECTS.c.id.in_(chunk))
            .order_by(_PROJECTS.c.id)
        )
        changed = [{**row._mapping, "at": at} for row in now if tuple(row) != before.get(row.project_id)]
        if changed:
            session.execute(insert(_PAST), changed)
            recount(session, [row["project_id"] for row in changed])
            forget_days(session, at)


def _newest(session: Session, ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    newest = select(func.max(_PAST.c.id)).where(_PAST.c.project_id.in_(ids)).group_by(_PAST.c.project_id)
    found = session.execute(select(*(_PAST.c[name] for name in _COLUMNS)).where(_PAST.c.id.in_(newest)))
    return {row.project_id: tuple(row) for row in found}


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
