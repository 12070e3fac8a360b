"""Questions and answers on a field: who asks, whose turn it is, and who may call it resolved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from lifecycle.actions import people, projects, threads
from lifecycle.errors import Forbidden, Invalid, NotFound, Refused
from lifecycle.queries import threads as queries
from lifecycle.store.database import Database
from lifecycle.vocabulary import COMMAND_LINE, Actor, Gate, Role
from tests import factories
from tests.clock import START

MINUTE = timedelta(minutes=1)
# Arabic, an emoji of several characters, a right-to-left override, and what a page could take for a script.
STRANGE = "هل هذا صحيح؟ 👩🏽‍⚕️ \u202eevil <script>alert(1)</script> **x** | $a$"


class Desk:
    """One project with a reviewer for privacy, and a clock that moves on with every action."""

    def __init__(self, session: Session) -> None:
        self.session, self.at = session, START
        self.cast = factories.cast(session)
        self.project_id = factories.project(session, self.cast)
        factories.ask(session, self.cast, self.project_id, Gate.DISCOVERY, Role.PRIVACY)
        self.pat, self.priya = self.cast.pat, self.cast[Role.PRIVACY]

    def ask(self, by: Actor, text: str = "Whose data is it?", **details: Any) -> int:
        given = {"project_id": self.project_id, "field_id": "D25", "text": text, **details}
        return threads.ask(self.session, by=by, at=self._later(), guide=self.cast.guide, **given)

    def do(self, action: Any, by: Actor, thread_id: int, **details: Any) -> Any:
        return action(self.session, by=by, at=self._later(), thread_id=thread_id, **details)

    def seen(self, by: Actor) -> queries.ThreadView:
        (found,) = queries.of_field(self.session, by=by, at=START, project_id=self.project_id, field_id="D25")
        return found

    def turn(self) -> list[str]:
        """Who finds something waiting on My work."""
        everybody = (self.pat, self.priya, self.cast.olu, self.cast.ada, self.cast[Role.LEGAL])
        return [by.name for by in everybody if queries.waiting(self.session, by=by)]

    def _later(self) -> Any:
        self.at += MINUTE
        return self.at


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with database.write() as session:
        yield Desk(session)


def test_turn_goes_back_and_forth_until_it_is_resolved(desk: Desk) -> None:
    thread_id = desk.ask(desk.priya)
    assert desk.turn() == ["Pat"]
    desk.do(threads.reply, desk.pat, thread_id, text="The customers’.")
    assert desk.turn() == ["Priya"]
    desk.do(threads.reply, desk.priya, thread_id, text="All of them?")
    assert desk.turn() == ["Pat"]
    desk.do(threads.resolve, desk.pat, thread_id, text="Yes, all.")
    assert desk.turn() == []
    desk.do(threads.reopen, desk.priya, thread_id, text="And former ones?")
    assert desk.turn() == ["Pat"]
    (waiting,) = queries.waiting(desk.session, by=desk.pat)
    assert (waiting.said, waiting.who, waiting.field_id) == ("And former ones?", "Priya", "D25")
    said = [message.text for message in desk.seen(desk.pat).messages]
    assert said == ["Whose data is it?", "The customers’.", "All of them?", "Yes, all.", "And former ones?"]


def test_either_side_resolves_and_nobody_else(desk: Desk) -> None:
    leo = desk.cast[Role.LEGAL]
    factories.ask(desk.session, desk.cast, desk.project_id, Gate.DISCOVERY, Role.LEGAL)
    thread_id = desk.ask(desk.priya)
    with pytest.raises(Refused, match="Only whoever asked, or the project's team"):
        desk.do(threads.resolve, leo, thread_id)
    assert not desk.seen(leo).may_resolve
    assert desk.seen(leo).may_reply
    for side in (desk.priya, desk.pat):
        assert desk.seen(side).may_resolve
        desk.do(threads.resolve, side, thread_id)
        with pytest.raises(Refused, match="resolved already"):
            desk.do(threads.resolve, side, thread_id)
        with pytest.raises(Refused, match="Open it again"):
            desk.do(threads.reply, side, thread_id, text="One more thing")
        with pytest.raises(Refused, match="Only whoever asked"):
            desk.do(threads.reopen, leo, thread_id, text="No")
        desk.do(threads.reopen, side, thread_id, text="Not yet")
    with pytest.raises(Refused, match="open already"):
        desk.do(threads.reopen, desk.pat, thread_id, text="Again")


def test_asking_takes_a_role_on_the_project_and_a_person(desk: Desk) -> None:
    for outsider in (desk.cast.olu, desk.cast.ada, COMMAND_LINE):
        with pytest.raises(Forbidden):
            desk.ask(outsider)
        assert (
            queries.of_field(
                desk.session, by=desk.cast.olu, at=START, project_id=desk.project_id, field_id="D25"
            )
            == ()
        )
    people.give_project_role(
        desk.session,
        by=desk.pat,
        at=START,
        project_id=desk.project_id,
        person_key=desk.cast.olu.key,
        role=Role.READER,
    )
    desk.ask(desk.cast.olu)
    assert desk.turn() == ["Pat"]


def test_text_of_any_script_is_kept_as_it_was_written_and_too_much_is_refused(desk: Desk) -> None:
    desk.ask(desk.priya, STRANGE)
    kept = desk.seen(desk.pat).messages[0].text
    assert "هل هذا صحيح؟ 👩🏽‍⚕️" in kept
    assert "<script>alert(1)</script>" in kept
    for text, sentence in (("", "Write what"), (" \n\t", "Write what"), ("x" * 5_001, "at most 5,000")):
        with pytest.raises(Invalid, match=sentence):
            desk.ask(desk.priya, text)


def test_question_on_a_data_source_belongs_to_that_source(desk: Desk) -> None:
    source_id = factories.source(desk.session, desk.cast, desk.project_id)
    desk.ask(desk.priya, field_id="X03", source_id=source_id)
    marks = queries.marks(desk.session, project_id=desk.project_id)
    assert {place: (mark.threads, mark.open) for place, mark in marks.items()} == {(source_id, "X03"): (1, 1)}
    with pytest.raises(Invalid, match="belongs to a data source"):
        desk.ask(desk.priya, field_id="X03")
    with pytest.raises(Invalid, match="belongs to the stage worksheet"):
        desk.ask(desk.priya, field_id="D25", source_id=source_id)
    with pytest.raises(NotFound):
        desk.ask(desk.priya, field_id="X03", source_id=99)
    with pytest.raises(NotFound):
        desk.ask(desk.priya, field_id="Z99")


def test_thread_says_when_the_answer_is_another_one_since(desk: Desk) -> None:
    factories.answer(desk.session, desk.cast, desk.project_id, "D25", {"personal": True})
    desk.ask(desk.priya)
    assert not desk.seen(desk.pat).answer_changed
    factories.answer(desk.session, desk.cast, desk.project_id, "D25", {"personal": False})
    assert desk.seen(desk.pat).answer_changed


def test_archived_project_takes_no_questions(desk: Desk) -> None:
    thread_id = desk.ask(desk.priya)
    projects.archive(desk.session, by=desk.pat, at=START, project_id=desk.project_id)
    assert desk.turn() == []
    with pytest.raises(Refused, match="archived"):
        desk.do(threads.reply, desk.pat, thread_id, text="Too late")


def test_archived_project_shows_no_button_that_the_action_refuses(desk: Desk) -> None:
    desk.ask(desk.priya)
    projects.archive(desk.session, by=desk.pat, at=START, project_id=desk.project_id)
    seen = desk.seen(desk.pat)
    assert (seen.may_reply, seen.may_resolve, seen.may_reopen, seen.my_turn) == (False, False, False, False)


def test_whoever_left_the_project_no_longer_reads_what_is_answered(desk: Desk) -> None:
    thread_id = desk.ask(desk.priya)
    desk.do(threads.reply, desk.pat, thread_id, text="The customers’.")
    assert desk.turn() == ["Priya"]
    taken = {"person_key": desk.priya.key, "role": Role.PRIVACY}
    people.take_project_role(desk.session, by=desk.pat, at=START, project_id=desk.project_id, **taken)
    assert desk.turn() == []
    with pytest.raises(Forbidden):
        desk.do(threads.reply, desk.priya, thread_id, text="Still here")
