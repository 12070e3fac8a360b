"""Sixteen writers at once: on answers of their own, and all on the same one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select
from sqlmodel import col

from bench.installation import Installation, now
from bench.results import Result, at_least, at_most
from lifecycle.actions import answers, projects
from lifecycle.errors import Conflict
from lifecycle.store.tables import Answer

WRITERS = 16
SECONDS = 5.0
FIELD = "D01"


def measure(installed: Installation) -> Iterator[Result]:
    """Threads of one process on one database, each save a transaction of its own with its event and standing."""
    own = [_project(installed, number) for number in range(WRITERS)]
    saved, _ = _written(lambda writer, base: _save(installed, own[writer], base), [0] * WRITERS)
    yield at_least(f"{WRITERS} writers on answers of their own", saved / SECONDS, "saves/s", 500)

    shared = _project(installed, WRITERS)
    saved, told = _written(lambda _writer, base: _save(installed, shared, base), [0] * WRITERS)
    yield Result(f"{WRITERS} writers on one answer", saved / SECONDS, "saves/s")
    yield Result("… told of a conflict", told / SECONDS, "a second")
    yield at_most("… saves of which no version is left", saved - _versions(installed, shared), "saves", 0)


def _project(installed: Installation, number: int) -> int:
    with installed.database.write() as session:
        return projects.register(
            session,
            by=installed.by,
            at=now(),
            guide=installed.guide,
            name=f"Writer {number}",
            organisation="Wards",
        )


def _written(save: Callable[[int, int], int], bases: list[int]) -> tuple[int, int]:
    """Saves that were accepted, and those that somebody else was quicker than."""
    ends = time.perf_counter() + SECONDS

    def work(writer: int) -> tuple[int, int]:
        accepted = told = 0
        base = bases[writer]
        while time.perf_counter() < ends:
            try:
                base = save(writer, base)
                accepted += 1
            except Conflict as conflict:
                base = conflict.found
                told += 1
        return accepted, told

    with ThreadPoolExecutor(WRITERS) as pool:
        done = list(pool.map(work, range(WRITERS)))
    return sum(accepted for accepted, _ in done), sum(told for _, told in done)


def _save(installed: Installation, project_id: int, base: int) -> int:
    with installed.database.write() as session:
        answers.save(
            session,
            by=installed.by,
            at=now(),
            guide=installed.guide,
            project_id=project_id,
            field_id=FIELD,
            raw=f"Planners phone round {base} hours, says thread {time.perf_counter_ns()}",
            base=base,
        )
    return base + 1


def _versions(installed: Installation, project_id: int) -> int:
    with installed.database.read() as session:
        kept = select(func.count()).where(col(Answer.project_id) == project_id)
        return int(session.execute(kept).scalar_one())
