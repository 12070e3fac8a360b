"""Every schema that was ever released, with what a team wrote, comes to the newest on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, insert, select, text
from sqlalchemy.engine import make_url
from sqlmodel import Session

from lifecycle.events import verify_all
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.migrations import check_schema, upgrade
from tests import factories
from tests.reliability.rounds import ROUNDS
from tests.reliability.servers import DATABASES, own_server
from tests.store.rows import some_value
from tests.store.test_migrations import RELEASED, description, expected_triggers, triggers, up_to
from tests.store.test_verification import tell_a_story

Rows = dict[str, list[dict[str, Any]]]
RELEASES = [released.name[:4] for released in RELEASED]
# The oldest and the newest ones in `make test`, all of them in `make reliability`.
VERSIONS = RELEASES if ROUNDS >= 100 else [RELEASES[0], *RELEASES[-2:]]


@pytest.fixture(params=DATABASES)
def empty_databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Makes empty databases, one after the other, by name."""
    if request.param == "sqlite":
        yield lambda name: f"sqlite:///{tmp_path / name}.db"
        return
    with own_server() as cluster:
        address = make_url(cluster.address).set(drivername="postgresql+psycopg")
        engine = create_engine(address, isolation_level="AUTOCOMMIT")

        def make(name: str) -> str:
            with engine.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
            return cluster.address.removesuffix("postgres") + name

        yield make
        engine.dispose()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What a team left in the newest schema, in all the tables that the log vouches for."""
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('story') / 'told.db'}")
    upgrade(database)
    with pytest.MonkeyPatch.context() as patch, database.write() as session:
        factories.register_trials(patch)
        tell_a_story(session)
    with database.read() as session:
        rows = {
            table.name: [
                dict(row)
                for row in session.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            ]
            for table in metadata.sorted_tables
        }
    database.dispose()
    return rows


def fill(database: Database, story: Rows) -> Rows:
    """The story as far as an old schema can hold it; columns that are no more get any value."""
    filled: Rows = {}
    with database.write() as session:
        old = MetaData()
        old.reflect(session.connection())
        for table in old.sorted_tables:
            newest = metadata.tables.get(table.name)
            columns = (
                [] if newest is None else [newest.columns.get(each.name, each) for each in table.columns]
            )
            # Types as the product knows them: SQLite says of a moment only that it is text.
            typed = Table(table.name, MetaData(), *(Column(each.name, each.type) for each in columns))
            filled[table.name] = [
                {each.name: row[each.name] if each.name in row else some_value(each) for each in columns}
                for row in story.get(table.name, [])
            ]
            if filled[table.name]:
                session.execute(insert(typed), filled[table.name])
        if database.dialect == "postgresql":
            _go_on_counting(session, old)
    return filled


def _go_on_counting(session: Session, schema: MetaData) -> None:
    """Rows came with their numbers."""
    for table in schema.sorted_tables:
        if table.autoincrement_column is not None:
            name = table.name
            counter = f"pg_get_serial_sequence('{name}', 'id')"
            session.execute(text(f"SELECT setval({counter}, (SELECT coalesce(max(id), 1) FROM {name}))"))


def test_every_released_schema_is_upgraded_with_its_rows(
    empty_databases: Any, story: Rows, tmp_path: Path
) -> None:
    newest = open_database(empty_databases("newest"))
    upgrade(newest)
    with newest.read() as session:
        wanted = description(session.connection())
    newest.dispose()
    for version in VERSIONS:
        database = open_database(empty_databases(f"schema_{version}"))
        upgrade(database, versions=up_to(version, tmp_path / f"up to {version}"))
        filled = fill(database, story)
        assert sum(map(len, filled.values())) > 100
        upgrade(database)
        assert check_schema(database) is None
        with database.read() as session:
            assert description(session.connection()) == wanted, version
            assert triggers(session.connection()) == expected_triggers(database.dialect), version
            assert verify_all(session) == []
            for name, rows in filled.items():
                assert lost(session, name, rows) == [], (version, name)
        database.dispose()


def lost(session: Session, name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that are no longer there as they were, in the columns that there still are."""
    if name not in metadata.tables:
        return []
    table = metadata.tables[name]
    now = [dict(row) for row in session.execute(select(table)).mappings()]
    shared = [{column: value for column, value in row.items() if column in table.columns} for row in rows]
    return [row for row in shared if not any(row.items() <= each.items() for each in now)]
