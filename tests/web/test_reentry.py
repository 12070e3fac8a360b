"""The password entered again to sign: five wrong ones lock signing, are logged, and nothing else is written."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from sqlmodel import col, select

from lifecycle.actions import accounts
from lifecycle.errors import Invalid, Refused
from lifecycle.store.base import metadata
from lifecycle.store.database import Database
from lifecycle.store.tables import Event, PersonRow
from lifecycle.vocabulary import Actor
from lifecycle.web.passwords import hash_password
from lifecycle.web.reentry import reenter_password
from tests.clock import START
from tests.people import set_up
from tests.store.rows import all_rows

PASSWORD = "three quiet green rivers"
WRONG = "four loud purple deserts"
BOOKS = {"sign_in_attempt", "event", "chain_head"}


@pytest.fixture
def ada(database: Database) -> Actor:
    with database.write() as session:
        signer = set_up(session)
        accounts.change_password(
            session, by=signer, at=START, password_hash=asyncio.run(hash_password(PASSWORD))
        )
    return signer


def enter(database: Database, ada: Actor, password: str, minutes: int = 0) -> str:
    at = START + timedelta(minutes=minutes)
    return reenter_password(database, by=ada, at=at, password=password, review_id=7)


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as session:
        return {table.name: all_rows(session, table) for table in metadata.sorted_tables}


def refused(database: Database) -> list[dict[str, object]]:
    with database.read() as session:
        rows = session.exec(select(Event).where(Event.action == "signing.refused").order_by(col(Event.id)))
        return [json.loads(row.detail) for row in rows]


def test_five_wrong_passwords_lock_signing_and_are_logged(database: Database, ada: Actor) -> None:
    before = everything(database)
    said = []
    for _ in range(6):
        with pytest.raises(Refused) as wrong:
            enter(database, ada, WRONG)
        said.append(str(wrong.value))

    assert said[0].startswith("This is not your password. Nothing was signed. 4 more tries")
    assert "One more try" in said[3]
    assert "locked after five wrong passwords" in said[4]
    assert "Try again in 15 minutes." in said[5]
    assert [(told["wrong_passwords"], told["locked"], told["review"]) for told in refused(database)] == [
        (tries, tries == 5, 7) for tries in range(1, 6)
    ]
    after = everything(database)
    assert {name for name in after if after[name] != before[name]} == BOOKS
    assert WRONG not in repr(after)

    with pytest.raises(Refused, match="Try again in 1 minute"):
        enter(database, ada, PASSWORD, minutes=14)
    assert enter(database, ada, PASSWORD, minutes=15)
    assert PASSWORD not in repr(everything(database))


def test_right_password_gives_the_hash_and_takes_the_count_back(database: Database, ada: Actor) -> None:
    for _ in range(4):
        with pytest.raises(Refused):
            enter(database, ada, WRONG)
    assert enter(database, ada, PASSWORD).startswith("$argon2id$")
    with pytest.raises(Refused, match="4 more tries"):
        enter(database, ada, WRONG)


@pytest.mark.parametrize(("password", "error"), [("", Invalid), ("x" * 100_000, Refused)])
def test_nothing_and_far_too_much_are_refused(
    database: Database, ada: Actor, password: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"password"):
        enter(database, ada, password)


def test_account_without_a_password_is_told_how_to_get_one(database: Database, ada: Actor) -> None:
    with database.write() as session:
        session.get_one(PersonRow, ada.key).password_hash = None
    with pytest.raises(Refused, match="your account has none"):
        enter(database, ada, PASSWORD)
