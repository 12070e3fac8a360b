"""From the link to the recorded decision: what the page shows, what it signs, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select
from streamlit.testing.v1 import AppTest

from lifecycle.store.tables import Condition, SignOff
from lifecycle.vocabulary import Decision, Gate, Role
from tests import factories as make
from tests.pages.conftest import See, press, words
from tests.screens import Screens

SOON = (datetime.now(UTC) + timedelta(days=30)).date()


@pytest.fixture
def asked(screens: Screens) -> str:
    """Bea, the business owner, was asked at Discovery; the id of her review."""
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D01", "Planners phone round every morning")
        make.answer(session, screens.cast, screens.project_id, "D15", "6 months")
        review = make.ask(session, screens.cast, screens.project_id, Gate.DISCOVERY, Role.BUSINESS)
    return str(review)


def bea(screens: Screens) -> object:
    return screens.cast[Role.BUSINESS]


def choose(app: AppTest, review: str, decision: Decision) -> AppTest:
    return app.radio(key=f"decide:{review}:decision").set_value(decision.value).run()


def sign_offs(screens: Screens) -> list[SignOff]:
    with screens.database.read() as session:
        return list(session.exec(select(SignOff).order_by(col(SignOff.id))))


def test_approval_takes_two_presses_and_signs_the_sentence_shown(
    see: See, screens: Screens, asked: str
) -> None:
    app = see("review", bea(screens), review=asked)
    assert "Planners phone round every morning" in words(app)
    choose(app, asked, Decision.APPROVED)
    shown = words(app)
    press(app, "Sign approval")

    (signed,) = sign_offs(screens)
    assert signed.decision == Decision.APPROVED.value
    assert signed.statement in shown
    assert "Recorded: approved." in words(app)


def test_conditions_are_signed_with_owner_and_day(see: See, screens: Screens, asked: str) -> None:
    app = choose(see("review", bea(screens), review=asked), asked, Decision.APPROVED_WITH_CONDITIONS)
    press(app, "Sign approval with conditions")
    assert "Name at least one condition, or approve without." in words(app)

    app.text_input(key=f"decide:{asked}:condition:1:text").set_value("Agree on retention")
    app.selectbox(key=f"decide:{asked}:condition:1:owner").set_value(screens.cast.pat.key)
    press(app, "Sign approval with conditions")
    assert "Say by when it has to be met." in words(app)
    assert app.text_input(key=f"decide:{asked}:condition:1:text").value == "Agree on retention"

    app.date_input(key=f"decide:{asked}:condition:1:due").set_value(SOON)
    press(app, "Sign approval with conditions")
    with screens.database.read() as session:
        (condition,) = session.exec(select(Condition)).all()
    assert (condition.text, condition.owner, condition.due_on) == (
        "Agree on retention",
        screens.cast.pat.key,
        SOON,
    )


def test_changes_are_requested_on_answers_with_a_comment(see: See, screens: Screens, asked: str) -> None:
    app = choose(see("review", bea(screens), review=asked), asked, Decision.CHANGES_REQUESTED)
    press(app, "Request changes")
    assert "Say what has to change." in words(app)

    app.multiselect(key=f"decide:{asked}:fields").set_value(["D15"])
    app.text_area(key=f"decide:{asked}:comment").set_value("Six months cannot be right")
    press(app, "Request changes")
    (signed,) = sign_offs(screens)
    assert (signed.decision, signed.fields) == (Decision.CHANGES_REQUESTED.value, '["D15"]')


def test_nobody_signs_what_came_after_the_page_was_drawn(see: See, screens: Screens, asked: str) -> None:
    app = choose(see("review", bea(screens), review=asked), asked, Decision.APPROVED)
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D15", "9 months")
    press(app, "Sign approval")
    assert "While you were reading, Time needed to act (D15) changed" in words(app)
    assert sign_offs(screens) == []

    # The page shows the new answer now: pressing again is about that.
    assert "9 months" in words(app)
    press(app, "Sign approval")
    assert len(sign_offs(screens)) == 1


def test_stale_decision_is_affirmed_in_one_press_after_the_difference(
    see: See, screens: Screens, asked: str
) -> None:
    with screens.database.write() as session:
        make.decide(session, screens.cast, int(asked))
        make.answer(session, screens.cast, screens.project_id, "D15", "9 months")
    app = see("review", bea(screens), review=asked)
    said = words(app)
    assert "6 months" in said
    assert "9 months" in said
    press(app, "Affirm again")
    first, second = sign_offs(screens)
    assert second.affirms == first.id
    assert "Your decision stands again." in words(app)


def test_decision_is_taken_back_with_a_reason_and_stays_in_the_record(
    see: See, screens: Screens, asked: str
) -> None:
    with screens.database.write() as session:
        make.decide(session, screens.cast, int(asked))
    app = see("review", bea(screens), review=asked)
    press(app, "Take it back")
    assert "Say why you take it back." in words(app)

    app.text_area(key=f"withdraw:{sign_offs(screens)[0].id}").set_value("I read the wrong version")
    press(app, "Take it back")
    assert "the review waits for you again" in words(app)
    assert "Taken back since." in words(app)


def test_others_read_the_review_and_are_told_who_decides(see: See, screens: Screens, asked: str) -> None:
    app = see("review", screens.cast.pat, review=asked)
    assert "Only Bea can decide this review" in words(app)
    assert not app.radio
