"""The pages under AppTest, with the small organisation of tests.screens and whoever a test signs in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlmodel import Session
from streamlit.testing.v1 import AppTest

from lifecycle.actions import accounts
from lifecycle.ui import identity
from lifecycle.vocabulary import Actor
from tests.screens import Screens
from tests.ui.conftest import OpenPage
from tests.ui.conftest import open_page as open_page
from tests.ui.conftest import screens as screens

See = Callable[..., AppTest]


@pytest.fixture
def see(open_page: OpenPage, screens: Screens) -> See:
    """`see("gate", screens.cast.pat, project="orders")`: the page as this person sees it, run once."""

    def as_person(page: str, person: Actor, /, **query: str) -> AppTest:
        tokens = dict(screens.tokens)
        with screens.database.write() as session:
            tokens[person.key] = accounts.sign_in(
                session, at=identity.now(), person_key=person.key, lasts=timedelta(days=1)
            )
        object.__setattr__(screens, "tokens", tokens)
        return open_page(page, as_=person.key, **query)

    return as_person


@pytest.fixture
def change(screens: Screens) -> Callable[[], object]:
    """`with change() as session`: something happens in the database, as other people make it happen."""

    @contextmanager
    def writing() -> Iterator[Session]:
        with screens.database.write() as session:
            yield session

    return writing


def words(app: AppTest) -> str:
    """All that a person can read on the page, without the escapes of Markdown."""
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.error, app.success)
    drawn = [str(element.value) for kind in (*kinds, app.warning, app.info, app.toast) for element in kind]
    drawn += [str(button.label) for button in app.button]
    return "\n".join(drawn).replace("\\", "")


def press(app: AppTest, label: str) -> AppTest:
    """Press the one button with this label and let the page run."""
    found = [button for button in app.button if button.label == label]
    assert len(found) == 1, f"{len(found)} buttons say {label!r}: {[button.label for button in app.button]}"
    return found[0].click().run()


def unfold(app: AppTest, key: str) -> AppTest:
    """Open the fold with this key, as a press on its title does."""
    assert app.session_state[key] is False, f"{key} is open already"
    app.session_state[key] = True
    return app.run()


def turn_to(app: AppTest, key: str, tab: str) -> AppTest:
    """Choose the tab whose name begins so."""
    (label,) = [one.label for one in app.tabs if one.label.startswith(tab)]
    app.session_state[key] = label
    return app.run()
