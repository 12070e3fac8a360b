"""Monitors as plain values for the rules, and the stretch of a series that late or new readings can change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, or_, select
from sqlmodel import Session, col

from lifecycle.rules.incidents import IncidentSeverity
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.triggers import Direction, Judgement, LimitKind, Missing, Point
from lifecycle.store.base import metadata
from lifecycle.store.tables import Monitor, Reading, ReadingCorrection

_READINGS = metadata.tables[str(Reading.__tablename__)]
_C = _READINGS.c


class SeriesRow(NamedTuple):
    """One reading as it counts now, corrections included."""

    id: int
    key: str
    at: datetime
    value: float | None
    bound: float | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Readings in the order of time, as the rules take them; they begin where no run is under way."""

    rows: tuple[SeriesRow, ...]
    points: tuple[Point, ...]

    def run(self, start: int, end: int) -> tuple[SeriesRow, ...]:
        """The breaches between two indexes, both included."""
        return tuple(row for row in self.rows[start : end + 1] if row.verdict == Judgement.BREACH.value)


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
    *,
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
    chosen = select(_C.id, _C.key, _C.at, _C.value, _C.bound, _C.verdict).where(_C.monitor_id == monitor.id)
    if start is not None:
        chosen = chosen.where(or_(_C.at > start.at, and_(_C.at == start.at, _C.id > start.id)))
    if end is not None:
        chosen = chosen.where(or_(_C.at < end.at, and_(_C.at == end.at, _C.id <= end.id)))
    if monitor.evaluates_from is not None:
        chosen = chosen.where(_C.at > monitor.evaluates_from)
    found = connection.execute(chosen.order_by(_C.at, _C.id))
    rows = tuple(corrected(SeriesRow(*row), corrections) for row in found)
    return Stretch(rows, tuple(Point(row.key, row.value, row.bound, row.at) for row in rows))


def _fine(monitor: Monitor, corrections: Mapping[int, object]) -> Select[Any]:
    fine = select(_C.id, _C.at).where(_C.monitor_id == monitor.id, _C.verdict == Judgement.FINE.value)
    return fine.where(_C.id.not_in(list(corrections))) if corrections else fine


def corrected(row: SeriesRow, corrections: Mapping[int, tuple[float | None, str]]) -> SeriesRow:
    found = corrections.get(row.id)
    return row if found is None else row._replace(value=found[0], verdict=found[1])


def judged(stretch: Stretch) -> Sequence[Judgement]:
    return [Judgement(row.verdict) for row in stretch.rows]


def count_readings(session: Session, monitor_id: int) -> int:
    return int(session.execute(select(func.count()).where(_C.monitor_id == monitor_id)).scalar_one())
