"""The one HTML page of the screens, as a browser is given it."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

Browser = Callable[[], httpx.Client]


def test_index_page_names_us_and_loads_what_it_names(signed_in: Browser) -> None:
    browser = signed_in()
    page = browser.get("/", headers={"Accept": "text/html"})
    fonts = re.findall(r'<link rel="preload" href="\.(/static/media/MaterialSymbols[^"]+)"', page.text)
    assert "<title>Lifecycle</title>" in page.text
    assert len(fonts) == 1
    assert [browser.get(path).status_code for path in (*fonts, "/screen.js")] == [200, 200]


def test_index_page_hides_until_it_is_drawn_but_never_for_good(signed_in: Browser) -> None:
    browser = signed_in()
    page, script = browser.get("/", headers={"Accept": "text/html"}), browser.get("/screen.js")
    assert "html:not(.arrived) #root { visibility: hidden; animation: arrive 0s 4s forwards; }" in page.text
    assert 'classList.add("arrived")' in script.text
