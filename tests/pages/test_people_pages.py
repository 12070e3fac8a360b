"""Inviting, roles, reviewing lists and the end of an account; the audit's verdict in words."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from lifecycle.facts.calendars import organisation_calendar
from lifecycle.queries import people as queries
from lifecycle.vocabulary import OrganisationRole, Role
from tests.pages.conftest import See, press, words
from tests.screens import Screens


def test_invitation_link_is_shown_once_and_works(see: See, screens: Screens) -> None:
    app = see("people", screens.cast.ada)
    app.text_input(key="invite:email").set_value("Nina@Example.org")
    press(app, "Make an invitation link")
    found = re.search(r"/invitation/(\S+)", app.code[0].value)
    assert found
    with screens.database.read() as session:
        link = queries.open_link(session, token=found[1], purpose="join", at=datetime.now(UTC))
    assert link is not None
    assert link.email == "nina@example.org"

    press(app, "I have copied it")
    assert not app.code
    assert "nina@example.org" in words(app)


def test_second_account_for_an_address_is_refused_and_the_address_stays(see: See, screens: Screens) -> None:
    app = see("people", screens.cast.ada)
    app.text_input(key="invite:email").set_value("pat@example.org")
    press(app, "Make an invitation link")
    assert "Somebody with this address has an account already." in words(app)
    assert app.text_input(key="invite:email").value == "pat@example.org"


def test_account_gets_a_role_a_level_and_reviewing_roles(see: See, screens: Screens) -> None:
    olu = screens.cast.olu.key
    app = see("people", screens.cast.ada, person=olu)
    app.selectbox(key=f"account:role:{olu}").set_value("leadership")
    app.selectbox(key=f"account:level:{olu}").set_value(3)
    press(app, "Save account")
    app.get_by_key(f"reviewing:{olu}").set_value(["privacy", "legal"])
    press(app, "Save reviewing roles")

    with screens.database.read() as session:
        (found,) = [one for one in queries.people(session) if one.key == olu]
    assert found.organisation_role is OrganisationRole.LEADERSHIP
    assert found.approval_level == 3
    assert found.reviews_as == (Role.PRIVACY, Role.LEGAL)


def test_last_administrator_is_kept(see: See, screens: Screens) -> None:
    app = see("people", screens.cast.ada, person=screens.cast.ada.key)
    press(app, "Deactivate")
    assert "Ada is the last administrator" in words(app)


def test_administrator_signs_somebody_out_everywhere(see: See, screens: Screens) -> None:
    app = see("people", screens.cast.ada, person=screens.cast.pat.key)
    press(app, "Sign out everywhere")

    assert "Pat is signed out in every browser, and can sign in again." in words(app)
    with screens.database.read() as session:
        token = screens.tokens[screens.cast.pat.name]
        assert (
            queries.person_for_session(session, token, at=datetime.now(UTC), idle=timedelta(days=1)) is None
        )


def test_leaver_is_deactivated_and_can_come_back(see: See, screens: Screens) -> None:
    app = see("people", screens.cast.ada, person=screens.cast.olu.key)
    press(app, "Deactivate")
    assert "cannot sign in" in words(app)
    press(app, "Reactivate this account")
    assert "may sign in again" in words(app)


def test_person_is_erased_only_when_the_word_was_typed(see: See, screens: Screens) -> None:
    olu = screens.cast.olu.key
    app = see("people", screens.cast.ada, person=olu)
    press(app, "Erase this person")
    assert "Nothing was erased" in words(app)

    app.text_input(key=f"erase:{olu}").set_value("erase")
    press(app, "Erase this person")
    assert app.title[0].value == "Erased person"


def test_audit_says_that_every_chain_holds_and_where_one_does_not(see: See, screens: Screens) -> None:
    app = see("audit", screens.cast.ada)
    press(app, "Verify everything")
    assert "Everything holds" in words(app)

    with screens.database.write() as session:
        session.execute(text("UPDATE chain_head SET hash = 'x' WHERE chain = 'organisation'"))
    press(app, "Verify everything")
    assert "The organisation, event" in words(app)
    assert "Database and log do not hold together in 1 place" in words(app)


def test_holidays_of_a_country_are_left_out_of_working_days(see: See, screens: Screens) -> None:
    app = see("settings", screens.cast.ada)
    assert "every Monday to Friday" in words(app)
    app.selectbox(key="settings:country").set_value("NL").run()
    press(app, "Save working days")
    assert "public holidays of Netherlands" in words(app)
    with screens.database.read() as session:
        calendar = organisation_calendar(session, date(2027, 1, 4))
    assert calendar.back(date(2027, 4, 28), 1) == date(2027, 4, 26)  # 27 April is King's Day
