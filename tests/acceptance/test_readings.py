"""Readings under stress: ten writers at once, a server killed while a trigger fires, jobs that run twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from lifecycle.actions import monitors
from lifecycle.jobs import Jobs
from lifecycle.rules.incidents import IncidentSeverity
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.readings import NewReading
from lifecycle.rules.triggers import Direction, Point, TriggerRule, replay
from lifecycle.settings import Settings
from lifecycle.store.database import Database
from lifecycle.store.tables import Firing, Incident, Outbox, Reading, ReadingBatch
from lifecycle.store.verification import verify_session
from lifecycle.vocabulary import COMMAND_LINE
from tests.clock import START, Clock
from tests.factories import Cast, cast, project, small_guide
from tests.store.rows import start_process, wait_for

BELOW = MonitorSpec("Hit rate", Direction.BELOW, threshold=0.8, consecutive=2)
WRITERS, EACH = 10, 300
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """A project with one monitor."""

    database: Database
    url: str
    cast: Cast
    project_id: int
    monitor_id: int


@pytest.fixture
def place(database: Database, database_url: str) -> Place:
    with database.write() as session:
        everybody = cast(session)
        project_id = project(session, everybody)
        spec = {"project_id": project_id, "spec": BELOW}
        monitor_id = monitors.create(session, by=everybody.pat, at=START, **spec)  # type: ignore[arg-type]
    return Place(database, database_url, everybody, project_id, monitor_id)


def reading(number: int) -> NewReading:
    """One an hour; now and then two or more in a row are in breach."""
    value = 0.7 if number % 17 in (3, 4, 5) or number % 29 == 0 else 0.9
    return NewReading(f"{START + timedelta(hours=number):%Y-%m-%d %H:%M}", value)


def push(session: Session, monitor_id: int, readings: list[NewReading]) -> monitors.Pushed:
    about: dict[str, Any] = {"guide": small_guide(), "monitor_id": monitor_id, "readings": readings}
    return monitors.push(session, by=COMMAND_LINE, at=START, **about)


def expected(readings: list[NewReading]) -> list[str]:
    points = [Point(each.key, each.value, 0.8) for each in readings]
    return [points[index].key for index in replay(points, TriggerRule(Direction.BELOW, 2)).fires_at]


def standing_firings(session: Session) -> list[str]:
    rows = session.exec(select(Firing).where(col(Firing.ended_at).is_(None)).order_by(col(Firing.at)))
    return [row.key for row in rows]


def test_ten_writers_lose_nothing_and_count_nothing_twice(place: Place) -> None:
    """Each pushes its own tenth and half of its neighbour's, in small batches and in an order of its own."""
    readings = [reading(number) for number in range(WRITERS * EACH)]

    def work(writer: int) -> Callable[[Database], None]:
        def push_all(database: Database) -> None:
            mine = readings[writer::WRITERS] + readings[(writer + 1) % WRITERS :: WRITERS][: EACH // 2]
            random.Random(writer).shuffle(mine)
            for start in range(0, len(mine), 50):
                with database.write() as session:
                    push(session, place.monitor_id, mine[start : start + 50])

        return push_all

    place.database.dispose()
    processes = [start_process(work(writer), place.url) for writer in range(WRITERS)]
    assert [wait_for(process) for process in processes] == [0] * WRITERS
    with place.database.read() as session:
        keys = session.exec(select(Reading.key)).all()
        assert len(keys) == len(readings)
        assert set(keys) == {each.key for each in readings}
        stored = session.exec(select(func.sum(col(ReadingBatch.stored)))).one()
        unchanged = session.exec(select(func.sum(col(ReadingBatch.unchanged)))).one()
        assert stored == len(readings)
        assert unchanged <= WRITERS * (EACH // 2), "batches that were known whole left no row"
        assert standing_firings(session) == expected(readings)
        assert len(session.exec(select(Incident.id)).all()) == 1
        assert verify_session(session).intact


@pytest.mark.crash
def test_trigger_that_fires_while_the_server_is_killed_fires_once_after_restart(place: Place) -> None:
    """A sender pushes one reading after the other; each time it dies, whoever restarts sends everything again."""
    readings = [reading(number) for number in range(80)]
    chance = random.Random(5)

    def work(database: Database) -> None:
        for each in readings:
            with database.write() as session:
                push(session, place.monitor_id, [each])
            os.write(writing, b".")

    place.database.dispose()
    for _ in range(4):
        reading_end, writing = os.pipe()
        process = start_process(work, place.url)
        os.close(writing)
        os.read(reading_end, chance.randint(1, 60))
        time.sleep(chance.uniform(0, 0.01))
        os.kill(process, signal.SIGKILL)
        wait_for(process)
        os.close(reading_end)
    with place.database.write() as session:
        for each in readings:
            push(session, place.monitor_id, [each])
    with place.database.read() as session:
        fired = expected(readings)
        assert standing_firings(session) == fired
        told = session.exec(select(func.count()).where(col(Outbox.kind) == "trigger.fired")).one()
        assert told == len(fired), "each was told once"
        assert len(session.exec(select(Reading.id)).all()) == len(readings)
        assert verify_session(session).intact


# ---------------------------------------------------------------- jobs


def jobs(place: Place, clock: Clock) -> Jobs:
    return Jobs(place.database, Settings(place.url), small_guide(), clock=clock)


def test_silence_and_escalation_come_once_whoever_runs_the_jobs(place: Place, clock: Clock) -> None:
    weekly = replace(BELOW, name="Weekly", expected_seconds=7 * 86_400, severity=IncidentSeverity.MAJOR)
    with place.database.write() as session:
        monitors.create(session, by=place.cast.pat, at=START, project_id=place.project_id, spec=weekly)
    first, second = jobs(place, clock), jobs(place, clock)
    assert (first.run().silent, second.run().silent) == (0, 0)
    clock.pass_by(days=7, hours=1)
    assert (first.run().silent, second.run().silent) == (1, 0)
    clock.pass_by(hours=3)
    assert first.run().escalated == 0, "a major incident may wait for four hours"
    clock.pass_by(hours=2)
    assert (second.run().escalated, first.run().escalated) == (1, 0)
    clock.pass_by(hours=8)
    assert (first.run().escalated, second.run().escalated) == (1, 0)
    clock.pass_by(days=9)
    done = first.run()
    assert (done.silent, done.escalated, done.broken) == (0, 0, [])
    with place.database.read() as session:
        kinds = session.exec(select(Outbox.kind).order_by(col(Outbox.id))).all()
        assert [kind for kind in kinds if kind.startswith(("trigger.", "incident."))] == [
            "trigger.silent",
            "incident.waits",
            "incident.waits_long",
        ]
