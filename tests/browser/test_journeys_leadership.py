"""Leadership looks: a mark on the roadmap leads to its project, and the pack goes along in one file of two kinds."""

from __future__ import annotations

import re
from io import BytesIO

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from scripts.example import LEADERSHIP, SALES_CASE
from tests.browser.conftest import Visit
from tests.browser.steps import SOON, heading

LONG = 60_000
TO_THE_SALES_CASE = re.compile("/project\\?project=purchase-outlook-for-branches")


def press_mark(page: Page, shows: str, mark: str) -> None:
    """Plotly takes the click on a layer above its marks, so the mouse goes to where the first such mark is."""
    chart = page.get_by_test_id("stPlotlyChart").filter(has_text=shows).first
    found = chart.locator(mark).first
    found.wait_for(state="attached", timeout=LONG)
    found.evaluate("mark => mark.scrollIntoView({block: 'center'})")
    page.wait_for_load_state("networkidle")
    box = found.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)


def test_bar_of_the_roadmap_leads_to_the_project_that_is_forecast_late(visit: Visit) -> None:
    page = visit(LEADERSHIP, "roadmap")
    expect(page.get_by_text(f"{SALES_CASE} the most, by")).to_be_visible(timeout=LONG)

    press_mark(page, "d late", ".barlayer g.point path")

    page.wait_for_url(TO_THE_SALES_CASE, timeout=SOON)
    expect(heading(page, SALES_CASE)).to_be_visible(timeout=SOON)


def test_cell_of_the_heat_map_leads_to_the_project_that_is_stuck(visit: Visit) -> None:
    page = visit(LEADERSHIP, "portfolio")
    expect(page.get_by_text(f"Stuck longest: {SALES_CASE}")).to_be_visible(timeout=LONG)

    press_mark(page, "Discovery", ".barlayer g.point path")

    page.wait_for_url(TO_THE_SALES_CASE, timeout=SOON)


def test_pack_is_downloaded_as_a_page_that_another_browser_opens_and_as_a_pdf(visit: Visit) -> None:
    page = visit(LEADERSHIP, "portfolio?as-of=2026-08-01")

    page.get_by_role("button", name="Leadership pack").click(timeout=LONG)
    with page.expect_download(timeout=LONG) as web:
        page.get_by_role("button", name="Download as a web page").click()
    with page.expect_download(timeout=LONG) as printed:
        page.get_by_role("button", name="Download as PDF").click()

    assert web.value.suggested_filename == "portfolio-2026-08-01.html"
    assert printed.value.suggested_filename == "portfolio-2026-08-01.pdf"
    first = PdfReader(BytesIO(printed.value.path().read_bytes())).pages[0].extract_text()
    assert "Portfolio at the end of 2026-08-01" in first
    alone = page.context.new_page()
    alone.set_content(web.value.path().read_text("utf-8"))
    expect(alone.get_by_role("heading", level=1)).to_have_text("Portfolio at the end of 2026-08-01")
    expect(alone.get_by_role("img")).to_have_count(2)
    expect(alone.get_by_role("table")).not_to_have_count(0)
