"""The import wizard in a browser: agencies' own files, and a register nobody has mapped from proposal to undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from scripts.serving import Server
from tests.browser.steps import set_up
from tests.browser.test_journeys_portfolio import LONG, figure, project_count, upload
from tests.interchange import nasty


def test_files_of_agencies_are_imported_with_the_right_counts(
    page: Page, server: Server, shared_data: Path
) -> None:
    set_up(page, server)
    total = 0
    for name, rows in (("doi.csv", 247), ("ftc.csv", 16), ("dot.csv", 70), ("hud.xlsx", 11)):
        upload(page, server, shared_data / "portfolio" / f"us-agency-2025-{name}")
        page.get_by_role("button", name=f"Import {rows} rows").click(timeout=LONG)
        expect(page.get_by_text(f"{rows} added, 0 changed").first).to_be_visible(timeout=LONG)
        total += rows
        assert project_count(server) == total
    assert "Traceback" not in server.output()


def test_unknown_register_from_its_proposal_to_a_second_import_that_is_taken_back(
    page: Page, server: Server
) -> None:
    set_up(page, server)
    register = nasty.french_inventory()
    upload(page, server, as_file(register.file, register.content))
    expect(page.get_by_text("Proposed by the words of the headers")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("combobox", name="Name of the project")).to_be_visible(timeout=LONG)
    choose(page, "“À l’arrêt temporaire” · 1 row", "Feasibility")
    expect(page.get_by_text("By stage: Feasibility 1, Model & Development 1, Production 2")).to_be_visible(
        timeout=LONG
    )

    page.get_by_role("button", name="Save this mapping").click(timeout=LONG)
    name = page.get_by_role("textbox", name="Name of the mapping")
    name.fill("Ponts et quais")
    name.press("Tab")
    page.get_by_role("button", name="Save", exact=True).click(timeout=LONG)
    expect(page.get_by_text("As the mapping “Ponts et quais” has them")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Import 4 rows").click(timeout=LONG)
    expect(page.get_by_text("4 added, 0 changed").first).to_be_visible(timeout=LONG)

    later = register.content.replace(b"Trier, ", b"Trier vite, ").replace(
        "Détection".encode("cp1252"), b"Filtrage"
    )
    upload(page, server, as_file("inventaire-2.csv", later))
    expect(page.get_by_text("As the mapping “Ponts et quais” has them")).to_be_visible(timeout=LONG)
    for label, count in (("New", "1"), ("Changed", "1"), ("Unchanged", "2"), ("No longer listed", "1")):
        expect(figure(page, label)).to_have_text(count, timeout=LONG)
    page.get_by_role("button", name="Import 4 rows").click(timeout=LONG)
    expect(page.get_by_text("1 added, 1 changed, 2 unchanged, 1 no longer listed").first).to_be_visible(
        timeout=LONG
    )

    page.get_by_role("button", name="Take back").first.click(timeout=LONG)
    page.get_by_role("button", name="Take it back").click(timeout=LONG)
    expect(page.get_by_text("The import of inventaire-2.csv was taken back")).to_be_visible(timeout=LONG)
    for label, count in (("New", "1"), ("Changed", "1"), ("Unchanged", "2"), ("No longer listed", "1")):
        expect(figure(page, label)).to_have_text(count, timeout=LONG)
    assert "Traceback" not in server.output()


def as_file(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def choose(page: Page, label: str, option: str) -> None:
    """By the keyboard, once the page stands: what is still being drawn closes a list that was opened meanwhile."""
    box = page.get_by_role("combobox", name=label)
    wanted = page.get_by_role("option", name=option, exact=True)
    expect(page.get_by_role("button", name="Import 4 rows")).to_be_visible(timeout=LONG)
    for _ in range(8):
        page.wait_for_timeout(2_000)
        box.fill("")
        box.fill(option)
        page.wait_for_timeout(1_500)
        if wanted.count():
            box.press("Enter")
            return
    raise AssertionError(f"{label} offers no {option}")
