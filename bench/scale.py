"""The portfolio's data at 1,000 and at 10,000 projects: today and as of any day, beside a bare query of the same rows.

Each portfolio is made once, by plain statements, and kept in bench/out: 150 answers, 6 decisions and 100 events for
every project, over two years. What is measured is what the page reads, each time anew and never from a cache.
"""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.installation import Installation
from bench.results import Result, at_most
from lifecycle.canonical import moment_text
from lifecycle.queries import heat_maps, portfolio, portfolio_overview, portfolio_summary
from lifecycle.store.database import Database, open_database
from lifecycle.store.migrations import upgrade
from lifecycle.vocabulary import Actor, Area, Gate, Level, OrganisationRole, Role, SignOffStatus

FEW, MANY = 1_000, 10_000
FIELDS, DECISIONS, EVENTS, STANDINGS, MOVES = 150, 6, 100, 20, 5  # of every project
ROUNDS, DATES = 40, 60
FOLDER = Path(__file__).parent / "out"
LAST = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAYS = 730
LEADER = Actor("leader", "Lena", OrganisationRole.LEADERSHIP)
_ROLES = (Role.BUSINESS, Role.TECHNOLOGY, Role.PRIVACY, Role.LEGAL, Role.COMPLIANCE, Role.VALIDATION)


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
    portfolio_overview.overview(session, **said)
    heat_maps.organisation_map(session, **said)


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


# ------------------------------------------------------------------ making a portfolio


def portfolio_of(number: int) -> Database:
    """The portfolio of so many projects, made anew when this file or the schema has changed."""
    FOLDER.mkdir(exist_ok=True)
    source = Path(__file__).read_bytes()
    file = FOLDER / f"scale-{number}-{hashlib.sha256(source).hexdigest()[:12]}.db"
    database = open_database(f"sqlite:///{file}")
    if not file.exists():
        for old in FOLDER.glob(f"scale-{number}-*"):
            old.unlink()
        sys.stderr.write(f"Making a portfolio of {number:,} projects in {file.name} …\n")
        beside = file.with_suffix(".part")
        beside.unlink(missing_ok=True)
        making = open_database(f"sqlite:///{beside}")
        upgrade(making)
        making.dispose()
        _fill(beside, number)
        beside.replace(file)
    upgrade(database)
    return database


def _fill(file: Path, number: int) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = MEMORY")
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(
            f"DROP TRIGGER {trigger}"
        )  # they ask after every row; nothing here is changed twice
    chance = random.Random(number)
    moment = _text(LAST - timedelta(days=DAYS))
    _insert(connection, "organisation", [(1, "Bench", "UTC", moment, "{}")])
    _insert(connection, "person", [("ada", None, "Ada", None, "member", 0, 1, moment, None)])
    made = [_Made(identity, chance) for identity in range(1, number + 1)]
    for table in (
        "project",
        "project_past",
        "standing",
        "project_standing",
        "standing_past",
        "standing_history",
    ):
        _insert(connection, table, (row for each in made for row in each.rows[table]))
    for table, rows in (("answer", _answers), ("current_answer", _current), ("event", _events)):
        _insert(connection, table, (row for each in made for row in rows(each)))
    _insert(connection, "chain_head", (_head(each) for each in made))
    _insert(connection, "gate_decision", (row for each in made for row in _decisions(each)))
    connection.commit()
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = len(connection.execute(f"PRAGMA table_info({table})").fetchall())
    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})", rows)


def _text(moment: datetime) -> str:
    """As the database keeps moments."""
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


