"""From a reading to what follows: what is stored, what fires, what goes stale, who is told; in whatever order."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from lifecycle.actions import incidents, monitors, people
from lifecycle.actions.monitors import Pushed
from lifecycle.errors import Forbidden, Refused
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.rules.incidents import IncidentState
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.readings import NewReading, Problem
from lifecycle.rules.signoffs import stale_sign_offs
from lifecycle.rules.triggers import Direction, LimitKind, Missing, Point, TriggerRule, replay
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import (
    Event,
    Firing,
    Incident,
    IncidentNote,
    Invalidation,
    Outbox,
    Reading,
    ReadingBatch,
    Review,
)
from lifecycle.store.verification import verify_session
from lifecycle.vocabulary import COMMAND_LINE, SYSTEM, Actor, Gate, Role
from tests.clock import START
from tests.factories import Cast, answer, cast, decide, go_to, project, sign
from tests.trials import trials

DAY = timedelta(days=1)
BELOW = MonitorSpec("Hit rate", Direction.BELOW, threshold=0.8)
GOOD, BAD = 0.9, 0.7


class World:
    """A project with one monitor, in a transaction that is taken back."""

    def __init__(self, session: Session, everybody: Cast, spec: MonitorSpec = BELOW) -> None:
        self.session, self.cast = session, everybody
        self.project_id = project(session, everybody)
        self.monitor_id = self.watch(spec)

    def watch(self, spec: MonitorSpec) -> int:
        return monitors.create(
            self.session, by=self.cast.pat, at=START, project_id=self.project_id, spec=spec
        )

    def push(
        self, *readings: NewReading, at: datetime = START, by: Actor | None = None, **more: Any
    ) -> Pushed:
        return monitors.push(
            self.session,
            by=by or self.cast.pat,
            at=at,
            guide=self.cast.guide,
            monitor_id=self.monitor_id,
            readings=readings,
            **more,
        )

    def all(self, table: Any) -> list[Any]:
        return list(self.session.exec(select(table).order_by(col(table.id))))

    @property
    def told(self) -> list[str]:
        kinds = ("trigger.fired", "trigger.silent", "retraining.called")
        return [row.kind for row in self.all(Outbox) if row.kind in kinds]

    @property
    def holding(self) -> list[str]:
        return [row.key for row in self.all(Firing) if row.ended_at is None]


@pytest.fixture(scope="module")
def everybody(new_database: Callable[[], str]) -> Iterator[tuple[Database, Cast]]:
    opened = open_database(new_database())
    with opened.write() as session:
        made = cast(session)
    yield opened, made
    opened.dispose()


class Back(Exception):
    """Takes a transaction back."""


@pytest.fixture
def world(everybody: tuple[Database, Cast]) -> Iterator[World]:
    opened, made = everybody
    try:
        with opened.write() as session:
            yield World(session, made)
            raise Back
    except Back:
        pass


def on(day: int, value: float | None, **more: Any) -> NewReading:
    return NewReading(f"{(START - 60 * DAY + day * DAY):%Y-%m-%d}", value, **more)


def key_of(day: int) -> str:
    return on(day, None).key


# ---------------------------------------------------------------- what is stored


def test_batch_is_one_event_with_count_and_digest_and_pushing_it_again_is_none(world: World) -> None:
    before = len(world.all(Event))
    readings = [on(day, GOOD) for day in range(30)]
    first = world.push(*readings)
    assert (first.stored, first.unchanged, first.refused) == (30, 0, 0)
    assert len(world.all(Event)) == before + 1
    again = world.push(*readings, at=START + DAY)
    assert (again.stored, again.unchanged) == (0, 30)
    assert len(world.all(Event)) == before + 1
    more = world.push(*readings, on(30, GOOD))
    assert (more.stored, more.unchanged) == (1, 30)
    assert len(world.all(Reading)) == 31
    assert verify_session(world.session).intact


def test_another_value_under_a_known_key_refuses_the_whole_batch_and_names_the_key(world: World) -> None:
    world.push(on(1, GOOD), on(2, GOOD))
    with pytest.raises(Refused, match=key_of(2)):
        world.push(on(3, GOOD), on(2, BAD))
    assert [row.key for row in world.all(Reading)] == [key_of(1), key_of(2)]
    assert world.push(on(3, GOOD), on(2, GOOD)).stored == 1


def test_what_cannot_be_taken_is_named_and_the_rest_is_stored(world: World) -> None:
    pushed = world.push(
        on(1, GOOD),
        on(2, None),
        on(2, None),
        NewReading(" ", GOOD),
        NewReading("x" * 300, GOOD),
        on(3, float("inf")),
        unreadable=[Problem("Row 9", "“low” is not a number.")],
    )
    assert (pushed.stored, pushed.missing, pushed.unchanged, pushed.refused) == (2, 1, 1, 4)
    (batch,) = world.all(ReadingBatch)
    assert (batch.stored, batch.missing, batch.refused) == (2, 1, 4)
    assert "Row 9" in batch.problems


def test_a_time_that_a_file_repeats_names_its_readings_in_their_order(world: World) -> None:
    readings = [NewReading("2014-03-09 03:00:00", value) for value in (0.91, 0.92, 0.91, 0.93)]
    assert world.push(*readings).stored == 3
    keys = [row.key for row in world.all(Reading)]
    assert keys == ["2014-03-09 03:00:00", "2014-03-09 03:00:00 #2", "2014-03-09 03:00:00 #3"]
    assert (world.push(*readings).stored, world.push(*readings).unchanged) == (0, 4)


def test_late_readings_are_counted_and_keys_without_time_come_in_the_order_of_arrival(world: World) -> None:
    assert world.push(on(5, GOOD)).late == 0
    assert world.push(on(4, GOOD), on(6, GOOD)).late == 1
    run = MonitorSpec("Runs", Direction.BELOW, threshold=0.8, consecutive=2)
    world.monitor_id = world.watch(run)
    world.push(NewReading("run-b", BAD))
    assert world.push(NewReading("run-a", BAD), at=START + DAY).fires_at == ("run-a",)


@pytest.mark.parametrize("role", [Role.READER, None])
def test_who_only_reads_pushes_nothing_and_the_command_line_may(world: World, role: Role | None) -> None:
    if role:
        people.give_project_role(
            world.session,
            by=world.cast.pat,
            at=START,
            person_key=world.cast.olu.key,
            role=role,
            project_id=world.project_id,
        )
    with pytest.raises(Forbidden):
        world.push(on(1, GOOD), by=world.cast.olu)
    assert world.push(on(1, GOOD), by=COMMAND_LINE).stored == 1


def test_changed_reading_is_found_by_verification(world: World) -> None:
    world.push(on(1, GOOD), on(2, GOOD))
    if world.session.get_bind().dialect.name != "sqlite":
        pytest.skip("drops SQLite's triggers")
    world.session.connection().exec_driver_sql("DROP TRIGGER reading_refuses_update")
    world.session.connection().exec_driver_sql("UPDATE reading SET value = 0.95 WHERE id = 2")
    (fault,) = verify_session(world.session).row_faults
    assert "was changed past the log" in fault.sentence or "were changed past the log" in fault.sentence


# ---------------------------------------------------------------- what fires


def test_a_firing_opens_one_incident_and_later_ones_join_it_until_it_is_mended(world: World) -> None:
    first = world.push(on(1, GOOD), on(2, BAD), on(3, BAD))
    assert first.fires_at == (key_of(2),)
    assert world.push(on(4, BAD)).fires_at == (), "one firing for a run"
    assert world.push(on(5, GOOD), on(6, BAD)).incident_id == first.incident_id
    (incident,) = world.all(Incident)
    assert (incident.kind, incident.state, incident.opened_by) == ("trigger", "open", SYSTEM.key)
    assert incident.title == "Hit rate fell below 0.8"
    assert world.told == ["trigger.fired", "trigger.fired"]

    fixed = {"cause": "A feed changed", "fix": "Mapped it"}
    incidents.record_fix(
        world.session, by=world.cast.pat, at=START, guide=world.cast.guide, incident_id=incident.id, **fixed
    )
    second = world.push(on(7, GOOD), on(8, BAD))
    assert second.incident_id not in (None, first.incident_id)


def test_an_improvement_against_the_baseline_is_no_breach(world: World) -> None:
    spec = MonitorSpec(
        "Error", Direction.ABOVE, limit_kind=LimitKind.CHANGE_SHARE, threshold=0.1, baseline=2.0
    )
    world.monitor_id = world.watch(spec)
    assert world.push(on(1, 0.1), on(2, 2.19)).breaches == 0
    assert world.push(on(3, 2.21)).fires_at == (key_of(3),)


def test_a_changed_rule_judges_what_comes_from_then_on(world: World) -> None:
    world.push(on(1, 0.85), on(2, 0.85))
    stricter = replace(BELOW, threshold=0.88)
    monitors.change(
        world.session, by=world.cast.pat, at=START, monitor_id=world.monitor_id, base=1, spec=stricter
    )
    assert world.push(on(0, 0.5)).fires_at == (), "too late for the new rule"
    assert world.push(on(3, 0.85)).fires_at == (key_of(3),)


def test_a_paused_monitor_stores_and_does_not_fire(world: World) -> None:
    monitors.pause(world.session, by=world.cast.pat, at=START, monitor_id=world.monitor_id, reason="A test")
    assert world.push(on(1, BAD)).fires_at == ()
    monitors.resume(world.session, by=world.cast.pat, at=START, monitor_id=world.monitor_id)
    assert world.push(on(2, BAD)).fires_at == (key_of(2),)
    assert len(world.all(Reading)) == 2


def test_correction_is_a_new_row_and_the_series_is_judged_with_it(world: World) -> None:
    world.push(on(1, GOOD), on(2, BAD), on(3, GOOD))
    given = {"by": world.cast.pat, "at": START, "guide": world.cast.guide, "monitor_id": world.monitor_id}
    undone = monitors.correct(world.session, **given, key=key_of(2), value=GOOD, reason="Misread")
    assert undone.ended == (key_of(2),)
    assert world.holding == []
    assert [row.key for row in world.all(Firing)] == [key_of(2)], "it stays on record"
    assert any("no longer" in row.text for row in world.all(IncidentNote))
    assert world.push(on(2, BAD)).unchanged == 1, "what was sent is known"
    done = monitors.correct(world.session, **given, key=key_of(3), value=0.1, reason="Misread too")
    assert done.fires_at == (key_of(3),)
    assert verify_session(world.session).intact


# ---------------------------------------------------------------- in whatever order

values = st.lists(st.sampled_from([GOOD, BAD, None]), min_size=1, max_size=14)
specs = st.builds(
    MonitorSpec,
    st.just("Anything"),
    st.just(Direction.BELOW),
    threshold=st.just(0.8),
    consecutive=st.integers(1, 3),
    lasting_seconds=st.sampled_from([None, 86_400, 2 * 86_400]),
    missing=st.sampled_from(Missing),
)


@settings(max_examples=trials(60))
@given(values, specs, st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_order_of_arrival_does_not_change_what_fired_in_the_end(
    everybody: tuple[Database, Cast],
    values: list[float | None],
    spec: MonitorSpec,
    chance: random.Random,
    size: int,
) -> None:
    readings = [on(day, value) for day, value in enumerate(values)]
    lasting = None if spec.lasting_seconds is None else timedelta(seconds=spec.lasting_seconds)
    rule = TriggerRule(spec.direction, spec.consecutive, spec.missing, lasting)
    points = [Point(each.key, each.value, 0.8, START + day * DAY) for day, each in enumerate(readings)]
    expected = {points[index].key for index in replay(points, rule).fires_at}
    opened, made = everybody
    try:
        with opened.write() as session:
            world = World(session, made, spec)
            shuffled = chance.sample(readings, len(readings))
            for start in range(0, len(shuffled), size):
                world.push(*shuffled[start : start + size])
            assert set(world.holding) == expected
            assert world.push(*shuffled).stored == 0
            assert set(world.holding) == expected
            assert len(world.all(Incident)) == min(1, len(world.all(Firing)))
            raise Back
    except Back:
        pass


# ---------------------------------------------------------------- what follows


@pytest.fixture
def live(world: World) -> World:
    """In operation, with everybody's sign-offs at Launch."""
    go_to(world.session, world.cast, world.project_id, Gate.OPERATE)
    return world


