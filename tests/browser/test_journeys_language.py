"""A person chooses the language of their screens; everybody else keeps theirs."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit

PERSON = "Priya Placeholder"  # of whom no other test asks for a language


def _speaks(page: Page, code: str, heading: str) -> None:
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible(timeout=30_000)
    expect(page.locator("html")).to_have_attribute("lang", code)


def test_language_is_chosen_with_a_press_and_kept_for_the_person(visit: Visit) -> None:
    page = visit(PERSON, "", locale="en-GB")
    _speaks(page, "en", "My work")

    page.get_by_role("button", name="Français").click()

    _speaks(page, "fr", "Mon travail")
    page.reload()
    _speaks(page, "fr", "Mon travail")
    # Another browser of the same person, which asks for English; and somebody else.
    _speaks(visit(PERSON, "sign-out", locale="en-GB"), "fr", "Fermer la session")
    _speaks(visit("Ines Example", "", locale="en-GB"), "en", "My work")
    _speaks(visit("Bea Sample", "", locale="fr-FR"), "fr", "Mon travail")

    page.get_by_role("button", name="English").click()

    _speaks(page, "en", "My work")
