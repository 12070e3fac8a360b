"""Access tokens on the screen: made, shown once, revoked, and everybody's for administrators alone."""

from __future__ import annotations

from sqlmodel import select

from lifecycle.actions import tokens as actions
from lifecycle.queries import tokens
from lifecycle.store.tables import ApiToken
from lifecycle.vocabulary import COMMAND_LINE, Scope
from tests.clock import START
from tests.pages.conftest import See, press, words
from tests.screens import Screens


def test_token_is_shown_once_and_then_only_its_beginning(see: See, screens: Screens) -> None:
    app = see("tokens", screens.cast.pat)
    assert "No tokens yet" in words(app)
    press(app, "Make the token")
    assert "what the token is for" in words(app)
    app.text_input(key="tokens:new:name").set_value("Nightly")
    app.multiselect(key="tokens:new:scopes").set_value([Scope.READ])
    press(app, "Make the token")

    secret = app.code[0].value
    with screens.database.read() as session:
        found = tokens.bearer(session, secret, at=START)
    assert found is not None
    assert found.actor.key == screens.cast.pat.key
    press(app, "I have copied it")
    assert not app.code
    said = words(see("tokens", screens.cast.pat))
    assert secret not in said
    assert f"{secret[:8]}…" in said
    assert "Everybody's tokens" not in said


def test_administrator_ends_the_token_of_another(see: See, screens: Screens) -> None:
    app = see("tokens", screens.cast.pat)
    app.text_input(key="tokens:new:name").set_value("Nightly")
    app.multiselect(key="tokens:new:scopes").set_value([Scope.READ])
    press(app, "Make the token")

    administrator = see("tokens", screens.cast.ada)
    assert "1 valid token of 1 person" in words(administrator)
    administrator.selectbox(key="tokens:of-whom").set_value(1).run()
    press(administrator, "Revoke “Pat: Nightly (number 1)” now")

    with screens.database.read() as session:
        assert session.exec(select(ApiToken.revoked_by)).one() == screens.cast.ada.key
    assert "revoked on" in words(see("tokens", screens.cast.pat))


def test_token_that_somebody_else_made_says_so(see: See, screens: Screens) -> None:
    pat = screens.cast.pat
    with screens.database.write() as session:
        actions.create(
            session,
            by=COMMAND_LINE,
            at=START,
            person_key=pat.key,
            name="Nightly",
            scopes=[Scope.READ],
            days=30,
        )
    said = words(see("tokens", pat))
    assert "made in your name on" in said
    assert "by the command line of the server" in said