def stale(world: World, at: datetime = START) -> list[tuple[str, str]]:
    today = organisation_today(world.session, at)
    facts = load_facts(world.session, world.project_id, today=today, guide=world.cast.guide)
    return [(fact.role.value, fact.gate.value) for fact in stale_sign_offs(facts, world.cast.guide)]


def test_firing_makes_the_validation_sign_off_stale_and_asks_for_the_operate_review(live: World) -> None:
    answer(live.session, live.cast, live.project_id, "R21", {"tier": 3, "why": "Customers see it"})
    for gate in (Gate.MODEL, Gate.LAUNCH):
        sign(live.session, live.cast, live.project_id, gate, Role.VALIDATION)
    before, later = set(stale(live)), START + DAY
    pushed = live.push(on(1, GOOD), on(2, BAD), at=later)
    assert set(stale(live, later)) - before == {("validation", "launch")}
    (ground,) = live.all(Invalidation)
    assert ground.cause == f"incident:{pushed.incident_id}"
    assert ground.detail == f"“Hit rate” was below 0.8: {key_of(2)} (0.7)."
    (review,) = [row for row in live.all(Review) if row.gate == "operate"]
    assert (review.role, review.state, review.requested_by) == ("validation", "open", SYSTEM.key)
    assert review.message == ground.detail

    live.push(on(3, GOOD), on(4, BAD), at=later)
    assert len(live.all(Invalidation)) == 1, "once for an incident"
    assert len([row for row in live.all(Review) if row.gate == "operate"]) == 1
    newest = live.all(Event)[-1]
    assert newest.action == "readings.pushed", "one event for all of it"

    decide(live.session, live.cast, review.id, at=later)
    assert ground.closed_at == later, "approving further use after it settles the Launch approval too"
    assert set(stale(live, later)) - before == set()


