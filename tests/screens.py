"""A small organisation for tests of the screens, made by the actions, with people who are signed in already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from lifecycle.actions import accounts, people
from lifecycle.queries.worksheets import AnswerView, answer_history, sheet
from lifecycle.store.database import Database, open_database
from lifecycle.store.migrations import upgrade
from lifecycle.store.tables import Project
from lifecycle.vocabulary import Role
from tests.clock import START
from tests.factories import Cast, cast, project
from tests.rules.building import guide as shipped_guide


@dataclass(frozen=True)
class Screens:
    """The database with its cast, one project called Orders, and a session token per person's name."""

    database: Database
    cast: Cast
    project_id: int
    project: str
    tokens: Mapping[str, str]

    def answer(self, field_id: str, source_id: int = 0) -> AnswerView | None:
        with self.database.read() as session:
            return sheet(session, project_id=self.project_id).answer(field_id, source_id)

    def stored(self, field_id: str) -> Any:
        """The value saved now, None while there is none."""
        found = self.answer(field_id)
        return found.stored if found else None

    def versions(self, field_id: str) -> int:
        with self.database.read() as session:
            return len(answer_history(session, project_id=self.project_id, field_id=field_id))


def set_the_screens(url: str) -> Screens:
    """Make all of it at this address. Pat manages the project, Olu contributes, Ada administers, Lena reads all."""
    database = open_database(url)
    upgrade(database)
    with database.write() as session:
        everybody = cast(session, shipped_guide())
        project_id = project(session, everybody)
        people.give_project_role(
            session,
            by=everybody.ada,
            at=START,
            project_id=project_id,
            person_key=everybody.olu.key,
            role=Role.CONTRIBUTOR,
        )
        tokens = {
            person.name: _signed_in(session, person.key)
            for person in (everybody.ada, everybody.pat, everybody.olu)
        }
        key = session.exec(select(Project.key).where(col(Project.id) == project_id)).one()
    return Screens(database, everybody, project_id, key, tokens)


def _signed_in(session: Session, person_key: str) -> str:
    return accounts.sign_in(session, at=datetime.now(UTC), person_key=person_key, lasts=timedelta(days=1))


def in_folder(folder: Path) -> Screens:
    """Where `scripts.serving` looks for its database."""
    return set_the_screens(f"sqlite:///{folder / 'lifecycle.db'}")
