"""Leadership's way: bring in a register, read the heat map, open an organisation and reach a project."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func
from sqlmodel import select

from lifecycle.store.database import open_database
from lifecycle.store.tables import Project
from scripts.serving import Server
from tests.browser.steps import SOON, heading, set_up

LONG = 60_000


def choose_cell(page: Page, chart: Locator, number: int) -> None:
    """Plotly takes the click on a layer above its cells, so the mouse goes where the cell is."""
    cell = chart.locator("g.point path").nth(number)
    cell.wait_for(state="attached", timeout=SOON)
    cell.evaluate("cell => cell.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(500)
    box = cell.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def upload(page: Page, server: Server, file: Path | dict[str, Any]) -> None:
    """Choose a file on the page of imports, as a path or as name, type and bytes."""
    page.goto(f"{server.url}/import")
    page.get_by_label("Register file").set_input_files(file, timeout=LONG)  # type: ignore[arg-type]
    page.get_by_role("button", name="Read the file").click()


def figure(page: Page, label: str) -> Locator:
    return (
        page.get_by_test_id("stMetric")
        .filter(has_text=re.compile(f"^{label}"))
        .get_by_test_id("stMetricValue")
    )


def test_heat_map_of_a_project_leads_to_it(page: Page, server: Server) -> None:
    nora = set_up(page, server)
    page.goto(f"{server.url}/new-project")
    nora.fill("Name", "Purchase forecast").press("Register project")
    expect(heading(page, "Discovery worksheet")).to_be_visible(timeout=LONG)
    page.goto(f"{server.url}/portfolio")
    expect(heading(page, "Portfolio")).to_be_visible(timeout=SOON)
    chart = page.get_by_test_id("stPlotlyChart").first
    expect(chart.get_by_text("Purchase forecast")).to_be_visible(timeout=SOON)

    choose_cell(page, chart, 0)

    page.wait_for_url(re.compile("/project\\?project=purchase-forecast"), timeout=SOON)
    assert "Traceback" not in server.output()


def test_register_of_2133_rows_is_imported_on_screen_and_opens_by_organisation(
    page: Page, server: Server, shared_data: Path
) -> None:
    set_up(page, server)
    upload(page, server, shared_data / "portfolio" / "us-federal-2024-v2.csv")
    button = page.get_by_role("button", name="Import 2,133 rows")
    expect(button).to_be_visible(timeout=LONG)
    button.click()
    expect(page.get_by_text("2,133 added, 0 changed").first).to_be_visible(timeout=LONG)

    page.goto(f"{server.url}/portfolio")
    chart = page.get_by_test_id("stPlotlyChart").first
    for count in ("29", "370", "404", "1,321", "9"):
        expect(chart.get_by_text(count, exact=True).first).to_be_visible(timeout=SOON)
    choose_cell(page, chart, 0)

    page.wait_for_url(re.compile("unit=Department"), timeout=SOON)
    expect(page.get_by_text("from registers and are not assessed here yet")).to_be_visible(timeout=SOON)
    assert "Traceback" not in server.output()


def test_dutch_register_is_imported_once_whatever_else_is_chosen_and_however_often(
    page: Page, server: Server, shared_data: Path
) -> None:
    """First what is no register: a sentence each, and nothing to import. Then the register, twice."""
    register = shared_data / "portfolio" / "nl-algoritmeregister-2026-05-13.json"
    set_up(page, server)
    for name, content, words in (
        ("nothing.csv", b"", "nothing.csv is empty."),
        ("noise.csv", bytes(range(256)) * 8, "noise.csv is a binary file"),
        ("shape.json", b'{"a": 1, "b": [1, 2]}', "shape.json holds one object without a list of objects"),
    ):
        upload(page, server, {"name": name, "mimeType": "text/plain", "buffer": content})
        expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible(timeout=LONG)
        expect(page.get_by_role("button", name=re.compile("^Import "))).to_have_count(0)
    assert project_count(server) == 0

    upload(page, server, register)
    page.get_by_role("button", name="Import 1,431 rows").click(timeout=LONG)
    expect(page.get_by_text("1,431 added, 0 changed").first).to_be_visible(timeout=LONG)
    upload(page, server, register)
    expect(page.get_by_role("button", name="Nothing to import")).to_be_disabled(timeout=LONG)
    for label, count in (("New", "0"), ("Changed", "0"), ("Unchanged", "1,431"), ("No longer listed", "0")):
        expect(figure(page, label)).to_have_text(count)
    assert project_count(server) == 1431

    page.goto(f"{server.url}/portfolio")
    chart = page.get_by_test_id("stPlotlyChart").first
    for count in ("71", "1,360"):  # 1,302 live and 58 retired are both in Production
        expect(chart.get_by_text(count, exact=True).first).to_be_visible(timeout=LONG)
    assert "Traceback" not in server.output()


def project_count(server: Server) -> int:
    database = open_database(server.database_url)
    with database.read() as session:
        found = session.exec(select(func.count()).select_from(Project)).one()
    database.dispose()
    return int(found)
