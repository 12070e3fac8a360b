"""The example portfolio behind a running server, its people signed in: for screenshots and browser tests."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import BrowserContext
from sqlmodel import Session, col, select

from lifecycle.actions import accounts, sessions
from lifecycle.demo import build_example
from lifecycle.facts.people import actor_of
from lifecycle.rules.checks.evaluation import load_checked_guide
from lifecycle.settings import PROJECT_ROOT, Settings
from lifecycle.store.database import open_database
from lifecycle.store.files import open_files
from lifecycle.store.migrations import upgrade
from lifecycle.store.tables import PersonRow
from lifecycle.vocabulary import Actor
from scripts.serving import Server, serving

ADMINISTRATOR = "Nora Example"
LEADERSHIP = "Dana Template"
SALES_CASE = "Purchase outlook for branches"


@dataclass(frozen=True)
class Example:
    """A server with the example portfolio; everybody of it can be signed in, though nobody has a password."""

    server: Server

    def sign_in(self, context: BrowserContext, name: str = ADMINISTRATOR) -> None:
        """Give this browser a session of the person of that name, for a day."""
        database = open_database(self.server.database_url)
        with database.write() as session:
            key = session.exec(select(PersonRow.key).where(col(PersonRow.name) == name)).one()
            token = accounts.sign_in(session, at=datetime.now(UTC), person_key=key, lasts=timedelta(days=1))
        database.dispose()
        context.add_cookies([{"name": "lifecycle_session", "value": token, "url": self.server.url}])


@contextmanager
def example(folder: Path, only: Collection[str] = ()) -> Iterator[Example]:
    """Serve the example from this folder until the block ends; built there first unless it is there already.

    `only` names the projects to build: those of a test that needs no others.
    """
    file = folder / "lifecycle.db"
    if not file.exists():
        build(f"sqlite:///{file}", only)
    with serving(folder) as server:
        yield Example(server)


def build(url: str, only: Collection[str] = ()) -> None:
    """The example, or these of its projects, in a new database."""
    database = open_database(url)
    upgrade(database)
    now = datetime.now(UTC)
    with database.write() as session:
        administrator = _administrator(session, now)
    guide = load_checked_guide(PROJECT_ROOT / "data" / "guide")
    files = open_files(Settings(database_url=url), database.file)
    build_example(database, guide, files, by=administrator, now=now, only=only)
    database.dispose()


def _administrator(session: Session, now: datetime) -> Actor:
    key = accounts.create_first_administrator(
        session,
        at=now,
        code=sessions.renew_set_up_code(session, at=now) or "",
        organisation="Example Group",
        time_zone="UTC",
        name=ADMINISTRATOR,
        email="nora@group.example",
        password_hash="",
    )
    session.flush()
    return actor_of(session.get_one(PersonRow, key))
