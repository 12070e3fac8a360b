"""The real guard, door and application over a database of the test's own, asked without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from lifecycle.actions import tokens
from lifecycle.settings import Settings
from lifecycle.store.database import Database, open_database
from lifecycle.vocabulary import Actor, Scope
from lifecycle.web.guard import Wire
from lifecycle.web.server import Site
from tests.factories import Cast, cast, project
from tests.rules.building import guide as shipped_guide

WIRE = Wire(b"", lambda _: True, lambda _: False)
KEY = "orders"


@dataclass(frozen=True)
class Programs:
    """A served installation with a project of Pat's, and clients for whoever has a token."""

    app: ASGIApp
    site: Site
    database: Database
    cast: Cast
    project_id: int

    def token(self, by: Actor, scopes: Sequence[Scope] = tuple(Scope), **details: Any) -> str:
        """The secret of a new token; `at` is when it is made."""
        at = details.pop("at", None) or datetime.now(UTC)
        with self.database.write() as session:
            made = tokens.create(
                session, by=by, at=at, person_key=by.key, name="Test", scopes=scopes, **details
            )
        return made.secret

    def client(self, secret: str | None = None) -> Client:
        return Client(self.app, secret)

    def acting_for(self, by: Actor, scopes: Sequence[Scope] = tuple(Scope), **details: Any) -> Client:
        return self.client(self.token(by, scopes, **details))


@dataclass(frozen=True)
class Client:
    """One program. Each request runs in an event loop of its own: nothing waits in between."""

    app: ASGIApp
    secret: str | None

    def __call__(self, method: str, path: str, **details: Any) -> httpx.Response:
        return asyncio.run(self._send(method, path, **details))

    def get(self, path: str, **details: Any) -> httpx.Response:
        return self("GET", path, **details)

    async def _send(self, method: str, path: str, **details: Any) -> httpx.Response:
        headers = {**({"Authorization": f"Bearer {self.secret}"} if self.secret else {})}
        headers |= details.pop("headers", {})
        address = path if path.startswith("/api/") or path == "/" else f"/api/v1{path}"
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, address, headers=headers, **details)


def serve(database: Database, settings: Settings, tmp_path: Path) -> tuple[ASGIApp, Site]:
    """The product's routes and middleware without Streamlit's."""
    index = tmp_path / "index.html"
    index.write_text("<html><head></head><body></body></html>", "utf-8")
    site = Site(settings)
    site.database.dispose()
    middleware = site.middleware(index_page=index, wire=WIRE)
    app = Starlette(routes=site.routes(), middleware=middleware, exception_handlers=site.exception_handlers())
    return app, site


@pytest.fixture(scope="module")
def prepared(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """Made once for a module: tests that write add to it and count nothing."""
    url = new_database()
    database = open_database(url)
    with database.write() as session:
        everybody = cast(session, shipped_guide())
        project_id = project(session, everybody)
    app, site = serve(database, Settings(url), tmp_path_factory.mktemp("served"))
    yield Programs(app, site, database, everybody, project_id)
    site.sessions.close()
    site.door.close()
    site.database.dispose()
    database.dispose()


@pytest.fixture
def programs(prepared: Programs) -> Programs:
    return prepared


@pytest.fixture
def pat(prepared: Programs) -> Client:
    """Pat's program, with every scope."""
    return prepared.acting_for(prepared.cast.pat)
