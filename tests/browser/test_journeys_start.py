"""A new user: set-up by the printed code, the first project, the first finding; signing out closes every tab."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from scripts.serving import ROOT, Server
from tests.browser.conftest import NewContext
from tests.browser.steps import (
    ADMINISTRATOR,
    SOON,
    heading,
    leave_the_field,
    open_section,
    register,
    set_up,
    set_up_address,
    sign_in,
)

README = (ROOT / "README.md").read_text("utf-8").replace("\n   ", " ")
WINDOW = "The decision and its window of time"
TOO_LATE = "The output looks 3 months ahead, but acting on it takes 6 months"


def test_newcomer_reaches_a_fired_check_in_25_steps_and_keeps_it(server: Server, page: Page) -> None:
    nora = set_up(page, server)
    register(nora, "Purchase forecast")
    open_section(nora, WINDOW)
    expect(page.get_by_text("Nothing to compare yet")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Time to act fits the horizon")).to_have_count(0)

    nora.fill("How far ahead", "3 months")
    nora.click(page.get_by_text("At the end of it", exact=True))
    nora.fill("Time needed to act", "6 months")
    leave_the_field(page)

    beside = page.get_by_text(TOO_LATE).filter(visible=True)
    expect(beside.first).to_be_visible(timeout=SOON)
    for field_id in ("D14", "D15"):
        expect(page.locator(f".st-key-question-0-{field_id}").get_by_text(TOO_LATE)).to_be_visible(
            timeout=SOON
        )
    assert nora.count <= 25
    assert [word for word in nora.words if word not in README] == []
    page.reload()
    expect(beside.first).to_be_visible(timeout=SOON)
    expect(page.get_by_label("Time needed to act")).to_have_value("6")
    assert "Traceback" not in server.output()


def test_set_up_is_closed_once_somebody_has_set_up(
    server: Server, page: Page, new_context: NewContext, console_errors: list[str]
) -> None:
    address = set_up_address(server)
    late = new_context().new_page()
    late.goto(address)
    set_up(page, server)

    late.get_by_label("Organisation", exact=True).fill("Somebody else's")
    late.get_by_label("Your name").fill("Late Comer")
    late.get_by_label("E-mail address").fill("late@example.org")
    late.get_by_label("Password").fill("four more quiet boats")
    late.get_by_role("button", name="Create the administrator").click()

    expect(late.get_by_role("link", name="Sign out")).to_have_count(0)
    late.goto(address)
    expect(heading(late, "Sign in")).to_be_visible()
    sign_in(late, "late@example.org", "four more quiet boats")
    expect(late.get_by_text("The address or the password is not right.")).to_be_visible()
    console_errors.clear()  # the browser notes that forms were refused


def test_sign_out_closes_the_other_tab_and_a_deep_link_comes_back(server: Server, page: Page) -> None:
    nora = set_up(page, server)
    register(nora, "Purchase forecast")
    open_section(nora, WINDOW)
    deep = page.url
    other = page.context.new_page()
    other.goto(f"{server.url}/people")
    expect(heading(other, "People")).to_be_visible(timeout=SOON)

    other.get_by_role("link", name="Sign out").click()
    other.get_by_role("button", name="Sign out").click()

    expect(heading(other, "Sign in")).to_be_visible()
    expect(heading(page, "Sign in")).to_be_visible(timeout=SOON)
    page.go_back()
    expect(heading(page, "Sign in")).to_be_visible()
    expect(page.get_by_label("Time needed to act")).to_have_count(0)
    other.goto(deep)
    expect(other).to_have_url(re.compile("/sign-in"))
    sign_in(other, ADMINISTRATOR)
    expect(heading(other, WINDOW)).to_be_visible(timeout=SOON)
    assert other.url == deep
