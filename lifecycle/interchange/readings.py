"""Readings out of a file, by what the monitor knows of its files: read once, for a dry run and for storing alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from lifecycle.actions import monitors
from lifecycle.actions.monitors import Pushed
from lifecycle.facts.editions import by_its_guide
from lifecycle.guide import Guide
from lifecycle.interchange.series import ReadingsFile, read_readings
from lifecycle.language import ENGLISH, language, speaking
from lifecycle.queries.monitors import MonitorView
from lifecycle.rules.readings import Problem
from lifecycle.rules.triggers import LimitKind
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor


def readings_of(
    source: Path | bytes,
    monitor: MonitorView,
    *,
    key: str = "",
    column: str = "",
    limit: str = "",
    where: Sequence[str] = (),
    filename: str = "",
) -> ReadingsFile:
    """The readings of a file for this monitor; what is not given is as the monitor was set up with."""
    reads = monitor.spec.reads
    own_limit = limit or reads.get("limit", "") or "limit"
    return read_readings(
        source,
        name=monitor.name,
        key=key or reads.get("key", ""),
        column=column or reads.get("column", ""),
        limit=own_limit if monitor.spec.limit_kind is LimitKind.ROW else "",
        where=where or reads.get("where", ()),
        filename=filename,
    )


@by_its_guide
def push_file(
    session: Session,
    found: ReadingsFile,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    monitor_id: int,
    method: str = "",
    told_in: str = ENGLISH,
) -> Pushed:
    """Store what was read; the rows that hold no reading are told with it, in English: others read that later."""
    with speaking(told_in):
        unreadable = [Problem(each.place, each.text) for each in found.problems]
    return monitors.push(
        session,
        by=by,
        at=at,
        guide=guide,
        monitor_id=monitor_id,
        readings=found.readings,
        unreadable=unreadable,
        method=method,
    )


class _Undone(Exception):
    """Takes a transaction back that was only tried."""


def try_file(
    database: Database, found: ReadingsFile, *, by: Actor, at: datetime, guide: Guide, monitor_id: int
) -> Pushed:
    """What pushing these readings would do, by doing it in a transaction that is taken back."""
    done: list[Pushed] = []
    try:
        with database.write() as session:
            pushed = push_file(
                session, found, by=by, at=at, guide=guide, monitor_id=monitor_id, told_in=language()
            )
            done.append(pushed)
            raise _Undone
    except _Undone:
        return done[0]
