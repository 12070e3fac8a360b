"""The portfolio's data at 1,000 and at 10,000 projects: today and as of any day, beside a bare query of the same rows.

What is measured is what the page reads, each time anew and never from a cache.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from bench.installation import Installation
from bench.results import Result, at_most
from bench.scale_stock import DAYS, LAST, portfolio_of
from lifecycle.queries import heat_maps, portfolio, portfolio_overview, portfolio_summary
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor, OrganisationRole

FEW, MANY = 1_000, 10_000
ROUNDS, DATES = 30, 40
LEADER = Actor("leader", "Lena", OrganisationRole.LEADERSHIP)


def measure(_installed: Installation) -> Iterator[Result]:
    """Milliseconds at the 95th percentile, growth from few to many, and ratios to bare SQL of the same rows."""
    found: dict[str, dict[int, float]] = {}
    for number in (FEW, MANY):
        database = portfolio_of(number)
        try:
            for name, taken in _measured(database):
                found.setdefault(name, {})[number] = taken
        finally:
            database.dispose()
    for name in ("overview data", "as-of overview data"):
        few, many = found[name][FEW], found[name][MANY]
        bare = found[f"bare SQL of the rows of {name}"]
        yield Result(f"{name}, {FEW:,} projects: p95", few, "ms")
        yield at_most(f"{name}, {MANY:,} projects: p95", many, "ms", 150)
        yield at_most(f"{name}: growth from {FEW:,} to {MANY:,}", many / few, "times", 3)
        yield Result(f"bare SQL of the rows of {name}, {MANY:,} projects", bare[MANY], "ms")
        yield Result("… ÷ bare SQL", found[f"{name}, median"][MANY] / bare[MANY], "times")
    for name in ("the whole page", "the whole page as of a day", "portfolio in figures"):
        for number in (FEW, MANY):
            yield Result(f"{name}, {number:,} projects: p95", found[name][number], "ms")


def _measured(database: Database) -> Iterator[tuple[str, float]]:
    chance = random.Random(1)
    days = [LAST.date() - timedelta(days=chance.randrange(1, DAYS - 1)) for _ in range(DATES)]
    now: list[date | None] = [None] * ROUNDS
    for name, as_of in (("overview data", now), ("as-of overview data", list(days))):
        taken = _times(database, _overview, as_of)
        yield name, _p95(taken)
        yield f"{name}, median", statistics.median(taken)
    yield "bare SQL of the rows of overview data", statistics.median(_bare(database, _BARE_NOW, now))
    yield "bare SQL of the rows of as-of overview data", statistics.median(_bare(database, _BARE_PAST, days))
    yield "the whole page", _p95(_times(database, _page, now))
    yield "the whole page as of a day", _p95(_times(database, _page, list(days)))
    yield "portfolio in figures", _p95(_times(database, _figures, now))


def _p95(taken: Sequence[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def _times(database: Database, read: Callable[..., object], days: Sequence[date | None]) -> list[float]:
    """Milliseconds of each read in a session of its own, after three that do not count."""
    taken = []
    for place, day in enumerate((*days[:3], *days)):
        begun = time.perf_counter()
        with database.read() as session:
            read(session, by=LEADER, today=LAST.date(), as_of=day)
        if place >= 3:
            taken.append((time.perf_counter() - begun) * 1000)
    return taken


def _overview(session: Any, **said: Any) -> None:
    """Heat map, funnel, blockers by cause, who waits for whom: what leadership sees first."""
    heat_maps.glance(session, **said)


def _page(session: Any, **said: Any) -> None:
    """And what there is to filter by, and the first page of the table."""
    portfolio_overview.choices(session, by=said["by"], as_of=said["as_of"])
    _overview(session, **said)
    portfolio.rows(session, **said, size=25)


def _figures(session: Any, **said: Any) -> None:
    portfolio_summary.summary(session, **said)


_BARE_NOW = """
SELECT p.key, p.name, p.organisation, p.stage, p.status, s.level, s.since, s.stale, s.overdue, s.causes, g.roles
FROM project p LEFT JOIN project_standing s ON s.project_id = p.id
LEFT JOIN standing g ON g.project_id = p.id AND g.gate = p.gate WHERE p.archived_at IS NULL
"""
_BARE_PAST = """
SELECT p.key, a.name, a.organisation, a.stage, a.status, s.level, s.since, s.stale, s.overdue, s.causes, s.roles
FROM project p
JOIN project_past a ON a.id = (SELECT id FROM project_past WHERE project_id = p.id AND at < :end
  ORDER BY at DESC, id DESC LIMIT 1)
LEFT JOIN standing_past s ON s.id = (SELECT id FROM standing_past WHERE project_id = p.id AND at < :end
  ORDER BY at DESC, id DESC LIMIT 1)
WHERE a.archived = 0
"""


def _bare(database: Database, statement: str, days: Sequence[date | None]) -> list[float]:
    """The same rows through the driver alone."""
    taken = []
    with sqlite3.connect(f"file:{database.file}?mode=ro", uri=True) as connection:
        for day in days:
            end = {"end": f"{day + timedelta(days=1)} 00:00:00.000000"} if day else {}
            begun = time.perf_counter()
            connection.execute(statement, end).fetchall()
            taken.append((time.perf_counter() - begun) * 1000)
    return taken
