"""What the example shows to whom: the sales case in plain words, the heat map to leadership, nothing to strangers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from scripts.example import LEADERSHIP, SALES_CASE
from tests.browser.conftest import Visit
from tests.browser.steps import SOON, choose, heading

SALES = "purchase-outlook-for-branches"
FINDINGS = {
    "C01": "The output looks 3 months ahead, but acting on it takes 6 months",
    "C03": "Consumers need the answer on the spot, within 10 seconds, but the plan computes it every 1 month",
    "C12": "Household moves feed is supplied by others (vendor), nothing takes its place if it stops",
    "C44": "4,160 people must know how to use this and no training is planned",
}


def test_sales_case_says_on_its_first_screen_what_will_go_wrong(visit: Visit) -> None:
    page = visit("Ines Example", f"project?project={SALES}")

    for sentence in FINDINGS.values():
        found = page.get_by_text(sentence)
        expect(found).to_be_visible(timeout=SOON)
        expect(found).to_be_in_viewport()
    for word in ("No check fails", "None of the checks"):
        expect(page.get_by_text(word)).to_have_count(0)


def test_leadership_reaches_a_project_from_the_portfolio_and_cannot_change_it(visit: Visit) -> None:
    page = visit(LEADERSHIP, "portfolio")
    expect(page.get_by_text("Purchase outlook for branches the longest")).to_be_visible(timeout=SOON)

    choose(page, "Project", SALES_CASE)

    expect(heading(page, SALES_CASE)).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Worksheet").last.click()
    expect(page.get_by_text("You can read this.")).to_be_visible(timeout=SOON)
    for box in page.get_by_role("textbox").all():
        expect(box).to_be_disabled()


@pytest.mark.parametrize("address", ["project", "worksheet", "gate", "sources", "plan", "history"])
def test_somebody_elses_project_is_no_project(visit: Visit, address: str) -> None:
    """Femi manages another product of the same company."""
    page = visit("Femi Pattern", f"{address}?project={SALES}")

    expect(page.get_by_text(re.compile("no project|no such project", re.IGNORECASE)).first).to_be_visible()
    expect(page.get_by_text(SALES_CASE)).to_have_count(0)
    expect(page.get_by_text("6 months")).to_have_count(0)


def test_portfolio_of_a_member_holds_only_own_projects(visit: Visit) -> None:
    page = visit("Ines Example", "portfolio")

    expect(page.get_by_text("1 running project", exact=False).first).to_be_visible(timeout=SOON)
    page.get_by_label("Project", exact=True).click()
    expect(page.get_by_role("option")).to_have_text([SALES_CASE])


def test_a_tab_that_the_address_keeps_opens_with_and_without_a_project(visit: Visit) -> None:
    page = visit("Ines Example", "guide")
    page.get_by_role("tab", name="Sign-offs").click(timeout=SOON)
    expect(page).to_have_url(re.compile("chapter=Sign-offs"), timeout=SOON)
    expect(page.get_by_role("tabpanel").filter(visible=True)).to_contain_text("approves", timeout=SOON)

    page = visit("Ines Example", f"history?project={SALES}")
    page.get_by_role("tab", name="Signatures").click(timeout=SOON)
    expect(page).to_have_url(re.compile("history=Signatures"), timeout=SOON)
    expect(page.get_by_role("tabpanel").filter(visible=True)).to_contain_text("Bea Sample", timeout=SOON)