def test_retraining_is_called_for_once_where_the_monitor_says_so(world: World) -> None:
    world.monitor_id = world.watch(replace(BELOW, name="Other", calls_retraining=True))
    world.push(on(1, BAD), on(2, BAD))
    world.push(on(3, BAD))
    assert world.told == ["trigger.fired", "retraining.called"]


def test_silence_fires_once_for_each_lapse(world: World) -> None:
    world.monitor_id = world.watch(replace(BELOW, name="Weekly", expected_seconds=7 * 86_400))
    given = {"by": SYSTEM, "guide": world.cast.guide, "monitor_id": world.monitor_id}
    record = monitors.record_silence
    assert not record(world.session, at=START + 7 * DAY, **given)
    assert record(world.session, at=START + 8 * DAY, **given)
    assert not record(world.session, at=START + 9 * DAY, **given)
    world.push(NewReading("2026-03-12", GOOD), at=START + 10 * DAY)
    assert not record(world.session, at=START + 12 * DAY, **given)
    assert record(world.session, at=START + 18 * DAY, **given)
    assert world.told == ["trigger.silent", "trigger.silent"]
    (incident,) = world.all(Incident)
    assert (incident.kind, incident.started_at) == ("silence", START)


# ---------------------------------------------------------------- the course of an incident


