"""From the link to the recorded decision: what the page shows, what it signs, and what it refuses."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select
from streamlit.testing.v1 import AppTest

from lifecycle.actions import people, reviews, sessions
from lifecycle.store.tables import Condition, PersonRow, SignOff
from lifecycle.store.tokens import hash_token
from lifecycle.ui import cache, identity
from lifecycle.ui.components import plain
from lifecycle.vocabulary import Decision, Gate, Role
from lifecycle.web.passwords import hash_password
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


def test_who_cannot_pass_a_review_on_reads_why_until_somebody_else_is_on_the_list(
    see: See, screens: Screens, asked: str
) -> None:
    none_there = "Nobody else may be asked as Business owner, so you cannot pass this on."
    assert none_there in words(see("review", bea(screens), review=asked))
    # Nobody but the one who is asked is told.
    assert none_there not in words(see("review", screens.cast.pat, review=asked))

    with screens.database.write() as session:
        people.make_eligible(
            session,
            by=screens.cast.ada,
            at=datetime.now(UTC),
            person_key=screens.cast[Role.LEGAL].key,
            role=Role.BUSINESS,
        )
    app = see("review", bea(screens), review=asked)
    assert none_there not in words(app)
    assert app.selectbox(key=f"hand_over:{asked}:person").options == ["Leo"]


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
    assert ":red-background[~~6~~] months" in said
    assert ":green-background[**9**] months" in said
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


# ---------------------------------------------------------------- meaning and password


PASSWORD, WRONG = "three quiet green rivers", "four loud purple deserts"


@pytest.fixture
def launch(screens: Screens, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ann, approver, was asked at Launch, where signing takes the password; the id of her review."""
    with screens.database.write() as session:
        review = make.ask(session, screens.cast, screens.project_id, Gate.LAUNCH, Role.APPROVER)
        session.get_one(PersonRow, screens.cast.ann.key).password_hash = asyncio.run(hash_password(PASSWORD))
    return str(review)


def enter(app: AppTest, password: str) -> AppTest:
    (field,) = [item for item in app.text_input if item.label == "Your password"]
    field.set_value(password)
    return press(app, "Sign approval")


def test_meaning_is_chosen_and_the_password_is_checked_and_kept_nowhere(
    see: See, screens: Screens, launch: str
) -> None:
    app = choose(see("review", screens.cast.ann, review=launch), launch, Decision.APPROVED)
    assert "Sign approval" not in [button.label for button in app.button]
    app.radio(key=f"decide:{launch}:stated:approved").set_value("approves_use").run()
    assert "no risk remains that somebody has to accept" in words(app)

    press(app, "Sign approval")
    assert "Password: Enter your password to sign." in words(app)
    enter(app, WRONG)
    assert "This is not your password. Nothing was signed. 4 more tries" in words(app)
    assert sign_offs(screens) == []
    assert [item.value for item in app.text_input if item.label == "Your password"] == [""]
    assert WRONG not in repr(app.session_state)

    enter(app, PASSWORD)
    (signed,) = sign_offs(screens)
    assert (signed.stated, signed.verified) == ("approves_use", "password")
    said = words(app)
    assert "Signer known by" in said
    assert signed.digest in said
    assert PASSWORD not in repr(app.session_state)


def test_five_wrong_passwords_lock_signing_with_a_sentence_each_time(
    see: See, screens: Screens, launch: str
) -> None:
    app = choose(see("review", screens.cast.ann, review=launch), launch, Decision.APPROVED)
    app.radio(key=f"decide:{launch}:stated:approved").set_value("approves_use").run()
    for left in ("4 more tries", "3 more tries", "2 more tries", "One more try", "locked after five"):
        enter(app, WRONG)
        assert left in words(app)
    enter(app, PASSWORD)
    assert "Signing is locked after five wrong passwords. Nothing was signed; you stay signed in." in words(
        app
    )
    assert sign_offs(screens) == []


