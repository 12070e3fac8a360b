"""The whole loop of operation on the screens: released, watched, breached, mended, validated again, released again.

Yuki manages the product, Tomas is its engineer, Vera validates; Axel and Teo sign for its launch. Once on readings
that a program pushes, once on a published series that comes as a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from playwright.sync_api import expect
from sqlmodel import Session, col, select

from lifecycle.actions import accounts, people, tokens
from lifecycle.facts.people import actor_of
from lifecycle.store.database import open_database
from lifecycle.store.tables import PersonRow, Project
from lifecycle.vocabulary import Actor, Role, Scope
from scripts.example import ADMINISTRATOR, Example, example
from tests.browser.conftest import NewContext
from tests.browser.steps import PASSWORD, SOON, Hand, choose, heading, leave_the_field

NAME, KEY = "Day-ahead energy purchase", "day-ahead-energy-purchase"
FIRST, SECOND = "energy-purchase 2.0", "energy-purchase 2.1"
YUKI, TOMAS, VERA, AXEL, TEO = (
    "Yuki Specimen",
    "Tomas Sample",
    "Vera Mockup",
    "Axel Placeholder",
    "Teo Example",
)


@dataclass
class Stage:
    """The product on its server, a browser for each person, and the engineer's program."""

    shown: Example
    secret: str
    new_context: NewContext
    hands: dict[str, Hand] = field(default_factory=dict)

    def at(self, name: str, page: str, **places: str) -> Hand:
        """Somebody in their own browser, at a page of the project."""
        hand = self.hands.get(name)
        if hand is None:
            context = self.new_context()
            self.shown.sign_in(context, name)
            hand = self.hands[name] = Hand(context.new_page())
        query = "&".join(f"{key}={value}" for key, value in {"project": KEY, **places}.items())
        hand.page.goto(f"{self.shown.server.url}/{page}?{query}")
        hand.page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
        return hand

    def ask(self, method: str, path: str, **details: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret}"}
        return httpx.request(
            method, f"{self.shown.server.url}/api/v1/projects/{KEY}{path}", headers=headers, **details
        )

    def pipeline(self, version: str) -> tuple[int, list[str | None]]:
        """What the delivery pipeline is told of this version: the status, and the roles in its way."""
        told = self.ask("GET", "/gates/launch", params={"model_version": version, "policy": "block"})
        return told.status_code, [each["role"] for each in told.json()["blockers"]]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Example]:
    with example(tmp_path, only=[NAME]) as shown:
        yield shown
        assert "Traceback" not in shown.server.output()


@pytest.fixture
def stage(running: Example, new_context: NewContext) -> Stage:
    return Stage(running, _prepare(running), new_context)


def _prepare(shown: Example) -> str:
    """Tomas joins the team; whoever signs at launch gets a password. Returns the engineer's access token."""
    hashed, now = PasswordHasher().hash(PASSWORD), datetime.now(UTC)
    database = open_database(shown.server.database_url)
    with database.write() as session:
        nora, tomas = _actor(session, ADMINISTRATOR), _actor(session, TOMAS)
        project = session.exec(select(Project).where(col(Project.key) == KEY)).one()
        people.give_project_role(
            session,
            by=nora,
            at=now,
            person_key=tomas.key,
            role=Role.CONTRIBUTOR,
            project_id=project.id or 0,
        )
        for name in (AXEL, TEO):
            person_key = _actor(session, name).key
            link = people.make_reset_link(session, by=nora, at=now, person_key=person_key)
            accounts.use_reset_link(session, at=now, token=link, password_hash=hashed)
        made = tokens.create(
            session, by=tomas, at=now, person_key=tomas.key, name="Readings", scopes=list(Scope)
        )
    database.dispose()
    return made.secret


def _actor(session: Session, name: str) -> Actor:
    return actor_of(session.exec(select(PersonRow).where(col(PersonRow.name) == name)).one())


# ------------------------------------------------------------------ the two ways of watching


@dataclass(frozen=True)
class Watched:
    """A monitor and its readings: switched on by Yuki, broken by what comes, with what its incident is called."""

    name: str
    breach: str


OWN = Watched("Error of the day", "Error of the day rose above 4.4")
PUBLISHED = Watched("Score of the forecasts", "Score of the forecasts rose above 0.25")
SERIES = "metrics/fte-nfl-weekly-metrics.csv"
RULE = "brier above 0.25, 3 consecutive"