def _fixed(world: World) -> int:
    incident_id = world.push(on(1, BAD)).incident_id
    assert incident_id is not None
    incidents.record_fix(
        world.session,
        by=world.cast.pat,
        at=START + DAY,
        guide=world.cast.guide,
        incident_id=incident_id,
        cause="A feed changed",
        fix="Mapped it",
        restored_at=START + DAY,
    )
    return incident_id


def _sign(world: World, by: Actor, incident_id: int, **more: Any) -> None:
    incidents.sign_fix(
        world.session, by=by, at=START + DAY, guide=world.cast.guide, incident_id=incident_id, **more
    )


def test_the_fix_is_signed_by_whom_the_release_path_names_and_never_by_whoever_made_it(world: World) -> None:
    tom, priya = world.cast[Role.TECHNOLOGY], world.cast[Role.PRIVACY]
    for who in (tom, priya):
        role = Role.TECHNOLOGY if who is tom else Role.PRIVACY
        people.give_project_role(
            world.session,
            by=world.cast.pat,
            at=START,
            person_key=who.key,
            role=role,
            project_id=world.project_id,
        )
    incident_id = _fixed(world)
    with pytest.raises(Refused, match="technology owner"):
        _sign(world, priya, incident_id)
    named = {
        "path": "Triage, fix, test",
        "signer": f"@{priya.key}",
        "second_person": f"@{world.cast.pat.key}",
    }
    answer(world.session, world.cast, world.project_id, "R22", named)
    with pytest.raises(Refused, match="Priya or Pat"):
        _sign(world, tom, incident_id)
    with pytest.raises(Refused, match="somebody else"):
        _sign(world, world.cast.pat, incident_id)
    departments = {"path": "Triage", "signer": "Field systems", "second_person": "Control on duty"}
    answer(world.session, world.cast, world.project_id, "R22", departments)
    with pytest.raises(Refused, match="names nobody of this project"):
        _sign(world, priya, incident_id)
    answer(world.session, world.cast, world.project_id, "R22", named)
    _sign(world, priya, incident_id, accepted=False, text="It still shows the old depot")
    assert world.session.get_one(Incident, incident_id).state == IncidentState.WORKING
    with pytest.raises(Refused):
        _sign(world, priya, incident_id)


