"""One installation in this process for the whole module, over which every route is asked by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, func, select
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from streamlit import file_util

from lifecycle.actions import accounts
from lifecycle.settings import Settings
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import Event
from lifecycle.ui.wire import WIRE
from lifecycle.vocabulary import Actor
from lifecycle.web.guard import SESSION_COOKIE
from lifecycle.web.server import Site
from tests.factories import Cast, cast, project
from tests.rules.building import guide as shipped_guide

HERE = "http://lifecycle.example.org"
EXAMPLES = {"{token}": "a" * 43, "{revision:int}": "1", "{path:path}": "x", "{code}": "fr"}


@dataclass(frozen=True)
class Place:
    """Orders and Returns are Pat's; Olu has a role nowhere."""

    site: Site
    database: Database
    cast: Cast
    orders: int

    def browser(self, person: Actor | None = None, **settings: Any) -> TestClient:
        """Of somebody signed in, or of nobody; with settings of its own where they are named."""
        site = Site(replace(self.site.settings, **settings)) if settings else self.site
        app = Starlette(
            routes=site.routes(),
            middleware=site.middleware(index_page=Path(file_util.get_static_dir()) / "index.html", wire=WIRE),
            exception_handlers=site.exception_handlers(),
        )
        client = TestClient(app, base_url=HERE, follow_redirects=False, raise_server_exceptions=False)
        if person is not None:
            client.cookies.set(SESSION_COOKIE, self.signed_in(person))
        return client

    def signed_in(self, person: Actor) -> str:
        with self.database.write() as session:
            return accounts.sign_in(
                session, at=datetime.now(UTC), person_key=person.key, lasts=timedelta(days=1)
            )

    def events(self) -> int:
        with self.database.read() as session:
            return count_events(session)

    def routes(self) -> list[tuple[str, frozenset[str]]]:
        """Address and methods of every route but the programs' own, which tests/api asks."""
        found = [route for route in self.site.routes() if isinstance(route, Route)]
        assert sum(isinstance(route, Mount) for route in self.site.routes()) == 1
        return [(_example(route.path), frozenset(route.methods or ())) for route in found]


def count_events(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Event)).one()


def _example(path: str) -> str:
    for name, value in EXAMPLES.items():
        path = path.replace(name, value)
    return path


@pytest.fixture(scope="module")
def place(new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    url = new_database()
    database = open_database(url)
    with database.write() as session:
        everybody = cast(session, shipped_guide())
        orders = project(session, everybody)
        project(session, everybody, "Returns")
    shelf = tmp_path_factory.mktemp("shelf")
    site = Site(Settings(url, evidence_url=str(shelf)))
    yield Place(site, database, everybody, orders)
    site.sessions.close()
    site.door.close()
    site.database.dispose()
    database.dispose()
