"""What is kept of a project in memory is what its rows say, whoever changed them and wherever."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlmodel import Session

from lifecycle.actions import people
from lifecycle.facts.known import known_project
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.facts.standing import rebuild_standing
from lifecycle.rules.assessment import basis
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.vocabulary import AnswerState, Gate, Role
from tests import factories
from tests.clock import START
from tests.factories import Cast
from tests.rules.building import guide
from tests.statements import statements
from tests.store.rows import all_rows

SOURCES = metadata.tables["data_source"]
STANDING = [metadata.tables[name] for name in ("standing", "project_standing")]


class TakenBack(Exception):
    """Ends a transaction without a trace."""


Step = Callable[[Session, Cast, int], object]


def _says(field_id: str, raw: Any, **details: Any) -> Step:
    return lambda session, cast, it: factories.answer(session, cast, it, field_id, raw, **details)


def _source_says(session: Session, cast: Cast, project_id: int) -> None:
    source_id = factories.source(session, cast, project_id, f"Feed {len(all_rows(session, SOURCES))}")
    factories.answer(session, cast, project_id, "X01", {"system": "Rota"}, source_id=source_id)


def _may_decide_more(session: Session, cast: Cast, project_id: int) -> None:
    people.set_approval_level(session, by=cast.ada, at=START, person_key=cast.ann.key, level=2)


def _named(session: Session, cast: Cast, project_id: int) -> None:
    factories.answer(session, cast, project_id, "D28", {"privacy": f"@{cast.olu.key}"})


STEPS: dict[str, Step] = {
    "a text": _says("D01", "Planners phone round"),
    "another text": _says("D01", "Planners phone round twice"),
    "cleared": _says("D01", None),
    "does not apply": _says("D12", None, state=AnswerState.NOT_APPLICABLE, reason="Nobody decides"),
    "a field with a history": _says("D37", "2027-01-15"),
    "its next value": _says("D37", "2027-06-15"),
    "the tier": _says("D33", "1"),
    "another tier": _says("D33", "3"),
    "a person": _named,
    "a source": _source_says,
    "signed": lambda session, cast, it: factories.sign(session, cast, it, Gate.DISCOVERY, Role.PRIVACY),
    "a level of somebody": _may_decide_more,
}


def assert_known_is_read(database: Database, project_id: int, cast: Cast) -> None:
    with database.read() as session:
        today = organisation_today(session, START)
        known = known_project(session, project_id, today=today, guide=cast.guide)
        read = load_facts(session, project_id, today=today, guide=cast.guide)
    assert known.facts == read
    assert known.basis == basis(read, cast.guide)


def _take_back(database: Database, step: Callable[[Session], object]) -> None:
    with suppress(TakenBack), database.write() as session:
        step(session)
        raise TakenBack


@pytest.mark.parametrize("seed", range(4))
def test_known_project_is_the_one_in_the_database(new_database: Callable[[], str], seed: int) -> None:
    """Two processes on one database, in turn; some of their transactions are taken back."""
    url = new_database()
    both = (open_database(url), open_database(url))
    with both[0].write() as session:
        cast = factories.cast(session, guide())
        project_id = factories.project(session, cast)
    chance = Random(seed)
    for _ in range(12):
        name, which, holds = chance.choice(sorted(STEPS)), chance.randrange(2), chance.random() < 0.7
        if holds:
            with both[which].write() as session:
                STEPS[name](session, cast, project_id)
        else:
            _take_back(both[which], lambda session, step=STEPS[name]: step(session, cast, project_id))
        for database in both:
            assert_known_is_read(database, project_id, cast)
    with both[0].write() as session:
        kept = [all_rows(session, table) for table in STANDING]
        rebuild_standing(session, guide=cast.guide, at=START)
        assert [all_rows(session, table) for table in STANDING] == kept
    for database in both:
        database.dispose()


def test_known_project_is_read_once_a_day_and_guide(database: Database) -> None:
    with database.write() as session:
        cast = factories.cast(session)
        project_id = factories.project(session, cast)
    today = START.date()

    def sent(**other: Any) -> int:
        asked = {"today": today, "guide": cast.guide} | other
        with database.read() as session, statements(session) as found:
            known = known_project(session, project_id, **asked)
        assert known.facts.today == asked["today"]
        assert known.guide is asked["guide"]
        return len(found)

    assert sent() > 1
    assert sent() == 1, "the heads of its chains"
    assert sent(today=today + timedelta(days=1)) > 1
    assert sent(today=today + timedelta(days=1)) == 1
    assert sent(guide=guide()) > 1


def test_answer_saved_is_known_at_once(database: Database) -> None:
    with database.write() as session:
        cast = factories.cast(session)
        project_id = factories.project(session, cast)
        factories.answer(session, cast, project_id, "D01", "Planners phone round")
    with database.read() as session, statements(session) as found:
        known = known_project(session, project_id, today=START.date(), guide=cast.guide)
    assert len(found) == 1
    fact = known.facts.answer("D01")
    assert fact is not None
    assert fact.value == "Planners phone round"


@pytest.mark.parametrize("name", ["a text", "signed"])
def test_what_is_kept_of_a_transaction_taken_back_is_never_used(database: Database, name: str) -> None:
    with database.write() as session:
        cast = factories.cast(session)
        project_id = factories.project(session, cast)
    assert_known_is_read(database, project_id, cast)
    _take_back(database, lambda session: STEPS[name](session, cast, project_id))
    assert_known_is_read(database, project_id, cast)
