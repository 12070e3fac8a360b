"""Monitors as plain values for the rules, and the stretch of a series that late or new readings can change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple, overload

from sqlalchemy import Select, select
from sqlmodel import Session, col

from lifecycle.rules.incidents import IncidentSeverity
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.triggers import Direction, Judgement, LimitKind, Missing
from lifecycle.store.base import metadata
from lifecycle.store.readings import NewRow, read_moment, stored_moment
from lifecycle.store.tables import Monitor, Reading, ReadingCorrection

_READINGS = metadata.tables[str(Reading.__tablename__)]
_C = _READINGS.c
_SERIES = "SELECT id, key, at, value, bound, verdict FROM reading"


class SeriesRow(NamedTuple):
    """One reading as it counts now, corrections included. `stored_at` is as the driver gives it; id 0: not known."""

    id: int
    key: str
    stored_at: str | datetime
    value: float | None
    bound: float | None
    verdict: str

    @property
    def at(self) -> datetime:
        return read_moment(self.stored_at)


class Stretch(Sequence[SeriesRow]):
    """Readings in the order of time; they begin where no run is under way. A row is made where one is looked at."""

    def __init__(self, rows: Sequence[tuple[Any, ...]], new: Sequence[NewRow] = ()) -> None:
        self._rows, self._new = rows, new

    def __len__(self) -> int:
        return len(self._rows) + len(self._new)

    @overload
    def __getitem__(self, index: int) -> SeriesRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SeriesRow]: ...
    def __getitem__(self, index: int | slice) -> SeriesRow | Sequence[SeriesRow]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        place = index if index >= 0 else index + len(self)
        if place < len(self._rows):
            return SeriesRow._make(self._rows[place])
        return SeriesRow(0, *self._new[place - len(self._rows)])

    @property
    def judged(self) -> list[str]:
        return [row[-1] for row in self._rows] + [row[-1] for row in self._new]

    @property
    def keys(self) -> set[str]:
        return {row[1] for row in self._rows} | {row[0] for row in self._new}

    def breaches(self, start: int, end: int) -> list[SeriesRow]:
        """Those between two indexes, both included."""
        return [row for row in self[start : end + 1] if row.verdict == Judgement.BREACH.value]

    def followed_by(self, new: Sequence[NewRow]) -> Stretch:
        """With readings that are all later than those here, in whatever order, and not looked up: without ids."""
        return Stretch(self._rows, sorted(new, key=itemgetter(1)))


def spec_of(monitor: Monitor) -> MonitorSpec:
    return MonitorSpec(
        name=monitor.name,
        direction=Direction(monitor.direction),
        limit_kind=LimitKind(monitor.limit_kind),
        threshold=monitor.threshold,
        consecutive=monitor.consecutive,
        lasting_seconds=monitor.lasting_seconds,
        missing=Missing(monitor.missing),
        expected_seconds=monitor.expected_seconds,
        severity=IncidentSeverity(monitor.severity),
        owner=monitor.owner,
        action=monitor.action,
        source=monitor.source,
        calls_retraining=monitor.calls_retraining,
        reads=json.loads(monitor.reads),
        baseline=monitor.baseline,
        baseline_model_version=monitor.baseline_model_version,
    )


def corrections_of(session: Session, monitor_id: int) -> Mapping[int, tuple[float | None, str]]:
    """Reading to value and verdict of its newest correction."""
    rows = session.execute(
        select(
            col(ReadingCorrection.reading_id), col(ReadingCorrection.value), col(ReadingCorrection.verdict)
        )
        .where(col(ReadingCorrection.monitor_id) == monitor_id)
        .order_by(col(ReadingCorrection.id))
    )
    return {reading_id: (value, verdict) for reading_id, value, verdict in rows}


def newest_moment(session: Session, monitor_id: int) -> datetime | None:
    """The moment of the latest reading, not its arrival."""
    newest: datetime | None = session.execute(
        select(_C.at).where(_C.monitor_id == monitor_id).order_by(_C.at.desc()).limit(1)
    ).scalar()
    return newest


def stretch(
    session: Session,
    monitor: Monitor,
    first: datetime,
    last: datetime,
    corrections: Mapping[int, tuple[float | None, str]],
) -> Stretch:
    """The readings from after the last fine one before `first` up to the next fine one after `last`.

    What lies outside of it no reading between the two can change: a fine one parts any two runs.
    """
    before = _fine(monitor, corrections).where(_C.at < first).order_by(_C.at.desc(), _C.id.desc())
    after = _fine(monitor, corrections).where(_C.at > last).order_by(_C.at, _C.id)
    connection = session.connection()
    start = connection.execute(before.limit(1)).first()
    end = connection.execute(after.limit(1)).first()
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    zone = "" if connection.dialect.name == "sqlite" else "+00"
    conditions = [f"monitor_id = {mark}"]
    given: list[int | str | None] = [monitor.id]
    if start is not None:
        conditions.append(f"(at, id) > ({mark}, {mark})")
        given += [stored_moment(start.at) + zone, start.id]
    if end is not None:
        conditions.append(f"(at, id) <= ({mark}, {mark})")
        given += [stored_moment(end.at) + zone, end.id]
    if monitor.evaluates_from is not None:
        conditions.append(f"at > {mark}")
        given.append(stored_moment(monitor.evaluates_from) + zone)
    # As the driver gives them: a hundred thousand moments are not made where a handful is asked for.
    found = connection.exec_driver_sql(
        f"{_SERIES} WHERE {' AND '.join(conditions)} ORDER BY at, id", tuple(given)
    )
    rows: list[tuple[Any, ...]] = [tuple(row) for row in found.all()]
    if corrections:
        rows = [_corrected(row, corrections) for row in rows]
    return Stretch(rows)


def _fine(monitor: Monitor, corrections: Mapping[int, object]) -> Select[Any]:
    fine = select(_C.id, _C.at).where(_C.monitor_id == monitor.id, _C.verdict == Judgement.FINE.value)
    return fine.where(_C.id.not_in(list(corrections))) if corrections else fine


def _corrected(row: tuple[Any, ...], corrections: Mapping[int, tuple[float | None, str]]) -> tuple[Any, ...]:
    found = corrections.get(row[0])
    return row if found is None else (*row[:3], found[0], row[4], found[1])
