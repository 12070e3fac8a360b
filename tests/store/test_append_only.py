"""P6: what is append-only stays as written, through the ORM and through plain SQL."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import select

from lifecycle.store.base import Row, metadata
from lifecycle.store.database import Database
from lifecycle.store.tables import APPEND_ONLY
from tests.store.rows import all_rows, fill_every_table

ROWS = {mapper.class_.__tablename__: mapper.class_ for mapper in Row._sa_registry.mappers}

SQLITE = {
    "update": "UPDATE {table} SET {column} = {column}",
    "update or replace": "UPDATE OR REPLACE {table} SET id = 1",
    "delete": "DELETE FROM {table}",
    "replace": "REPLACE INTO {table} SELECT * FROM {table}",
    "insert or replace": "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    "upsert": "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT DO UPDATE SET id = 1",
}
POSTGRESQL = {
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
    "truncate of a parent": "TRUNCATE project, event CASCADE",
    "upsert": "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET id = 1",
    "update as a replica": "SET session_replication_role = replica; UPDATE {table} SET {column} = {column}",
}


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as session:
        fill_every_table(session)
    return database


def content(database: Database, table: str) -> list[tuple[object, ...]]:
    with database.read() as session:
        return all_rows(session, metadata.tables[table])


def only_row(database: Database, table: str) -> Row:
    with database.read() as session:
        row = session.exec(select(ROWS[table])).one()
    assert isinstance(row, Row)
    return row


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_row_of_an_append_only_table_cannot_be_touched_by_sql(filled: Database, table: str) -> None:
    before = content(filled, table)
    column = list(metadata.tables[table].columns.keys())[-1]
    for statement in (SQLITE if filled.dialect == "sqlite" else POSTGRESQL).values():
        sql = statement.format(table=table, column=column)
        with pytest.raises(DatabaseError, match="append-only"), filled.write() as session:
            session.execute(text(sql))
    assert content(filled, table) == before != []


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_row_of_an_append_only_table_cannot_be_touched_by_the_orm(filled: Database, table: str) -> None:
    before = content(filled, table)
    with pytest.raises(DatabaseError, match="append-only"), filled.write() as session:
        session.delete(only_row(filled, table))
    row = only_row(filled, table)
    forged = ("hash", "by_key", "content", "digest", "verdict", "name", "level")
    setattr(row, next(name for name in forged if hasattr(row, name)), "forged")
    with pytest.raises(DatabaseError, match="append-only"), filled.write() as session:
        session.add(row)
    assert content(filled, table) == before


@pytest.mark.parametrize(("table", "key"), [("answer", "revision"), ("event", "sequence")])
def test_row_under_a_new_id_cannot_take_the_place_of_another(filled: Database, table: str, key: str) -> None:
    before = content(filled, table)
    columns = [name for name in metadata.tables[table].columns.keys() if name != "id"]  # noqa: SIM118
    names = ", ".join(columns)
    verb = "INSERT OR REPLACE" if filled.dialect == "sqlite" else "INSERT"
    with pytest.raises(DatabaseError, match="append-only|unique"), filled.write() as session:
        session.execute(text(f"{verb} INTO {table} (id, {names}) SELECT 2, {names} FROM {table}"))
    assert content(filled, table) == before
    others = ", ".join(f"{name} + 1" if name == key else name for name in columns)
    with filled.write() as session:
        session.execute(text(f"INSERT INTO {table} (id, {names}) SELECT 2, {others} FROM {table}"))
    assert len(content(filled, table)) == 2


def test_nothing_is_deleted_along_with_what_it_belongs_to() -> None:
    keys = [key for table in metadata.sorted_tables for key in table.foreign_keys]
    assert keys
    assert {(key.ondelete, key.onupdate) for key in keys} == {(None, None)}
