"""Readings in bulk: written and read past the ORM, and held to the digest that their batch was vouched with.

A hundred thousand readings are one event: it vouches for the batch's row, whose digest is over the text of every
reading in the order in which they were stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlmodel import Session

from lifecycle.canonical import moment_text
from lifecycle.store.base import metadata
from lifecycle.store.database import raw_lines
from lifecycle.store.tables import Reading

_READINGS = metadata.tables[str(Reading.__tablename__)]
_ADD = insert(_READINGS)
_KEYS_AT_ONCE = 5_000
_WITH_BATCH = "SELECT batch_id, key, at, value, bound, verdict FROM reading ORDER BY batch_id, id"
_BATCHES = "SELECT id, project_id, stored, digest FROM reading_batch ORDER BY id"


class NewRow(NamedTuple):
    """One reading about to be stored."""

    key: str
    at: datetime
    value: float | None
    bound: float | None
    verdict: str


class StoredValue(NamedTuple):
    id: int
    value: float | None
    bound: float | None


def add_readings(session: Session, *, monitor_id: int, batch_id: int, rows: Sequence[NewRow]) -> None:
    """Store them in their order. The batch's digest vouches for them."""
    if rows:
        shared = {"monitor_id": monitor_id, "batch_id": batch_id}
        session.connection().execute(_ADD, [{**shared, **row._asdict()} for row in rows])


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


# ------------------------------------------------------------------ the digest of a batch


def digest_of(rows: Iterable[NewRow]) -> str:
    """What the row of a batch is vouched with: over its readings, in their order."""
    hashed = hashlib.sha256()
    for row in rows:
        hashed.update(_text(row.key, moment_text(row.at), row.value, row.bound, row.verdict).encode())
    return hashed.hexdigest()


def _text(key: str, at: str, value: float | None, bound: float | None, verdict: str) -> str:
    said = "" if value is None else repr(value)
    limit = "" if bound is None else repr(bound)
    return f"{key}\t{at}\t{said}\t{limit}\t{verdict}\n"


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
            yield BatchFault(batch_id, project_id, f"holds {count:,} readings where {stored:,} were stored")
        elif found != digest:
            yield BatchFault(batch_id, project_id, "has readings that were changed past the log")
    for batch_id in seen:
        yield BatchFault(batch_id, None, "has readings and is not there")


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
    """As `moment_text` writes it, from what the driver gives."""
    if isinstance(stored, datetime):
        return moment_text(stored)
    text = str(stored)
    return f"{text[:10]}T{text[11:]}Z"
