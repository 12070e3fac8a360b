"""A person chooses the language of their screens; everybody else keeps theirs, and no answer becomes another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update
from sqlmodel import col

from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import Answer, PersonRow
from scripts.example import Example
from tests.browser.conftest import Visit

SALES = "purchase-outlook-for-branches"
MANAGER = "Ines Example"


@pytest.fixture
def database(shown: Example) -> Iterator[Database]:
    """The one behind the screens; afterwards nobody has chosen a language."""
    opened = open_database(shown.server.database_url)
    yield opened
    with opened.write() as session:
        session.execute(update(PersonRow).values(language=None))
    opened.dispose()


def _speaks(page: Page, code: str, heading: str) -> None:
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible(timeout=30_000)
    expect(page.locator("html")).to_have_attribute("lang", code)


def _answers(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.execute(select(col(Answer.id)).order_by(col(Answer.id))).scalars())


def test_language_is_chosen_with_a_press_and_kept_for_the_person(visit: Visit, database: Database) -> None:
    page = visit("Bea Sample", "", locale="en-GB")
    _speaks(page, "en", "My work")

    page.get_by_role("button", name="Français").click()

    _speaks(page, "fr", "Mon travail")
    page.reload()
    _speaks(page, "fr", "Mon travail")
    # Another browser of the same person, which asks for English; and somebody else.
    _speaks(visit("Bea Sample", "sign-out", locale="en-GB"), "fr", "Fermer la session")
    _speaks(visit(MANAGER, "", locale="en-GB"), "en", "My work")
    _speaks(visit(MANAGER, "", locale="fr-FR"), "fr", "Mon travail")

    page.get_by_role("button", name="English").click()

    _speaks(page, "en", "My work")


def test_switching_in_the_middle_of_a_worksheet_changes_no_answer(visit: Visit, database: Database) -> None:
    """Numbers are written otherwise, choices and units are called otherwise; a text just typed is saved."""
    before = _answers(database)
    for section, choice, chosen in (
        ("decision", "Recommends an action", "Recommande une action"),
        ("problem", "A change of process", "Un changement de processus"),
    ):
        page = visit(MANAGER, f"worksheet?project={SALES}&stage=discovery&section={section}", locale="en-GB")
        other = visit(MANAGER, f"worksheet?project={SALES}&stage=discovery&section={section}", locale="en-GB")
        expect(page.get_by_text(choice).first).to_be_visible(timeout=30_000)
        expect(other.get_by_text(choice).first).to_be_visible(timeout=30_000)

        page.get_by_role("button", name="Français").click()

        _speaks(page, "fr", "Feuille de travail Découverte")
        expect(page.get_by_text(chosen).first).to_be_visible(timeout=30_000)
        # A tab that was open goes on in the language in which its fields were filled.
        other.get_by_role("textbox").first.fill(f"Said in {section}")
        other.get_by_role("textbox").first.blur()
        expect(other.get_by_text("Saved, just now").first).to_be_visible(timeout=30_000)

        page.get_by_role("button", name="English").click()

        _speaks(page, "en", "Discovery worksheet")
        expect(page.get_by_text(choice).first).to_be_visible(timeout=30_000)
        expect(page.get_by_text(f"Said in {section}").first).to_be_visible(timeout=30_000)
    assert len(_answers(database)) == len(before) + 2
