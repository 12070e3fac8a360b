"""A question about an answer, asked on the review page, answered on the worksheet, ended by either side; and an
earlier answer put back from its history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lifecycle.actions import accounts, threads
from lifecycle.vocabulary import Actor, Gate, Role
from scripts.serving import Server, serving
from tests import factories as make
from tests.browser.conftest import NewContext
from tests.browser.steps import SOON, Hand, choose, heading
from tests.screens import Screens, in_folder

FIRST, SECOND = "Branches order by telephone", "Branches order by telephone and late"
QUESTION, REPLY, AGAIN = "Which branches?", "The forty in the north.", "And how late?"

Visit = Callable[..., Hand]


@pytest.fixture
def screens(tmp_path: Path) -> Screens:
    """Bea was asked to review at Discovery, where one question was answered twice."""
    made = in_folder(tmp_path)
    with made.database.write() as session:
        for text in (FIRST, SECOND):
            make.answer(session, made.cast, made.project_id, "D01", text)
        make.ask(session, made.cast, made.project_id, Gate.DISCOVERY, Role.BUSINESS)
    return made


@pytest.fixture
def running(tmp_path: Path, screens: Screens) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def visit(running: Server, screens: Screens, new_context: NewContext) -> Visit:
    """Somebody in a browser of their own, signed in, at an address."""

    def open_it(person: Actor, address: str) -> Hand:
        with screens.database.write() as session:
            token = accounts.sign_in(
                session, at=datetime.now(UTC), person_key=person.key, lasts=timedelta(days=1)
            )
        context = new_context()
        context.add_cookies([{"name": "lifecycle_session", "value": token, "url": running.url}])
        page = context.new_page()
        page.goto(f"{running.url}{address}")
        page.get_by_role("heading", level=1).first.wait_for(timeout=30_000)
        return Hand(page)

    return open_it


def test_reviewer_asks_the_team_answers_and_either_side_ends_it(visit: Visit, screens: Screens) -> None:
    bea = visit(screens.cast[Role.BUSINESS], "/review?review=1")
    bea.press("Ask about an answer")
    choose(bea.page, "About", "What is wrong today (D01)")
    bea.fill("What is unclear", QUESTION)
    bea.page.get_by_test_id("stForm").get_by_role("button", name="Ask", exact=True).click()
    expect(bea.page.get_by_text("Asked. The team finds it on My work.")).to_be_visible(timeout=SOON)
    expect(bea.page.get_by_text(QUESTION)).to_be_visible(timeout=SOON)

    pat = visit(screens.cast.pat, "/")
    expect(heading(pat.page, "Questions that wait for your answer · 1")).to_be_visible(timeout=SOON)
    pat.press("Answer")
    expect(heading(pat.page, "Discovery worksheet")).to_be_visible(timeout=SOON)
    expect(pat.page.get_by_text(QUESTION)).to_be_visible(timeout=SOON)
    pat.fill("Your answer", REPLY).press("Reply")
    expect(pat.page.get_by_text("Sent.")).to_be_visible(timeout=SOON)

    bea.follow("My work").press("Answer")
    expect(bea.page.get_by_text(REPLY)).to_be_visible(timeout=SOON)
    bea.press("Resolve")
    expect(bea.page.get_by_text("Resolved by Bea")).to_be_visible(timeout=SOON)
    bea.press("Not resolved?").fill("What is still open", AGAIN).press("Open again")
    expect(bea.page.get_by_text(AGAIN)).to_be_visible(timeout=SOON)

    pat.follow("My work").press("Answer")
    expect(pat.page.get_by_text(AGAIN)).to_be_visible(timeout=SOON)
    pat.fill("Your answer", "Two days on average.").press("Resolve")
    expect(pat.page.get_by_text("Resolved by Pat")).to_be_visible(timeout=SOON)
    bea.follow("My work")
    expect(heading(bea.page, "My work")).to_be_visible(timeout=SOON)
    expect(bea.page.get_by_text("wait for your answer")).to_have_count(0)


def test_earlier_answer_is_put_back_and_the_form_shows_it(visit: Visit, screens: Screens) -> None:
    pat = visit(screens.cast.pat, f"/worksheet?project={screens.project}&field=D01")
    question = pat.page.locator(".st-key-question-0-D01")
    typed = question.locator("textarea").first
    expect(typed).to_have_value(SECOND, timeout=SOON)
    question.get_by_role("button", name="More").click()
    pat.page.get_by_role("option", name="History").or_(
        pat.page.get_by_role("menuitem", name="History")
    ).click(timeout=SOON)
    expect(question.get_by_text(FIRST, exact=True)).to_be_visible(timeout=SOON)
    question.get_by_role("button", name="Put this back").click(timeout=SOON)
    expect(typed).to_have_value(FIRST, timeout=SOON)
    expect(question.get_by_text("Saved, just now")).to_be_visible(timeout=SOON)
    assert screens.stored("D01") == FIRST
    assert screens.versions("D01") == 3


def test_link_of_a_message_opens_what_was_asked(visit: Visit, screens: Screens) -> None:
    from_mail = ask_about_d01(screens)
    pat = visit(screens.cast.pat, f"/worksheet?project={screens.project}&field=D01&thread={from_mail}")
    page: Page = pat.page
    expect(page.get_by_text(QUESTION)).to_be_in_viewport(timeout=SOON)
    pat.fill("Your answer", REPLY).press("Reply")
    expect(page.get_by_text(REPLY)).to_be_visible(timeout=SOON)


def ask_about_d01(screens: Screens) -> int:
    bea = screens.cast[Role.BUSINESS]
    with screens.database.write() as session:
        return threads.ask(
            session,
            by=bea,
            at=datetime.now(UTC),
            guide=screens.cast.guide,
            project_id=screens.project_id,
            field_id="D01",
            text=QUESTION,
        )
