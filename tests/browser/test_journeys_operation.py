"""The loop that never ends, by its people: release, breach, incident, re-validation, second release.

A program pushes the readings and asks the gate as a delivery pipeline does; everything else happens on the screens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import col, select

from lifecycle.actions import accounts, tokens
from lifecycle.facts.people import actor_of
from lifecycle.store.database import open_database
from lifecycle.store.tables import PersonRow
from lifecycle.vocabulary import Scope
from lifecycle.web.passwords import hash_password
from scripts.example import Example, example
from tests.browser.conftest import NewContext
from tests.browser.steps import PASSWORD, Hand, heading, leave_the_field

LATER = 30_000
NAME, PROJECT = "Day-ahead energy purchase", "day-ahead-energy-purchase"
MONITOR = "load-outside-what-was-ever-seen"
FIRST, SECOND = "energy-purchase 2.0", "energy-purchase 2.1"
MANAGER, TECHNOLOGY = "Yuki Specimen", "Teo Example"
APPROVER, VALIDATION = "Axel Placeholder", "Vera Mockup"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Example]:
    """The one project that is ready to launch; whoever signs has a password."""
    with example(tmp_path, only=[NAME]) as shown:
        hashed = asyncio.run(hash_password(PASSWORD))
        database = open_database(shown.server.database_url)
        with database.write() as session:
            for name in (APPROVER, VALIDATION, TECHNOLOGY):
                person = session.exec(select(PersonRow).where(col(PersonRow.name) == name)).one()
                by, at = actor_of(person), datetime.now(UTC)
                accounts.change_password(session, by=by, at=at, password_hash=hashed)
        database.dispose()
        yield shown
        assert "Traceback" not in shown.server.output()


class Program:
    """A delivery pipeline of the team, with a token of the product manager."""

    def __init__(self, shown: Example) -> None:
        database = open_database(shown.server.database_url)
        with database.write() as session:
            person = session.exec(select(PersonRow).where(col(PersonRow.name) == MANAGER)).one()
            about = {"name": "Pipeline", "scopes": (Scope.READ, Scope.READINGS_WRITE)}
            by, at = actor_of(person), datetime.now(UTC)
            made = tokens.create(session, by=by, at=at, person_key=person.key, **about)  # type: ignore[arg-type]
        database.dispose()
        address = f"{shown.server.url}/api/v1/projects/{PROJECT}"
        self._client = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {made.secret}"}, timeout=60
        )

    def push(self, *readings: tuple[str, float]) -> None:
        body = {"readings": [{"key": key, "value": value} for key, value in readings]}
        self._client.post(f"/monitors/{MONITOR}/readings", json=body).raise_for_status()

    def may_deploy(self, version: str) -> bool:
        params = {"model_version": version, "policy": "block"}
        return self._client.get("/gates/launch", params=params).status_code == 200


def test_from_a_release_to_a_breach_to_a_second_release(own: Example, new_context: NewContext) -> None:
    def at_desk(name: str, place: str) -> Hand:
        context = new_context()
        own.sign_in(context, name)
        hand = Hand(context.new_page())
        go(hand, place)
        return hand

    def go(hand: Hand, place: str) -> None:
        hand.page.goto(f"{own.server.url}/{place}")
        expect(hand.page.get_by_role("heading", level=1).first).to_be_visible(timeout=LATER)

    program = Program(own)
    assert program.may_deploy(FIRST)
    axel = at_desk(APPROVER, f"gate?project={PROJECT}&gate=launch")
    axel.press("Record go")
    says(axel.page, "Launch is decided")
    yuki = at_desk(MANAGER, f"releases?project={PROJECT}")
    bring_to_everybody(yuki)
    says(yuki.page, f"Release 1 (version {FIRST}) is live for everybody")

    go(yuki, f"monitors?project={PROJECT}&monitor={MONITOR}")
    yuki.press("Watch what is planned (3)")
    says(yuki.page, "none of them in breach")
    opened = yuki.page.evaluate("performance.timeOrigin")
    today = datetime.now(UTC).date()
    program.push((str(today - timedelta(days=1)), 6.1), (str(today), 6.4))
    says(yuki.page, "An incident of")
    says(yuki.page, "The sign-off of Model validation at the Launch gate is stale.")
    assert yuki.page.evaluate("performance.timeOrigin") == opened, "nobody reloaded it"
    assert not program.may_deploy(FIRST)

    mend(yuki)
    incident = yuki.page.url.partition(f"{own.server.url}/")[2]
    teo = at_desk(TECHNOLOGY, incident)
    teo.press("Sign the fix").fill("What you looked at, or what is missing", "Replayed a year").press(
        "Sign it"
    )
    says(teo.page, "Review to be written")
    go(yuki, incident)
    yuki.press("Write the review").fill(
        "What was learned, and what will be done otherwise", "Try the next cold spell before it comes"
    )
    yuki.press("Close the incident")
    says(yuki.page, "The incident is closed.")
    assert not program.may_deploy(FIRST), "mended is not validated"

    vera = at_desk(VALIDATION, "")
    vera.press("Read and decide")
    says(vera.page, "Load outside what was ever seen")
    vera.click(vera.page.get_by_text("Approved", exact=True))
    vera.fill("Your password", PASSWORD).press("Sign approval")
    says(vera.page, "Recorded: approved.")
    assert program.may_deploy(FIRST)

    go(yuki, f"worksheet?project={PROJECT}&field=P01")
    yuki.page.locator(".st-key-question-0-P01").get_by_label("Version").fill(SECOND, timeout=LATER)
    leave_the_field(yuki.page)
    says(yuki.page, "Saved, just now")
    assert not program.may_deploy(SECOND)
    for hand in (axel, teo):
        go(hand, "")
        hand.press("Read the difference").fill("Your password", PASSWORD).press("Affirm again")
        says(hand.page, "Your decision stands again.")
    assert program.may_deploy(SECOND)
    assert not program.may_deploy(FIRST)

    go(yuki, f"releases?project={PROJECT}")
    yuki.click(yuki.page.get_by_text("Make a release", exact=True))
    yuki.fill("What is new in it", "Knows the cold spells").press("Make the release")
    says(yuki.page, f"Version {SECOND} is kept as a release.")
    bring_to_everybody(yuki)
    says(yuki.page, f"Release 2 (version {SECOND}) is live for everybody")
    says(yuki.page, "2 releases reached users in the last three months")
    go(yuki, f"operation?project={PROJECT}")
    says(yuki.page, "An incident began on")
    expect(heading(yuki.page, "Operate review")).to_be_visible()


def says(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible(timeout=LATER)


def bring_to_everybody(hand: Hand) -> None:
    hand.press("Next step")
    hand.click(hand.page.get_by_text("Everybody", exact=True).filter(visible=True).last)
    hand.press("Record this step")


def mend(hand: Hand) -> None:
    """From the monitor to the incident, taken on and mended."""
    hand.press("Open the incident").press("I see to it")
    says(hand.page, "Being worked on")
    hand.press("Record the fix").fill("Why it happened", "A cold spell that no year before had")
    hand.fill("What was done about it", "Trained again with it")
    hand.fill("Version with the fix (if any)", SECOND)
    hand.click(hand.page.get_by_role("button", name="Record the fix").last)
    says(hand.page, "Fix waits for its signature")
