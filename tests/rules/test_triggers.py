"""When a trigger fires: worked series, and the properties that hold for any."""

from __future__ import annotations

import math
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules.triggers import (
    Direction,
    Judgement,
    LimitKind,
    Missing,
    Point,
    TriggerRule,
    is_silent,
    limit_of,
    replay,
    settle,
)
from tests.clock import START

B, OK, NA = 1.0, 3.0, None  # below the limit of 2, above it, not there


def series(*values: float | None, limit: float | None = 2.0) -> list[Point]:
    return [Point(str(number), value, limit) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "consecutive", "missing", "fires_at"),
    [
        ((), 1, Missing.SKIP, ()),
        ((OK, OK), 1, Missing.SKIP, ()),
        ((B,), 1, Missing.SKIP, (0,)),
        ((B, B, B), 1, Missing.SKIP, (0,)),  # once per run
        ((B, OK, B), 1, Missing.SKIP, (0, 2)),  # one fine point re-arms
        ((2.0, 2.0), 1, Missing.SKIP, ()),  # exactly at the limit is no breach
        ((B, OK, B, B, B), 2, Missing.SKIP, (3,)),
        ((B, B, OK, B, B), 3, Missing.SKIP, ()),
        ((B, NA, B), 2, Missing.SKIP, (2,)),
        ((B, NA, B), 2, Missing.RESET, ()),
        ((B, NA, B), 1, Missing.SKIP, (0,)),  # still the same run
        ((B, NA, B), 1, Missing.RESET, (0, 2)),
        ((B, math.nan, B, B), 2, Missing.RESET, (3,)),
        ((-math.inf, OK), 1, Missing.SKIP, (0,)),
    ],
)
def test_fires_at(
    values: tuple[float | None, ...], consecutive: int, missing: Missing, fires_at: tuple[int, ...]
) -> None:
    rule = TriggerRule(Direction.BELOW, consecutive, missing)
    found = replay(series(*values), rule)
    assert found.fires_at == fires_at

    mirrored = [None if value is None else -value for value in values]
    above = replay(series(*mirrored, limit=-2.0), TriggerRule(Direction.ABOVE, consecutive, missing))
    assert above == found


def test_each_row_may_bring_its_own_limit_and_one_without_is_missing() -> None:
    points = [Point("a", 1.0, 0.5), Point("b", 1.0, 1.5), Point("c", 1.0, None), Point("d", 1.0, math.nan)]
    found = replay(points, TriggerRule(Direction.BELOW))
    assert (found.points, found.breaches, found.missing, found.fires_at) == (4, 1, 2, (1,))


def test_a_rule_of_no_breaches_is_none() -> None:
    with pytest.raises(ValueError, match="at least one"):
        TriggerRule(Direction.BELOW, 0)


anything = st.lists(st.sampled_from([B, OK, NA]), max_size=40)


@given(anything, st.integers(1, 5))
def test_firings_are_the_runs_long_enough(values: list[float | None], consecutive: int) -> None:
    """Written as text, each run of k or more breaches between fine points fires once, at its k-th."""
    marks = "".join("b" if value == B else "." for value in values if value is not None)
    there = [index for index, value in enumerate(values) if value is not None]
    expected, place = [], 0
    for run in marks.split("."):
        if len(run) >= consecutive:
            expected.append(there[place + consecutive - 1])
        place += len(run) + 1

    assert list(replay(series(*values), TriggerRule(Direction.BELOW, consecutive)).fires_at) == expected


@given(anything, st.integers(1, 4))
def test_a_missing_value_that_is_passed_over_changes_no_firing(
    values: list[float | None], consecutive: int
) -> None:
    points, rule = series(*values), TriggerRule(Direction.BELOW, consecutive)
    fired = [points[index].key for index in replay(points, rule).fires_at]
    without = [point for point in points if point.value is not None]
    assert [without[index].key for index in replay(without, rule).fires_at] == fired


# ---------------------------------------------------------------- durations, limits, silence

DAY = timedelta(days=1)


def daily(*values: float | None) -> list[Point]:
    return [Point(str(day), value, 2.0, START + day * DAY) for day, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "consecutive", "days", "fires_at"),
    [
        ((B,), 1, 1, ()),  # a single point lasts no time
        ((B, B, B, B), 1, 2, (2,)),
        ((B, B, B, B), 4, 2, (3,)),  # both have to hold
        ((B, NA, B), 1, 2, (2,)),
        ((B, B, OK, B, B), 1, 2, ()),
        ((B, B, B, OK, B, B, B), 1, 2, (2, 6)),
    ],
)
def test_fires_once_the_breach_has_lasted(
    values: tuple[float | None, ...], consecutive: int, days: int, fires_at: tuple[int, ...]
) -> None:
    rule = TriggerRule(Direction.BELOW, consecutive, lasting=days * DAY)
    assert replay(daily(*values), rule).fires_at == fires_at


