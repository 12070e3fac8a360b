"""Every page through axe with no rule switched off: in English wide and light, in French narrow and dark."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from lifecycle.language import best_language, say, speaking
from lifecycle.ui import navigation
from scripts.example import ADMINISTRATOR
from tests.browser.conftest import Visit

SALES = "purchase-outlook-for-branches"
WIDE: dict[str, Any] = {"color_scheme": "light"}
NARROW: dict[str, Any] = {
    "color_scheme": "dark",
    "viewport": {"width": 390, "height": 844},
    "locale": "fr-CA",
}
PAGES = [page.path for page in navigation.existing()]


def address_of(path: str) -> str:
    spec = navigation.BY_NAME[path or "home"]
    if spec.name == "review":
        return "review?review=1"
    return f"{path}?project={SALES}" if spec.group == "project" else path


def spoken(look: dict[str, Any]) -> str:
    return best_language(look.get("locale", ""))


def violations(page: Page) -> list[str]:
    """What axe finds, one line per rule and place."""
    page.wait_for_load_state("networkidle")
    page.get_by_test_id("stSkeleton").first.wait_for(state="hidden", timeout=30_000)
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']} — {node['html'][:160]}"
        for rule in found
        for node in rule["nodes"][:3]
    ]


LOOKS = (("wide-light", WIDE), ("narrow-dark-french", NARROW))
CASES = [pytest.param(path, look, id=f"{path or 'home'}-{name}") for path in PAGES for name, look in LOOKS]


@pytest.mark.parametrize(("path", "look"), CASES)
def test_page_passes_axe(visit: Visit, path: str, look: dict[str, Any]) -> None:
    page = visit(ADMINISTRATOR, address_of(path), **look)

    assert violations(page) == []
    assert page.locator("html").get_attribute("lang") == spoken(look)


@pytest.mark.parametrize("look", [pytest.param(look, id=name) for name, look in LOOKS])
def test_worksheet_passes_axe_for_whoever_fills_it_in(visit: Visit, look: dict[str, Any]) -> None:
    """The administrator above only reads it; here are its fields, chosen answers among them."""
    page = visit("Ines Example", f"worksheet?project={SALES}&stage=discovery&section=decision", **look)
    with speaking(spoken(look)):
        recommends = say("Recommends an action")
    expect(page.get_by_role("radio", name=recommends)).to_be_checked(timeout=30_000)

    assert violations(page) == []
