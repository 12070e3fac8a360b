"""The guard when the database cannot answer, and how old a yes may be."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest
from starlette.types import Message, Receive, Scope, Send

from lifecycle.errors import Unavailable
from lifecycle.settings import Settings
from lifecycle.store.database import open_database
from lifecycle.store.tokens import hash_token
from lifecycle.web import live_sessions
from lifecycle.web.api.door import Door
from lifecycle.web.guard import Guard, Wire
from lifecycle.web.live_sessions import LiveSessions

TOKEN = "a-token"
SETTINGS = Settings(database_url="sqlite:///unused.db")


class Answers:
    """A database that answers as told, and counts the questions."""

    def __init__(self) -> None:
        self.live, self.reachable, self.asked = True, True, 0

    def find_live(self, token_hashes: Collection[str]) -> dict[str, str]:
        self.asked += 1
        if not self.reachable:
            raise Unavailable
        return dict.fromkeys(token_hashes, "fr") if self.live else {}


class Tab:
    """An open websocket through the guard: what the application got, and what the browser got."""

    def __init__(self, answers: Answers) -> None:
        self.sessions = LiveSessions(answers.find_live, lambda _token_hash: None)
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.at_application: list[Message] = []
        self.at_browser: list[Message] = []
        self.is_busy = False
        wire = Wire(
            farewell=b"farewell", is_by_hand=lambda _message: True, is_busy=lambda _scope: self.is_busy
        )
        self._guard = Guard(
            self._application,
            sessions=self.sessions,
            settings=SETTINGS,
            policy="default-src 'self'",
            wire=wire,
            door=Door(
                open_database(SETTINGS.database_url), SETTINGS
            ),  # not asked: it is for requests below /api
        )

    async def open(self) -> None:
        cookie = f"lifecycle_session={TOKEN}".encode()
        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [(b"cookie", cookie)]}
        self._incoming.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(self._guard(scope, self._incoming.get, self._collect))
        await asyncio.sleep(0.05)

    async def say(self, text: bytes) -> None:
        self._incoming.put_nowait({"type": "websocket.receive", "bytes": text})
        await asyncio.sleep(0.05)

    async def go(self) -> None:
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.sleep(0.05)

    async def _collect(self, message: Message) -> None:
        self.at_browser.append(message)

    async def _application(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            self.at_application.append(message)
        await send({"type": "websocket.send", "bytes": b"too late"})


def test_message_while_the_database_is_away_is_not_run_and_the_tab_may_come_back() -> None:
    async def story() -> Tab:
        answers = Answers()
        tab = Tab(answers)
        await tab.open()
        await tab.say(b"one")
        answers.reachable = False
        await tab.say(b"two")
        await tab.task
        return tab

    tab = asyncio.run(story())

    assert [message["bytes"] for message in tab.at_application] == [b"one"]
    assert [message["type"] for message in tab.at_browser] == ["websocket.accept", "websocket.close"]
    assert tab.at_browser[-1]["code"] == 1013


def test_idle_tab_stays_open_while_the_database_is_away_and_ends_when_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_sessions, "SWEEP_SECONDS", 0.02)

    async def story() -> tuple[bool, Tab]:
        answers = Answers()
        tab = Tab(answers)
        await tab.open()
        answers.reachable = False
        await asyncio.sleep(0.1)
        open_while_away = len(tab.at_browser) == 1
        answers.reachable, answers.live = True, False
        await asyncio.sleep(0.1)
        await tab.say(b"after the end")
        await tab.task
        return open_while_away, tab

    open_while_away, tab = asyncio.run(story())

    assert open_while_away
    assert tab.at_application == []
    assert tab.at_browser[1] == {"type": "websocket.send", "bytes": b"farewell"}
    assert (tab.at_browser[2]["type"], tab.at_browser[2]["code"]) == ("websocket.close", 4401)
    assert len(tab.at_browser) == 3  # nothing after the close


def test_application_hears_that_the_tab_has_gone_once_its_last_message_is_worked_off() -> None:
    async def story() -> tuple[bool, Tab]:
        tab = Tab(Answers())
        await tab.open()
        tab.is_busy = True
        await tab.say(b"typed last")
        await tab.go()
        still_served = not tab.task.done()
        tab.is_busy = False
        await asyncio.wait_for(tab.task, 5)
        return still_served, tab

    still_served, tab = asyncio.run(story())

    assert still_served
    assert [message["bytes"] for message in tab.at_application] == [b"typed last"]
    assert [message["type"] for message in tab.at_browser] == ["websocket.accept"]  # nobody is there any more


def test_a_yes_may_be_old_only_where_asked_for_and_a_no_never_is() -> None:
    async def story() -> list[tuple[bool, int]]:
        answers = Answers()
        sessions = LiveSessions(answers.find_live, lambda _token_hash: None)
        seen = []
        for live, max_age in ((False, 60), (True, 60), (False, 60), (False, 0), (True, 60)):
            answers.live = live
            seen.append((await sessions.is_live(hash_token(TOKEN), max_age=max_age), answers.asked))
        return seen

    assert asyncio.run(story()) == [(False, 1), (True, 2), (True, 2), (False, 3), (True, 4)]
