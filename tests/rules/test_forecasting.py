"""The forecast: repeatable, ordered, and right about as often as it says over synthetic histories."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.rules.calendars import WorkCalendar
from lifecycle.rules.forecasting import Forecast, forecast
from lifecycle.rules.planning import Spread
from lifecycle.vocabulary import Stage

MONDAY = date(2026, 11, 2)
OFFICE = WorkCalendar()
DEFAULTS = {stage: Spread(30 + 5 * stage.order, 70 + 5 * stage.order) for stage in Stage}
HISTORIES = 400


def forecasted(stage: Stage = Stage.DISCOVERY, spent: int = 0, seed: int = 1, **given: object) -> Forecast:
    known = {"target": None, "observed": {}, "defaults": DEFAULTS, "calendar": OFFICE, "runs": 400, **given}
    return forecast(today=MONDAY, stage=stage, spent=spent, chance=random.Random(seed), **known)  # type: ignore[arg-type]


def test_the_85th_percentile_holds_80_to_90_of_100_outcomes() -> None:
    """Each history: an organisation of its own, stages it finished, and one project somewhere on its way."""
    held = 0
    for history in range(HISTORIES):
        chance = random.Random(9_000 + history)
        widths = {
            stage: (DEFAULTS[stage].typical * chance.uniform(0.7, 1.4), chance.uniform(1.4, 2.3))
            for stage in Stage
        }

        def length(stage: Stage, widths: dict[Stage, tuple[float, float]], chance: random.Random) -> int:
            middle, safe_by = widths[stage]
            return max(1, round(math.exp(chance.gauss(math.log(middle), math.log(safe_by) / 1.0364))))

        observed = {stage: [length(stage, widths, chance) for _ in range(20)] for stage in Stage}
        stage = chance.choice(list(Stage))
        spent, whole = int(chance.random() * widths[stage][0]), 0
        while whole <= spent:
            whole = length(stage, widths, chance)
        rest = whole - spent
        rest += sum(length(each, widths, chance) for each in Stage if each.order > stage.order)
        held += OFFICE.ahead(MONDAY, rest) <= forecasted(stage, spent, history, observed=observed).safe_on
    assert 0.80 <= held / HISTORIES <= 0.90


def test_the_same_seed_gives_the_same_forecast() -> None:
    assert forecasted(seed=7) == forecasted(seed=7)
    assert forecasted(seed=7) != forecasted(seed=8)


def test_without_history_the_defaults_speak() -> None:
    only_production = forecasted(Stage.PRODUCTION, runs=4_000)
    production = only_production.stages[0]
    assert [each.stage for each in only_production.stages] == [Stage.PRODUCTION]
    assert abs(production.typical - DEFAULTS[Stage.PRODUCTION].typical) <= 3
    assert abs(production.safe - DEFAULTS[Stage.PRODUCTION].safe) <= 6
    assert production.observed == 0


def test_a_certain_history_gives_a_nearly_certain_date() -> None:
    """With hundreds of stages that all took ten days, hardly a run draws from the defaults."""
    observed = {stage: [10] * 2_000 for stage in Stage}
    found = forecasted(Stage.MODEL, spent=4, observed=observed)
    assert found.likely_on == found.safe_on == OFFICE.ahead(MONDAY, 6 + 10)
    assert found.slowest.stage is Stage.PRODUCTION


def test_a_stage_that_outlasted_all_others_still_goes_on() -> None:
    observed = {stage: [10] * 2_000 for stage in Stage}
    assert forecasted(Stage.PRODUCTION, spent=500, observed=observed).safe_on > MONDAY


@settings(max_examples=40)
@given(st.sampled_from(Stage), st.integers(0, 120), st.integers(-30, 900), st.integers(0, 300))
def test_a_later_target_is_no_less_likely_and_the_safe_date_not_before_the_likely_one(
    stage: Stage, spent: int, days: int, later: int
) -> None:
    near, far = (
        forecasted(stage, spent, target=MONDAY + timedelta(days=shift), runs=200)
        for shift in (days, days + later)
    )
    assert near.chance is not None
    assert far.chance is not None
    assert 0 <= near.chance <= far.chance <= 1
    assert MONDAY < near.likely_on <= near.safe_on
    assert math.isclose(sum(each.share for each in near.stages), 1)
