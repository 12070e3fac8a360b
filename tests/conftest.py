"""Fixtures every test may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from lifecycle.store.database import Database, open_database
from lifecycle.store.migrations import upgrade
from scripts.serving import ROOT, Server, serving
from tests.clock import Clock

# A busy machine is slow now and then: how long an example takes says nothing about whether it holds.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# --- Shared data and a running server ------------------------------------------------------------


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; tests that need it are skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}")
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """`python app.py` on a free port over an empty SQLite database of its own; gone when the test ends."""
    if not (ROOT / "app.py").is_file():
        pytest.skip("there is no app.py yet")
    # What a page keeps has to outlive its process one day: nothing but plain values.
    with serving(
        tmp_path, environment={"STREAMLIT_RUNNER_ENFORCE_SERIALIZABLE_SESSION_STATE": "true"}
    ) as running:
        yield running


# --- Database ------------------------------------------------------------------------------------
# On SQLite, or on the PostgreSQL server that LIFECYCLE_TEST_POSTGRESQL names (and may make databases on).


@pytest.fixture
def clock() -> Clock:
    """A Monday morning that lasts until the test says otherwise."""
    return Clock()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database with the newest schema, this test's own."""
    opened = open_database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The address of this test's database, to open it a second time."""
    url = databases.make()
    yield url
    databases.discard(url)


@pytest.fixture(scope="session")
def new_database(databases: Databases) -> Callable[[], str]:
    """Makes databases that stay until the end."""
    return databases.make


@dataclass(frozen=True)
class Databases:
    """Makes copies of a database that was migrated once, far quicker than migrating each; `discard` makes room."""

    make: Callable[[], str]
    discard: Callable[[str], object]


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    server = os.environ.get("LIFECYCLE_TEST_POSTGRESQL")
    if server:
        yield from _copies_on_postgresql(server)
    else:
        yield from _copies_of_a_file(tmp_path_factory.mktemp("databases"))


def _copies_of_a_file(folder: Path) -> Iterator[Databases]:
    template = folder / "template.db"
    _migrate(f"sqlite:///{template}")
    numbers = count(1)

    def copy() -> str:
        file = folder / f"{next(numbers)}.db"
        shutil.copyfile(template, file)
        return f"sqlite:///{file}"

    yield Databases(copy, lambda _: None)


def _copies_on_postgresql(server: str) -> Iterator[Databases]:
    address = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    names = (f"lifecycle_test_{os.getpid()}_{number}" for number in count())
    made: list[str] = []

    def make(template: str) -> str:
        made.append(next(names))
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {made[-1]} TEMPLATE {template}")
        return address.set(database=made[-1]).render_as_string(hide_password=False)

    def drop(name: str) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")

    def discard(url: str) -> None:
        name = make_url(url).database or ""
        made.remove(name)
        dropping.submit(drop, name)

    # Dropping waits for a checkpoint: the next test need not.
    with ThreadPoolExecutor(1) as dropping:
        _migrate(make("template0"))
        template = made[0]
        yield Databases(lambda: make(template), discard)
    for name in made:
        drop(name)
    engine.dispose()


def _migrate(url: str) -> None:
    database = open_database(url)
    upgrade(database)
    database.dispose()
