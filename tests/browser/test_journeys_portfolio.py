"""Leadership's way: bring in a register, read the heat map, open an organisation and reach a project."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

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
    page.goto(f"{server.url}/import")
    page.locator("input[type=file]").set_input_files(shared_data / "portfolio" / "us-federal-2024-v2.csv")
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
