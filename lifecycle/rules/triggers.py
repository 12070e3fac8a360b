"""When a trigger fires: at the k-th breaching point in a row, once per run, re-armed by one point that is fine.

A breach is strict: a value exactly at its limit is none, and a value on the good side never is, however far it
moved. Rows follow each other as they come: a gap in the calendar does not end a run. Where a rule also asks for a
duration, it fires at the first breaching point by which the run has lasted that long.

Late readings: what fires is a function of the whole series in the order of time, whatever the order in which it
arrived. `settle` compares that with the firings on record. A firing once made stays on record; one that the series
as it is now no longer leads to is marked so, and where a run now fires at another of its points the new firing
replaces the old one, so that no run counts twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Direction(StrEnum):
    """On which side of its limit a value is in breach."""

    BELOW = "below"
    ABOVE = "above"


class Missing(StrEnum):
    """What a missing value does to a run of breaches: passed over as if it were not there, or ends it."""

    SKIP = "skip"
    RESET = "reset"


class LimitKind(StrEnum):
    """Where the limit of a point comes from."""

    FIXED = "fixed"
    ROW = "row"  # every reading brings its own
    CHANGE = "change"  # so much away from the baseline, in the metric's own unit
    CHANGE_SHARE = "change_share"  # so large a share of the baseline away from it

    @property
    def needs_baseline(self) -> bool:
        return self in (LimitKind.CHANGE, LimitKind.CHANGE_SHARE)


class Judgement(StrEnum):
    """What one point is by itself."""

    FINE = "fine"
    BREACH = "breach"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Point:
    """One observed value with the limit that held then. None or NaN in either is a missing value."""

    key: str
    value: float | None
    limit: float | None
    at: datetime | None = None  # needed by rules that ask for a duration

    @property
    def is_missing(self) -> bool:
        return self.value is None or self.limit is None or math.isnan(self.value) or math.isnan(self.limit)


class Keyed(Protocol):
    """A point whose judgement is known already."""

    @property
    def key(self) -> str: ...
    @property
    def at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class TriggerRule:
    """`consecutive` is how many breaching points in a row make it fire, at least 1.

    `lasting` asks besides that the first and the last of them lie that far apart.
    """

    direction: Direction
    consecutive: int = 1
    missing: Missing = Missing.SKIP
    lasting: timedelta | None = None

    def __post_init__(self) -> None:
        if self.consecutive < 1:
            raise ValueError("A trigger needs at least one breaching point.")
        if self.lasting is not None and self.lasting <= timedelta(0):
            raise ValueError("A breach lasts some time, or the rule asks for no duration.")

    def is_breached(self, point: Point) -> bool:
        return self.judge(point) is Judgement.BREACH

    def judge(self, point: Point) -> Judgement:
        return self.judge_value(point.value, point.limit)

    def judge_value(self, value: float | None, limit: float | None) -> Judgement:
        """As `judge`, of a value and its limit alone. NaN is the one number that differs from itself."""
        if value is None or limit is None or value != value or limit != limit:
            return Judgement.MISSING
        breached = value < limit if self.direction is Direction.BELOW else value > limit
        return Judgement.BREACH if breached else Judgement.FINE


@dataclass(frozen=True, slots=True)
class Fire:
    """Indexes of points: where it fires, and where the run of breaches begins and ends."""

    at: int
    run_from: int
    run_to: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What a rule made of a series. `points` counts the missing ones too; `fires_at` holds indexes of points."""

    points: int
    breaches: int
    missing: int
    fires_at: tuple[int, ...]


def limit_of(
    kind: LimitKind, amount: float | None, direction: Direction, baseline: float | None, own: float | None
) -> float | None:
    """The limit that holds for a reading; None where it cannot be known: no baseline yet, or none came with it.

    `amount` is the threshold itself, the change, or the change as a share (0.05 is five in a hundred).
    """
    if kind is LimitKind.ROW:
        return own
    if kind is LimitKind.FIXED or amount is None:
        return amount
    if baseline is None:
        return None
    change = amount if kind is LimitKind.CHANGE else abs(baseline) * amount
    return baseline - change if direction is Direction.BELOW else baseline + change


def replay(points: Sequence[Point], rule: TriggerRule) -> Replay:
    """Every index at which the rule fires over points in the order given."""
    judged = [rule.judge(point) for point in points]
    return Replay(
        len(points),
        judged.count(Judgement.BREACH),
        judged.count(Judgement.MISSING),
        tuple(fire.at for fire in fires(points, rule, judged)),
    )


def fires(points: Sequence[Keyed], rule: TriggerRule, judged: Sequence[str]) -> tuple[Fire, ...]:
    """Every firing over points in the order given, which begin where no run is under way."""
    found = (_fire(points, run, rule) for run in _runs(judged, rule))
    return tuple(fire for fire in found if fire is not None)


def _runs(judged: Sequence[str], rule: TriggerRule) -> Iterator[list[int]]:
    """The indexes of the breaches of each run."""
    run: list[int] = []
    # Plain text: this looks at every point of a long series, and comparing members of an enumeration is slow.
    breach, fine, resets = Judgement.BREACH.value, Judgement.FINE.value, rule.missing is Missing.RESET
    for index, judgement in enumerate(judged):
        if judgement == breach:
            run.append(index)
        elif run and (judgement == fine or resets):
            yield run
            run = []
    if run:
        yield run


def _fire(points: Sequence[Keyed], run: list[int], rule: TriggerRule) -> Fire | None:
    if len(run) < rule.consecutive:
        return None
    if rule.lasting is None:
        return Fire(run[rule.consecutive - 1], run[0], run[-1])
    began = points[run[0]].at
    for index in run[rule.consecutive - 1 :]:
        now = points[index].at
        if began is not None and now is not None and now - began >= rule.lasting:
            return Fire(index, run[0], run[-1])
    return None


# ---------------------------------------------------------------- what is on record


@dataclass(frozen=True, slots=True)
class NewFiring:
    """A firing that is not on record. `replaces` names one on record of the same run that no longer holds."""

    fire: Fire
    replaces: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What the record needs so that its holding firings are those of the series as it is now."""

    new: tuple[NewFiring, ...] = ()
    ended: tuple[str, ...] = ()  # on record, and no longer what the series leads to
    again: tuple[str, ...] = ()  # ended before, and what the series leads to once more

    @property
    def is_quiet(self) -> bool:
        return not (self.new or self.ended or self.again)


def settle(
    points: Sequence[Keyed], rule: TriggerRule, on_record: Mapping[str, bool], judged: Sequence[str]
) -> Settled:
    """Compare the firings of a series with those on record among its points: key, and whether it holds.

    Done twice, the second time finds nothing to do. The points begin where no run is under way.
    """
    found = {points[fire.at].key: fire for fire in fires(points, rule, judged)}
    ended = [key for key, holds in on_record.items() if holds and key not in found]
    again = [key for key, holds in on_record.items() if not holds and key in found]
    places = {point.key: index for index, point in enumerate(points)} if ended else {}
    new = tuple(
        NewFiring(fire, _replaced(fire, ended, places)) for key, fire in found.items() if key not in on_record
    )
    return Settled(new, tuple(ended), tuple(again))


def _replaced(fire: Fire, ended: Sequence[str], places: Mapping[str, int]) -> str | None:
    return next((key for key in ended if fire.run_from <= places.get(key, -1) <= fire.run_to), None)


# ---------------------------------------------------------------- silence


def is_silent(heard_at: datetime, expected: timedelta | None, now: datetime) -> bool:
    """Whether readings that are expected every so often have stayed away for longer than that."""
    return expected is not None and now - heard_at > expected
