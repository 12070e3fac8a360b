"""The worksheet as it is seen: nothing jumps, every question can be reached, nobody is kept out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from scripts.serving import Server, serving
from tests.browser.conftest import NewContext
from tests.factories import answer
from tests.screens import Screens, in_folder

SHIFTS = """window.shifted = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});"""


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Screens:
    return in_folder(tmp_path_factory.mktemp("screens"))


@pytest.fixture(scope="module")
def running(screens: Screens) -> Iterator[Server]:
    file = screens.database.file
    assert file is not None
    with serving(Path(file).parent) as server:
        yield server


def opened(new_context: NewContext, running: Server, screens: Screens, query: str, **options: object) -> Page:
    context = new_context(**options)
    context.add_init_script(SHIFTS)
    context.add_cookies([{"name": "lifecycle_session", "value": screens.tokens["Pat"], "url": running.url}])
    page = context.new_page()
    page.goto(f"{running.url}/worksheet?project={screens.project}&{query}")
    expect(page.get_by_role("heading", name="Live checks")).to_be_visible(timeout=30_000)
    return page


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_jumps_while_the_page_arrives(new_context, running, screens, width: int) -> None:
    page = opened(new_context, running, screens, "section=decision", viewport={"width": width, "height": 800})
    page.wait_for_timeout(1_500)

    assert page.evaluate("window.shifted") < 0.1
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_questions_pass_the_accessibility_rules(new_context, running, screens, scheme: str) -> None:
    page = opened(new_context, running, screens, "section=all", color_scheme=scheme, bypass_csp=True)
    expect(page.locator(".st-key-question-0-D37")).to_be_visible()

    found = Axe().run(page)

    assert [violation["id"] for violation in found.response["violations"]] == []


def test_link_to_a_question_brings_it_into_view(new_context, running, screens) -> None:
    page = opened(new_context, running, screens, "field=D42")

    asked = page.locator(".st-key-question-0-D42")
    expect(asked.get_by_text("You came here for this")).to_be_visible()
    expect(asked).to_be_in_viewport(timeout=10_000)


def test_check_leads_to_its_question(new_context, running, screens) -> None:
    with screens.database.write() as session:
        answer(session, screens.cast, screens.project_id, "D14", {"horizon": "3 months", "kind": "at"})
        answer(session, screens.cast, screens.project_id, "D15", "6 months")
    page = opened(new_context, running, screens, "section=problem")

    page.get_by_role("button", name="How far ahead it looks").first.click()

    expect(page.locator(".st-key-question-0-D14")).to_be_in_viewport(timeout=10_000)
