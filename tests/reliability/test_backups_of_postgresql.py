"""The backup that docs/deploy.md names for PostgreSQL, made while people write, and proven after it is restored."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from lifecycle.store.copying import digests
from lifecycle.store.database import Database, open_database
from lifecycle.store.verification import verify
from scripts.serving import ROOT
from scripts.with_postgresql import Cluster
from tests.reliability.mixed_load import begin, do_until_killed, found, half_done
from tests.reliability.servers import own_server, prepare
from tests.store.rows import start_process, wait_for

VARIABLE = '"$LIFECYCLE_DATABASE_URL"'


def commands() -> tuple[str, str]:
    """To make a backup and to put it back, as the document says."""
    document = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    dump, restore = (re.search(rf"^{name} .*$", document, re.MULTILINE) for name in ("pg_dump", "pg_restore"))
    assert dump
    assert restore
    return dump[0], restore[0]


def run(command: str, url: str, folder: Path) -> None:
    assert VARIABLE in command
    environment = {**os.environ, "LIFECYCLE_DATABASE_URL": url}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def another_database(cluster: Cluster, name: str) -> str:
    address = make_url(cluster.address).set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    engine.dispose()
    return cluster.address.removesuffix("postgres") + name


def test_backup_made_while_people_write_comes_back_whole(tmp_path: Path) -> None:
    if shutil.which("pg_dump") is None or shutil.which("pg_restore") is None:
        pytest.skip("there is no pg_dump here: apt-get install postgresql-client")
    dump, restore = commands()
    with own_server() as cluster:
        url = another_database(cluster, "lifecycle")
        prepare(url)
        database = open_database(url)
        with database.write() as session:
            world = begin(session)
        database.dispose()

        reading, writing = os.pipe()
        process = start_process(do_until_killed(writing, world, 1), url)
        os.close(writing)
        with os.fdopen(reading) as said:
            told_before = {said.readline().strip() for _ in range(10)}
            run(dump, url, tmp_path)
            told_later = {said.readline().strip() for _ in range(3)}  # it went on writing
            os.kill(process, signal.SIGKILL)
            assert wait_for(process) == -signal.SIGKILL

        elsewhere = another_database(cluster, "elsewhere")
        run(restore, elsewhere, tmp_path)
        restored = open_database(elsewhere)
        holds = verify(restored)
        assert holds.intact, holds
        with restored.read() as session:
            there = {f"{deed} {mark}" for deed, marks in found(session).items() for mark in marks}
            assert told_before <= there
            assert half_done(session) == []
        restored.dispose()
        assert told_later

        # And over what was written since, back to the very same rows.
        _equal_after_a_restore(open_database(url), url, dump, restore, tmp_path)


def _equal_after_a_restore(database: Database, url: str, dump: str, restore: str, folder: Path) -> None:
    before = digests(database)
    run(dump, url, folder)
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE project SET name = 'Written since'")
    assert digests(database) != before
    database.dispose()
    run(restore, url, folder)
    assert digests(database) == before
    assert verify(database).intact
    database.dispose()
