"""Readings from an MLflow tracking server: once each, only what is new, and a sentence where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlmodel import col, select

from lifecycle.actions import monitors
from lifecycle.errors import Invalid, LifecycleError, Refused
from lifecycle.interchange import mlflow
from lifecycle.interchange.fetching import FetchDone, fetch
from lifecycle.jobs import Done, Jobs
from lifecycle.queries import monitors as queries
from lifecycle.rules.monitors import MlflowSource, MonitorSpec
from lifecycle.rules.tracking import Entry, is_known, readings_of
from lifecycle.rules.triggers import Direction, LimitKind
from lifecycle.settings import Mlflow, Settings, read_settings
from lifecycle.store.database import Database
from lifecycle.store.tables import Firing, Reading, ReadingBatch
from scripts.serving import free_port
from tests import factories as make
from tests.clock import START, Clock
from tests.tracking import Tracking, tracking_server

MINUTE = 60_000
BEGAN = int(START.timestamp() * 1_000) - 600 * MINUTE
BELOW = MonitorSpec("Accuracy", Direction.BELOW, threshold=0.8, consecutive=2)
OF_EXPERIMENT = MlflowSource("accuracy", experiment="Demand")


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    with tracking_server(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@dataclass
class World:
    database: Database
    cast: make.Cast
    project_id: int
    clock: Clock
    url: str

    def watch(self, source: MlflowSource) -> int:
        with self.database.write() as session:
            return monitors.create(
                session,
                by=self.cast.pat,
                at=self.clock.now,
                project_id=self.project_id,
                spec=BELOW.fetching(source),
            )

    def tick(self) -> Done:
        done = Jobs(
            self.database,
            Settings("", mlflow=Mlflow(self.url), jobs=True),
            self.cast.guide,
            clock=self.clock,
        ).run()
        assert done.broken == []
        return done

    def fetch(self, monitor_id: int, by: Any = None) -> FetchDone:
        return fetch(
            self.database,
            Mlflow(self.url),
            by=by or self.cast.pat,
            at=self.clock.now,
            guide=self.cast.guide,
            monitor_id=monitor_id,
        )

    def values(self, monitor_id: int) -> list[float | None]:
        with self.database.read() as session:
            mine = select(Reading.value).where(col(Reading.monitor_id) == monitor_id)
            return list(session.exec(mine.order_by(col(Reading.at), col(Reading.key))))

    def state(self, monitor_id: int) -> queries.FetchView | None:
        with self.database.read() as session:
            view = queries.by_id(session, by=self.cast.pat, at=self.clock.now, monitor_id=monitor_id)
            return queries.fetch_of(
                session,
                by=self.cast.pat,
                at=self.clock.now,
                project_key=view.project_key,
                monitor_id=monitor_id,
            )


@pytest.fixture
def world(database: Database, clock: Clock, tracking: Tracking) -> World:
    with database.write() as session:
        everybody = make.cast(session)
        project_id = make.project(session, everybody)
    return World(database, everybody, project_id, clock, tracking.url)


def test_runs_of_an_experiment_come_once_and_fire(
    world: World, tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    history = mlflow._history

    def noted(server: Mlflow, run_id: str, metric: str) -> list[Entry]:
        asked.append(run_id)
        return history(server, run_id, metric)

    monkeypatch.setattr(mlflow, "_history", noted)
    experiment = tracking.experiment("Demand")
    first, second, other = (tracking.run(experiment) for _ in range(3))
    tracking.log(first, "accuracy", (0, BEGAN, 0.9), (1, BEGAN + MINUTE, 0.85))
    tracking.log(second, "accuracy", (0, BEGAN + 2 * MINUTE, 0.7))
    tracking.log(other, "loss", (0, BEGAN, 3.0))
    monitor_id = world.watch(OF_EXPERIMENT)
    assert world.tick().fetched == 3
    assert world.values(monitor_id) == [0.9, 0.85, 0.7]
    assert sorted(asked) == sorted([first, second]), "a run without the metric is not asked for its history"
    assert world.tick().fetched == 0, "not due again at once"

    world.clock.pass_by(minutes=6)
    asked.clear()
    assert world.tick().fetched == 0
    assert asked == [], "nothing new: no history is asked for"
    with world.database.read() as session:
        assert len(session.exec(select(ReadingBatch)).all()) == 1, "and nothing is recorded"

    tracking.log(second, "accuracy", (1, BEGAN + 3 * MINUTE, 0.6))
    world.clock.pass_by(minutes=6)
    assert world.tick().fetched == 1
    assert asked == [second]
    assert world.values(monitor_id) == [0.9, 0.85, 0.7, 0.6]
    with world.database.read() as session:
        fired = session.exec(select(Firing)).one()
    assert fired.key == f"{second}:1:{BEGAN + 3 * MINUTE}"
    state = world.state(monitor_id)
    assert state is not None
    assert state.failure == ""
    assert state.fetched_at == world.clock.now


@pytest.mark.parametrize("name", ["plain forecast", "it's forecast", 'the "new" one', 'it\'s "new"'])
def test_runs_of_a_registered_model_come_and_values_that_are_none(
    world: World, tracking: Tracking, name: str
) -> None:
    experiment = tracking.experiment(f"Training of {name}")
    run, other = tracking.run(experiment), tracking.run(experiment)
    tracking.log(run, "accuracy", (0, BEGAN, 0.9), (1, BEGAN + MINUTE, float("nan")))
    tracking.log(run, "accuracy", (0, BEGAN, 0.95), (2, BEGAN + 2 * MINUTE, float("inf")))
    tracking.log(other, "accuracy", (0, BEGAN, 0.1))
    tracking.model(name, run)
    tracking.model(name.replace("'", "-").replace('"', "-") + "?", other)
    monitor_id = world.watch(MlflowSource("accuracy", model=name))
    assert world.fetch(monitor_id).pushed.stored == 4
    assert sorted(world.values(monitor_id), key=str) == [0.9, 0.95, None, None]
    again = world.fetch(monitor_id)
    assert (again.pushed.stored, again.failure) == (0, "")


def test_failures_are_said_at_the_monitor_and_lose_nothing(
    world: World, tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor_id = world.watch(MlflowSource("accuracy", experiment="Later"))
    said = world.fetch(monitor_id).failure
    assert said == "The MLflow server knows no experiment “Later”."
    state = world.state(monitor_id)
    assert state is not None
    assert (state.failure, state.fetched_at) == (said, None)
    assert world.tick().fetched == 0
    experiment = tracking.experiment("Later")
    first, second = tracking.run(experiment), tracking.run(experiment)
    for run in (first, second):
        tracking.log(run, "accuracy", (0, BEGAN, 0.9))

    history, calls = mlflow._history, iter(range(100))

    def breaks_off(server: Mlflow, run_id: str, metric: str) -> list[Entry]:
        if next(calls) == 1:
            raise mlflow.NotFetched("The MLflow server at x cannot be reached: gone.")
        return history(server, run_id, metric)

    monkeypatch.setattr(mlflow, "_history", breaks_off)
    half = world.fetch(monitor_id)
    assert (half.pushed.stored, half.failure) == (1, "The MLflow server at x cannot be reached: gone.")
    assert world.fetch(monitor_id).pushed.stored == 1
    assert len(world.values(monitor_id)) == 2

    world.url = f"http://127.0.0.1:{free_port()}"
    world.clock.pass_by(minutes=30)
    world.tick()
    state = world.state(monitor_id)
    assert state is not None
    assert "cannot be reached: Connection refused" in state.failure
    assert state.fetched_at is not None
    assert state.next_at > world.clock.now


def test_more_runs_than_one_go_asks_for_follow_with_the_next(
    world: World, tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow, "MOST_HISTORIES", 2)
    experiment = tracking.experiment("Many")
    for number in range(5):
        tracking.log(tracking.run(experiment), "accuracy", (0, BEGAN + number, 0.9))
    monitor_id = world.watch(MlflowSource("accuracy", experiment="Many"))
    assert [world.tick().fetched for _ in range(4)] == [2, 2, 1, 0]
    assert len(world.values(monitor_id)) == 5


def test_only_who_may_push_readings_fetches_them(world: World) -> None:
    monitor_id = world.watch(OF_EXPERIMENT)
    with pytest.raises(LifecycleError):
        world.fetch(monitor_id, by=world.cast.olu)
    with world.database.write() as session:
        plain = monitors.create(session, by=world.cast.pat, at=START, project_id=world.project_id, spec=BELOW)
    with pytest.raises(Refused, match="fetches nothing"):
        world.fetch(plain)


@pytest.mark.parametrize(
    "source",
    [
        MlflowSource("accuracy"),
        MlflowSource("accuracy", "Demand", "forecast"),
        MlflowSource("", "Demand"),
        MlflowSource("accuracy", "De\nmand"),
    ],
)
def test_sources_that_name_nothing_are_refused(world: World, source: MlflowSource) -> None:
    with pytest.raises(Invalid):
        world.watch(source)
    rows = replace(BELOW, limit_kind=LimitKind.ROW, threshold=None).fetching(OF_EXPERIMENT)
    with world.database.write() as session, pytest.raises(Invalid, match="no limits of their own"):
        monitors.create(session, by=world.cast.pat, at=START, project_id=world.project_id, spec=rows)


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("mlflow.example.org", ""),
        ("file:///etc/passwd", ""),
        ("https://kim:secret@mlflow.example.org", ""),
        ("http://mlflow.example.org", "secret"),
        ("https://mlflow.example.org:port", ""),
    ],
)
def test_addresses_that_cannot_be_right_stop_the_server_with_a_sentence(url: str, token: str) -> None:
    with pytest.raises(ValueError, match="LIFECYCLE_MLFLOW"):
        read_settings({"LIFECYCLE_MLFLOW_URL": url, "LIFECYCLE_MLFLOW_TOKEN": token})


ENTRIES = some.lists(
    some.builds(
        Entry,
        some.integers(0, 3),
        some.integers(0, 3),
        some.one_of(some.none(), some.sampled_from([0.1, 0.2, 0.3])),
    ),
    max_size=12,
)


@given(ENTRIES, some.integers(0, 12))
def test_entries_keep_their_keys_however_they_are_asked_for(entries: list[Entry], first: int) -> None:
    """Asked for twice, with more at the second time: each entry is one reading and no key changes its value."""
    stored: dict[str, float | None] = {}
    for seen in (entries[:first], entries):
        for reading in readings_of("run", seen, stored):
            assert stored.setdefault(reading.key, reading.value) == reading.value
    assert len(stored) == len(set(entries))
    assert all(is_known("run", entry, stored) for entry in entries)
