"""Nothing typed is lost and nobody's answer is overwritten unseen: navigation, reload, restart, two browsers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from scripts.serving import Server, serving
from tests.browser.conftest import NewContext
from tests.factories import answer
from tests.screens import Screens, in_folder

SOON = 10_000


@pytest.fixture
def screens(tmp_path: Path) -> Screens:
    return in_folder(tmp_path)


@pytest.fixture
def running(tmp_path: Path, screens: Screens) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def worksheet(running: Server, screens: Screens, new_context: NewContext) -> Callable[..., Page]:
    """Opens a section of the Discovery worksheet in a browser of its own."""

    def open_it(person: str = "Pat", section: str = "decision") -> Page:
        context: BrowserContext = new_context()
        token = screens.tokens[person]
        context.add_cookies([{"name": "lifecycle_session", "value": token, "url": running.url}])
        page = context.new_page()
        page.goto(f"{running.url}/worksheet?project={screens.project}&section={section}")
        expect(page.get_by_role("heading", name="Live checks")).to_be_visible(timeout=30_000)
        return page

    return open_it


def question(page: Page, field_id: str) -> Locator:
    return page.locator(f".st-key-question-0-{field_id}")


def area(page: Page, field_id: str) -> Locator:
    return question(page, field_id).locator("textarea")


def leave(page: Page) -> None:
    page.get_by_role("heading", name="Live checks").click()


def eventually(check: Callable[[], object], expected: object) -> None:
    deadline = time.monotonic() + 10
    while (found := check()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == expected


def test_answer_is_marked_saved_and_is_in_the_database(worksheet, screens) -> None:
    page = worksheet()

    area(page, "D03").fill("Sales buys ahead of the season.")
    leave(page)

    expect(question(page, "D03").get_by_text("Saved, just now")).to_be_visible(timeout=SOON)
    assert screens.stored("D03") == "Sales buys ahead of the season."


@pytest.mark.parametrize("way", ["section", "stage", "sidebar"])
def test_text_typed_just_before_navigating_is_saved(worksheet, screens, way: str) -> None:
    page = worksheet()
    area(page, "D03").press_sequentially("typed and gone", delay=5)

    if way == "section":
        page.get_by_role("button", name="Consumers and delivery").first.click()
        expect(question(page, "D16")).to_be_visible(timeout=SOON)
    elif way == "stage":
        page.get_by_role("button", name="Feasibility").click()
        expect(page.get_by_role("heading", name="Feasibility worksheet")).to_be_visible(timeout=SOON)
    else:
        page.get_by_test_id("stSidebar").get_by_role("button", name="Data sources").click()
        expect(page.get_by_role("heading", name="Live checks")).to_be_hidden(timeout=SOON)

    eventually(lambda: screens.stored("D03"), "typed and gone")


def test_text_is_there_after_a_reload(worksheet, screens) -> None:
    page = worksheet()
    area(page, "D03").fill("survives a reload")
    leave(page)
    expect(question(page, "D03").get_by_text("Saved, ")).to_be_visible(timeout=SOON)

    page.reload()

    expect(area(page, "D03")).to_have_value("survives a reload", timeout=SOON)
    assert screens.versions("D03") == 1


def test_text_that_still_has_the_cursor_survives_a_reload(worksheet, screens) -> None:
    page = worksheet()
    area(page, "D03").press_sequentially("never left the field", delay=5)

    page.reload()

    expect(area(page, "D03")).to_have_value("never left the field", timeout=SOON)


def test_acknowledged_answer_survives_kill_9(worksheet, screens, running, tmp_path, console_errors) -> None:
    page = worksheet()
    area(page, "D03").fill("acknowledged")
    leave(page)
    expect(question(page, "D03").get_by_text("Saved, ")).to_be_visible(timeout=SOON)

    running.kill()

    assert screens.stored("D03") == "acknowledged"
    with serving(tmp_path, port=running.port):
        page.reload()
        expect(area(page, "D03")).to_have_value("acknowledged", timeout=20_000)
    console_errors.clear()  # the browser says that the server was away


def test_text_half_typed_when_the_server_dies_waits_for_a_choice(
    worksheet, screens, running, tmp_path, console_errors
) -> None:
    page = worksheet()
    area(page, "D03").fill("before")
    leave(page)
    expect(question(page, "D03").get_by_text("Saved, ")).to_be_visible(timeout=SOON)
    area(page, "D03").press_sequentially(", and half of the next", delay=5)
    running.kill()
    expect(area(page, "D03")).to_be_disabled(timeout=SOON)

    with serving(tmp_path, port=running.port):
        keep_mine = question(page, "D03").get_by_role("button", name="Keep mine")
        expect(keep_mine).to_be_visible(timeout=60_000)
        expect(area(page, "D03")).to_have_value("before, and half of the next")
        expect(page.get_by_role("button", name="Keep mine")).to_have_count(1)
        assert screens.stored("D03") == "before"

        keep_mine.click()

        eventually(lambda: screens.stored("D03"), "before, and half of the next")
        expect(question(page, "D03").get_by_text("Saved, ")).to_be_visible(timeout=SOON)
    console_errors.clear()


def test_tab_that_comes_back_after_a_restart_brings_no_old_value(
    worksheet, screens, running, tmp_path, console_errors
) -> None:
    """It shows an older answer than the database has, and must not write it over the newer one."""
    page = worksheet()
    area(page, "D03").fill("old")
    leave(page)
    expect(question(page, "D03").get_by_text("Saved, ")).to_be_visible(timeout=SOON)
    running.kill()
    save_elsewhere(screens, "D03", "newer, saved elsewhere")

    with serving(tmp_path, port=running.port):
        expect(question(page, "D03").get_by_role("button", name="Keep theirs")).to_be_visible(timeout=40_000)
        assert screens.stored("D03") == "newer, saved elsewhere"

        question(page, "D03").get_by_role("button", name="Keep theirs").click()

        expect(area(page, "D03")).to_have_value("newer, saved elsewhere", timeout=SOON)
        assert screens.versions("D03") == 2
    console_errors.clear()


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_two_browsers_editing_one_answer_see_both_versions(worksheet, screens, keep: str) -> None:
    first, second = worksheet("Pat"), worksheet("Olu")
    area(first, "D03").fill("from Pat")
    leave(first)
    expect(question(first, "D03").get_by_text("Saved, ")).to_be_visible(timeout=SOON)

    area(second, "D03").fill("from Olu")
    leave(second)

    expect(question(second, "D03").locator(".stMarkdownBadge", has_text="Two versions")).to_be_visible(
        timeout=SOON
    )
    expect(question(second, "D03").get_by_text("from Pat")).to_be_visible()
    assert screens.stored("D03") == "from Pat"
    question(second, "D03").get_by_role("button", name=f"Keep {keep}").click()
    kept = "from Olu" if keep == "mine" else "from Pat"
    expect(area(second, "D03")).to_have_value(kept, timeout=SOON)
    eventually(lambda: screens.stored("D03"), kept)
    expect(question(second, "D03").locator(".stMarkdownBadge", has_text="Two versions")).to_be_hidden(
        timeout=SOON
    )


def test_what_somebody_else_saved_is_offered_and_not_forced(worksheet, screens) -> None:
    page = worksheet()
    save_elsewhere(screens, "D03", "from elsewhere")

    offer = question(page, "D03").get_by_role("button", name="Show it")
    expect(offer).to_be_visible(timeout=40_000)
    expect(area(page, "D03")).to_have_value("")
    offer.click()

    expect(area(page, "D03")).to_have_value("from elsewhere", timeout=SOON)
    assert screens.versions("D03") == 1


def test_input_that_cannot_be_taken_stays_and_the_rest_is_saved(worksheet, screens) -> None:
    page = worksheet(section="problem")
    card = question(page, "D05")
    card.get_by_label("How it is measured").fill("weekly report")
    card.get_by_label("Value today").fill("about right")
    leave(page)

    expect(card.get_by_text(re.compile("needs an? (number|amount)"))).to_be_visible(timeout=SOON)
    expect(card.get_by_label("Value today")).to_have_value("about right")
    eventually(lambda: screens.stored("D05"), {"measured": "weekly report"})


def test_looking_at_every_section_writes_nothing(worksheet, screens) -> None:
    page = worksheet(section="all")
    expect(question(page, "D37")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Plan and limits").first.click()
    expect(question(page, "D01")).to_be_hidden(timeout=SOON)

    assert [field for field in screens.cast.guide.fields if screens.answer(field)] == []


def save_elsewhere(screens: Screens, field_id: str, text: str) -> None:
    with screens.database.write() as session:
        answer(session, screens.cast, screens.project_id, field_id, text)
