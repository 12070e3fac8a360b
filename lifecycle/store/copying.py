"""A whole database into another, empty one: from SQLite to PostgreSQL when one machine is outgrown, or back.

Every row is read from one moment, written in one transaction, read again from there and compared, before anything
is committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Table, func, insert, select, text
from sqlmodel import Session

from lifecycle.canonical import canonical_json
from lifecycle.errors import Invalid
from lifecycle.language import say
from lifecycle.store.base import metadata
from lifecycle.store.database import Database
from lifecycle.store.migrations import check_schema, upgrade

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """A table as it stands on both sides: how many rows, and SHA-256 over all of them in the order of their keys."""

    name: str
    rows: int
    digest: str


def copy_database(source: Database, target: Database) -> tuple[CopiedTable, ...]:
    """Copy every row of `source` into `target`, which must hold none, and prove that both are equal.

    Raises Invalid when the target holds rows, the source is not up to date, or a table differs afterwards; then
    nothing is kept. What is written to the source meanwhile is not copied: stop the server first.
    """
    problem = check_schema(source)
    if problem is not None:
        raise Invalid(problem)
    upgrade(target)
    with source.read() as reading, target.write() as writing:
        _refuse_rows(writing, target)
        copied = []
        for table in metadata.sorted_tables:
            for batch in _batches(reading, table):
                writing.execute(insert(table), batch)
            copied.append(_compared(reading, writing, table))
        if target.dialect == "postgresql":
            _go_on_counting(writing)
        return tuple(copied)


def digests(database: Database) -> tuple[CopiedTable, ...]:
    """Every table as it stands at one moment: two databases with the same are equal, whatever kind they are."""
    with database.read() as session:
        return tuple(_described(session, table) for table in metadata.sorted_tables)


def _refuse_rows(session: Session, target: Database) -> None:
    filled = [
        table.name
        for table in metadata.sorted_tables
        if session.execute(select(1).select_from(table)).first()
    ]
    if filled:
        raise Invalid(
            say(
                "{url} holds rows already ({filled}): name an empty database.",
                url=target.url,
                filled=", ".join(filled[:5]),
            )
        )


def _rows(session: Session, table: Table) -> Iterator[dict[str, Any]]:
    # Parents first, where a row points at an earlier one of its own table.
    statement = select(table).order_by(*table.primary_key.columns)
    for row in session.execute(statement.execution_options(yield_per=_BATCH)).mappings():
        yield dict(row)


def _batches(session: Session, table: Table) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in _rows(session, table):
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _compared(reading: Session, writing: Session, table: Table) -> CopiedTable:
    here, there = _described(reading, table), _described(writing, table)
    if here != there:
        raise Invalid(
            say(
                "{table}: the {there:,} rows of the copy differ from the {here:,} copied.",
                table=table.name,
                there=there.rows,
                here=here.rows,
            )
        )
    return there


def _described(session: Session, table: Table) -> CopiedTable:
    """Sorted by text, because databases order texts by rules of their own."""
    digests = sorted(sha256(canonical_json(row).encode()).digest() for row in _rows(session, table))
    return CopiedTable(table.name, len(digests), sha256(b"".join(digests)).hexdigest())


def _go_on_counting(session: Session) -> None:
    """Rows came with their numbers: the counters must stand behind the largest."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        highest = session.execute(select(func.max(column))).scalar()
        if highest is not None:
            session.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)"),
                {"table": table.name, "column": column.name, "highest": highest},
            )
