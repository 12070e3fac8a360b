"""Operate reviews, retirement and the change log through the actions, and who hears of the days ahead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import gates, operation, outbox, releases, surroundings
from lifecycle.errors import Forbidden, Invalid, NotFound, Refused
from lifecycle.facts.dated_answers import still_says
from lifecycle.queries import history, projects
from lifecycle.queries import operation as queries
from lifecycle.rules.operation import Verdict
from lifecycle.rules.releases import Move
from lifecycle.store.database import Database
from lifecycle.store.tables import CurrentAnswer, Event, Outbox, Project, Retirement
from lifecycle.vocabulary import COMMAND_LINE, Gate, Outcome, Role, Stage
from tests.clock import START
from tests.factories import VERSION, Cast, answer, cast, project, ready, ready_to_launch, source
from tests.rules.building import guide

TODAY = START.date()
LATER = START + timedelta(days=10)


@dataclass
class World:
    session: Session
    cast: Cast
    project_id: int

    def act(self, action: Any, by: Any = None, at: datetime = LATER, **given: Any) -> Any:
        by = by or self.cast.pat
        return action(self.session, by=by, at=at, guide=self.cast.guide, project_id=self.project_id, **given)

    def conclude(self, verdict: Verdict, by: Any = None, **given: Any) -> int:
        return int(self.act(operation.conclude_review, by=by, verdict=verdict, **given))

    def view(self, at: datetime = LATER) -> queries.OperationView:
        key = projects.key_of(self.session, project_id=self.project_id)
        return queries.view(self.session, by=self.cast.ann, at=at, guide=self.cast.guide, key=key)

    @property
    def project(self) -> Project:
        return self.session.get_one(Project, self.project_id)


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """Live since a moment ago."""
    with database.write() as session:
        everybody = cast(session)
        project_id = project(session, everybody)
        ready_to_launch(session, everybody, project_id)
        found = World(session, everybody, project_id)
        launch = {"gate": Gate.LAUNCH, "outcome": Outcome.GO}
        found.act(gates.decide, by=everybody.ann, at=START, **launch)
        yield found


# ---------------------------------------------------------------- the review


def test_a_review_is_concluded_with_the_evidence_as_it_was(world: World) -> None:
    ready(world.session, world.cast, world.project_id, Gate.OPERATE, LATER)
    shown = world.view().findings
    world.conclude(Verdict.RESTRICT, by=world.cast.ann, reason="Only the northern depots")
    (held,) = world.view(LATER + timedelta(days=1)).past
    assert (held.who, held.outcome, held.reason) == (
        "Ann",
        Outcome.GO_WITH_CONDITIONS,
        "Only the northern depots",
    )
    assert [(each.title, each.now) for each in held.evidence] == [(each.title, each.now) for each in shown]
    cycle = world.view(LATER + timedelta(days=1)).cycle
    assert cycle is not None
    assert (cycle.last_on, cycle.restricted_to) == (LATER.date(), "Only the northern depots")


def test_what_the_gate_refuses_the_review_refuses(world: World) -> None:
    with pytest.raises(Refused) as refused:
        world.conclude(Verdict.RE_APPROVE, by=world.cast.ann)
    assert refused.value.blockers == world.view().against[Verdict.RE_APPROVE]
    with pytest.raises(Invalid, match="limited to"):
        world.conclude(Verdict.RESTRICT, by=world.cast.ann, reason=" ")
    with pytest.raises(Forbidden):
        world.conclude(Verdict.RECYCLE, by=COMMAND_LINE, reason="x", to_stage=Stage.MODEL)


def test_a_product_sent_back_is_not_live_any_more(world: World) -> None:
    world.conclude(Verdict.RECYCLE, reason="It no longer fits", to_stage=Stage.MODEL)
    assert (world.project.stage, world.project.gate, world.view().cycle) == ("model", "model", None)


def test_a_rollback_makes_a_review_due_on_my_work(world: World) -> None:
    asked = {"by": world.cast.ann, "at": LATER, "guide": world.cast.guide}
    assert queries.due_reviews(world.session, **asked) == ()
    made = world.act(releases.create, model_version=VERSION)
    steps = {"by": world.cast.pat, "release_id": made}
    releases.step(world.session, at=LATER, guide=world.cast.guide, move=Move.CANARY, **steps)
    releases.roll_back(world.session, at=LATER, reason="Empty answers", **steps)
    (due,) = queries.due_reviews(world.session, **asked)
    assert due.because == (f"Release 1 (version {VERSION}) was rolled back on {LATER.date()}.",)
    assert queries.due_reviews(world.session, **{**asked, "by": world.cast[Role.PRIVACY]}) == ()


# ---------------------------------------------------------------- the end


ENDED = {
    "reason": "Letters went out of use",
    "told": {"Planners": TODAY},
    "downstream": "Nobody reads the file",
    "records_until": date(2027, 1, 1),
    "lessons": "Ask how many letters there will be",
}


def test_a_retired_product_keeps_who_was_told_and_what_was_learned(world: World) -> None:
    world.act(operation.retire, **ENDED)
    assert world.project.status == "retired"
    found = world.view().retirement
    assert found is not None
    assert (found.told, found.lessons) == ((("Planners", "2026-03-02"),), ENDED["lessons"])
    events = world.session.exec(
        select(Event).where(Event.action == "gate.decided", Event.subject == "gate:operate")
    )
    assert "retirement" in json.loads(events.one().detail)
    key = projects.key_of(world.session, project_id=world.project_id)
    told = history.events(world.session, by=world.cast.pat, at=LATER, guide=world.cast.guide, key=key).events
    assert told[0].sentence == "Gate Operate: stop; the product is retired"
    with pytest.raises(Refused, match="retired"):
        world.act(releases.create, model_version=VERSION)


def test_an_ending_without_its_parts_changes_nothing(world: World) -> None:
    for lacking in ("reason", "downstream", "lessons"):
        with pytest.raises(Invalid):
            world.act(operation.retire, **{**ENDED, lacking: " "})
    with pytest.raises(Refused, match="records are kept"):
        world.act(operation.retire, **{**ENDED, "records_until": None})
    assert world.session.exec(select(Retirement)).all() == []
    assert world.project.status == "live"


# ---------------------------------------------------------------- the change log


def test_changes_are_rows_of_the_answer_and_keep_their_ids(world: World) -> None:
    noted = {"kind": "vendor", "changed_on": TODAY}
    world.act(surroundings.note_change, change="New weather model", **noted)
    world.act(surroundings.note_change, change="Tariffs", **{**noted, "kind": "policy"}, assessed_on=TODAY)
    world.act(surroundings.assess_change, row_id="r1")
    stored = world.session.get_one(CurrentAnswer, (world.project_id, 0, "P10"))
    rows = json.loads(stored.value or "")
    assert [(row["id"], row["change"], row["impact_assessed"], row["assessed_on"]) for row in rows] == [
        ("r1", "New weather model", True, "2026-03-12"),
        ("r2", "Tariffs", True, "2026-03-02"),
    ]
    with pytest.raises(Refused, match="already"):
        world.act(surroundings.assess_change, row_id="r1")
    with pytest.raises(NotFound):
        world.act(surroundings.assess_change, row_id="r9")


def test_an_entry_that_cannot_be_is_refused_place_by_place(world: World) -> None:
    with pytest.raises(Invalid) as invalid:
        world.act(
            surroundings.note_change, change=" ", kind="weather", changed_on=LATER.date() + timedelta(days=1)
        )
    assert set(invalid.value.problems) == {"change", "kind", "date"}


# ---------------------------------------------------------------- telling ahead


def test_the_end_of_an_agreement_is_told_at_90_30_and_7_days_once_each(database: Database) -> None:
    with database.write() as session:
        everybody = cast(session, guide())
        project_id = project(session, everybody)
        source_id = source(session, everybody, project_id, "Weather")
        ends = TODAY + timedelta(days=100)
        answer(session, everybody, project_id, "X09", ends.isoformat(), source_id=source_id)
        told: list[int] = []
        for day in range(101):
            outbox.remind(session, at=START + timedelta(days=day))
            entries = session.exec(select(Outbox.kind).where(col(Outbox.kind) == "agreement.ends")).all()
            told.append(len(entries))
        steps = [day for day in range(1, 101) if told[day] > told[day - 1]]
        assert told[-1] == 3
        assert [100 - day for day in steps] == [90, 30, 7]
        seen = queries.days_of_portfolio(session, by=everybody.pat, at=START, within_days=365)
        assert [(each.on, each.kind, each.what) for each in seen] == [
            (ends, "agreement.ends", "the agreement for Weather")
        ]
        assert queries.days_of_portfolio(session, by=everybody.olu, at=START, within_days=365) == ()
        assert queries.days_of_portfolio(session, by=everybody.pat, at=START, within_days=90) == ()
        assert still_says(session, project_id, f"X09@{source_id}", ends)
        answer(
            session,
            everybody,
            project_id,
            "X09",
            (ends + timedelta(days=365)).isoformat(),
            source_id=source_id,
        )
        assert not still_says(session, project_id, f"X09@{source_id}", ends)
