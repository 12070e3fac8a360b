"""Input that is too long, of the wrong kind or dressed up as code: a sentence or the text itself, never more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect
from sqlmodel import col, select

from lifecycle.store.database import open_database
from lifecycle.store.tables import Answer, Project
from scripts.serving import Server
from tests.browser.steps import SOON, heading, leave_the_field, open_section, register, set_up

WINDOW = "The decision and its window of time"
LONG = "x" * 100_000
DRESSED_UP = (
    "<script>alert(1)</script> [go](javascript:alert(2)) :red[no] :material/home: $x^2$ **b** {{7*7}} %s"
)
SHOWN = DRESSED_UP.replace(":material", ":\u2060material")  # an invisible mark, or an icon would replace it
FORMULA = "=1+1"
RIGHT_TO_LEFT = "תחזית הזמנות לעונה"
TURNED_AROUND = "safe\u202egpj.exe"  # everything after the mark would be shown backwards


@pytest.fixture
def dialogs(page: Page) -> Iterator[list[str]]:
    """Nothing that anybody typed may ever run."""
    opened: list[str] = []

    def note(dialog: Dialog) -> None:
        opened.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    yield opened
    assert opened == []


def project_names(server: Server) -> list[str]:
    database = open_database(server.database_url)
    with database.read() as session:
        found = list(session.exec(select(Project.name).order_by(col(Project.id))))
    database.dispose()
    return found


def versions(server: Server, field_id: str) -> list[Any]:
    database = open_database(server.database_url)
    with database.read() as session:
        statement = select(Answer.value).where(col(Answer.field_id) == field_id)
        found = [json.loads(value or "null") for value in session.exec(statement)]
    database.dispose()
    return found


@pytest.mark.usefixtures("dialogs")
def test_names_dressed_up_as_code_are_shown_as_they_are(server: Server, page: Page) -> None:
    nora = set_up(page, server)
    nora.follow("New project").fill("Name", LONG).press("Register project")
    expect(page.get_by_text("This is 100,000 characters long; at most 400 can be kept.")).to_be_visible(
        timeout=SOON
    )
    expect(page.get_by_label("Name", exact=True)).to_have_value(LONG)
    assert project_names(server) == []

    nora.fill("Name", DRESSED_UP).fill("Purpose", DRESSED_UP).fill("Owning unit", FORMULA)
    nora.press("Register project")

    expect(heading(page, "Discovery worksheet")).to_be_visible(timeout=SOON)
    assert project_names(server) == [DRESSED_UP]
    expect(page.get_by_text(f"{SHOWN}. Choose a problem")).to_be_visible()
    nora.follow("People")
    nora.click(page.get_by_label("Project (optional)"))
    expect(page.get_by_role("option", name=DRESSED_UP, exact=True)).to_be_visible(timeout=SOON)
    expect(page.get_by_role("link", name="go")).to_have_count(0)
    assert "Traceback" not in server.output()


@pytest.mark.usefixtures("dialogs")
def test_answers_that_cannot_be_taken_stay_on_the_screen_with_a_sentence(server: Server, page: Page) -> None:
    nora = set_up(page, server)
    register(nora, "Orders")
    open_section(nora, WINDOW)

    nora.fill("Decision that changes", LONG)
    leave_the_field(page)
    expect(page.get_by_text("is 100,000 characters long; at most 20,000 can be kept.")).to_be_visible(
        timeout=SOON
    )
    for number in ("about 120", "1e999", "NaN", "-5", "１２０x"):
        nora.fill("Capacity to act (cases per week)", number)
        leave_the_field(page)
        said = page.get_by_text(re.compile(r"needs a (finite )?number|the least possible is 0"))
        expect(said).to_be_visible(timeout=SOON)
        expect(page.get_by_label("Capacity to act (cases per week)")).to_have_value(number)
        nora.fill("Capacity to act (cases per week)", "120")
        leave_the_field(page)
        expect(said).to_be_hidden(timeout=SOON)

    assert versions(server, "D03") == []
    assert set(versions(server, "D38")) == {"120"}
    assert "Traceback" not in server.output()


@pytest.mark.usefixtures("dialogs")
def test_text_of_any_script_comes_back_as_it_was_typed(server: Server, page: Page) -> None:
    nora = set_up(page, server)
    register(nora, RIGHT_TO_LEFT)
    open_section(nora, WINDOW)
    expect(page.get_by_text(f"{RIGHT_TO_LEFT}. Choose a problem")).to_be_visible()
    text = f"{DRESSED_UP}\n{RIGHT_TO_LEFT}\n{FORMULA}\u200b"
    nora.fill("Decision that changes", text)
    leave_the_field(page)
    expect(page.get_by_text("Saved, just now")).to_be_visible(timeout=SOON)

    page.reload()

    expect(page.get_by_label("Decision that changes")).to_have_value(text, timeout=SOON)
    assert versions(server, "D03") == [text]
    expect(page.get_by_role("link", name="go")).to_have_count(0)
