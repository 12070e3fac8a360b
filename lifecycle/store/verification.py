"""Comparing the database with its log: every chain, and every row with the newest event that vouches for it.

What is read here may have been tampered with, so nothing is trusted to have its type; and it is read past the
ORM, because a log of 250,000 events is to be verified in seconds.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from json import JSONDecoder, loads
from json.encoder import encode_basestring as quoted
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Column, Date, Float, Integer, bindparam, select
from sqlmodel import Session, col

from lifecycle.canonical import canonical_json, moment_text, sha256_hex
from lifecycle.events import ChainFault, verify_all
from lifecycle.language import say
from lifecycle.store import vouched
from lifecycle.store.base import Moment, metadata
from lifecycle.store.database import Database, raw_lines
from lifecycle.store.readings import faults_of_batches
from lifecycle.store.tables import Event
from lifecycle.store.vouched import Covered, covered, row_key

_MARK = f'"{vouched.KEY}":'
_WRITTEN = ("at", "created_at", "requested_at", "since", "added_at", "opened_at", "granted_at", "set_at")
# How signature records were vouched for at first: as `row`, over all columns of then, also those that are null.
_AT_FIRST = "with nulls:"
_AT_FIRST_COLUMNS = frozenset(
    ("id", "project_id", "review_id", "gate", "role", "act", "person_key", "printed_name", "on_behalf_of")
    + (
        "decision",
        "meaning",
        "statement",
        "comment",
        "at",
        "digest",
        "covered",
        "fields",
        "affirms",
        "withdraws",
    )
)
_NEVER_WRITTEN = (TypeError, ValueError, LookupError, AttributeError)
_decode = JSONDecoder().raw_decode

_NOT_NEWEST = """
SELECT c.project_id, c.source_id, c.field_id FROM current_answer c LEFT JOIN answer a ON a.id = c.answer_id
WHERE a.id IS NULL OR a.project_id <> c.project_id OR a.source_id <> c.source_id OR a.field_id <> c.field_id
   OR a.revision <> c.revision OR a.by_key <> c.by_key OR a.at <> c.at
   OR a.state IS DISTINCT FROM c.state OR a.value IS DISTINCT FROM c.value OR a.owner IS DISTINCT FROM c.owner
   OR a.due_on IS DISTINCT FROM c.due_on OR a.reason IS DISTINCT FROM c.reason
   OR EXISTS (SELECT 1 FROM answer n WHERE n.project_id = c.project_id AND n.source_id = c.source_id
              AND n.field_id = c.field_id AND n.revision > c.revision)
"""

Text = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that is not what the log says; `chain` and `sequence` name the event that vouches, if one does."""

    table: str
    row: str
    project_id: int | None
    chain: str
    sequence: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What comparing found. `not_vouched` counts rows written before `before`, when events began to vouch."""

    events: int
    rows: int
    not_vouched: int
    before: str | None
    chain_faults: tuple[ChainFault, ...]
    row_faults: tuple[RowFault, ...]

    @property
    def intact(self) -> bool:
        return not (self.chain_faults or self.row_faults)


class _Line(NamedTuple):
    """An event that vouches."""

    at: str
    chain: str
    sequence: int


@dataclass
class _Vouchers:
    """Row -> the newest event about it and the digest there; `since`: when events began to vouch."""

    newest: dict[str, tuple[_Line, str | None]]
    since: str | None
    events: int
    unreadable: list[ChainFault]


def verify(database: Database, *, processes: int = 1) -> Verification:
    """Compare everything. With two processes the chains are recomputed beside the rows, where the system can."""
    if processes > 1 and "fork" in multiprocessing.get_all_start_methods():
        return _verify_in_two(database)
    with database.read() as session:
        return verify_session(session)


def verify_session(session: Session) -> Verification:
    """Compare everything as this transaction sees it."""
    return _verify_rows(session, verify_all(session))


def _verify_in_two(database: Database) -> Verification:
    database.dispose()  # a connection must not be shared between processes
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_send_chain_faults, args=(database, theirs), daemon=True)
    child.start()
    theirs.close()
    with database.read() as session, _uncollected():
        found = _verify_rows(session, [])
        try:
            chain_faults = ours.recv()
        except EOFError:  # the other process was ended, by lack of memory for one
            chain_faults = verify_all(session)
    child.join()
    return Verification(
        found.events,
        found.rows,
        found.not_vouched,
        found.before,
        (*chain_faults, *found.chain_faults),
        found.row_faults,
    )


def _send_chain_faults(database: Database, to: Any) -> None:
    with database.read() as session, _uncollected():
        to.send(verify_all(session))
    to.close()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hundreds of thousands of objects that all stay: looking through them for garbage costs a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _verify_rows(session: Session, chain_faults: list[ChainFault]) -> Verification:
    vouchers = _read_vouchers(session)
    faults: list[RowFault] = []
    rows = not_vouched = 0
    take = vouchers.newest.pop
    for table in covered().values():
        reader = TableReader(table)
        prefix, places, digest_of = f"{table.name}:", reader.key, reader.digest
        for row in reader.rows(session):
            rows += 1
            key = prefix + "/".join([str(row[place]) for place in places])
            found = take(key, None)
            if found is not None and found[1] == digest_of(row):
                continue
            if (
                found is not None
                and (found[1] or "").startswith(_AT_FIRST)
                and found[1] == reader.digest_at_first(row)
            ):
                continue
            if found is None and vouchers.since is not None and reader.written_at(row) < vouchers.since:
                not_vouched += 1
            else:
                faults.append(_fault(key, reader.project_of(row), found))
    faults += [_gone(key, line) for key, (line, said) in vouchers.newest.items() if said is not None]
    return Verification(
        events=vouchers.events,
        rows=rows,
        not_vouched=not_vouched,
        before=vouchers.since,
        chain_faults=(*chain_faults, *vouchers.unreadable),
        row_faults=(*faults, *_not_newest(session), *_changed_readings(session)),
    )


def _changed_readings(session: Session) -> Iterator[RowFault]:
    for batch_id, project_id, what in faults_of_batches(session):
        yield _row_fault(row_key("reading_batch", (batch_id,)), project_id, None, what)


def _fault(key: str, project_id: int | None, found: tuple[_Line, str | None] | None) -> RowFault:
    if found is None:
        return _row_fault(
            key,
            project_id,
            None,
            say("is in the database, but no event tells of it: it was added past the log"),
        )
    if found[1] is None:
        return _row_fault(
            key,
            project_id,
            found[0],
            say("is in the database, though its newest event says that it was removed"),
        )
    return _row_fault(
        key, project_id, found[0], say("is not as its newest event left it: it was changed past the log")
    )


def _gone(key: str, line: _Line) -> RowFault:
    return _row_fault(key, None, line, say("is missing: it was deleted past the log"))


def _row_fault(key: str, project_id: int | None, line: _Line | None, what: str) -> RowFault:
    """In the project whose log vouches, if it is one: the row's own word for it may be what was changed."""
    table, _, row = key.partition(":")
    if line and (vouching := line.chain.removeprefix("project:")).isdigit():
        project_id = int(vouching)
    chain, sequence = (line.chain, line.sequence) if line else ("", 0)
    return RowFault(
        table,
        row,
        project_id,
        chain,
        sequence,
        say("Row {row} of {table} {what}.", row=row, table=table, what=what),
    )


