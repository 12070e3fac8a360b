"""One saved answer in process, beside a bare commit of exactly the rows that it wrote."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from bench.installation import Installation, now
from bench.results import Result, at_most
from lifecycle.actions import answers

SAVES = 80
WARM_UP = 5
FIELD = "D01"
READING = ("SELECT", "BEGIN", "PRAGMA")

Written = list[tuple[str, Any, bool]]  # statement, parameters, whether they are of many rows


def measure(installed: Installation) -> Iterator[Result]:
    """The bare commit has the same schema, triggers and pragmas, and no code of ours."""
    for number in range(WARM_UP):
        _save(installed, f"Warm up {number}")
    copy = installed.folder / "bare.db"
    _copy(installed, copy)
    saves = [_timed_save(installed, f"Planners phone round {number} hours") for number in range(SAVES)]
    with closing(_bare(copy)) as connection:
        bare = [_timed_replay(connection, written) for _, written in saves]
    saved, committed = statistics.median(seconds for seconds, _ in saves), statistics.median(bare)
    yield Result("one answer saved, in process", saved * 1000, "ms")
    yield Result("bare durable commit of the same rows", committed * 1000, "ms")
    yield at_most("one answer saved ÷ bare commit", saved / committed, "times", 10)


def _save(installed: Installation, text: str) -> Written:
    with installed.database.write() as session, _statements(session) as written:
        answers.save(
            session,
            by=installed.by,
            at=now(),
            guide=installed.guide,
            project_id=installed.project_id,
            field_id=FIELD,
            raw=text,
            base=None,
        )
        session.flush()
    return written


def _timed_save(installed: Installation, text: str) -> tuple[float, Written]:
    started = time.perf_counter()
    written = _save(installed, text)
    return time.perf_counter() - started, written


@contextmanager
def _statements(session: Session) -> Iterator[Written]:
    """Everything that writes, as the driver is given it."""
    written: Written = []

    def keep(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if not statement.startswith(READING):
            written.append((statement, parameters, many))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield written
    finally:
        event.remove(engine, "before_cursor_execute", keep)


def _copy(installed: Installation, to: Path) -> None:
    with (
        closing(sqlite3.connect(str(installed.database.file))) as source,
        closing(sqlite3.connect(to)) as target,
    ):
        source.backup(target)


def _bare(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _timed_replay(connection: sqlite3.Connection, written: Written) -> float:
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for statement, parameters, many in written:
        if many:
            connection.executemany(statement, parameters)
        else:
            connection.execute(statement, parameters)
    connection.execute("COMMIT")
    return time.perf_counter() - started
