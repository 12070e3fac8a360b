"""The whole loop of operation on the screens: released, watched, breached, mended, validated again, released again.

Yuki manages the product, Tomas is its engineer, Vera validates; Axel and Teo sign for its launch. Once on readings
that a program pushes, once on a published series that comes as a file.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect
from sqlmodel import Session, col, select

from lifecycle.actions import accounts, people, tokens
from lifecycle.facts.people import actor_of
from lifecycle.interchange.tabular import read_table
from lifecycle.store.database import open_database
from lifecycle.store.tables import PersonRow, Project
from lifecycle.vocabulary import Actor, Role, Scope
from lifecycle.web.passwords import hash_password
from scripts.example import ADMINISTRATOR, Example, example
from tests.browser.conftest import NewContext
from tests.browser.steps import PASSWORD, SOON, Hand, choose, heading, leave_the_field, open_section

NAME, KEY = "Day-ahead energy purchase", "day-ahead-energy-purchase"
FIRST, SECOND = "energy-purchase 2.0", "energy-purchase 2.1"
YUKI, TOMAS, VERA, AXEL, TEO = "Yuki Specimen", "Tomas Sample", "Vera Mockup", "Axel Placeholder", "Teo Example"


@dataclass
class Stage:
    """The product on its server, a browser for each person, and the engineer's program."""

    shown: Example
    secret: str
    new_context: NewContext
    hands: dict[str, Hand] = field(default_factory=dict)

    def at(self, name: str, page: str, **places: str) -> Hand:
        """Somebody in their own browser, at a page of the project."""
        hand = self.hands.get(name)
        if hand is None:
            context = self.new_context()
            self.shown.sign_in(context, name)
            hand = self.hands[name] = Hand(context.new_page())
        query = "&".join(f"{key}={value}" for key, value in {"project": KEY, **places}.items())
        hand.page.goto(f"{self.shown.server.url}/{page}?{query}")
        return hand

    def ask(self, method: str, path: str, **details: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret}"}
        return httpx.request(
            method, f"{self.shown.server.url}/api/v1/projects/{KEY}{path}", headers=headers, **details
        )

    def pipeline(self, version: str) -> tuple[int, list[str]]:
        """What the delivery pipeline is told of this version: the status, and the roles in its way."""
        told = self.ask("GET", "/gates/launch", params={"model_version": version, "policy": "block"})
        return told.status_code, [each["role"] for each in told.json()["blockers"]]


@pytest.fixture
def stage(tmp_path: Path, new_context: NewContext) -> Iterator[Stage]:
    with example(tmp_path, only=[NAME]) as shown:
        yield Stage(shown, _prepare(shown), new_context)
        assert "Traceback" not in shown.server.output()


def _prepare(shown: Example) -> str:
    """Tomas joins the team; whoever signs at launch gets a password. Returns the engineer's access token."""
    hashed, now = asyncio.run(hash_password(PASSWORD)), datetime.now(UTC)
    database = open_database(shown.server.database_url)
    with database.write() as session:
        nora, tomas = _actor(session, ADMINISTRATOR), _actor(session, TOMAS)
        project = session.exec(select(Project).where(col(Project.key) == KEY)).one()
        people.give_project_role(
            session,
            by=nora,
            at=now,
            person_key=tomas.key,
            role=Role.CONTRIBUTOR,
            project_id=project.id or 0,
        )
        for name in (AXEL, TEO):
            person_key = _actor(session, name).key
            link = people.make_reset_link(session, by=nora, at=now, person_key=person_key)
            accounts.use_reset_link(session, at=now, token=link, password_hash=hashed)
        made = tokens.create(
            session, by=tomas, at=now, person_key=tomas.key, name="Readings", scopes=list(Scope)
        )
    database.dispose()
    return made.secret


def _actor(session: Session, name: str) -> Actor:
    return actor_of(session.exec(select(PersonRow).where(col(PersonRow.name) == name)).one())
