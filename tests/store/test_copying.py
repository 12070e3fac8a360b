"""A database copied into another kind of database is equal to it, goes on counting, and is all there or empty."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlmodel import Session

from lifecycle.errors import Invalid
from lifecycle.store.base import metadata
from lifecycle.store.copying import copy_database, digests
from lifecycle.store.database import Database, open_database
from lifecycle.store.migrations import upgrade
from lifecycle.store.tables import PersonRow
from lifecycle.store.verification import verify
from lifecycle.vocabulary import Actor
from tests import factories
from tests.people import actor
from tests.store.test_verification import tell_a_story


@pytest.fixture
def told(tmp_path: Path) -> Database:
    """A SQLite database with rows in every table that the log vouches for."""
    source = open_database(f"sqlite:///{tmp_path / 'told.db'}")
    upgrade(source)
    with pytest.MonkeyPatch.context() as patch, source.write() as session:
        factories.register_trials(patch)
        tell_a_story(session)
    return source


def rows_of(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_copy_is_equal_intact_and_can_be_worked_on(told: Database, database: Database) -> None:
    """`database` is PostgreSQL where the suite runs on it: numbers must go on behind those that were copied."""
    copied = copy_database(told, database)

    assert {each.name: each.rows for each in copied} == rows_of(told) == rows_of(database)
    assert verify(database).intact
    with database.write() as session:
        factories.projects.register(
            session,
            by=person_who_administers(session),
            at=factories.START,
            guide=factories.small_guide(),
            name="After the move",
            organisation="Sales",
        )
    assert verify(database).intact


def test_database_with_rows_is_refused_and_stays_as_it_is(told: Database, database: Database) -> None:
    copy_database(told, database)
    before = rows_of(database)
    with pytest.raises(Invalid, match="holds rows already"):
        copy_database(told, database)
    assert rows_of(database) == before


def test_nothing_is_kept_when_a_row_differs_afterwards(told: Database, tmp_path: Path) -> None:
    """A target that changes what it is given, as a trigger of somebody else's might."""
    target = open_database(f"sqlite:///{tmp_path / 'target.db'}")
    upgrade(target)
    with target.write() as session:
        session.execute(
            text(
                "CREATE TRIGGER meddle AFTER INSERT ON project BEGIN "
                "UPDATE project SET name = name || '!' WHERE id = NEW.id; END"
            )
        )
    with pytest.raises(Invalid, match=r"project: the \d+ rows of the copy differ"):
        copy_database(told, target)
    assert set(rows_of(target).values()) == {0}


def person_who_administers(session: Session) -> Actor:
    key = session.execute(
        select(PersonRow.key).where(PersonRow.organisation_role == "administrator")
    ).scalar_one()
    return actor(session, key)


def test_digests_are_the_same_wherever_the_rows_are(told: Database, database: Database) -> None:
    copied = copy_database(told, database)
    assert digests(told) == digests(database) == copied
    with told.write() as session:
        session.execute(text("UPDATE person SET name = 'Somebody else' WHERE name = 'Pat'"))
    differing = {here.name for here, there in zip(digests(told), copied, strict=True) if here != there}
    assert differing == {"person"}
