"""Readings in bulk: written and read past the ORM, and held to the digest that their batch was vouched with.

A hundred thousand readings are one event: it vouches for the batch's row, whose digest is over the text of every
reading in the order in which they were stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from lifecycle.language import say
from lifecycle.store.base import metadata
from lifecycle.store.database import raw_lines
from lifecycle.store.tables import Reading

_READINGS = metadata.tables[str(Reading.__tablename__)]
_COLUMNS = "monitor_id, batch_id, key, at, value, bound, verdict"
_ADD_SQLITE = f"INSERT INTO reading ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
_ADD_POSTGRESQL = f"INSERT INTO reading ({_COLUMNS}) VALUES (%s, %s, %s, %s::timestamptz, %s, %s, %s)"
_KEYS_AT_ONCE = 5_000
_WITH_BATCH = "SELECT batch_id, key, at, value, bound, verdict FROM reading ORDER BY batch_id, id"
_BATCHES = "SELECT id, project_id, stored, digest FROM reading_batch ORDER BY id"


# Key, moment as `stored_moment` writes it, value, limit, verdict.
NewRow = tuple[str, str, float | None, float | None, str]


class StoredValue(NamedTuple):
    id: int
    value: float | None
    bound: float | None


def stored_moment(moment: datetime) -> str:
    """As SQLite holds it and as digests are over it; text order is time order."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:26]


def read_moment(stored: str | datetime) -> datetime:
    """What the driver gives, as a moment again."""
    if isinstance(stored, datetime):
        return stored.astimezone(UTC)
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def add_readings(session: Session, *, monitor_id: int, batch_id: int, rows: Sequence[NewRow]) -> None:
    """Store them in their order, past SQLAlchemy: its work for each row costs more than the row.

    The batch's digest vouches for them.
    """
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_ADD_SQLITE, [(monitor_id, batch_id, *row) for row in rows])
    else:
        with_zone = [
            (monitor_id, batch_id, key, f"{at}+00", value, bound, verdict)
            for key, at, value, bound, verdict in rows
        ]
        connection.exec_driver_sql(_ADD_POSTGRESQL, with_zone)


def stored_under(session: Session, *, monitor_id: int, keys: Sequence[str]) -> dict[str, StoredValue]:
    """What a monitor holds under these keys already."""
    columns = (_READINGS.c.key, _READINGS.c.id, _READINGS.c.value, _READINGS.c.bound)
    mine = select(*columns).where(_READINGS.c.monitor_id == monitor_id)
    connection = session.connection()
    if connection.execute(mine.limit(1)).first() is None:
        return {}
    found: dict[str, StoredValue] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        part = keys[start : start + _KEYS_AT_ONCE]
        for key, *rest in connection.execute(mine.where(_READINGS.c.key.in_(part))):
            found[key] = StoredValue(*rest)
    return found


def readings_by_batch(
    session: Session, monitor_id: int
) -> dict[int, list[tuple[str, datetime, float | None, float | None, str]]]:
    """All that a monitor holds: batch to its readings, in the order in which they were stored."""
    names = ("batch_id", "key", "at", "value", "bound", "verdict")
    rows = select(*(_READINGS.c[name] for name in names)).where(_READINGS.c.monitor_id == monitor_id)
    found: dict[int, list[tuple[str, datetime, float | None, float | None, str]]] = {}
    for batch_id, *said in session.connection().execute(rows.order_by(_READINGS.c.batch_id, _READINGS.c.id)):
        found.setdefault(batch_id, []).append(tuple(said))
    return found


# ------------------------------------------------------------------ the digest of a batch


def digest_of(rows: Iterable[NewRow]) -> str:
    """What the row of a batch is vouched with: over its readings, in their order."""
    return hashlib.sha256("".join([_text(*row) for row in rows]).encode()).hexdigest()


def _text(key: str, at: str, value: float | None, bound: float | None, verdict: str) -> str:
    return f"{key}\t{at}\t{value!r}\t{bound!r}\t{verdict}\n"


class BatchFault(NamedTuple):
    """A batch whose readings are not those that arrived."""

    batch_id: int
    project_id: int | None
    what: str


def faults_of_batches(session: Session) -> Iterator[BatchFault]:
    """Every batch whose readings are not what was stored with it; readings of no batch too."""
    batches = {row[0]: row[1:] for row in raw_lines(session, _BATCHES)}
    seen: dict[int, tuple[int, str]] = {}
    for batch_id, count, digest in _digests(session):
        seen[batch_id] = (count, digest)
    for batch_id, (project_id, stored, digest) in batches.items():
        count, found = seen.pop(batch_id, (0, hashlib.sha256().hexdigest()))
        if count != stored:
            yield BatchFault(
                batch_id,
                project_id,
                say("holds {count:,} readings where {stored:,} were stored", count=count, stored=stored),
            )
        elif found != digest:
            yield BatchFault(batch_id, project_id, say("has readings that were changed past the log"))
    for batch_id in seen:
        yield BatchFault(batch_id, None, say("has readings and is not there"))


def _digests(session: Session) -> Iterator[tuple[int, int, str]]:
    current: int | None = None
    hashed, count = hashlib.sha256(), 0
    for batch_id, key, at, value, bound, verdict in raw_lines(session, _WITH_BATCH):
        if batch_id != current:
            if current is not None:
                yield current, count, hashed.hexdigest()
            current, hashed, count = batch_id, hashlib.sha256(), 0
        hashed.update(_text(str(key), _moment(at), value, bound, str(verdict)).encode("utf-8", "replace"))
        count += 1
    if current is not None:
        yield current, count, hashed.hexdigest()


def _moment(stored: object) -> str:
    """As `stored_moment` writes it, from what the driver gives."""
    return stored_moment(stored) if isinstance(stored, datetime) else str(stored)
