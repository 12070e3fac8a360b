"""Channels, the log and reminders as an administrator sees them; one's own notifications and choice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import col, select

from lifecycle.actions import outbox
from lifecycle.queries import deliveries as queries
from lifecycle.rules.deliveries import Way
from lifecycle.settings import Settings, read_settings
from lifecycle.store.tables import Channel, Delivery, Notice
from lifecycle.ui import cache
from lifecycle.vocabulary import Gate, Role
from tests import factories as make
from tests.clock import START
from tests.pages.conftest import See, press, words
from tests.receivers import MailServer
from tests.screens import Screens

ADDRESS = "https://hooks.example.org/path-nobody-else-knows"


@pytest.fixture
def with_mail(screens: Screens, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in MailServer(2525).environment.items():
        monkeypatch.setenv(name, value)
    cache.settings.cache_clear()
    assert cache.settings().mail
    yield
    cache.settings.cache_clear()


def test_page_says_plainly_that_nothing_leaves_and_what_to_set(see: See, screens: Screens) -> None:
    said = words(see("deliveries", screens.cast.ada))
    assert "Nothing is sent outside the app" in said
    assert "LIFECYCLE_SMTP_HOST" in said
    assert "Nothing has been sent yet" in said
    assert "sends no e-mail yet" in words(see("notifications", screens.cast.pat))


def test_webhook_shows_its_secret_once_and_its_address_never_again(see: See, screens: Screens) -> None:
    app = see("deliveries", screens.cast.ada)
    app.text_input(key="channel:name").set_value("Build")
    app.text_input(key="channel:address").set_value("http://hooks.example.org/x")
    press(app, "Add this channel")
    assert "Use https" in words(app)
    assert app.text_input(key="channel:name").value == "Build", "what was typed stays"

    app.text_input(key="channel:address").set_value(ADDRESS)
    press(app, "Add this channel")
    with screens.database.read() as session:
        (stored,) = session.exec(select(Channel))
    assert app.code[0].value == stored.secret
    press(app, "I have copied it")
    assert not app.code
    said = words(see("deliveries", screens.cast.ada))
    assert "hooks.example.org" in said
    assert "nobody-else-knows" not in said
    assert stored.secret not in said


def test_chat_address_that_apprise_does_not_know_is_refused(see: See, screens: Screens) -> None:
    app = see("deliveries", screens.cast.ada)
    app.radio(key="channel:medium").set_value("chat").run()
    app.text_input(key="channel:name").set_value("Room")
    app.text_input(key="channel:address").set_value("carrier-pigeon://loft")
    press(app, "Add this channel")
    assert "no address that Apprise knows" in words(app)
    with screens.database.read() as session:
        assert session.exec(select(Channel)).all() == []


@pytest.mark.usefixtures("with_mail")
def test_test_message_stands_in_the_log_and_a_failed_one_is_sent_again(see: See, screens: Screens) -> None:
    app = see("deliveries", screens.cast.ada)
    press(app, "Send me a test")
    with screens.database.write() as session:
        (row,) = session.exec(select(Delivery))
        assert row.person_key == screens.cast.ada.key
        row.state, row.last_error, row.attempts = "failed", "The mail server answered 550: no", 8
    app = see("deliveries", screens.cast.ada)
    chosen = next(box for box in app.selectbox if box.label == "Look at a message")
    chosen.set_value(chosen.options[0]).run()
    assert "answered 550" in words(app)
    press(app, "Send again")
    with screens.database.read() as session:
        assert [(one.state, one.attempts) for one in session.exec(select(Delivery))] == [("waiting", 0)]


def test_reminders_are_set_or_refused_by_name(see: See, screens: Screens) -> None:
    app = see("deliveries", screens.cast.ada)
    app.number_input(key="reminders:manager_after_days").set_value(20)
    press(app, "Save reminders")
    assert "later than the product manager" in words(app)
    app.number_input(key="reminders:administrator_after_days").set_value(30)
    press(app, "Save reminders")
    with screens.database.read() as session:
        policy = queries.reminders(session)
    assert (policy.manager_after_days, policy.administrator_after_days) == (20, 30)


@pytest.mark.usefixtures("with_mail")
def test_person_sees_what_they_were_told_once_as_new_and_chooses_how(see: See, screens: Screens) -> None:
    privacy = screens.cast[Role.PRIVACY]
    with screens.database.write() as session:
        make.ask(session, screens.cast, screens.project_id, Gate.DISCOVERY, Role.PRIVACY)
        outbox.take_up(session, at=START, has_mail=True)
    app = see("notifications", privacy)
    assert "Please review as Privacy" in words(app)
    assert "New" in words(app)
    app = see("notifications", privacy)
    assert ":blue-badge[New]" not in words(app)

    app.radio(key="choice:way").set_value("digest")
    app.selectbox(key="choice:hour").set_value(17)
    press(app, "Save")
    with screens.database.read() as session:
        choice = queries.choice(session, person_key=privacy.key)
        waiting = session.exec(select(Notice).where(col(Notice.person_key) == privacy.key)).all()
    assert (choice.way, choice.digest_hour) == (Way.DIGEST, 17)
    assert len(waiting) == 1
    assert "Please review" not in words(see("notifications", screens.cast.olu)), "each sees their own"


def test_settings_that_make_no_sense_are_named() -> None:
    host = {"LIFECYCLE_SMTP_HOST": "mail.example.org"}
    sender = {"LIFECYCLE_SMTP_SENDER": "Grüße <lifecycle@example.org>"}
    plain = {"LIFECYCLE_SMTP_SECURITY": "none", "LIFECYCLE_SMTP_PASSWORD": "hush-hush"}
    for wrong, named in (
        ({"LIFECYCLE_JOBS": "maybe"}, "LIFECYCLE_JOBS must be on or off"),
        (host, "LIFECYCLE_SMTP_SENDER must be"),
        ({**host, **sender, "LIFECYCLE_SMTP_PORT": "mail"}, "LIFECYCLE_SMTP_PORT must be"),
        ({**host, **sender, "LIFECYCLE_SMTP_SECURITY": "tls"}, "LIFECYCLE_SMTP_SECURITY must be"),
        ({**host, **sender, **plain}, "readable through the network"),
    ):
        with pytest.raises(ValueError, match=named):
            read_settings(wrong)
    mail = read_settings({**host, **sender, "LIFECYCLE_SMTP_PASSWORD": "hush-hush"}).mail
    assert mail is not None
    assert (mail.port, mail.sender, mail.sender_name) == (587, "lifecycle@example.org", "Grüße")
    assert "hush-hush" not in repr(Settings("sqlite:///x", mail=mail))
