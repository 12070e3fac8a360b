"""A PostgreSQL server that a test may stop, kill and start, or a SQLite file: what the power is cut of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lifecycle.store.database import open_database
from lifecycle.store.migrations import upgrade
from scripts.with_postgresql import Cluster, postgresql, programs

# As installed: a commit returns when it is in the log. Only the disk's own cache is left to the machine.
DURABLE = ("fsync=off", "max_connections=100")
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Place:
    """A database with the newest schema, and the server it lives on, if it needs one."""

    url: str
    cluster: Cluster | None

    def cut_the_power(self) -> None:
        """Of the database itself. A SQLite file has nothing that runs beside whoever writes it."""
        if self.cluster is not None:
            self.cluster.stop()

    def give_power(self) -> None:
        if self.cluster is not None:
            self.cluster.start()


@contextmanager
def place(kind: str, folder: Path) -> Iterator[Place]:
    if kind == "sqlite":
        found = Place(f"sqlite:///{folder / 'lifecycle.db'}", None)
        prepare(found.url)
        yield found
        return
    with own_server() as cluster:
        found = Place(cluster.address, cluster)
        prepare(found.url)
        yield found


@contextmanager
def own_server() -> Iterator[Cluster]:
    """Skips the test where no server program exists, but in CI, which installs one."""
    folder = programs()
    if folder is None:
        if os.environ.get("CI"):
            pytest.fail("CI must install PostgreSQL before these tests: make postgresql does")
        pytest.skip("there is no PostgreSQL server program here: apt-get install postgresql")
    with postgresql(folder, DURABLE) as cluster:
        yield cluster


def prepare(url: str) -> None:
    """The newest schema, nothing in it."""
    database = open_database(url)
    upgrade(database)
    database.dispose()
