"""Readings: a batch beside a bare executemany into the same tables, ten writers at once, and the chart of them."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from bench.installation import Installation, now
from bench.results import Result, at_most
from lifecycle.actions import monitors
from lifecycle.guide import Guide
from lifecycle.queries import monitors as queries
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.readings import NewReading
from lifecycle.rules.triggers import Direction
from lifecycle.store.database import open_database
from lifecycle.store.readings import stored_moment
from lifecycle.ui import charts
from lifecycle.ui.charts import SeriesPoint
from lifecycle.vocabulary import COMMAND_LINE

READINGS = 100_000
ROUNDS = 3
WRITERS, AT_ONCE = 10, 1_000
BELOW = MonitorSpec("Measured", Direction.BELOW, threshold=0.8, consecutive=2)
_FIRST = datetime(2020, 1, 6, tzinfo=UTC)
_BATCH = (
    "INSERT INTO reading_batch (project_id, monitor_id, stored, unchanged, missing, late, refused, problems, digest,"
    " method, at, by_key) SELECT project_id, id, 0, 0, 0, 0, 0, '[]', '', 'bench', created_at, '' FROM monitor"
    " WHERE id = :monitor"
)
_BARE = (
    "INSERT INTO reading (monitor_id, batch_id, key, at, value, bound, verdict) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def measure(installed: Installation) -> Iterator[Result]:
    """The bare insert is taken back; both begin with rows in memory and end with what is on the disk."""
    readings = [_reading(number) for number in range(READINGS)]
    ratios, seconds = [], []
    monitor_id = 0
    for _ in range(ROUNDS):  # in turn, so that a busy moment of the machine meets both
        bare = _bare(installed, _monitor(installed), readings)
        monitor_id = _monitor(installed)
        taken = _pushed(installed, monitor_id, readings)
        ratios.append(taken / bare)
        seconds.append(taken)
    yield Result(f"{READINGS:,} readings in one batch", statistics.median(seconds), "s")
    yield at_most("… ÷ a bare executemany into the same tables", statistics.median(ratios), "×", 3)
    yield at_most(
        f"chart of {READINGS:,} readings, from the database to what the browser gets",
        _drawn(installed, monitor_id),
        "s",
        1,
    )
    yield from _ten_writers(installed)


def _reading(number: int) -> NewReading:
    """One a minute, the same for the same number in every process; now and then two in a row are in breach."""
    moment = _FIRST + timedelta(minutes=number)
    return NewReading(f"{moment:%Y-%m-%d %H:%M}", 0.9 if number % 4_999 > 1 else 0.7)


def _monitor(installed: Installation) -> int:
    with installed.database.write() as session:
        return monitors.create(
            session, by=COMMAND_LINE, at=now(), project_id=installed.project_id, spec=BELOW
        )


def _bare(installed: Installation, monitor_id: int, readings: list[NewReading]) -> float:
    rows = [
        (each.key, stored_moment(_FIRST + timedelta(minutes=place)), each.value, 0.8, "fine")
        for place, each in enumerate(readings)
    ]
    started = time.perf_counter()
    with installed.database.write() as session:
        session.execute(text(_BATCH), {"monitor": monitor_id})
        batch = session.execute(text("SELECT max(id) FROM reading_batch")).scalar_one()
        session.connection().exec_driver_sql(_BARE, [(monitor_id, batch, *row) for row in rows])
    return time.perf_counter() - started


def _pushed(installed: Installation, monitor_id: int, readings: list[NewReading]) -> float:
    started = time.perf_counter()
    with installed.database.write() as session:
        done = monitors.push(
            session,
            by=COMMAND_LINE,
            at=now(),
            guide=installed.guide,
            monitor_id=monitor_id,
            readings=readings,
        )
    seconds = time.perf_counter() - started
    if done.stored != len(readings) or not done.fires_at:
        raise AssertionError(f"{done.stored} of {len(readings)} readings stored, fired at {done.fires_at}")
    return seconds


def _drawn(installed: Installation, monitor_id: int) -> float:
    started = time.perf_counter()
    with installed.database.read() as session:
        view = queries.by_id(session, by=COMMAND_LINE, at=now(), monitor_id=monitor_id)
        found = queries.series(
            session, by=COMMAND_LINE, at=now(), project_key=view.project_key, monitor_key=view.key
        )
    dots = [
        SeriesPoint(spot.at, spot.value, spot.low, spot.high, spot.limit, bool(spot.breaches), spot.key)
        for spot in found.spots
    ]
    charts.series(dots, (), dark=False).to_json()
    return time.perf_counter() - started


def _ten_writers(installed: Installation) -> Iterator[Result]:
    """Each pushes every tenth reading and, once more, some of its neighbour's."""
    monitor_id = _monitor(installed)
    installed.database.dispose()
    context = multiprocessing.get_context("fork")
    url = f"sqlite:///{installed.folder / 'lifecycle.db'}"
    started = time.perf_counter()
    processes = [
        context.Process(target=_write, args=(url, installed.guide, monitor_id, writer))
        for writer in range(WRITERS)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    seconds = time.perf_counter() - started
    counted: Any = text("SELECT count(*), count(DISTINCT key) FROM reading WHERE monitor_id = :monitor")
    with installed.database.read() as session:
        rows, keys = session.execute(counted, {"monitor": monitor_id}).one()
    if (rows, keys) != (READINGS, READINGS):
        raise AssertionError(f"{rows} rows with {keys} keys where {READINGS} were pushed")
    yield Result(f"{READINGS:,} readings from {WRITERS} writers at once", seconds, "s")
    yield at_most("… lost or counted twice", float(READINGS - rows) + float(rows - keys), "readings", 0)


def _write(url: str, guide: Guide, monitor_id: int, writer: int) -> None:
    database = open_database(url, busy_seconds=120)
    mine = [_reading(number) for number in range(writer, READINGS, WRITERS)]
    mine += [_reading(number) for number in range((writer + 1) % WRITERS, READINGS, WRITERS * 50)]
    for start in range(0, len(mine), AT_ONCE):
        with database.write() as session:
            monitors.push(
                session,
                by=COMMAND_LINE,
                at=now(),
                guide=guide,
                monitor_id=monitor_id,
                readings=mine[start : start + AT_ONCE],
            )
    database.dispose()
