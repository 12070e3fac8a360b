"""Questions and answers on a field as the people meet them: at the question, on My work, beside what is reviewed."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lifecycle.actions import projects, threads
from lifecycle.queries import threads as queries
from lifecycle.queries.threads import ThreadView
from lifecycle.rules.threads import LONGEST_MESSAGE
from lifecycle.vocabulary import Actor, Gate, Role
from tests import factories as make
from tests.clock import START
from tests.pages.conftest import See, press, words
from tests.screens import Screens

MARKUP = "Whose <script>alert(1)</script> **data** is :red[it]?"


def fill(app: AppTest, label: str, text: str) -> None:
    (found,) = (area for area in app.text_area if area.label == label)
    found.set_value(text)


def talk(screens: Screens, field_id: str) -> tuple[ThreadView, ...]:
    with screens.database.read() as session:
        return queries.of_field(
            session, by=screens.cast.pat, at=START, project_id=screens.project_id, field_id=field_id
        )


def ask(screens: Screens, by: Actor, field_id: str, text: str) -> int:
    with screens.database.write() as session:
        given: dict[str, Any] = {"project_id": screens.project_id, "field_id": field_id, "text": text}
        return threads.ask(session, by=by, at=START, guide=screens.cast.guide, **given)


@pytest.fixture
def asked(screens: Screens) -> str:
    """Bea, the business owner, was asked to review; the id of her review."""
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D15", "6 months")
        review = make.ask(session, screens.cast, screens.project_id, Gate.DISCOVERY, Role.BUSINESS)
    return str(review)


def test_it_is_asked_at_the_question_and_refused_while_it_says_nothing(see: See, screens: Screens) -> None:
    app = see("worksheet", screens.cast.olu, project=screens.project)
    menu = f"answer:{screens.project_id}:0:D01:menu"
    app.get_by_key(menu).set_value("thread").run()
    app.run()
    press(app, "Ask")
    assert "Write what you want to know." in words(app)
    assert talk(screens, "D01") == ()

    app.run()
    fill(app, "Ask the team about this", MARKUP)
    press(app, "Ask")
    app.run()
    assert talk(screens, "D01")[0].messages[0].text == MARKUP
    assert "<script>alert(1)</script>" in words(app)
    assert not app.exception


def test_from_my_work_it_is_answered_and_then_resolved_by_whoever_asked(see: See, screens: Screens) -> None:
    ask(screens, screens.cast.olu, "D15", "From which day on?")
    assert "wait for your answer" not in words(see("home", screens.cast.olu))

    app = see("home", screens.cast.pat)
    assert "Questions that wait for your answer · 1" in words(app)
    assert "From which day on?" in words(app)
    press(app, "Answer")
    assert app.title[0].value == "Discovery worksheet"
    assert "Waits for you" in words(app)
    fill(app, "Your answer", "From the day of the order.")
    press(app, "Reply")

    app = see("home", screens.cast.olu)
    press(app, "Answer")
    assert "From the day of the order." in words(app)
    press(app, "Resolve")
    (thread,) = talk(screens, "D15")
    assert (thread.is_open, thread.resolved_by) == (False, "Olu")
    assert "wait for your answer" not in words(see("home", screens.cast.pat))


@pytest.mark.parametrize("of_source", [False, True])
def test_link_of_a_message_opens_the_question_with_what_was_asked_once(
    see: See, screens: Screens, of_source: bool
) -> None:
    with screens.database.write() as session:
        feed = make.source(session, screens.cast, screens.project_id, "Vendor feed")
    field_id, source_id = ("X03", feed) if of_source else ("D15", 0)
    with screens.database.write() as session:
        given = {"project_id": screens.project_id, "field_id": field_id, "source_id": source_id}
        number = threads.ask(
            session,
            by=screens.cast.olu,
            at=START,
            guide=screens.cast.guide,
            text="Since when?",
            **given,
        )
    where = {"source": str(feed)} if of_source else {}
    page = "sources" if of_source else "worksheet"
    link = {"project": screens.project, "field": field_id, "thread": str(number), **where}
    app = see(page, screens.cast.pat, **link)
    assert "Since when?" in words(app)
    press(app, "Close")
    app.run()
    assert "Since when?" not in words(app), "whoever closed it is not shown it again"


def test_reviewer_asks_beside_the_answer_and_sees_that_it_changed_since(
    see: See, screens: Screens, asked: str
) -> None:
    bea = screens.cast[Role.BUSINESS]
    app = see("review", bea, review=asked)
    press(app, "Ask")
    assert "Choose the answer you ask about." in words(app)
    (about,) = (box for box in app.selectbox if box.label == "About")
    about.set_value("D15")
    fill(app, "What is unclear", "Six months from when?")
    press(app, "Ask")
    assert "1 open" in words(app)
    assert "The answer changed since" not in words(app)

    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D15", "9 months")
    app = see("review", bea, review=asked)
    assert "The answer changed since" in words(app)
    press(app, "Resolve")
    assert "1 resolved" in words(app)
    press(app, "Open again")
    assert "Say what is still open." in words(app)
    fill(app, "What is still open", "And on weekends?")
    press(app, "Open again")
    assert talk(screens, "D15")[0].is_open


def test_too_long_a_text_and_an_archived_project_are_refused_in_a_sentence(
    see: See, screens: Screens, asked: str
) -> None:
    ask(screens, screens.cast[Role.BUSINESS], "D15", "Six months from when?")
    app = see("review", screens.cast.pat, review=asked)
    fill(app, "Your answer", "x" * (LONGEST_MESSAGE + 1))
    press(app, "Reply")
    assert "at most 5,000 can be kept" in words(app)

    with screens.database.write() as session:
        projects.archive(session, by=screens.cast.pat, at=START, project_id=screens.project_id)
    fill(app, "Your answer", "Too late")
    press(app, "Reply")
    assert "This project is archived" in words(app)
    app = see("review", screens.cast.pat, review=asked)
    assert "Six months from when?" in words(app)
    assert not [button for button in app.button if button.label in ("Reply", "Resolve", "Ask")]
    with screens.database.read() as session:
        assert queries.waiting(session, by=screens.cast.pat) == ()
