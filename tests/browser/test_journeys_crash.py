"""P9 over the websocket: whatever a tab was shown as Saved is there after kill -9. The oracle is the tab itself."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select
from websockets.exceptions import ConnectionClosed

from bench.drive import RerunFailed, text
from lifecycle.events import verify_all
from lifecycle.store.database import open_database
from lifecycle.store.tables import Answer
from scripts.serving import Server, serving
from tests.browser.conftest import NewContext
from tests.browser.steps import SOON, open_section, register, set_up
from tests.tabs import Tab

ROUNDS = 4
FIELD = "D03"
LABEL = "Decision that changes"
SAVED = "Saved, just now"


class Writer(threading.Thread):
    """Types one text after the other into the same answer and lists those that were shown as saved."""

    def __init__(self, server: Server, cookie: str, query: str, texts: Iterator[str]) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self._server, self._cookie, self._query, self._texts = server, cookie, query, texts

    def run(self) -> None:
        try:
            with Tab(self._server.url, self._cookie, page="worksheet", query=self._query) as tab:
                for content in self._texts:
                    tab.rerun(text(tab.widgets[LABEL], content))
                    if any(SAVED in drawn for drawn in tab.drawn):
                        self.acknowledged.append(content)
        except (ConnectionClosed, RerunFailed, OSError):
            return  # the server is gone, as it should be


def kept(url: str) -> list[str]:
    """Every version of the answer in the database, oldest first; its log must hold."""
    database = open_database(url)
    with database.read() as session:
        assert verify_all(session) == []
        versions = session.exec(
            select(Answer.value).where(col(Answer.field_id) == FIELD).order_by(col(Answer.revision))
        ).all()
    database.dispose()
    return [json.loads(value or "null") for value in versions]


@pytest.mark.crash
def test_answers_shown_as_saved_survive_kill_9(
    tmp_path: Path, new_context: NewContext, console_errors: list[str]
) -> None:
    chance, acknowledged = random.Random(12), list[str]()
    numbers = (f"Text {number}" for number in range(1_000_000))
    context = new_context()
    with serving(tmp_path) as server:
        nora = set_up(context.new_page(), server)
        register(nora, "Purchase forecast")
        open_section(nora, "The decision and its window of time")
        query = nora.page.url.partition("?")[2]
        nora.page.close()
    session = next(cookie for cookie in context.cookies() if cookie["name"] == "lifecycle_session")

    for _ in range(ROUNDS):
        with serving(tmp_path) as server:
            writer = Writer(server, f"lifecycle_session={session['value']}", query, numbers)
            writer.start()
            deadline = time.monotonic() + SOON / 1000
            wanted = chance.randint(1, 12)
            while len(writer.acknowledged) < wanted and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.05))
            server.kill()
            writer.join(SOON / 1000)
        assert len(writer.acknowledged) >= wanted
        acknowledged += writer.acknowledged
        versions = kept(server.database_url)
        assert set(acknowledged) <= set(versions)
        assert versions == sorted(set(versions), key=versions.index)  # nothing twice

    with serving(tmp_path) as server:
        page = context.new_page()
        page.goto(f"{server.url}/worksheet?{query}")
        page.get_by_label(LABEL).wait_for(timeout=SOON)
        assert page.get_by_label(LABEL).input_value() == versions[-1]
    console_errors.clear()