def test_signer_of_an_identity_provider_signs_after_a_fresh_sign_in_and_without_a_password(
    see: See, screens: Screens, launch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFECYCLE_OIDC_ISSUER", "https://login.example.org")
    monkeypatch.setenv("LIFECYCLE_OIDC_CLIENT_ID", "lifecycle")
    monkeypatch.setenv("LIFECYCLE_LOCAL_ACCOUNTS", "off")
    cache.settings.cache_clear()
    app = choose(see("review", screens.cast.ann, review=launch), launch, Decision.APPROVED)
    app.radio(key=f"decide:{launch}:stated:approved").set_value("approves_use").run()
    (link,) = app.get("link_button")
    assert link.proto.url == f"/sign-in/provider/anew?review={launch}"
    assert "Your password" not in [field.label for field in app.text_input]

    press(app, "Sign approval")
    assert "Signing here takes a fresh sign-in" in words(app)
    assert sign_offs(screens) == []

    with screens.database.write() as session:
        begun = {
            "state": "s",
            "person_key": screens.cast.ann.key,
            "session_hash": hash_token(identity.session_token() or ""),
        }
        now = datetime.now(UTC)
        sessions.begin_fresh_sign_in(session, **begun, review_id=int(launch), at=now)
        sessions.confirm_fresh_sign_in(session, **begun, authenticated_at=now, at=now)
    press(app, "Sign approval")
    (signed,) = sign_offs(screens)
    assert signed.verified == "provider"
    assert "signed in again with the identity provider" in words(app)


# ---------------------------------------------------------------- bad input


def test_request_taken_back_in_another_tab_is_refused_in_a_sentence(
    see: See, screens: Screens, asked: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = choose(see("review", bea(screens), review=asked), asked, Decision.APPROVED)
    with screens.database.write() as session:
        reviews.cancel(
            session, by=screens.cast.pat, at=datetime.now(UTC), guide=screens.cast.guide, review_id=int(asked)
        )
    press(app, "Sign approval")
    assert "This review is already withdrawn. Ask for a new one to decide again." in words(app)
    assert sign_offs(screens) == []
    (line,) = [record.getMessage() for record in caplog.records if "Refused" in record.getMessage()]
    assert line.startswith(f"Refused lifecycle.actions.reviews.decide to {bea(screens).key}: refused ")  # type: ignore[attr-defined]


def test_content_that_moves_while_it_is_read_is_named_beside_the_form(
    see: See, screens: Screens, asked: str
) -> None:
    app = choose(see("review", bea(screens), review=asked), asked, Decision.APPROVED)
    assert "Changed while you were reading" not in words(app)
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D15", "9 months")
    choose(app, asked, Decision.REJECTED)
    assert "Changed while you were reading: Time needed to act (D15)." in words(app)


def test_any_number_of_conditions_and_none_before_today(see: See, screens: Screens, asked: str) -> None:
    app = choose(see("review", bea(screens), review=asked), asked, Decision.APPROVED_WITH_CONDITIONS)
    for _ in range(5):
        press(app, "Add another condition")
    for number in range(1, 7):
        app.text_input(key=f"decide:{asked}:condition:{number}:text").set_value(f"Step {number}")
        app.selectbox(key=f"decide:{asked}:condition:{number}:owner").set_value(screens.cast.pat.key)
        app.date_input(key=f"decide:{asked}:condition:{number}:due").set_value(SOON)
    app.date_input(key=f"decide:{asked}:condition:6:due").set_value(SOON - timedelta(days=40))
    press(app, "Sign approval with conditions")
    assert "Condition 6 · due date" in words(app)
    assert "has passed; choose today or a later day." in words(app)
    with screens.database.read() as session:
        assert session.exec(select(Condition)).all() == []

    app.date_input(key=f"decide:{asked}:condition:6:due").set_value(SOON)
    press(app, "Sign approval with conditions")
    with screens.database.read() as session:
        assert [row.text for row in session.exec(select(Condition))] == [f"Step {n}" for n in range(1, 7)]


def test_review_lists_the_pages_of_its_project_at_once(see: See, screens: Screens, asked: str) -> None:
    assert see("review", bea(screens), review=asked).button(key="to:gate").label == "Gate"


def test_sentence_on_the_screen_is_the_one_that_is_signed(see: See, screens: Screens, asked: str) -> None:
    """It counts the conditions and names whom it is signed for; one that has changed since is read first."""
    app = choose(see("review", bea(screens), review=asked), asked, Decision.APPROVED_WITH_CONDITIONS)
    press(app, "Add another condition")
    assert "provided that 2 conditions are met" in words(app)
    app.text_input(key=f"decide:{asked}:behalf").set_value("The branches").run()
    assert "on behalf of The branches" in words(app)
    app.text_input(key=f"decide:{asked}:condition:1:text").set_value("Print the list")
    app.selectbox(key=f"decide:{asked}:condition:1:owner").set_value(screens.cast.pat.key)
    app.date_input(key=f"decide:{asked}:condition:1:due").set_value(SOON)

    press(app, "Sign approval with conditions")
    assert "read it as it is now, and sign again" in words(app)
    assert "provided that one condition is met" in words(app)
    assert sign_offs(screens) == []

    press(app, "Sign approval with conditions")
    signed = sign_offs(screens)[0].statement
    assert "on behalf of The branches" in signed
    assert "one condition is met" in signed


HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x.png) \u202etfel\u202c :material/lock: $x$"


def test_hostile_comment_is_shown_as_it_was_typed_and_an_endless_one_refused(
    see: See, screens: Screens, asked: str
) -> None:
    app = choose(see("review", bea(screens), review=asked), asked, Decision.REJECTED)
    app.text_area(key=f"decide:{asked}:comment").set_value("x" * 100_000)
    press(app, "Sign rejection")
    assert "This is 100,000 characters long; at most 5,000 can be kept." in words(app)
    assert sign_offs(screens) == []

    app.text_area(key=f"decide:{asked}:comment").set_value(HOSTILE)
    press(app, "Sign rejection")
    assert sign_offs(screens)[0].comment == HOSTILE
    shown = [str(item.value) for item in app.markdown if "alert" in str(item.value)]
    assert shown == [f"> {plain(HOSTILE)}"]


# ---------------------------------------------------------------- requested changes


def test_requested_change_meets_the_team_at_the_question_and_the_reviewer_reads_the_answer(
    see: See, screens: Screens, asked: str
) -> None:
    with screens.database.write() as session:
        given = {"comment": "Six months cannot be right", "fields": ["D15", "D01"]}
        signed = make.decide(session, screens.cast, int(asked), Decision.CHANGES_REQUESTED, **given)
    pat = screens.cast.pat
    home, gate = see("home", pat), see("gate", pat, project="orders", gate="discovery")
    assert "Reviewers ask for a change · 2" in words(home)
    for page in (home, gate):
        assert "Six months cannot be right" in words(page)
    sheet = see("worksheet", pat, project="orders", field="D15")
    assert "Six months cannot be right" in words(sheet)

    press(sheet, "Send the answer")
    assert "Say why it stays as it is." in words(sheet)
    sheet.text_area(key=f"change:{signed}:D15:said").set_value("The supplier needs them")
    press(sheet, "Send the answer")
    assert "Six months cannot be right" not in words(sheet)
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D01", "They phone", base=1)
        again = make.ask(session, screens.cast, screens.project_id, Gate.DISCOVERY, Role.BUSINESS)
    assert "Reviewers ask for a change" not in words(see("home", pat))
    said = words(see("review", bea(screens), review=str(again)))
    assert "The supplier needs them" in said
    assert "(D01): changed since" in said


def test_stale_decision_at_the_later_gate_comes_first(see: See, screens: Screens, asked: str) -> None:
    with screens.database.write() as session:
        make.decide(session, screens.cast, int(asked))
        make.sign(session, screens.cast, screens.project_id, Gate.FEASIBILITY, Role.BUSINESS)
        make.answer(session, screens.cast, screens.project_id, "D15", "9 months", base=1)
    app = see("home", bea(screens))
    assert "Your decisions that have become stale · 2" in words(app)
    next(button for button in app.button if button.label == "Read the difference").click().run()
    assert "Feasibility gate" in app.title[0].value


def test_reader_is_not_spoken_to_as_the_signer(see: See, screens: Screens, asked: str) -> None:
    with screens.database.write() as session:
        make.decide(session, screens.cast, int(asked))
        make.answer(session, screens.cast, screens.project_id, "D15", "9 months", base=1)
    of_others = words(see("review", screens.cast.pat, review=asked))
    assert "since Business owner last decided" in of_others
    assert "What Business owner relies on" in of_others
    assert "since you decided" not in of_others
    mine = words(see("review", bea(screens), review=asked))
    assert "1 change since you decided" in mine
    assert "What you rely on" in mine
    assert "Ask them to look at the difference" not in mine, "a check that tells the signer of the signer"


def test_password_is_not_asked_for_before_the_conditions_are_complete(
    see: See, screens: Screens, launch: str
) -> None:
    app = choose(see("review", screens.cast.ann, review=launch), launch, Decision.APPROVED_WITH_CONDITIONS)
    app.radio(key=f"decide:{launch}:stated:approved_with_conditions").set_value("approves_use").run()
    press(app, "Sign approval with conditions")
    assert "Name at least one condition" in words(app)
    app.text_input(key=f"decide:{launch}:condition:1:text").set_value("Agree on retention")
    app.date_input(key=f"decide:{launch}:condition:1:due").set_value(SOON)
    press(app, "Sign approval with conditions")
    assert "Say who sees to it." in words(app)
    assert "Enter your password" not in words(app)


def test_whoever_is_done_goes_on_to_the_next_stale_decision(see: See, screens: Screens, asked: str) -> None:
    with screens.database.write() as session:
        make.decide(session, screens.cast, int(asked))
        make.sign(session, screens.cast, screens.project_id, Gate.FEASIBILITY, Role.BUSINESS)
        make.answer(session, screens.cast, screens.project_id, "D15", "9 months", base=1)
    app = see("review", bea(screens), review=asked)
    press(app, "Affirm again")
    assert "Your decision stands again." in words(app)
    assert "**Next for you:** stale decision" in words(app)
    press(app, "Go on to it")
    press(app, "Affirm again")
    assert "Nothing else waits for your signature." in words(app)
    assert len(sign_offs(screens)) == 4
