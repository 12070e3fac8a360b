"""Which rows the log vouches for, and how: one convention, kept here for every table.

Every row that a session adds, changes or deletes as an object is vouched for by the next event recorded in the
same transaction: its detail holds `"vouches": {"answer:12": digest}`, None for a row that is gone. The newest
event about a row counts. What is written by a statement instead is named to `wrote`, row by row; a bulk UPDATE or
DELETE would escape it, so actions use none on such a table. A new table is vouched for from its first row on,
unless it is listed in NOT_VOUCHED.

A digest is over the canonical JSON of the row's columns, without those that are null or hold the default that
the database gave to rows older than the column: so a column added later leaves older digests as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Boolean, Column, Integer, Table, inspect
from sqlalchemy import event as listening
from sqlmodel import Session

from lifecycle.canonical import digest
from lifecycle.store.base import Row, metadata

KEY = "vouches"  # in an event's detail
_TOUCHED = "rows that the next event vouches for"  # in the session's own notes
_WRITTEN = "digests of rows that were written without an object"

NOT_VOUCHED: Mapping[str, str] = MappingProxyType(
    {
        "event": "its own chain vouches for it",
        "chain_head": "compared with the newest event of its chain",
        "standing": "derived from the other rows; `audit verify --standing` computes it anew",
        "project_standing": "derived from the other rows; `audit verify --standing` computes it anew",
        "standing_history": "derived from the other rows, also when a date passes without an event",
        "project_past": "derived from the project's row, which is vouched for",
        "standing_past": "derived from the other rows, also when a date passes without an event",
        "tally": "counted from the other rows; `audit verify --standing` counts anew",
        "tally_line": "counted from the other rows; `audit verify --standing` counts anew",
        "tally_wait": "counted from the other rows; `audit verify --standing` counts anew",
        "tally_day": "counted from the rows of the past; made anew by the daily job",
        "web_session": "bookkeeping of the way in; sign-ins are events of their own",
        "fresh_sign_in": "bookkeeping of the way in, gone after a while; the signature says how it was made",
        "sign_in_attempt": "bookkeeping of the way in, gone after a while",
        "set_up_code": "gone once the first administrator exists",
        "outbox": "what is still to be told; it tells of events and is forgotten after a while",
        "notice": "who was told of what; it tells of events and is forgotten after a while",
        "delivery": "messages on their way, with their retries; forgotten after a while",
        "notification_choice": "how somebody wants to be told; it also moves when they look",
        "job_lease": "who runs a job now",
        "reading_fetch": "how the last try to fetch readings went; what came is vouched for with its batch",
        "reading": "its batch holds the digest of all that arrived together, and is vouched for",
        "register_problem": "what could not be read in a file whose digest its import's event names",
    }
)
LEFT_OUT: Mapping[str, Collection[str]] = MappingProxyType(
    {
        # A digest of them would go on telling who an erased person was, to whoever guesses.
        "person": frozenset({"name", "email"}),
        "invitation": frozenset({"name", "email"}),
        "sign_in_identity": frozenset({"subject"}),
        # It moves with every use.
        "api_token": frozenset({"last_used_at"}),
    }
)


@dataclass(frozen=True, slots=True)
class Covered:
    """One table that is vouched for: its columns in the order of their names, and what is left out of each."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    absent: Mapping[str, object]  # column added later -> what older rows hold in it


@cache
def covered() -> Mapping[str, Covered]:
    """Every table that is vouched for, by name."""
    return {table.name: _covered(table) for table in metadata.sorted_tables if table.name not in NOT_VOUCHED}


def _covered(table: Table) -> Covered:
    left_out = LEFT_OUT.get(table.name, ())
    return Covered(
        name=table.name,
        key=tuple(column.name for column in table.primary_key.columns),
        columns=tuple(sorted(column.name for column in table.columns if column.name not in left_out)),
        absent={column.name: _default(column) for column in table.columns if column.server_default},
    )


def _default(column: Column[Any]) -> object:
    text = str(getattr(column.server_default, "arg", "")).strip("'")
    if isinstance(column.type, Boolean):
        return text.lower() in ("1", "true")
    return int(text) if isinstance(column.type, Integer) else text


def row_key(table: str, key: Iterable[object]) -> str:
    """The name of a row in the log, as in `answer:12` or `current_answer:3/0/D04`."""
    return f"{table}:{'/'.join(str(part) for part in key)}"


def row_digest(table: Covered, values: Mapping[str, object]) -> str:
    """The digest that an event vouches with; `values` may hold more than the covered columns."""
    return digest({name: values[name] for name in table.columns if _counts(table, name, values[name])})


def _counts(table: Covered, name: str, value: object) -> bool:
    return value is not None and not (name in table.absent and value == table.absent[name])


# ------------------------------------------------------------------ what a session touched


def watch(session_class: type[Session]) -> None:
    """Have sessions of this class note the rows they touch."""
    listening.listen(session_class, "after_flush", _note_flushed)


def wrote(session: Session, name: str, values: Mapping[str, object]) -> None:
    """Have the next event vouch for a row that a statement wrote: all its columns, as they are now."""
    table = covered()[name]
    key = row_key(name, (values[part] for part in table.key))
    session.info.setdefault(_WRITTEN, {})[key] = row_digest(table, values)


def take(session: Session) -> dict[str, str | None]:
    """Vouch for all that was touched since the last event: flushes, and begins anew."""
    session.flush()
    touched: Mapping[int, Row] = session.info.pop(_TOUCHED, {})
    vouches: dict[str, str | None] = session.info.pop(_WRITTEN, {})
    for row in touched.values():
        state = inspect(row)
        table = covered()[str(row.__tablename__)]
        if state.persistent:
            values = {name: getattr(row, name) for name in (*table.key, *table.columns)}
            vouches[row_key(table.name, (values[name] for name in table.key))] = row_digest(table, values)
        elif state.deleted:
            vouches[row_key(table.name, state.identity)] = None
    return vouches


def _note_flushed(session: Session, _context: object) -> None:
    changed = [row for row in session.dirty if session.is_modified(row)]
    touched = session.info.setdefault(_TOUCHED, {})
    for row in (*session.new, *changed, *session.deleted):
        if row.__tablename__ in covered():
            touched[id(row)] = row
