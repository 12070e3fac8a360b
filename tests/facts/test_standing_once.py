"""Refreshing a standing once for many writes, and on the days that pass without a write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, func, select

from lifecycle.facts.standing import let_dates_pass, refreshed_once
from lifecycle.store.base import metadata
from lifecycle.store.database import Database
from lifecycle.vocabulary import AnswerState
from tests import factories
from tests.clock import START

HISTORY = metadata.tables["standing_history"]
PROJECT = metadata.tables["project_standing"]


def _history(session: Session) -> int:
    return session.execute(select(func.count()).select_from(HISTORY)).scalar() or 0


def test_standing_is_written_once_when_all_is_done(database: Database) -> None:
    with database.write() as session:
        cast = factories.cast(session)
        project_id = factories.project(session, cast)
        before = _history(session)
        with refreshed_once(session, project_id, guide=cast.guide, at=START):
            factories.answer(session, cast, project_id, "D12", "recommends")
            factories.answer(session, cast, project_id, "D33", "2")
            assert _history(session) == before
        assert _history(session) == before + 1
        assert session.execute(select(PROJECT.c.tier)).scalar() == 2
        factories.answer(session, cast, project_id, "D33", "3")
        assert session.execute(select(PROJECT.c.tier)).scalar() == 3


def test_standing_follows_again_after_an_error(database: Database) -> None:
    with database.write() as session:
        cast = factories.cast(session)
        project_id = factories.project(session, cast)
        with (
            pytest.raises(ZeroDivisionError),
            refreshed_once(session, project_id, guide=cast.guide, at=START),
        ):
            _ = 1 / 0
        factories.answer(session, cast, project_id, "D33", "3")
        assert session.execute(select(PROJECT.c.tier)).scalar() == 3


def test_standing_changes_on_the_day_after_something_was_due(database: Database) -> None:
    due = START + timedelta(days=10)
    with database.write() as session:
        cast = factories.cast(session)
        project_id = factories.project(session, cast)
        promise = {"state": AnswerState.DONT_KNOW, "owner": "Pat", "due_on": due.date()}
        factories.answer(session, cast, project_id, "D12", None, **promise)
        let_dates_pass(session, project_id, guide=cast.guide, until=due)
        assert session.execute(select(PROJECT.c.level)).scalar() != "blocked"
        let_dates_pass(session, project_id, guide=cast.guide, until=due + timedelta(days=30))
        level, since = session.execute(select(PROJECT.c.level, PROJECT.c.since)).one()
    assert level == "blocked"
    assert since == datetime(2026, 3, 13, 12, tzinfo=UTC)