def watch_the_plan(stage: Stage) -> None:
    """One click takes the monitoring plan over; the page stays open while a program pushes readings."""
    yuki = stage.at(YUKI, "monitors")
    yuki.press("Watch what is planned (3)")
    expect(yuki.page.get_by_text("3 figures are watched; none of them in breach.")).to_be_visible(
        timeout=SOON
    )
    yuki.press(OWN.name)
    expect(heading(yuki.page, OWN.name)).to_be_visible(timeout=SOON)
    weeks = [datetime.now(UTC).date() - timedelta(weeks=number) for number in reversed(range(12))]
    readings = [{"key": f"{day}", "value": 4.1 if number < 2 else 4.8} for number, day in enumerate(weeks)]
    pushed = stage.ask("POST", "/monitors/error-of-the-day/readings", json={"readings": readings})
    assert pushed.json()["fires_at"] == [f"{weeks[-1]}"], pushed.text


def watch_a_published_series(stage: Stage, shared_data: Path) -> None:
    """A figure of one's own by the form; a published file is tried and then stored, on the screen."""
    rules = json.loads((shared_data / "expected" / "triggers.json").read_text("utf-8"))["rules"]
    rule = next(each for each in rules if each.get("rule") == RULE)
    yuki = stage.at(YUKI, "monitors", do="new")
    page = yuki.page
    yuki.fill("What is watched", PUBLISHED.name)
    choose(page, "Trouble is", "Above it")
    yuki.fill("Limit is", "0.25").fill("Breaches in a row", "3")
    leave_the_field(page)
    expect(page.get_by_text("It means trouble above 0.25, 3 times in a row")).to_be_visible(timeout=SOON)
    yuki.press("Watch it from now on")
    page.get_by_label("File of readings").set_input_files(shared_data / SERIES, timeout=SOON)
    yuki.press("Read the file")
    choose(page, "Column of the values", rule["column"])
    expect(page.get_by_text(f"It would fire at {', '.join(rule['fires_at'])},")).to_be_visible(timeout=SOON)
    yuki.press(f"Store {rule['points']} readings")


# ------------------------------------------------------------------ the loop


@pytest.mark.parametrize("watched", [OWN, PUBLISHED], ids=["readings by HTTP", "a published series"])
def test_from_a_release_to_a_breach_to_a_second_release(
    stage: Stage, watched: Watched, request: pytest.FixtureRequest
) -> None:
    launch(stage)
    if watched is OWN:
        watch_the_plan(stage)
    else:
        watch_a_published_series(stage, request.getfixturevalue("shared_data"))
    page = stage.hands[YUKI].page
    expect(page.get_by_text("An incident of")).to_be_visible(timeout=SOON)
    stale = page.get_by_text("The sign-off of Model validation at the Launch gate is stale.")
    expect(stale).to_contain_text(watched.name, timeout=SOON)
    assert stage.pipeline(FIRST) == (409, ["validation"])
    mend(stage, watched)
    assert stage.pipeline(FIRST) == (409, ["validation"]), "mended is not validated"
    validate(stage, watched)
    assert stage.pipeline(FIRST) == (200, [])
    sign_the_next_version(stage)
    assert stage.pipeline(SECOND) == (200, [])
    assert stage.pipeline(FIRST) == (409, [None]), "the old version is not the signed one any more"
    release_it(stage)


def launch(stage: Stage) -> None:
    """The approver lets the first release go live, the manager brings it to everybody."""
    axel = stage.at(AXEL, "gate", gate="launch")
    axel.click(axel.page.get_by_role("tab", name="Outcome")).press("Record go")
    expect(axel.page.get_by_text("Launch is decided: go")).to_be_visible(timeout=SOON)
    yuki = stage.at(YUKI, "releases")
    to_everybody(yuki)
    expect(yuki.page.get_by_text(f"Release 1 (version {FIRST}) is live for everybody")).to_be_visible(
        timeout=SOON
    )


def drawn(hand: Hand) -> Hand:
    """Once nothing is drawn any more: what opens meanwhile would close again."""
    app = hand.page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=SOON)
    return hand


def to_everybody(hand: Hand) -> None:
    drawn(hand).press("Next step")
    form = hand.page.get_by_test_id("stPopoverBody")
    hand.click(form.get_by_text("Everybody", exact=True)).press("Record this step")


