"""A set-up installation to measure on: one organisation, people, projects and signed-in sessions.

Everything is made by the product's own actions, into the database that a server is then started on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.answers import answer_to
from lifecycle.actions import accounts, answers, projects, sessions, sources
from lifecycle.facts.people import actor_of
from lifecycle.guide import Guide, load_guide
from lifecycle.store.database import Database, open_database
from lifecycle.store.migrations import upgrade
from lifecycle.store.tables import PersonRow
from lifecycle.vocabulary import Actor, Stage
from lifecycle.web.guard import SESSION_COOKIE
from scripts.serving import ROOT

PROJECT = "shift-forecast"


@dataclass(frozen=True)
class Installation:
    """`project_id` is a project in Discovery whose worksheet and one data source are answered in full."""

    folder: Path
    database: Database
    guide: Guide
    by: Actor
    project_id: int

    def cookie(self) -> str:
        """The cookie of a new signed-in session, as `name=value`."""
        with self.database.write() as session:
            token = accounts.sign_in(
                session, at=now(), person_key=self.by.key, address="127.0.0.1", lasts=timedelta(hours=12)
            )
        return f"{SESSION_COOKIE}={token}"


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """Made anew in `folder`, under the name that `scripts.serving` gives the database there."""
    database = open_database(f"sqlite:///{folder / 'lifecycle.db'}")
    try:
        upgrade(database)
        guide = load_guide(ROOT / "data" / "guide")
        by = _set_up(database)
        yield Installation(folder, database, guide, by, _project(database, guide, by))
    finally:
        database.dispose()


def _set_up(database: Database) -> Actor:
    with database.write() as session:
        code = sessions.renew_set_up_code(session, at=now())
        key = accounts.create_first_administrator(
            session,
            at=now(),
            code=code or "",
            organisation="Riverbank",
            time_zone="Europe/Amsterdam",
            name="Ada Example",
            email="ada@example.org",
            password_hash="none: signed in by hand",
        )
        session.flush()
        return actor_of(session.get_one(PersonRow, key))


def _project(database: Database, guide: Guide, by: Actor) -> int:
    with database.write() as session:
        project_id = projects.register(
            session, by=by, at=now(), guide=guide, name="Shift forecast", organisation="Wards"
        )
        source_id = sources.add(
            session, by=by, at=now(), guide=guide, project_id=project_id, name="Rota feed"
        )
        asked = [(field, 0) for field in guide.worksheet(Stage.DISCOVERY).fields]
        asked += [(field, source_id) for field in guide.source_worksheet.fields]
        for field, of_source in asked:
            answers.save(
                session,
                by=by,
                at=now(),
                guide=guide,
                project_id=project_id,
                field_id=field.id,
                source_id=of_source,
                raw=answer_to(field),
                base=0,
            )
        return project_id
