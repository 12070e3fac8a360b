"""Putting an earlier answer back: a new revision with the earlier value, or a sentence and nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import answers
from lifecycle.errors import Conflict, Invalid
from lifecycle.events import EventAction
from lifecycle.guide import Guide
from lifecycle.store.database import Database
from lifecycle.store.tables import Answer, CurrentAnswer, Event
from lifecycle.vocabulary import AnswerState
from tests import factories
from tests.clock import START

CHOICE = "D12"


class Desk:
    def __init__(self, session: Session) -> None:
        self.session, self.cast = session, factories.cast(session)
        self.project_id = factories.project(session, self.cast)

    def answer(self, field_id: str, raw: object, **details: Any) -> int:
        given = (self.session, self.cast, self.project_id, field_id, raw)
        return factories.answer(*given, **details).answer_id

    def put_back(self, answer_id: int, *, base: int, **other: Any) -> answers.SavedAnswer:
        given = {"at": START, "guide": self.cast.guide, **other}
        return answers.restore(
            self.session,
            by=self.cast.pat,
            project_id=self.project_id,
            answer_id=answer_id,
            base=base,
            **given,
        )

    def written(self) -> tuple[int, int]:
        rows = self.session.exec(select(Answer.id)).all()
        return len(rows), len(self.session.exec(select(Event.id)).all())


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with database.write() as session:
        yield Desk(session)


def without_choice(guide: Guide, field_id: str, gone: str) -> Guide:
    """The guide of a later version, in which the field no longer offers this choice."""
    field = guide.fields[field_id]
    left = {key: label for key, label in field.choices.items() if key != gone}
    later = type(field).model_validate({**field.model_dump(), "choices": left})
    moved = guide.model_copy()
    moved.__dict__["fields"] = MappingProxyType({**guide.fields, field_id: later})
    return moved


def test_earlier_value_is_a_new_revision_and_the_log_says_which_one_it_was(desk: Desk) -> None:
    first = desk.answer(CHOICE, "informs")
    desk.answer(CHOICE, "recommends")
    desk.answer(CHOICE, "decides_alone")
    assert desk.put_back(first, base=3).revision == 4
    current = desk.session.get(CurrentAnswer, (desk.project_id, 0, CHOICE))
    assert current is not None
    assert current.value == '"informs"'
    newest = desk.session.exec(
        select(Event).where(Event.action == EventAction.ANSWER_RESTORED).order_by(col(Event.id).desc())
    ).one()
    assert f'"restored_from":{first}' in newest.detail
    assert '"restored_revision":1' in newest.detail


def test_stale_is_refused_and_writes_nothing(desk: Desk) -> None:
    first = desk.answer(CHOICE, "informs")
    desk.answer(CHOICE, "recommends")
    desk.answer(CHOICE, "decides_alone")
    before = desk.written()
    with pytest.raises(Conflict):
        desk.put_back(first, base=2)
    assert desk.written() == before


def test_choice_that_is_no_longer_offered_is_refused_and_writes_nothing(desk: Desk) -> None:
    first = desk.answer(CHOICE, "informs")
    desk.answer(CHOICE, "recommends")
    later, before = without_choice(desk.cast.guide, CHOICE, "informs"), desk.written()
    with pytest.raises(Invalid, match="is not one of"):
        desk.put_back(first, base=2, guide=later)
    assert desk.written() == before


def test_date_by_which_it_would_be_known_has_passed(desk: Desk) -> None:
    by_then = {"state": AnswerState.DONT_KNOW, "owner": "Pat", "due_on": START.date() + timedelta(days=3)}
    first = desk.answer(CHOICE, None, **by_then)
    desk.answer(CHOICE, "recommends")
    before = desk.written()
    with pytest.raises(Invalid, match="has passed"):
        desk.put_back(first, base=2, at=START + timedelta(days=30))
    assert desk.written() == before
    assert desk.put_back(first, base=2).changed
