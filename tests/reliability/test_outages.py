"""A served installation whose database is full, read-only, locked or gone: a sentence each time, and on it goes.

Nothing is restarted but the database. Programs ask over HTTP, a person's tab over its websocket.
"""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from bench.drive import text
from lifecycle.actions import tokens
from lifecycle.store.database import WRITER_LOCK
from lifecycle.store.verification import verify
from lifecycle.vocabulary import Scope
from scripts.serving import Server, serving
from tests.reliability.servers import own_server
from tests.screens import Screens, set_the_screens
from tests.tabs import Tab

SOON = 60.0
FIELD, LABEL = "D34", "What would make us stop"
TABS_FIELD, TABS_LABEL = "D01", "What is wrong today"
SAVED = "Saved, just now"
MEGABYTE = 1_000_000


@dataclass
class Served:
    """A server that runs all the time, a program with a token, and Olu's session."""

    server: Server
    screens: Screens
    secret: str
    written: list[str] = field(default_factory=list)

    @property
    def cookie(self) -> str:
        return f"lifecycle_session={self.screens.tokens['Olu']}"

    def put(self, content: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret}"}
        address = f"{self.server.url}/api/v1/projects/orders/answers/{FIELD}"
        with httpx.Client(headers=headers, timeout=SOON) as client:
            found = client.get(address)
            if found.status_code != 200:
                return found
            answer = client.put(address, json={"value": content, "base": found.json()["revision"]})
        if answer.status_code == 200:
            self.written.append(content)
        return answer

    def page(self, path: str = "/worksheet") -> httpx.Response:
        return httpx.get(f"{self.server.url}{path}", headers={"Cookie": self.cookie}, timeout=SOON)

    def tab(self) -> Tab:
        query = "project=orders&stage=discovery&section=problem"
        return Tab(self.server.url, self.cookie, page="worksheet", query=query)

    def works_again(self) -> None:
        deadline = time.monotonic() + SOON
        while (answer := self.put(f"text {len(self.written)}")).status_code != 200:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.2)
        assert self.page().status_code == 200
        with self.tab() as tab:
            tab.rerun(text(tab.widgets[TABS_LABEL], f"typed {len(self.written)}"))
            assert any(SAVED in drawn for drawn in tab.drawn)

    def nothing_is_lost(self) -> None:
        assert self.server.process.poll() is None  # the same process all along
        assert self.screens.versions(FIELD) == len(self.written)
        assert self.screens.stored(FIELD) == self.written[-1]
        assert verify(self.screens.database).intact


@contextmanager
def served(folder: Path, database_url: str) -> Iterator[Served]:
    screens = set_the_screens(database_url)
    with screens.database.write() as session:
        pat = screens.cast.pat
        made = tokens.create(
            session, by=pat, at=datetime.now(UTC), person_key=pat.key, name="Test", scopes=tuple(Scope)
        )
    environment = {"LIFECYCLE_DATABASE_URL": database_url, "LIFECYCLE_JOBS": "off"}
    with serving(folder, environment=environment) as server:
        found = Served(server, screens, made.secret)
        found.works_again()
        yield found
        found.works_again()
        found.nothing_is_lost()
    screens.database.dispose()


def is_refused(answer: httpx.Response, sentence: str) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"]
    assert sentence in answer.json()["detail"]
    assert "Traceback" not in answer.text


def is_refused_on_screen(here: Served, sentence: str) -> None:
    """What is typed is not said to be saved, and why not stands on the page."""
    with here.tab() as tab:
        tab.rerun(text(tab.widgets[TABS_LABEL], "typed meanwhile"))
        assert not any(SAVED in drawn for drawn in tab.drawn)
        assert any(sentence in drawn for drawn in tab.drawn), tab.drawn


def while_held(hold: Callable[[], None], release: Callable[[], None], here: Served) -> None:
    """Somebody who writes and does not finish: refused after the time that writers wait for each other."""
    hold()
    try:
        is_refused(here.put("while locked"), "Somebody else is writing just now")
    finally:
        release()
    here.works_again()


# ------------------------------------------------------------------ PostgreSQL


def test_postgresql_gone_read_only_and_locked(tmp_path: Path) -> None:
    with own_server() as cluster, served(tmp_path, cluster.address) as here:
        cluster.stop()
        is_refused(here.put("while gone"), "The database cannot be reached just now")
        page = here.page()
        assert (page.status_code, page.text) == (
            503,
            "The database cannot be reached just now. Nothing was changed; check that it runs.",
        )
        assert here.page("/readyz").status_code == 503
        assert here.page("/healthz").status_code == 200
        cluster.start()
        here.works_again()

        administrator = create_engine(
            make_url(cluster.address).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        with administrator.connect() as connection:
            said = connection.exec_driver_sql
            said("ALTER SYSTEM SET default_transaction_read_only = on")
            said("SELECT pg_reload_conf()")
            _wait_until(lambda: here.put("while read-only").status_code == 503)
            is_refused(here.put("while read-only"), "The database is read-only")
            is_refused_on_screen(here, "The database is read-only")
            said("ALTER SYSTEM RESET default_transaction_read_only")
            said("SELECT pg_reload_conf()")
            here.works_again()

            while_held(
                lambda: said(f"SELECT pg_advisory_lock({WRITER_LOCK})") and None,
                lambda: said(f"SELECT pg_advisory_unlock({WRITER_LOCK})") and None,
                here,
            )
        administrator.dispose()


# ------------------------------------------------------------------ SQLite


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of ten megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk to fill")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """All the room there is, to the last block."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    return ballast


def test_sqlite_full_and_locked(small_disk: Path, tmp_path: Path) -> None:
    file = small_disk / "lifecycle.db"
    with served(tmp_path, f"sqlite:///{file}") as here:
        ballast = fill(small_disk)
        large = "y" * 15_000  # more than the room that the log of SQLite may still have in its last block
        _wait_until(lambda: here.put(large + str(len(here.written))).status_code == 503)
        is_refused(here.put(large), "The disk that holds the database is full")
        assert here.page().status_code == 200  # reading goes on
        ballast.unlink()
        here.works_again()

        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            while_held(
                lambda: other.execute("BEGIN IMMEDIATE") and None,
                lambda: other.execute("ROLLBACK") and None,
                here,
            )


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
