"""Tallies of the portfolio: what the overview counts, kept as numbers with every write that changes them.

`tally_line` holds under which keys a project counts now, `tally` how many do, `tally_wait` the queues: who waits for
whom since when. A past day is kept whole in `tally_day` once it is over. Called where every change passes: by
`keep_past` and by the writer of standing rows. All of it is derived: `retally` makes it anew from the rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text
from sqlmodel import Session

from lifecycle.canonical import canonical_json, moment_text
from lifecycle.store.base import metadata
from lifecycle.vocabulary import Level, ProjectStatus, SignOffStatus

OVER = (ProjectStatus.RETIRED.value, ProjectStatus.STOPPED.value)  # no longer counted as ready or stuck
CELL, SAID, CAUSE, STALE, OVERDUE = "cell", "said", "cause", "stale", "overdue"  # what a key begins with
BLOCKED = "blocked"  # the queue of all that are

_PROJECT = metadata.tables["project"]
_STANDING = metadata.tables["project_standing"]
_GATE = metadata.tables["standing"]
_TALLY = metadata.tables["tally"]
_LINE = metadata.tables["tally_line"]
_WAIT = metadata.tables["tally_wait"]
_DAY = metadata.tables["tally_day"]
_CHUNK = 400  # ids in one IN (…)

# Built once: some of these run with an answer saved.
_NOW = (
    select(
        _PROJECT.c.id,
        func.trim(_PROJECT.c.name).label("name"),
        func.trim(_PROJECT.c.organisation).label("organisation"),
        _PROJECT.c.stage,
        _PROJECT.c.status,
        _PROJECT.c.archived_at.is_not(None).label("archived"),
        _STANDING.c.level,
        _STANDING.c.since,
        _STANDING.c.causes,
        _STANDING.c.stale,
        _STANDING.c.overdue,
        _GATE.c.roles,
    )
    .select_from(_PROJECT)
    .outerjoin(_STANDING, _STANDING.c.project_id == _PROJECT.c.id)
    .outerjoin(_GATE, (_GATE.c.project_id == _PROJECT.c.id) & (_GATE.c.gate == _PROJECT.c.gate))
)
_SOME = _NOW.where(_PROJECT.c.id.in_(bindparam("ids", expanding=True)))
_BEFORE = select(_LINE.c.project_id, _LINE.c.content).where(
    _LINE.c.project_id.in_(bindparam("ids", expanding=True))
)
_ADD = text(
    "INSERT INTO tally (key, number) VALUES (:key, :number) "
    "ON CONFLICT (key) DO UPDATE SET number = tally.number + excluded.number"
)
_KEEP_LINE = text(
    "INSERT INTO tally_line (project_id, content) VALUES (:project_id, :content) "
    "ON CONFLICT (project_id) DO UPDATE SET content = excluded.content"
)
_LEAVE = delete(_WAIT).where(
    *(_WAIT.c[name] == bindparam(f"was_{name}") for name in ("queue", "since", "name", "project_id"))
)
# From queue to queue and the first of each, without reading those behind it.
_FIRST = text(
    "WITH RECURSIVE each_queue(queue) AS (SELECT min(queue) FROM tally_wait UNION ALL "
    "SELECT (SELECT min(queue) FROM tally_wait WHERE queue > each_queue.queue) FROM each_queue "
    "WHERE each_queue.queue IS NOT NULL) "
    "SELECT tally_wait.queue, tally_wait.since, tally_wait.name, tally_wait.project_id, project.key "
    "FROM each_queue JOIN tally_wait ON tally_wait.id = (SELECT id FROM tally_wait AS first "
    "WHERE first.queue = each_queue.queue ORDER BY first.since, first.name, first.project_id LIMIT 1) "
    "JOIN project ON project.id = tally_wait.project_id"
)
_FORGET = delete(_DAY).where(_DAY.c.ends > bindparam("at"))


@dataclass(frozen=True, slots=True)
class Counted:
    """Under which keys one project counts, and in which queues it waits since when under which name."""

    keys: frozenset[str] = frozenset()
    waits: frozenset[tuple[str, str, str]] = frozenset()

    def as_json(self) -> str:
        return canonical_json([sorted(self.keys), sorted(self.waits)])


def _read(content: str) -> Counted:
    keys, waits = json.loads(content)
    return Counted(frozenset(keys), frozenset(tuple(wait) for wait in waits))


NOWHERE = Counted()


def key_of(*words: str | None) -> str:
    return canonical_json(words)


def counted_as(line: Any) -> Counted:
    """What one project adds to the overview: a line has the columns of `_NOW`."""
    if line.archived:
        return NOWHERE
    unit = line.organisation
    keys = {key_of(CELL, unit, line.stage, line.status, line.level)}
    if line.level is None or line.status in OVER:
        return Counted(frozenset(keys))
    said = json.loads(line.roles or "{}")
    keys |= {key_of(SAID, unit, role, status) for role, (status, _) in said.items()}
    keys |= {key_of(CAUSE, cause) for cause in json.loads(line.causes)}
    keys |= {key_of(word) for word, number in ((STALE, line.stale), (OVERDUE, line.overdue)) if number > 0}
    waits = {
        (key_of(unit, role), since, line.name)
        for role, (status, since) in said.items()
        if status == SignOffStatus.WAITING.value and since
    }
    if line.level == Level.BLOCKED.value:
        waits.add((BLOCKED, moment_text(line.since), line.name))
    return Counted(frozenset(keys), frozenset(waits))


def recount(session: Session, project_ids: Sequence[int]) -> None:
    """Take what these projects count for by now into the tallies, and out of them what they did before."""
    connection = session.connection()
    for chunk in _chunks(sorted(project_ids)):
        said = {"ids": chunk}
        before = {line.project_id: line.content for line in connection.execute(_BEFORE, said)}
        _change(connection, connection.execute(_SOME, said).all(), before)


def retally(connection: Connection) -> None:
    """Make the tallies of now anew from all rows, and let go of the days that were kept."""
    for table in (_TALLY, _LINE, _WAIT, _DAY):
        connection.execute(delete(table))
    lines = connection.execute(_NOW.order_by(_PROJECT.c.id)).all()
    for chunk in _chunks(lines):
        _change(connection, chunk, {})


def is_tallied(session: Session) -> bool:
    """Whether the tallies are what all rows amount to; reads every project."""
    connection = session.connection()
    numbers: Counter[str] = Counter()
    waits = set()
    for line in connection.execute(_NOW):
        counted = counted_as(line)
        numbers.update(counted.keys)
        waits |= {(*wait, line.id) for wait in counted.waits}
    kept = select(_WAIT.c.queue, _WAIT.c.since, _WAIT.c.name, _WAIT.c.project_id)
    return dict(numbers) == tally_now(session) and waits == {tuple(row) for row in connection.execute(kept)}


def _change(connection: Connection, lines: Sequence[Any], before: Mapping[int, str]) -> None:
    numbers: Counter[str] = Counter()
    kept, gone, come = [], [], []
    for line in lines:
        now, was = counted_as(line), before.get(line.id)
        content = now.as_json()
        if content == was:
            continue
        old = _read(was) if was else NOWHERE
        numbers.update(now.keys - old.keys)
        numbers.subtract(old.keys - now.keys)
        gone += [_wait(wait, line.id, "was_") for wait in old.waits - now.waits]
        come += [_wait(wait, line.id) for wait in now.waits - old.waits]
        kept.append({"project_id": line.id, "content": content})
    added = [{"key": key, "number": number} for key, number in sorted(numbers.items()) if number]
    for statement, rows in ((_KEEP_LINE, kept), (_ADD, added), (_LEAVE, gone), (insert(_WAIT), come)):
        if rows:
            connection.execute(statement, rows)


def _wait(wait: tuple[str, str, str], project_id: int, before: str = "") -> dict[str, Any]:
    values = zip(("queue", "since", "name"), wait, strict=True)
    return {f"{before}{name}": value for name, value in values} | {f"{before}project_id": project_id}


# ------------------------------------------------------------------ reading


def tally_now(session: Session) -> dict[str, int]:
    """How many projects count under each key, in the caller's words: see `key_of`."""
    found = session.connection().execute(select(_TALLY.c.key, _TALLY.c.number).where(_TALLY.c.number != 0))
    return dict(map(tuple, found))


def longest_waits(session: Session) -> Sequence[Any]:
    """The first of each queue: its queue, since, name, project_id and key."""
    return session.connection().execute(_FIRST).all()


# ------------------------------------------------------------------ days that are over


def keep_day(session: Session, ends: datetime, content: str) -> None:
    """What the portfolio counted when that day ended; it holds until something is dated before that moment."""
    connection = session.connection()
    connection.execute(delete(_DAY).where(_DAY.c.ends == ends))
    connection.execute(insert(_DAY), {"ends": ends, "content": content})


def day_kept(session: Session, ends: datetime) -> str | None:
    """None where the day was not kept, or something was dated into it since."""
    found = session.connection().execute(select(_DAY.c.content).where(_DAY.c.ends == ends)).scalar()
    return str(found) if found is not None else None


def days_kept(session: Session) -> frozenset[datetime]:
    """When the days ended that are kept."""
    return frozenset(session.connection().execute(select(_DAY.c.ends)).scalars())


def forget_days(session: Session, at: datetime) -> None:
    """Something is dated `at`: the days that ended later are no longer what they were."""
    session.connection().execute(_FORGET, {"at": at})


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