@pytest.mark.parametrize(
    ("kind", "direction", "baseline", "limit"),
    [
        (LimitKind.FIXED, Direction.BELOW, None, 0.05),
        (LimitKind.CHANGE, Direction.BELOW, 0.8, 0.75),
        (LimitKind.CHANGE, Direction.ABOVE, 0.8, 0.85),
        (LimitKind.CHANGE_SHARE, Direction.BELOW, 0.8, 0.76),
        (LimitKind.CHANGE_SHARE, Direction.BELOW, -20.0, -21.0),  # worse is further down, whatever the sign
        (LimitKind.CHANGE_SHARE, Direction.ABOVE, 0.8, 0.84),
        (LimitKind.CHANGE, Direction.BELOW, None, None),  # nothing to compare with yet
        (LimitKind.ROW, Direction.BELOW, 0.8, 0.6),
    ],
)
def test_where_the_limit_comes_from(
    kind: LimitKind, direction: Direction, baseline: float | None, limit: float | None
) -> None:
    assert limit_of(kind, 0.05, direction, baseline, 0.6) == pytest.approx(limit)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from(LimitKind))
def test_an_improvement_is_never_a_breach(
    baseline: float, amount: float, better: float, kind: LimitKind
) -> None:
    """However far a value moves to the good side of its baseline, no rule of change calls it a breach."""
    for direction, sign in ((Direction.BELOW, 1), (Direction.ABOVE, -1)):
        limit = limit_of(kind, amount, direction, baseline, baseline)
        if kind is LimitKind.FIXED:
            limit = baseline
        point = Point("x", baseline + sign * better, limit)
        assert TriggerRule(direction).judge(point) is Judgement.FINE


def test_silence_is_more_than_the_expected_interval() -> None:
    assert not is_silent(START, None, START + 900 * DAY)
    assert not is_silent(START, 7 * DAY, START + 7 * DAY)
    assert is_silent(START, 7 * DAY, START + 7 * DAY + timedelta(seconds=1))


# ---------------------------------------------------------------- late readings


class Record:
    """Firings as they are kept: key to whether it holds; and how many alarms people heard."""

    def __init__(self, rule: TriggerRule) -> None:
        self.rule, self.points = rule, dict[str, Point]()
        self.firings, self.alarms = dict[str, bool](), 0

    def arrive(self, points: list[Point]) -> bool:
        self.points |= {point.key: point for point in points}
        ordered = sorted(self.points.values(), key=lambda point: point.at or START)
        judged = [self.rule.judge(point) for point in ordered]
        settled = settle(ordered, self.rule, self.firings, judged)
        for key in settled.ended:
            self.firings[key] = False
        for key in settled.again:
            self.firings[key] = True
        for new in settled.new:
            self.firings[ordered[new.fire.at].key] = True
            self.alarms += new.replaces is None
        return settled.is_quiet

    @property
    def holding(self) -> set[str]:
        return {key for key, holds in self.firings.items() if holds}


rules = st.builds(
    TriggerRule,
    st.just(Direction.BELOW),
    st.integers(1, 4),
    st.sampled_from(Missing),
    st.sampled_from([None, DAY, 3 * DAY]),
)


@given(anything, rules, st.randoms(use_true_random=False), st.integers(1, 6))
def test_the_order_of_arrival_does_not_change_what_fired_in_the_end(
    values: list[float | None], rule: TriggerRule, chance: random.Random, size: int
) -> None:
    points = daily(*values)
    expected = {points[index].key for index in replay(points, rule).fires_at}
    shuffled = chance.sample(points, len(points))
    record, seen = Record(rule), set[str]()
    for start in range(0, len(shuffled), size):
        record.arrive(shuffled[start : start + size])
        seen |= record.holding
        assert record.arrive(shuffled[: start + size]), "what is known already adds nothing"

    assert record.holding == expected
    assert seen <= record.firings.keys(), "a firing once made stays on record"
    assert record.arrive(points), "replaying adds nothing"


def test_a_late_reading_moves_a_firing_within_its_run_without_a_second_alarm() -> None:
    first, late, last = daily(B, B, B)
    record = Record(TriggerRule(Direction.BELOW, 2))
    record.arrive([first, last])
    assert (record.firings, record.alarms) == ({"2": True}, 1)
    record.arrive([late])
    assert (record.firings, record.alarms) == ({"2": False, "1": True}, 1)


def test_a_late_reading_that_was_fine_parts_a_run_in_two() -> None:
    first, late, last = daily(B, OK, B)
    record = Record(TriggerRule(Direction.BELOW))
    record.arrive([first, last])
    assert (record.firings, record.alarms) == ({"0": True}, 1)
    record.arrive([late])
    assert (record.firings, record.alarms) == ({"0": True, "2": True}, 2)
