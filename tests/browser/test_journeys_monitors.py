"""An open page of monitors: readings that a program pushes show the breach, the incident and the stale sign-off."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from scripts.example import Example, example
from scripts.serving import ROOT
from tests.browser.conftest import NewContext
from tests.browser.steps import SOON

PROJECT, MONITOR = "shelf-gap-finder", "real-gaps-among-the-first-three-named"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Example]:
    """An example of its own, because readings are pushed into it."""
    with example(tmp_path) as shown:
        yield shown


def push(shown: Example, text: str) -> None:
    """As a program does it, in another process."""
    command = [sys.executable, "-m", "lifecycle", "readings", "push", PROJECT, MONITOR, "-"]
    environment = {**os.environ, "LIFECYCLE_DATABASE_URL": shown.server.database_url}
    subprocess.run(command, cwd=ROOT, env=environment, input=text.encode(), check=True, capture_output=True)


def test_breach_incident_and_stale_sign_off_appear_on_an_open_page(
    own: Example, new_context: NewContext, console_errors: list[str]
) -> None:
    context = new_context()
    own.sign_in(context, "Omar Mockup")
    page = context.new_page()
    page.goto(f"{own.server.url}/monitors?project={PROJECT}&monitor={MONITOR}")
    expect(page.get_by_text("none of them in breach")).to_be_visible(timeout=SOON)
    asked = page.evaluate("() => performance.getEntriesByType('navigation').length")

    today = datetime.now(UTC).date()
    push(own, f"day,value\n{today},0.41\n{today + timedelta(days=7)},0.4\n")  # below for a week

    expect(page.get_by_text("in breach.", exact=False).first).to_be_visible(timeout=SOON)
    expect(page.get_by_text("An incident of")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("The sign-off of Approver at the Launch gate is stale.")).to_be_visible(
        timeout=SOON
    )
    assert page.evaluate("() => performance.getEntriesByType('navigation').length") == asked

    page.get_by_role("button", name="Open the incident").click()
    expect(page.get_by_role("heading", name="fell below 0.55")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="I see to it").click()
    expect(page.get_by_text("Being worked on").first).to_be_visible(timeout=SOON)
