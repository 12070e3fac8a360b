"""When a trigger fires: worked series, and the properties that hold for any."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules.triggers import Direction, Missing, Point, TriggerRule, replay

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
