"""Which database errors a person can mend, and the sentence for each. Everything else stays a bug."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from lifecycle.errors import Unavailable
from lifecycle.language import mark, say

CROWDED = mark("Too many people are waiting for the database. Nothing was changed; try again in a moment.")

LOCKED = mark("Somebody else is writing just now and did not finish in time. Nothing was changed; try again.")
READ_ONLY = mark(
    "The database is read-only, so nothing was changed. Whoever runs this installation must allow writing to "
    "its file and folder."
)
FULL = mark("The disk that holds the database is full. Nothing was changed; make room, then try again.")
CANNOT_OPEN = mark(
    "The database file cannot be opened. Nothing was changed; check that its folder exists and that this "
    "program may write to it."
)
DISK_ERROR = mark(
    "The disk of the database reports an error. Nothing was changed; check the disk, then try again."
)
DAMAGED = mark(
    "The database file is damaged or is not a database. Restore it from a backup; nothing was changed."
)
UNREACHABLE = mark("The database cannot be reached just now. Nothing was changed; check that it runs.")
REFUSED_ENTRY = mark(
    "The database refused the name or account in LIFECYCLE_DATABASE_URL. Correct it and start again."
)

_SQLITE = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CANTOPEN: CANNOT_OPEN,
    sqlite3.SQLITE_IOERR: DISK_ERROR,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}

# SQLSTATE codes, or their two-letter classes.
_POSTGRESQL = {
    "25006": READ_ONLY,
    "53100": FULL,
    "55P03": LOCKED,
    "40": LOCKED,
    "08": UNREACHABLE,
    "53": UNREACHABLE,
    "57P": UNREACHABLE,
    "28": REFUSED_ENTRY,
    "3D": REFUSED_ENTRY,
}


@contextmanager
def refusals(*, reading: bool) -> Iterator[None]:
    """Turn what a person can mend into Unavailable; let bugs pass."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable(say(CROWDED)) from error
    except DBAPIError as error:
        refusal = unavailable(error, reading=reading)
        if refusal is None:
            raise
        raise refusal from error


def unavailable(error: DBAPIError, *, reading: bool) -> Unavailable | None:
    """The refusal to show, or None when the error is a bug. While reading, an attempt to write is a bug."""
    original = error.orig
    if isinstance(original, sqlite3.Error):
        sentence = _sqlite_sentence(getattr(original, "sqlite_errorcode", None), reading)
    else:
        sentence = _postgresql_sentence(error, reading)
    return Unavailable(say(sentence)) if sentence else None


def _sqlite_sentence(code: int | None, reading: bool) -> str | None:
    if code is None or (reading and code == sqlite3.SQLITE_READONLY):
        return None
    return _SQLITE.get(code & 0xFF)  # the low byte is the kind, the rest its variant


def _postgresql_sentence(error: DBAPIError, reading: bool) -> str | None:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        # psycopg raises a bare OperationalError when the connection could not be made or was cut.
        return UNREACHABLE if type(error.orig).__name__ == "OperationalError" else None
    if reading and state == "25006":
        return None
    return next((_POSTGRESQL[key] for key in (state, state[:3], state[:2]) if key in _POSTGRESQL), None)
