"""When a trigger fires: at the k-th breaching point in a row, once per run, re-armed by one point that is fine.

A breach is strict: a value exactly at its limit is none. Rows follow each other as they come: a gap in the
calendar does not end a run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """On which side of its limit a value is in breach."""

    BELOW = "below"
    ABOVE = "above"


class Missing(StrEnum):
    """What a missing value does to a run of breaches: passed over as if it were not there, or ends it."""

    SKIP = "skip"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Point:
    """One observed value with the limit that held then. None or NaN in either is a missing value."""

    key: str
    value: float | None
    limit: float | None

    @property
    def is_missing(self) -> bool:
        return self.value is None or self.limit is None or math.isnan(self.value) or math.isnan(self.limit)


@dataclass(frozen=True, slots=True)
class TriggerRule:
    """`consecutive` is how many breaching points in a row make it fire, at least 1."""

    direction: Direction
    consecutive: int = 1
    missing: Missing = Missing.SKIP

    def __post_init__(self) -> None:
        if self.consecutive < 1:
            raise ValueError("A trigger needs at least one breaching point.")

    def is_breached(self, point: Point) -> bool:
        if point.is_missing or point.value is None or point.limit is None:
            return False
        return point.value < point.limit if self.direction is Direction.BELOW else point.value > point.limit


@dataclass(frozen=True, slots=True)
class Replay:
    """What a rule made of a series. `points` counts the missing ones too; `fires_at` holds indexes of points."""

    points: int
    breaches: int
    missing: int
    fires_at: tuple[int, ...]


def replay(points: Sequence[Point], rule: TriggerRule) -> Replay:
    """Every index at which the rule fires over points in the order given."""
    run = breaches = missing = 0
    fires: list[int] = []
    for index, point in enumerate(points):
        if point.is_missing:
            missing += 1
            run = 0 if rule.missing is Missing.RESET else run
        elif rule.is_breached(point):
            breaches += 1
            run += 1
            if run == rule.consecutive:
                fires.append(index)
        else:
            run = 0
    return Replay(len(points), breaches, missing, tuple(fires))