def test_an_incident_is_closed_after_its_review_alone(world: World) -> None:
    incident_id = _fixed(world)
    common = {"by": world.cast.pat, "at": START + DAY, "incident_id": incident_id}
    with pytest.raises(Refused, match="signed before"):
        incidents.close(world.session, **common, lessons="None")
    tom = world.cast[Role.TECHNOLOGY]
    people.give_project_role(
        world.session,
        by=world.cast.pat,
        at=START,
        person_key=tom.key,
        role=Role.TECHNOLOGY,
        project_id=world.project_id,
    )
    _sign(world, tom, incident_id)
    incidents.close(world.session, **common, lessons="Feeds announce changes")
    incidents.reopen(world.session, **common, reason="It came back")
    incident = world.session.get_one(Incident, incident_id)
    assert (incident.state, incident.signed_by, incident.restored_at) == ("working", None, None)


def test_a_plan_becomes_monitors_with_one_click_and_only_once(world: World) -> None:
    rows = [
        {"id": "r1", "metric": "Hits", "watches": "business", "direction": "below", "threshold": "84",
         "window": {"amount": "2", "unit": "weeks"}, "owner": f"@{world.cast.pat.key}", "action": "Retrain"},
        {"id": "r2", "metric": "No limit yet", "watches": "quality"},
    ]  # fmt: skip
    answer(world.session, world.cast, world.project_id, "R13", rows)
    given = {"by": world.cast.pat, "at": START, "guide": world.cast.guide, "project_id": world.project_id}
    (made,) = monitors.create_from_plan(world.session, **given)
    row = monitors.existing(world.session, made)
    assert (row.key, row.threshold, row.lasting_seconds, row.owner) == (
        "hits",
        84,
        14 * 86_400,
        world.cast.pat.key,
    )
    assert row.calls_retraining
    with pytest.raises(Refused):
        monitors.create_from_plan(world.session, **given)
