"""Three people at once: asked, decided with a condition, changes asked for and settled, signed with the password,
gone stale when an answer changed, affirmed after reading. From the link to the decision in five clicks and fields."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from playwright.sync_api import Locator, Page, expect

from scripts.serving import Server
from tests.browser.conftest import NewContext
from tests.browser.steps import (
    PASSWORD,
    SOON,
    Hand,
    choose,
    heading,
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
DECISION = "Decision that changes"
TO_DO = "Agree on an earlier order date with two suppliers"
COMMENT = "Say which decision it is, and who takes it"
REPLY = "The role is what the steering group decided"
MOST_STEPS = 5


def in_two_months() -> date:
    return datetime.now(UTC).date() + timedelta(days=60)


def card(page: Page, text: str, button: str) -> Locator:
    """The smallest part of the page that has this text and this button."""
    parts = page.get_by_test_id("stVerticalBlock").filter(has_text=text)
    return parts.filter(has=page.get_by_role("button", name=button, exact=True)).last


def ask(manager: Hand, role: str, person: str, button: str = "Ask {role}") -> None:
    page = manager.page
    manager.click(page.get_by_role("button", name=button.format(role=role), exact=True))
    expect(page.get_by_label("Whom")).to_have_value(person, timeout=SOON)
    manager.press("Ask for the review")
    expect(page.get_by_text(f"{person} was asked as {role}.")).to_be_visible(timeout=SOON)


def answer(manager: Hand, label: str, text: str) -> None:
    manager.fill(label, text)
    leave_the_field(manager.page)
    expect(manager.page.get_by_text("Saved, just now")).to_be_visible(timeout=SOON)


def test_three_people_ask_decide_change_sign_with_the_password_and_affirm(
    server: Server, page: Page, new_context: NewContext
) -> None:
    """Paula manages, Rita reviews for privacy at a desk, Vic validates on a phone, all signed in at once."""
    nora = set_up(page, server)
    paula, rita = (
        join(new_context().new_page(), invite(nora, name)) for name in ("Paula Product", "Rita Reviewer")
    )
    phone = new_context(viewport={"width": 390, "height": 844})
    vic = join(phone.new_page(), invite(nora, "Vic Validator"))
    reviews_as(nora, "Rita Reviewer", "Privacy")
    reviews_as(nora, "Vic Validator", "Model validation")

    register(paula, "Purchase outlook")
    open_section(paula, WINDOW)
    answer(paula, DECISION, "Which suppliers we order from on Monday")
    gates = f"{server.url}/gate?project=purchase-outlook&gate="
    paula.page.goto(gates + "design")
    ask(paula, "Privacy", "Rita Reviewer")
    paula.page.goto(gates + "model")
    ask(paula, "Model validation", "Vic Validator")

    approve_with_a_condition(rita)
    for button in ("Sign approval", "Affirm again"):
        expect(rita.page.get_by_role("button", name=button)).to_have_count(0)

    vic.page.reload()
    vic.press("Read and decide")
    ask_for_changes(vic)
    review = vic.page.url
    rita.page.goto(review)
    expect(rita.page.get_by_text("This cannot be shown").or_(rita.page.get_by_text(COMMENT))).to_be_visible(
        timeout=SOON
    )
    expect(rita.page.get_by_role("button", name="Take it back")).to_have_count(0)

    settle_the_changes(paula)
    paula.page.goto(gates + "model")
    ask(paula, "Model validation", "Vic Validator", button="Ask {role} again")

    vic.page.goto(server.url)
    vic.press("Read and decide")
    sign_with_the_password(vic)

    paula.page.goto(f"{server.url}/worksheet?project=purchase-outlook&field=D03")
    answer(paula, DECISION, "Which suppliers we order from every day")
    vic.page.goto(server.url)
    affirm_after_the_difference(vic)


def approve_with_a_condition(rita: Hand) -> None:
    page = rita.page
    page.reload()
    rita.press("Read and decide")
    expect(page.get_by_text("asked you to approve")).to_be_visible(timeout=SOON)
    at_the_link = rita.count
    rita.click(page.get_by_text("Approved with conditions", exact=True))
    rita.fill("What has to be done", TO_DO)
    choose(page, "Who sees to it", "Paula Product")
    type_date(page, "By when", in_two_months().isoformat())
    rita.press("Sign approval with conditions")
    expect(page.get_by_text("Recorded: approved with conditions.")).to_be_visible(timeout=SOON)
    assert rita.count - at_the_link + 2 <= MOST_STEPS  # the owner and the day are filled in uncounted


def ask_for_changes(vic: Hand) -> None:
    page = vic.page
    expect(page.get_by_text("asked you to approve")).to_be_visible(timeout=SOON)
    page.get_by_role("link", name="Go to your decision").click()
    expect(heading(page, "Your decision")).to_be_in_viewport(timeout=SOON)
    at_the_link = vic.count
    vic.click(page.get_by_text("Changes requested", exact=True))
    for title in (f"{DECISION} (D03)", "Role of the output (D12)"):
        page.get_by_label("On which answers", exact=True).press_sequentially(title)
        vic.click(page.get_by_role("option", name=title, exact=True))
    page.keyboard.press("Escape")
    vic.fill("What has to change", COMMENT).press("Request changes")
    expect(page.get_by_text("Recorded: changes requested.")).to_be_visible(timeout=SOON)
    assert vic.count - at_the_link <= MOST_STEPS
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def settle_the_changes(paula: Hand) -> None:
    """One answer is changed, the other request answered."""
    page = paula.page
    paula.follow("My work")
    expect(page.get_by_text("Reviewers ask for a change · 2")).to_be_visible(timeout=SOON)
    row = card(page, f"{DECISION} (D03)", "Change or answer it")
    paula.click(row.get_by_role("button", name="Change or answer it"))
    question = page.locator(".st-key-question-0-D03")
    expect(question.get_by_text(COMMENT)).to_be_visible(timeout=SOON)
    answer(paula, DECISION, "Which suppliers we order from each week")
    expect(question.get_by_text(COMMENT)).to_have_count(0, timeout=SOON)

    other = page.locator(".st-key-question-0-D12")
    paula.click(other.get_by_role("button", name="Answer instead of changing it"))
    paula.fill("Why it stays as it is", REPLY).press("Send the answer")
    expect(other.get_by_text(COMMENT)).to_have_count(0, timeout=SOON)


def sign_with_the_password(vic: Hand) -> None:
    page = vic.page
    expect(page.get_by_text(REPLY)).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Then Which suppliers we order from on Monday")).to_be_visible()
    expect(page.get_by_text("Now Which suppliers we order from each week")).to_be_visible()
    at_the_link = vic.count
    vic.click(page.get_by_text("Approved", exact=True))
    vic.fill("Your password", "not my password at all").press("Sign approval")
    expect(page.get_by_text("This is not your password. Nothing was signed.")).to_be_visible(timeout=SOON)
    expect(page.get_by_label("Your password", exact=True)).to_have_value("")
    vic.fill("Your password", PASSWORD).press("Sign approval")
    expect(page.get_by_text("Recorded: approved.")).to_be_visible(timeout=SOON)
    assert vic.count - at_the_link <= MOST_STEPS


def affirm_after_the_difference(vic: Hand) -> None:
    page = vic.page
    vic.press("Read the difference")
    expect(page.get_by_text("Your decision rests on what has changed since")).to_be_visible(timeout=SOON)
    expect(page.get_by_text(f"{DECISION} (D03) changed").first).to_be_visible()
    expect(page.get_by_text("Then Which suppliers we order from each week")).to_be_visible()
    vic.fill("Your password", PASSWORD).press("Affirm again")
    expect(page.get_by_text("Your decision stands again.")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("button", name="Affirm again")).to_have_count(0)
