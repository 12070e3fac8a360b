"""When the server or its database is away, an open page says so in plain words, and goes on when it is back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.serving import Server, free_port, serving
from tests.browser.steps import SOON, open_section, register, set_up

LABEL = "What is wrong today"
PROGRAMMERS = ("Streamlit", "status", "terminal", "Connection")


def is_told(page: Page, sentence: str) -> None:
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"{sentence} cannot be reached just now.")).to_be_visible(timeout=SOON)
    said = dialog.inner_text()
    assert [word for word in PROGRAMMERS if word in said] == []
    page.screenshot(path="test-results/away.png")


@pytest.mark.crash
def test_page_says_what_is_away_and_goes_on_when_it_is_back(
    page: Page, tmp_path: Path, console_errors: list[str]
) -> None:
    port = free_port()
    with serving(tmp_path, port=port) as server:
        nora = _at_the_worksheet(page, server)
        nora.get_by_label(LABEL).fill("Typed before")
        nora.get_by_label(LABEL).blur()
        expect(nora.get_by_text("Saved, just now").first).to_be_visible(timeout=SOON)

        nora.route("**/_stcore/host-config", lambda route: route.fulfill(status=503, body="away"))
        nora.route("**/_stcore/health", lambda route: route.fulfill(status=503, body="away"))
        server.kill()
        is_told(nora, "The database")
        nora.unroute_all()
        is_told(nora, "The server")
    with serving(tmp_path, port=port):
        expect(nora.get_by_role("dialog")).to_have_count(0, timeout=SOON)
        nora.get_by_label(LABEL).fill("Typed after")
        nora.get_by_label(LABEL).blur()
        expect(nora.get_by_text("Saved, just now").first).to_be_visible(timeout=SOON)
    nora.close()  # what it still had to complain of comes before
    console_errors.clear()


def _at_the_worksheet(page: Page, server: Server) -> Page:
    hand = set_up(page, server)
    register(hand, "Purchase forecast")
    open_section(hand, "The problem and its worth")
    return hand.page
