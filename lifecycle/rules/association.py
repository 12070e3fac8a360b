"""Whether two figures go together over projects: Spearman's rank correlation with its uncertainty.

The interval is that of Fisher's transformation with Bonett and Wright's standard error for ranks. It says how far
chance alone could have moved the figure, and nothing about what causes what.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ENOUGH = 10  # pairs; with fewer the interval would say next to nothing
_DEVIATIONS = 1.959964  # of the normal distribution, on both sides of 95 %


@dataclass(frozen=True, slots=True)
class Association:
    """`rank` from -1 to 1, with a 95 % interval; None where there are too few pairs or nothing varies."""

    pairs: int
    rank: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the whole interval lies on one side of nothing at all."""
        return self.low is not None and self.high is not None and (self.low > 0) == (self.high > 0)


def association(pairs: Sequence[tuple[float, float]]) -> Association:
    """Over the pairs of all projects that have both figures."""
    number = len(pairs)
    if number < ENOUGH:
        return Association(number)
    rank = _correlation(ranks([each[0] for each in pairs]), ranks([each[1] for each in pairs]))
    if rank is None:
        return Association(number)
    if abs(rank) >= 1:
        return Association(number, rank, rank, rank)
    reach = _DEVIATIONS * math.sqrt((1 + rank * rank / 2) / (number - 3))
    middle = math.atanh(rank)
    return Association(number, rank, math.tanh(middle - reach), math.tanh(middle + reach))


def ranks(values: Sequence[float]) -> list[float]:
    """1 for the smallest; equal values share the middle of their places."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            found[place] = (start + end) / 2 + 1
        start = end + 1
    return found


def _correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    middle = (len(one) + 1) / 2
    together = sum((a - middle) * (b - middle) for a, b in zip(one, other, strict=True))
    spread = sum((a - middle) ** 2 for a in one) * sum((b - middle) ** 2 for b in other)
    return max(-1.0, min(1.0, together / math.sqrt(spread))) if spread else None
