"""When a project will go live, told as a spread: many simulated runs over how long stages took before.

Every run draws the rest of the current stage and each stage after it. A length is drawn from the stages observed
in the organisation, or from the guide's default spread, which weighs as much as `WEIGHT_OF_DEFAULT` observations.
All lengths are in working days.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from lifecycle.rules.calendars import WorkCalendar
from lifecycle.rules.planning import MEDIAN, SAFE, Spread, percentile
from lifecycle.vocabulary import Stage

RUNS = 2_000
WEIGHT_OF_DEFAULT = 3
_DEVIATIONS_AT_SAFE = 1.036433  # of the normal distribution, at 85 %


class Chance(Protocol):
    """Where the draws come from: `random.Random(seed)`, passed in so that a forecast can be repeated."""

    def random(self) -> float: ...
    def gauss(self, mu: float, sigma: float) -> float: ...


@dataclass(frozen=True, slots=True)
class StageShare:
    """A stage still ahead: its part of the remaining time, its own part of the uncertainty, its basis.

    `typical` and `safe` are the working days still needed at the median and the 85th percentile.
    """

    stage: Stage
    typical: int
    safe: int
    share: float
    observed: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Go-live at the median and at the 85th percentile, and the chance of the target (None without one)."""

    likely_on: date
    safe_on: date
    target: date | None
    chance: float | None
    stages: tuple[StageShare, ...]
    runs: int

    @property
    def slowest(self) -> StageShare:
        """The stage that contributes most to the remaining time."""
        return max(self.stages, key=lambda each: each.share)


def forecast(
    *,
    today: date,
    stage: Stage,
    spent: int,
    target: date | None,
    observed: Mapping[Stage, Sequence[int]],
    defaults: Mapping[Stage, Spread],
    calendar: WorkCalendar,
    chance: Chance,
    runs: int = RUNS,
) -> Forecast:
    """The forecast of a project that has spent `spent` working days in `stage`."""
    found = simulate(
        today=today,
        stage=stage,
        spent=spent,
        observed=observed,
        defaults=defaults,
        calendar=calendar,
        chance=chance,
        runs=runs,
    )
    return found.towards(target)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Many runs from one place in one stage: the same for every project that stands there today."""

    today: date
    likely_on: date
    safe_on: date
    stages: tuple[StageShare, ...]
    totals: tuple[int, ...]  # working days still needed, run by run, the shortest first
    calendar: WorkCalendar

    def towards(self, target: date | None) -> Forecast:
        """The forecast of a project with this target."""
        left = self.calendar.between(self.today, target) if target else None
        return Forecast(
            likely_on=self.likely_on,
            safe_on=self.safe_on,
            target=target,
            chance=bisect_right(self.totals, left) / len(self.totals) if left is not None else None,
            stages=self.stages,
            runs=len(self.totals),
        )


def simulate(
    *,
    today: date,
    stage: Stage,
    spent: int,
    observed: Mapping[Stage, Sequence[int]],
    defaults: Mapping[Stage, Spread],
    calendar: WorkCalendar,
    chance: Chance,
    runs: int = RUNS,
) -> Simulation:
    """The runs of whatever has spent `spent` working days in `stage`."""
    ahead = [each for each in Stage if each.order >= stage.order]
    lengths: dict[Stage, list[int]] = {}
    for each in ahead:
        draw = _Lengths(observed.get(each, ()), defaults[each], chance)
        already = spent if each is stage else 0
        lengths[each] = [draw.rest_after(already) for _ in range(runs)]
    totals = sorted(map(sum, zip(*lengths.values(), strict=True)))
    whole = sum(map(sum, lengths.values())) or 1
    return Simulation(
        today=today,
        likely_on=calendar.ahead(today, percentile(totals, MEDIAN)),
        safe_on=calendar.ahead(today, percentile(totals, SAFE)),
        stages=tuple(
            StageShare(
                each,
                percentile(drawn, MEDIAN),
                percentile(drawn, SAFE),
                sum(drawn) / whole,
                len(observed.get(each, ())),
            )
            for each, drawn in lengths.items()
        ),
        totals=tuple(totals),
        calendar=calendar,
    )


class _Lengths:
    """Draws of one stage's length: now one that was observed, now one from the default spread."""

    def __init__(self, observed: Sequence[int], default: Spread, chance: Chance) -> None:
        self._observed = sorted(observed)
        self._from_observed = len(observed) / (len(observed) + WEIGHT_OF_DEFAULT)
        self._middle = math.log(default.typical)
        self._width = math.log(default.safe / default.typical) / _DEVIATIONS_AT_SAFE
        self._chance = chance

    def rest_after(self, spent: int) -> int:
        """Working days still to come of a stage that has lasted `spent`: only longer ones are comparable.

        A stage that outlasted nearly all others is thought to go on as the default's long tail does.
        """
        for _ in range(40):
            length = self._draw()
            if length > spent:
                return length - spent
        return max(1, round(spent * self._tail()))

    def _draw(self) -> int:
        if self._chance.random() < self._from_observed:
            return self._observed[int(self._chance.random() * len(self._observed))]
        return max(1, round(math.exp(self._chance.gauss(self._middle, self._width))))

    def _tail(self) -> float:
        return math.exp(abs(self._chance.gauss(0, self._width))) - 1