class _Made:
    """One project with all its rows, in the order of the tables' columns."""

    def __init__(self, identity: int, chance: random.Random) -> None:
        self.identity, self.chance = identity, chance
        self.begun = LAST - timedelta(days=DAYS) + timedelta(seconds=chance.randrange(DAYS * 86_400 // 2))
        self.name, self.unit = f"Project {identity}", f"Organisation {chance.randrange(60)}"
        self.gates = list(Gate)[: chance.randint(1, 6)]
        self.rows: dict[str, list[tuple[Any, ...]]] = {
            "project": [], "project_past": [], "standing": [], "project_standing": [], "standing_past": [],
            "standing_history": [],
        }  # fmt: skip
        self._past()
        self._standing()

    def at(self, share: float) -> datetime:
        return self.begun + (LAST - self.begun) * share

    def _past(self) -> None:
        for move in range(MOVES):
            gate = self.gates[min(move * len(self.gates) // MOVES, len(self.gates) - 1)]
            self.rows["project_past"].append(
                (
                    None, self.identity, _text(self.at(move / MOVES)), self.name, self.unit, gate.stage.value,
                    gate.value, "live" if gate is Gate.OPERATE else "active", "here", 0, 0, "", "", 1,
                )
            )  # fmt: skip
        gate, begun = self.gates[-1], _text(self.begun)
        status = "live" if gate is Gate.OPERATE else "active"
        self.rows["project"].append(
            (
                self.identity, f"project-{self.identity}", self.name, "", self.unit, gate.stage.value, gate.value,
                gate.stage.value, status, "here", None, "1", begun, begun, "ada", None, 1,
            )
        )  # fmt: skip

    def _standing(self) -> None:
        for number in range(STANDINGS):
            moment = self.at(number / STANDINGS)
            gate = self.gates[min(number * len(self.gates) // STANDINGS, len(self.gates) - 1)]
            row = self._line(gate, moment)
            self.rows["standing_past"].append((None, self.identity, _text(moment), *row))
            gates = {each.value: self._gate(each, gate, row) for each in Gate}
            plain = {
                "gates": gates,
                "project": {"gate": gate.value, "level": row[1], "since": moment_text(moment)},
            }
            self.rows["standing_history"].append((None, self.identity, _text(moment), json.dumps(plain)))
        last, now = row, self.gates[-1]
        (_, level, weakest, ready, tier, index, debt, open_ones, blockers, top, causes, roles, waiting, since_waiting,
         stale, overdue, next_on, next_what, since) = last  # fmt: skip
        self.rows["project_standing"].append(
            (
                self.identity, now.value, level, weakest, ready, tier, index, debt, open_ones, blockers, top, "",
                causes, waiting, since_waiting, stale, overdue, next_on, next_what, since, None,
            )
        )  # fmt: skip
        for gate in Gate:
            content = self._gate(gate, now, last)
            self.rows["standing"].append(
                (
                    self.identity, gate.value, content["level"], weakest, 500, 500, 500, 1000, 1000, blockers, 1,
                    roles if gate is now else "{}", since, None,
                )
            )  # fmt: skip

    def _line(self, gate: Gate, moment: datetime) -> tuple[Any, ...]:
        chance = self.chance
        level = chance.choice([each for each in Level if each is not Level.PASSED])
        statuses = (SignOffStatus.WAITING, SignOffStatus.NOT_ASKED, SignOffStatus.SIGNED, SignOffStatus.STALE)
        roles = {
            role.value: [
                chance.choice(statuses).value,
                moment_text(moment - timedelta(days=chance.randrange(60))),
            ]
            for role in _ROLES
        }
        causes = {area.value: chance.randint(1, 9) for area in chance.sample(list(Area), 2)}
        causes |= {role.value: 1 for role in chance.sample(_ROLES, 2)}
        waiting = chance.choice(_ROLES)
        return (
            gate.value, level.value, "answers", chance.randrange(1000), chance.choice((None, 1, 2, 3, 4)),
            chance.choice((None, 400, 900)), chance.randrange(20), 5, 12, "Model validation has not decided yet.",
            json.dumps(causes, separators=(",", ":"), sort_keys=True),
            json.dumps(roles, separators=(",", ":"), sort_keys=True), waiting.value, _text(moment),
            chance.choice((0, 0, 1)), chance.choice((0, 0, 2)), None, "", _text(moment),
        )  # fmt: skip

    def _gate(self, gate: Gate, now: Gate, row: tuple[Any, ...]) -> dict[str, Any]:
        level = (
            row[1] if gate is now else (Level.PASSED if gate.order < now.order else Level.NOT_STARTED).value
        )
        since = moment_text(datetime.fromisoformat(row[-1]).replace(tzinfo=UTC))
        return {"level": level, "since": since, "blockers": 3, "roles": row[11] if gate is now else "{}"}


def _answers(made: _Made) -> Iterator[tuple[Any, ...]]:
    moment = _text(made.begun)
    for number in range(FIELDS):
        identity = (made.identity - 1) * FIELDS + number + 1
        yield (
            identity, made.identity, 0, f"F{number:03}", 1, "answered", '"Planners phone round every morning"', None,
            None, None, moment, "ada", "web", None,
        )  # fmt: skip


def _current(made: _Made) -> Iterator[tuple[Any, ...]]:
    moment = _text(made.begun)
    for number in range(FIELDS):
        identity = (made.identity - 1) * FIELDS + number + 1
        yield (
            made.identity, 0, f"F{number:03}", identity, 1, "answered", '"Planners phone round every morning"', None,
            None, None, moment, "ada", "discovery", moment,
        )  # fmt: skip


def _events(made: _Made) -> Iterator[tuple[Any, ...]]:
    for number in range(1, EVENTS + 1):
        yield (
            None, f"project:{made.identity}", number, moment_text(made.at(number / EVENTS)), "ada", "person",
            "answer.saved", f"F{number:03}", '{"value":"Planners phone round every morning"}', "0" * 64, "1" * 64,
        )  # fmt: skip


def _head(made: _Made) -> tuple[Any, ...]:
    return f"project:{made.identity}", EVENTS, moment_text(LAST), "1" * 64


def _decisions(made: _Made) -> Iterator[tuple[Any, ...]]:
    for number in range(DECISIONS):
        moment = _text(made.at(number / DECISIONS))
        yield (None, made.identity, list(Gate)[number].value, "go", "", None, 2, moment, "ada", "Ada", "")
