"""Two servers on one PostgreSQL behind nginx, as docs/deploy.md says: sixteen write, one dies, nobody notices."""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, select
from websockets.exceptions import WebSocketException

from bench.drive import RerunFailed, text
from lifecycle.actions import accounts, tokens
from lifecycle.canonical import canonical_json
from lifecycle.events import project_chain, verify_all
from lifecycle.store.tables import Answer, Event
from lifecycle.vocabulary import Gate, Role, Scope
from tests import factories as make
from tests.deploy.installation import Installation, installed
from tests.receivers import mail_server
from tests.rules.building import guide
from tests.screens import Screens, set_the_screens
from tests.tabs import Tab

PROGRAMS, TABS = 13, 3
CHANGES = 12  # of each writer
TOLD_IN = 120.0
# On one section of a worksheet, so that one tab can write each of them.
LABELS = {"D01": "What is wrong today", "D35": "Goal it serves", "D04": "Business metric"}
SECTION = "project=orders&stage=discovery&section=problem"
SAVED = "Saved, just now"
GONE = (httpx.TransportError, WebSocketException, RerunFailed, OSError)


class Writer(threading.Thread):
    """Makes CHANGES changes of one answer, however often it must try; `acknowledged` is what it was told is saved."""

    def __init__(self, field: str, write: Callable[[str], bool]) -> None:
        super().__init__(daemon=True)
        self.field, self._write = field, write
        self.acknowledged: list[str] = []
        self.disturbed = 0
        self._deadline = time.monotonic() + TOLD_IN

    def run(self) -> None:
        for number in count():
            if len(self.acknowledged) == CHANGES or time.monotonic() > self._deadline:
                return
            content = f"{self.field} text {number}"
            try:
                if self._write(content):
                    self.acknowledged.append(content)
                    continue
            except GONE:
                pass
            self.disturbed += 1
            time.sleep(0.05)


def program(installation: Installation, secret: str, field: str) -> Callable[[str], bool]:
    """A program that reads how an answer stands and changes it from there."""
    context = ssl.create_default_context(cafile=installation.certificate)
    client = httpx.Client(
        base_url=f"{installation.url}/api/v1/projects/orders",
        verify=context,
        headers={"Authorization": f"Bearer {secret}", "User-Agent": "programs"},
        timeout=30,
    )

    def write(content: str) -> bool:
        found = client.get(f"/answers/{field}")
        if found.status_code != 200:
            return False
        sent = {"value": content, "base": found.json()["revision"]}
        return client.put(f"/answers/{field}", json=sent).status_code == 200

    return write


def person(installation: Installation, cookie: str, field: str) -> Callable[[str], bool]:
    """Somebody at the worksheet, whose page finds its way back as a browser's does: by connecting anew."""
    tabs: list[Tab] = []

    def write(content: str) -> bool:
        if not tabs:
            tabs.append(Tab(installation.url, cookie, page="worksheet", query=SECTION))
        try:
            tabs[-1].rerun(text(tabs[-1].widgets[LABELS[field]], content))
        except GONE:
            tabs.pop()
            raise
        return any(SAVED in drawn for drawn in tabs[-1].drawn)

    return write


@pytest.fixture
def screens(database_url: str) -> Iterator[Screens]:
    if not os.environ.get("LIFECYCLE_TEST_POSTGRESQL"):
        pytest.skip("two servers need PostgreSQL: make postgresql")
    made = set_the_screens(database_url)
    yield made
    made.database.dispose()


def sign_in_often(screens: Screens, times: int) -> list[str]:
    with screens.database.write() as session:
        return [
            accounts.sign_in(
                session, at=datetime.now(UTC), person_key=screens.cast.pat.key, lasts=timedelta(days=1)
            )
            for _ in range(times)
        ]


