"""Portfolios of any size for measuring, made once by plain statements and kept in bench/out.

Every project has 150 answers, 6 decisions and 100 events over two years, 20 changes of its standing and 5 of itself.
"""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from lifecycle.canonical import moment_text
from lifecycle.queries.portfolio_days import day_to_keep, days_to_keep
from lifecycle.store.database import Database, open_database
from lifecycle.store.migrations import VERSIONS, upgrade
from lifecycle.store.tallies import keep_day, retally
from lifecycle.vocabulary import Area, Gate, Level, Role, SignOffStatus

FIELDS, DECISIONS, EVENTS, STANDINGS, MOVES = 150, 6, 100, 20, 5  # of every project
FOLDER = Path(__file__).parent / "out"
LAST = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAYS = 730
_ROLES = (Role.BUSINESS, Role.TECHNOLOGY, Role.PRIVACY, Role.LEGAL, Role.COMPLIANCE, Role.VALIDATION)


def portfolio_of(number: int) -> Database:
    """The portfolio of so many projects, made anew when this file or the schema has changed."""
    FOLDER.mkdir(exist_ok=True)
    source = (
        Path(__file__).read_bytes() + " ".join(sorted(each.name for each in VERSIONS.glob("0*.py"))).encode()
    )
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
        _tally(beside)
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


def _tally(file: Path) -> None:
    """Tallies of now, and of every day of the past as the daily job keeps them."""
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        retally(session.connection())
        for day in days_to_keep(session, at=LAST, most=DAYS):
            if found := day_to_keep(session, day):
                keep_day(session, *found)
    database.dispose()


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows in the order of the columns; those that were added to the table later keep their defaults."""
    waiting = iter(rows)
    first = next(waiting)
    columns = [column[1] for column in connection.execute(f"PRAGMA table_info({table})")][: len(first)]
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    connection.executemany(statement, chain([first], waiting))


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
