"""A project that was brought in as a document, on every page that shows it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from lifecycle.actions import evidence
from lifecycle.actions.documents import import_document
from lifecycle.events import EventAction
from lifecycle.facts.documents import read_document
from lifecycle.queries.portfolio_summary import summary
from lifecycle.rules.evidence import FileContent
from lifecycle.store.tables import Event
from lifecycle.vocabulary import Decision, Gate, Role
from tests import factories as make
from tests.clock import START
from tests.pages.conftest import See, turn_to, words
from tests.screens import Screens


@pytest.fixture
def brought_in(screens: Screens) -> str:
    """Orders with decisions, a file and a data source, brought in again by Olu, two days later; its key."""
    everybody, project_id = screens.cast, screens.project_id
    with screens.database.write() as session:
        source = make.source(session, everybody, project_id, "Vendor feed")
        make.answer(session, everybody, project_id, "X03", "vendor", source_id=source)
        make.answer(session, everybody, project_id, "D15", "6 months")
        make.sign(session, everybody, project_id, Gate.DISCOVERY, Role.TECHNOLOGY)
        unhappy = {"comment": "For whom?\nSay more", "fields": ["D25"]}
        make.sign(
            session, everybody, project_id, Gate.DESIGN, Role.PRIVACY, Decision.CHANGES_REQUESTED, **unhappy
        )
        make.gates.add_condition(
            session,
            by=everybody.pat,
            at=START,
            guide=everybody.guide,
            project_id=project_id,
            gate=Gate.DISCOVERY,
            text="Name a second owner",
            owner=f"@{everybody.pat.key}",
            due_on=date(2027, 4, 2),
        )
        evidence.add(
            session,
            by=everybody.pat,
            at=START,
            guide=everybody.guide,
            project_id=project_id,
            field_id="D01",
            title="Study",
            content=FileContent("a" * 64, 12, "text/plain", "study.txt"),
        )
        whole = read_document(session, project_id, guide=everybody.guide)
        done = import_document(
            session,
            by=everybody.olu,
            at=START + timedelta(days=2),
            guide=everybody.guide,
            document=whole,
            digest="0" * 64,
        )
    return done.key


@pytest.mark.parametrize("page", ["project", "worksheet", "sources", "gate", "evidence", "plan", "history"])
def test_every_page_shows_it(see: See, screens: Screens, brought_in: str, page: str) -> None:
    assert not see(page, screens.cast.olu, project=brought_in).exception


def test_what_was_decided_elsewhere_is_called_so(see: See, screens: Screens, brought_in: str) -> None:
    history = see("history", screens.cast.olu, project=brought_in)
    assert "brought in with a document" in words(history)
    turn_to(history, "history", "Signatures")
    assert not history.exception
    said = words(history)
    assert "Recorded elsewhere" in said
    assert "For whom?" in said
    gate = words(see("gate", screens.cast.olu, project=brought_in, gate="discovery"))
    assert "Technology owner decided elsewhere, which does not count here" in gate
    assert "Recorded elsewhere" in gate
    own = words(see("history", screens.cast.pat, project=screens.project))
    assert "elsewhere" not in own


def test_it_was_not_here_before_it_came(screens: Screens, brought_in: str) -> None:
    with screens.database.read() as session:
        imported = select(col(Event.at)).where(col(Event.action) == EventAction.PROJECT_IMPORTED.value)
        came = date.fromisoformat(session.execute(imported).scalar_one()[:10])
        for day, count in ((came - timedelta(days=1), 1), (came, 2)):
            found = summary(session, by=screens.cast.ada, today=came, as_of=day)
            assert found.total == count