def where_they_go(installation: Installation, cookies: list[str]) -> dict[int, list[str]]:
    """Which server each session goes to, by its port; always the same, or the open page is lost."""
    going: dict[int, list[str]] = {server.port: [] for server in installation.servers}
    context = ssl.create_default_context(cafile=installation.certificate)
    for number, cookie in enumerate(cookies):
        agent = f"browser-{number}"
        headers = {"Cookie": f"lifecycle_session={cookie}", "User-Agent": agent}
        with httpx.Client(base_url=installation.url, verify=context, headers=headers) as client:
            for path in ("/", "/api/docs", "/"):
                answer = client.get(path)
                assert answer.status_code == 200, answer.text
                assert answer.headers["Strict-Transport-Security"]  # it knows that it is behind TLS
        _wait_until(lambda agent=agent: len(installation.served(agent)) == 3)  # type: ignore[misc]
        port, *others = set(installation.served(agent))
        assert not others
        going[int(port)].append(cookie)
    return going


@pytest.mark.servers
@pytest.mark.crash
def test_sixteen_writers_lose_nothing_when_one_of_two_servers_dies(
    screens: Screens, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with screens.database.write() as session:
        secret = tokens.create(
            session,
            by=screens.cast.pat,
            at=datetime.now(UTC),
            person_key=screens.cast.pat.key,
            name="Writers",
            scopes=tuple(Scope),
        ).secret
        for role in (Role.PRIVACY, Role.LEGAL, Role.COMPLIANCE):
            make.ask(session, screens.cast, screens.project_id, Gate.DISCOVERY, role, at=datetime.now(UTC))
    with mail_server() as inbox, installed(tmp_path, database_url, **inbox.environment) as installation:
        monkeypatch.setenv("SSL_CERT_FILE", str(installation.certificate))  # for the tabs
        dying, staying = installation.servers
        going = where_they_go(installation, sign_in_often(screens, 10))
        assert all(going.values()), "ten sessions all go to the same server"
        cookies = [*going[dying.port][:2], going[staying.port][0]]
        assert len(cookies) == TABS
        _wait_until(lambda: len(inbox.letters) >= 3)

        writers = [Writer(field, program(installation, secret, field)) for field in text_fields()[:PROGRAMS]]
        writers += [
            Writer(field, person(installation, f"lifecycle_session={cookie}", field))
            for field, cookie in zip(LABELS, cookies, strict=True)
        ]
        for writer in writers:
            writer.start()
        _wait_until(lambda: all(len(writer.acknowledged) >= 3 for writer in writers))
        assert set(installation.served("programs")) == {str(dying.port), str(staying.port)}
        dying.kill()
        for writer in writers:
            writer.join(TOLD_IN)
        assert [len(writer.acknowledged) for writer in writers] == [CHANGES] * len(writers)
        assert sum(writer.disturbed for writer in writers) >= 1  # it did die in the middle
    _assert_all_is_there(screens, writers)
    assert len({str(letter["Message-ID"]) for letter in inbox.letters}) == len(inbox.letters)


def text_fields() -> list[str]:
    """Questions that take any text, but those that people answer here."""
    plain = [
        spec
        for spec in guide().fields.values()
        if spec.type in ("text", "long_text") and not spec.is_of_source
    ]
    return [spec.id for spec in plain if spec.id not in LABELS]


def _assert_all_is_there(screens: Screens, writers: list[Writer]) -> None:
    with screens.database.read() as session:
        assert verify_all(session) == []
        saved = 0
        for writer in writers:
            rows = session.exec(
                select(Answer).where(col(Answer.field_id) == writer.field).order_by(col(Answer.revision))
            ).all()
            assert [row.revision for row in rows] == list(range(1, len(rows) + 1))
            kept: list[Any] = [row.value for row in rows]
            assert [each for each in kept if each in set(_stored(writer.acknowledged))] == _stored(
                writer.acknowledged
            )  # each once, in order
            # What was written and never told, because the server died with the answer in its hand.
            assert len(kept) - len(writer.acknowledged) <= writer.disturbed
            saved += len(kept)
        chain = project_chain(screens.project_id)
        events = session.exec(
            select(Event.id).where(col(Event.chain) == chain, col(Event.action) == "answer.saved")
        )
        assert len(events.all()) == saved


def _stored(contents: list[str]) -> list[str]:
    return [canonical_json(content) for content in contents]


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TOLD_IN
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
