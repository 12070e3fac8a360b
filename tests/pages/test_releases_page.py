"""Releases and Operation: what is shown, one form of each that goes through, one that is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from lifecycle.actions import gates, releases
from lifecycle.rules.releases import Move
from lifecycle.store.tables import CurrentAnswer, Project, ReleaseStep, Retirement
from lifecycle.vocabulary import Gate, Outcome
from tests.factories import VERSION, answer, ready_to_launch, small_guide
from tests.pages.conftest import See, press, words
from tests.screens import Screens

BEFORE = datetime.now(UTC) - timedelta(
    days=5
)  # the pages go by the clock; nothing here depends on which day it is


@pytest.fixture
def live(screens: Screens) -> Screens:
    """Orders is live with its first release; its gates were passed by the small guide, which takes a second."""
    everybody = replace(screens.cast, guide=small_guide())
    common: dict[str, Any] = {"at": BEFORE, "guide": everybody.guide}
    with screens.database.write() as session:
        ready_to_launch(session, everybody, screens.project_id, BEFORE)
        launch = {"gate": Gate.LAUNCH, "outcome": Outcome.GO, "project_id": screens.project_id}
        gates.decide(session, by=everybody.ann, **common, **launch)
        made = releases.create(
            session, by=everybody.pat, **common, project_id=screens.project_id, model_version=VERSION
        )
        releases.step(session, by=everybody.pat, **common, release_id=made, move=Move.CANARY)
        releases.step(session, by=everybody.pat, **common, release_id=made, move=Move.FULL)
    return screens


def test_a_page_without_a_release_says_what_one_is_and_what_is_in_its_way(see: See, screens: Screens) -> None:
    app = see("releases", screens.cast.pat, project=screens.project)
    assert "No release yet" in words(app)
    assert "The project is in Discovery. Releases are made in Production." in words(app)
    assert "No version is signed yet" not in words(app)


def test_a_release_is_shown_with_its_way_and_rolled_back(see: See, live: Screens) -> None:
    app = see("releases", live.cast.pat, project=live.project)
    assert not app.exception
    assert f"Release 1 (version {VERSION}) is live for everybody" in words(app)
    assert "1 release reached users in the last three months; none had to be taken back" in words(app)

    press(app, "Record the rollback")
    assert "Say what went wrong." in words(app)
    app.text_area(key="back:1:reason").set_value("Half of the answers were empty")
    press(app, "Record the rollback")
    assert not app.exception
    assert "Nothing is live for everybody." in words(app)
    with live.database.read() as session:
        last = session.exec(select(ReleaseStep).order_by(ReleaseStep.id.desc())).first()  # type: ignore[union-attr]
    assert last is not None
    assert (last.move, last.note) == ("rolled_back", "Half of the answers were empty")


def test_whoever_only_reads_sees_releases_and_no_form(see: See, live: Screens) -> None:
    app = see("releases", live.cast.ann, project=live.project)
    assert "is live for everybody" in words(app)
    assert not [
        button for button in app.button if button.label in ("Record the rollback", "Make the release")
    ]


def test_a_change_is_noted_and_assessed(see: See, live: Screens) -> None:
    app = see("operation", live.cast.pat, project=live.project)
    assert not app.exception
    assert "Nothing is noted." in words(app)
    press(app, "Note the change")
    assert "Say what changed." in words(app)
    app.text_input(key="change:new:change").set_value("New *weather* model")
    app.selectbox(key="change:new:kind").set_value("vendor")
    app.date_input(key="change:new:on").set_value(BEFORE.date())
    press(app, "Note the change")
    assert not app.exception
    assert "New *weather* model" in words(app)
    press(app, "Its impact is assessed")
    with live.database.read() as session:
        stored = session.get_one(CurrentAnswer, (live.project_id, 0, "P10")).value
    (row,) = json.loads(stored or "[]")
    assert (row["kind"], row["impact_assessed"]) == ("vendor", True)
    assert "1 change is noted, and its impact assessed." in words(app)


def test_a_product_is_not_retired_before_everybody_who_uses_it_was_told(see: See, live: Screens) -> None:
    consumers = [{"id": "r1", "name": "Planners", "kind": "team", "customer_facing": False, "outside": False}]
    with live.database.write() as session:
        answer(session, live.cast, live.project_id, "D16", consumers, at=BEFORE)
    app = see("operation", live.cast.pat, project=live.project)
    for key, said in (("reason", "Out of use"), ("downstream", "Nobody reads it"), ("lessons", "Ask first")):
        app.text_area(key=f"retire:{key}").set_value(said)
    app.date_input(key="retire:records").set_value(date(2099, 1, 1))
    press(app, "Retire the product")
    assert "Planners uses the output. Say when they were told." in words(app)
    with live.database.read() as session:
        assert session.get_one(Project, live.project_id).status == "live"

    app.date_input(key="retire:told:0").set_value(BEFORE.date())
    press(app, "Retire the product")
    assert not app.exception
    assert "by Pat: Out of use" in words(app)
    with live.database.read() as session:
        assert session.get_one(Project, live.project_id).status == "retired"
        assert session.exec(select(Retirement.lessons)).one() == "Ask first"
