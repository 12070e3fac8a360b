"""Every page through axe with no rule switched off, wide and light, narrow and dark."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from lifecycle.ui import navigation
from scripts.example import ADMINISTRATOR
from tests.browser.conftest import Visit

SALES = "purchase-outlook-for-branches"
WIDE: dict[str, Any] = {"color_scheme": "light"}
NARROW: dict[str, Any] = {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}
PAGES = [page.path for page in navigation.existing()]


def address_of(path: str) -> str:
    spec = navigation.BY_NAME[path or "home"]
    if spec.name == "review":
        return "review?review=1"
    return f"{path}?project={SALES}" if spec.group == "project" else path


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


CHOSEN_IN_THE_DARK = pytest.mark.xfail(
    reason="the chosen part of a segmented control has too little contrast in the dark theme"
)
FILE_UPLOADER = pytest.mark.xfail(
    reason="Streamlit's file uploader marks its drop zone as presentational and focusable at once"
)
# Fields that only show an answer are greyed out with their labels, so the worksheet is read by who fills it in.
FILLS_IN = {"worksheet": "Ines Example", "evidence": "Ines Example"}


def known(path: str, look: dict[str, Any]) -> list[pytest.MarkDecorator]:
    if path == "import":
        return [FILE_UPLOADER]
    return [CHOSEN_IN_THE_DARK] if look is NARROW and path in ("guide", "history") else []


CASES = [
    pytest.param(path, look, id=f"{path or 'home'}-{name}", marks=known(path, look))
    for path in PAGES
    for name, look in (("wide-light", WIDE), ("narrow-dark", NARROW))
]


@pytest.mark.parametrize(("path", "look"), CASES)
def test_page_passes_axe(visit: Visit, path: str, look: dict[str, Any]) -> None:
    page = visit(FILLS_IN.get(path, ADMINISTRATOR), address_of(path), **look)

    assert violations(page) == []
