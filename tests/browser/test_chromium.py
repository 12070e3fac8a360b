"""The browser fixtures themselves: separate contexts, the size, and that a console error is seen."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NewContext


class OneCookie(http.server.BaseHTTPRequestHandler):
    """Says on the page which cookie came, and sets one."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Set-Cookie", "seen=before")
        self.end_headers()
        self.wfile.write(f"<link rel=icon href=data:,><p>{self.headers.get('Cookie', 'new')}</p>".encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OneCookie) as small:
        threading.Thread(target=small.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{small.server_port}"
        small.shutdown()


def test_contexts_share_nothing(page: Page, new_context: NewContext, site: str) -> None:
    page.goto(site)
    page.goto(site)
    assert page.text_content("p") == "seen=before"
    other = new_context(viewport={"width": 390, "height": 844}).new_page()
    other.goto(site)
    assert other.text_content("p") == "new"
    assert [page.evaluate("innerWidth"), other.evaluate("innerWidth")] == [1280, 390]


def test_console_errors_and_exceptions_are_collected(page: Page, console_errors: list[str]) -> None:
    page.set_content("<script>console.error('first'); console.log('fine')</script>")
    page.evaluate("setTimeout(() => { throw new Error('second') })")
    page.wait_for_timeout(200)
    found = " ".join(console_errors)
    console_errors.clear()
    assert "first" in found
    assert "second" in found
    assert "fine" not in found