def mend(stage: Stage, watched: Watched) -> None:
    """The engineer takes the incident on and records the fix, the technology owner signs it, the review is written."""
    tomas = stage.at(TOMAS, "incidents")
    page = tomas.page
    tomas.press(watched.breach)
    expect(heading(page, "Readings behind it")).to_be_visible(timeout=SOON)
    expect(page.get_by_text(FIRST)).to_be_visible()
    tomas.press("I see to it")
    expect(page.get_by_text("It is yours.")).to_be_visible(timeout=SOON)
    drawn(tomas).press("Record the fix")
    tomas.fill("Why it happened", "The vendor changed its weather model").fill(
        "What was done about it", "Trained again on the new one"
    )
    tomas.fill("Version with the fix (if any)", SECOND)
    tomas.click(page.get_by_test_id("stPopoverBody").get_by_role("button", name="Record the fix"))
    expect(page.get_by_text("The fix waits for its signature.")).to_be_visible(timeout=SOON)

    teo = stage.at(TEO, "incidents", incident="1")
    expect(heading(teo.page, "What happened")).to_be_visible(timeout=SOON)
    drawn(teo).press("Sign the fix").fill("What you looked at, or what is missing", "A year replayed").press(
        "Sign it"
    )
    expect(teo.page.get_by_text("The fix is signed.")).to_be_visible(timeout=SOON)

    stage.at(TOMAS, "incidents", incident="1")
    expect(page.get_by_text("A year replayed")).to_be_visible(timeout=SOON)
    drawn(tomas).press("Write the review")
    tomas.fill("What was learned, and what will be done otherwise", "Ask the vendor for notice")
    tomas.press("Close the incident")
    expect(page.get_by_text("The incident is closed.")).to_be_visible(timeout=SOON)


def validate(stage: Stage, watched: Watched) -> None:
    """The validator finds the Operate review asked for again, with the readings as its reason, and approves there."""
    vera = stage.at(VERA, "home")
    page = vera.page
    expect(page.get_by_text("Model validation at the Operate gate")).to_be_visible(timeout=SOON)
    stale = page.get_by_text("as Model validation at Launch")
    expect(stale).to_contain_text(watched.name)
    vera.press("Read and decide")
    expect(heading(page, f"Model validation: Operate gate of {NAME}")).to_be_visible(timeout=SOON)
    expect(page.get_by_text(watched.name).first).to_be_visible(timeout=SOON)
    vera.click(page.get_by_text("Approved", exact=True)).press("Sign approval")
    expect(page.get_by_text("Recorded: approved.")).to_be_visible(timeout=SOON)
    vera = stage.at(VERA, "home")
    expect(heading(page, "My work")).to_be_visible(timeout=SOON)
    drawn(vera)
    expect(page.get_by_text("have become stale")).to_have_count(0)


def sign_the_next_version(stage: Stage) -> None:
    """The engineer answers which version goes live; whoever signed the one before reads the difference and affirms."""
    tomas = stage.at(TOMAS, "worksheet", field="P01")
    question = tomas.page.locator(".st-key-question-0-P01")
    question.get_by_label("Version").fill(SECOND, timeout=SOON)
    leave_the_field(tomas.page)
    expect(question.get_by_text("Saved, just now")).to_be_visible(timeout=SOON)
    assert stage.pipeline(SECOND) == (409, ["approver", "technology"])
    for name in (AXEL, TEO):
        hand = stage.at(name, "home")
        hand.press("Read the difference")
        expect(hand.page.get_by_text(SECOND).first).to_be_visible(timeout=SOON)
        hand.fill("Your password", PASSWORD).press("Affirm again")
        expect(hand.page.get_by_text("Your decision stands again.")).to_be_visible(timeout=SOON)


def release_it(stage: Stage) -> None:
    yuki = stage.at(YUKI, "releases")
    page = yuki.page
    yuki.click(page.get_by_text("Make a release"))
    yuki.fill("What is new in it", "Knows the new weather model").press("Make the release")
    expect(page.get_by_text(f"Version {SECOND} is kept as a release.")).to_be_visible(timeout=SOON)
    to_everybody(yuki)
    expect(page.get_by_text(f"Release 2 (version {SECOND}) is live for everybody")).to_be_visible(
        timeout=SOON
    )
    stage.at(YUKI, "gate", gate="launch")
    expect(page.get_by_text("Nothing. The gate can be decided.")).to_be_visible(timeout=SOON)
