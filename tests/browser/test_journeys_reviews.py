"""Three people at once: asked, decided with a condition, gone stale when an answer changed, affirmed after reading."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from playwright.sync_api import Page, expect

from scripts.serving import Server
from tests.browser.conftest import NewContext
from tests.browser.steps import (
    SOON,
    Hand,
    choose,
    invite,
    join,
    leave_the_field,
    open_section,
    register,
    reviews_as,
    set_up,
    type_date,
)

WINDOW = "The decision and its window of time"
TO_DO = "Agree on an earlier order date with two suppliers"


def in_two_months() -> date:
    return datetime.now(UTC).date() + timedelta(days=60)


def ask(manager: Hand, role: str, person: str) -> None:
    page = manager.page
    manager.click(page.get_by_role("button", name=f"Ask {role}", exact=True))
    expect(page.get_by_label("Whom")).to_have_value(person, timeout=SOON)
    manager.press("Ask for the review")
    expect(page.get_by_text(f"{person} was asked as {role}.")).to_be_visible(timeout=SOON)


def answer(manager: Hand, label: str, text: str) -> None:
    manager.fill(label, text)
    leave_the_field(manager.page)
    expect(manager.page.get_by_text("Saved, just now")).to_be_visible(timeout=SOON)


def test_sign_off_goes_stale_naming_the_answer_and_is_affirmed_after_the_difference(
    server: Server, page: Page, new_context: NewContext
) -> None:
    nora = set_up(page, server)
    people = ("Paula Product", "Rita Reviewer", "Bo Business")
    paula, rita, bo = (join(new_context().new_page(), invite(nora, name)) for name in people)
    reviews_as(nora, "Rita Reviewer", "Privacy")
    reviews_as(nora, "Bo Business", "Business owner")

    register(paula, "Purchase outlook")
    open_section(paula, WINDOW)
    answer(paula, "Time needed to act", "6 weeks")
    paula.follow("Gate")
    ask(paula, "Business owner", "Bo Business")
    ask(paula, "Privacy", "Rita Reviewer")

    bo.page.reload()
    opened = bo.count
    bo.press("Read and decide")
    expect(bo.page.get_by_text("asked you to approve")).to_be_visible(timeout=SOON)
    review = bo.page.url
    bo.click(bo.page.get_by_text("Approved with conditions", exact=True))
    bo.click(bo.page.get_by_label("What has to be done").filter(visible=True))
    bo.page.keyboard.type(TO_DO)
    choose(bo.page, "Who sees to it", "Paula Product")
    type_date(bo.page, "By when", in_two_months().isoformat())
    bo.press("Sign approval with conditions")
    expect(bo.page.get_by_text("Recorded: approved with conditions.")).to_be_visible(timeout=SOON)
    assert bo.count - opened + 2 <= 5 + 3  # five, and the three parts of the condition

    rita.page.goto(review)
    expect(rita.page.get_by_text(TO_DO)).to_be_visible(timeout=SOON)
    for button in ("Sign approval", "Affirm again", "Take it back"):
        expect(rita.page.get_by_role("button", name=button)).to_have_count(0)

    paula.follow("Worksheet")
    open_section(paula, WINDOW)
    asked = paula.page.locator(".st-key-question-0-D15")
    expect(asked.get_by_text("Business owner (Discovery) signed this answer")).to_be_visible(timeout=SOON)
    answer(paula, "Time needed to act", "6 months")
    expect(asked.get_by_text("Business owner (Discovery) signed another answer")).to_be_visible(timeout=SOON)
    paula.follow("Gate")
    expect(paula.page.get_by_text("Time needed to act (D15) changed").first).to_be_visible(timeout=SOON)
    bo.follow("My work").press("Read the difference")
    expect(bo.page.get_by_text("Your decision rests on what has changed since")).to_be_visible(timeout=SOON)
    expect(bo.page.get_by_text("Time needed to act (D15) changed").first).to_be_visible()
    expect(bo.page.get_by_text("Then 6 weeks")).to_be_visible()
    expect(bo.page.get_by_text("Now 6 months")).to_be_visible()
    bo.press("Affirm again")
    expect(bo.page.get_by_text("Your decision stands again.")).to_be_visible(timeout=SOON)
    expect(bo.page.get_by_role("button", name="Affirm again")).to_have_count(0)