def _not_newest(session: Session) -> Iterator[RowFault]:
    """Current answers that are not the newest version in their history."""
    statement = _NOT_NEWEST
    if session.get_bind().dialect.name == "sqlite":
        statement = statement.replace("IS DISTINCT FROM", "IS NOT")  # which it knew long before
    for project_id, source_id, field_id in raw_lines(session, statement):
        key = row_key("current_answer", (project_id, source_id, field_id))
        yield _row_fault(key, project_id, None, say("is not the newest version in the answer's history"))


def missing_heads(session: Session, heads: Iterable[tuple[str, int, str]]) -> list[ChainFault]:
    """Of heads kept elsewhere (chain, sequence, hash), those that the log does not hold any more."""
    hashes = select(col(Event.hash)).where(
        col(Event.chain) == bindparam("named"), col(Event.sequence) == bindparam("place")
    )
    faults: list[ChainFault] = []
    for chain, sequence, kept in heads:
        found = session.execute(hashes, {"named": chain, "place": sequence}).scalar()
        if found is None:
            sentence = say(
                "Event {sequence} was here when this head was kept and is missing: newer events were "
                "removed.",
                sequence=sequence,
            )
            faults.append(ChainFault(chain, sequence, sentence))
        elif found != kept:
            sentence = say(
                "Event {sequence} is not the one that this head was kept of: the chain was rewritten.",
                sequence=sequence,
            )
            faults.append(ChainFault(chain, sequence, sentence))
    return faults


# ------------------------------------------------------------------ what the log says


def _read_vouchers(session: Session) -> _Vouchers:
    """One pass in the order the events were written; of two chains about one row the later moment counts."""
    newest: dict[str, tuple[_Line, str | None]] = {}
    vouchers = _Vouchers(newest, since=None, events=0, unreadable=[])
    started = False
    for chain, sequence, at, subject, detail in raw_lines(
        session, "SELECT chain, sequence, at, subject, detail FROM event ORDER BY id"
    ):
        vouchers.events += 1
        try:
            said = _vouches(subject, detail)
        except (ValueError, TypeError, AttributeError):
            sentence = say(
                "Event {sequence} cannot be read: it was changed after it was written.", sequence=sequence
            )
            vouchers.unreadable.append(ChainFault(str(chain), sequence, sentence))
            continue
        if not said or type(at) is not str:
            continue
        if not started:
            started = True
            vouchers.since = at if vouchers.events > 1 else None
        line = _Line(at, chain, sequence)
        for key, row_digest in said.items():
            before = newest.get(key)
            if before is None or before[0].chain == chain or before[0].at <= at:
                newest[key] = (line, row_digest)
    return vouchers


