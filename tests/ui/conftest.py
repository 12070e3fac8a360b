"""The pages in this process, without browser or server: the frame runs under AppTest with somebody signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from lifecycle.guide import load_guide
from lifecycle.ui import cache, identity, navigation
from scripts.serving import ROOT
from tests.screens import Screens, set_the_screens

FRAME = ROOT / "lifecycle" / "ui" / "frame.py"

OpenPage = Callable[..., AppTest]


@pytest.fixture
def screens(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screens]:
    """An organisation with one project, and the screens reading its database."""
    monkeypatch.setenv("LIFECYCLE_DATABASE_URL", database_url)
    # The factories register rules of their own, which the shipped guide does not know.
    monkeypatch.setattr(cache, "load_checked_guide", load_guide)
    cache.forget_everything()
    made = set_the_screens(database_url)
    yield made
    cache.database().dispose()
    made.database.dispose()
    cache.forget_everything()


@pytest.fixture
def open_page(screens: Screens, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """`open_page("worksheet", as_="Pat", project="orders")`: the page as this person sees it, run once."""

    def open_it(page: str, *, as_: str | None = "Pat", **query: str) -> AppTest:
        token = screens.tokens[as_] if as_ else None
        monkeypatch.setattr(identity, "session_token", lambda: token)
        app = AppTest.from_file(str(FRAME), default_timeout=30).run()
        for name, value in query.items():
            app.query_params[name] = value
        if as_ and page != "home":
            app.switch_page(str(navigation.ROOT / navigation.BY_NAME[page].file))
        return app.run()

    return open_it