def vouches_of(detail: str) -> Mapping[str, str | None]:
    """What the detail of an event vouches for."""
    try:
        return _vouches("", detail)
    except (ValueError, TypeError, AttributeError):
        return {}


def vouched_since(session: Session) -> str | None:
    """When events began to vouch, None when they did from the first one on."""
    first = select(col(Event.id), col(Event.at)).order_by(col(Event.id)).limit(1)
    vouching = first.where(col(Event.detail).contains(_MARK, autoescape=True))
    oldest, found = session.execute(first).one_or_none(), session.execute(vouching).one_or_none()
    return None if found is None or oldest is None or oldest.id == found.id else str(found.at)


def _vouches(subject: str, detail: str) -> Mapping[str, str | None]:
    # Inside a text of the detail the quotation marks would be escaped: this finds the key alone.
    place = detail.rfind(_MARK)
    if place >= 0:
        found = _decode(detail, place + len(_MARK))[0]
        return found if isinstance(found, dict) else {}
    if subject.startswith("sign_off:") and '"row":"' in detail:
        return {subject: _AT_FIRST + loads(detail)["row"]}
    return {}


# ------------------------------------------------------------------ what the tables say


class TableReader:
    """Reads the rows of one table: their keys in the log, their text and its digest."""

    def __init__(self, table: Covered) -> None:
        columns = metadata.tables[table.name].columns
        names = [*table.columns, *(name for name in table.key if name not in table.columns)]
        self.table = table
        self.statement = f"SELECT {', '.join(_named(name) for name in names)} FROM {_named(table.name)}"
        self.writers = tuple(
            (f',"{name}":', _writer(columns[name]), table.absent.get(name)) for name in table.columns
        )
        self.key = tuple(names.index(name) for name in table.key)
        self.written = next((names.index(name) for name in _WRITTEN if name in names), None)
        project = "id" if table.name == "project" else "project_id"
        self.project = names.index(project) if project in names and table.name != "organisation" else None

    def rows(self, session: Session, where: str = "") -> Iterator[tuple[Any, ...]]:
        """As `digest` and `text_or_raw` take them, in the order of their keys."""
        order = ", ".join(_named(name) for name in self.table.key)
        only = f" WHERE {where} ORDER BY {order}" if where else ""
        return raw_lines(session, f"{self.statement}{only}")

    def text(self, row: tuple[Any, ...]) -> str:
        """What the digest is over; raises for what no writing of ours would have left in the table."""
        text = "".join(
            [
                name + write(value)
                for (name, write, absent), value in zip(self.writers, row, strict=False)
                if value is not None and (absent is None or value != absent)
            ]
        )
        return f"{{{text[1:]}}}"

    def digest(self, row: tuple[Any, ...]) -> str:
        try:
            return sha256_hex(self.text(row))
        except _NEVER_WRITTEN:
            return "nothing that was ever written"

    def text_or_raw(self, row: tuple[Any, ...]) -> str:
        """The text, or what is there as far as it can be written down, so that it can be shown not to hold."""
        try:
            return self.text(row)
        except _NEVER_WRITTEN:
            return canonical_json(
                {
                    name[2:-2]: repr(value)
                    for (name, _, _), value in zip(self.writers, row, strict=False)
                    if value is not None
                }
            )

    def digest_at_first(self, row: tuple[Any, ...]) -> str:
        try:
            parts = [
                name + (write(value) if value is not None else "null")
                for (name, write, _), value in zip(self.writers, row, strict=False)
                if name[2:-2] in _AT_FIRST_COLUMNS
            ]
        except _NEVER_WRITTEN:
            return ""
        return _AT_FIRST + sha256_hex(f"{{{''.join(parts)[1:]}}}")

    def written_at(self, row: tuple[Any, ...]) -> str:
        value = row[self.written] if self.written is not None else ""
        try:
            return value if isinstance(value, str) and value.endswith("Z") else _moment(value).strip('"')
        except (TypeError, ValueError, AttributeError):
            return ""

    def project_of(self, row: tuple[Any, ...]) -> int | None:
        return row[self.project] if self.project is not None else None


def _named(name: str) -> str:
    return f'"{name}"'


def _writer(column: Column[Any]) -> Text:
    """A value as canonical JSON has it; raises for what no writing of ours would have left there."""
    kinds: tuple[tuple[type, Text], ...] = (
        (Moment, _moment),
        (Date, _day),
        (Boolean, _truth),
        (Integer, _number),
        (Float, _fraction),
    )
    return next((write for kind, write in kinds if isinstance(column.type, kind)), quoted)


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return f'"{moment_text(value)}"'
    if len(value) != 26 or value[10] != " ":
        raise ValueError("not as a moment is stored")
    return f'"{value[:10]}T{value[11:]}Z"'


def _day(value: Any) -> str:
    return quoted(value.isoformat() if isinstance(value, date) else value)


def _truth(value: Any) -> str:
    return {0: "false", 1: "true"}[value]


def _number(value: Any) -> str:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return str(value)


def _fraction(value: Any) -> str:
    return float.__repr__(value)
