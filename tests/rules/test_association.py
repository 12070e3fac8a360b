"""Rank correlation: worked examples, what it must not depend on, and an interval that is right as often as it says."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules.association import ENOUGH, association, ranks


def test_equal_values_share_the_middle_of_their_places() -> None:
    assert ranks([10, 30, 20, 20]) == [1, 4, 2.5, 2.5]


@pytest.mark.parametrize(
    ("ys", "rank"),
    [
        ([*range(10)], 1),
        ([*range(10, 0, -1)], -1),
        # 1 - 6·Σd²/(n³-n) with Σd² = 10: five neighbours changed places
        ([1, 0, 3, 2, 5, 4, 7, 6, 9, 8], 1 - 6 * 10 / 990),
        ([5] * 10, None),
    ],
)
def test_worked_examples(ys: list[float], rank: float | None) -> None:
    found = association(list(enumerate(ys)))
    assert found.pairs == 10
    assert found.rank == (rank if rank is None else pytest.approx(rank))


def test_too_few_pairs_say_nothing() -> None:
    found = association([(number, number) for number in range(ENOUGH - 1)])
    assert (found.pairs, found.rank, found.low, found.is_clear) == (ENOUGH - 1, None, None, False)


numbers = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.tuples(numbers, numbers), min_size=ENOUGH, max_size=60))
def test_interval_holds_the_figure_and_order_does_not_matter(pairs: list[tuple[float, float]]) -> None:
    found = association(pairs)
    assert association(pairs[::-1]).pairs == found.pairs
    if found.rank is None:
        return
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low <= found.rank <= found.high <= 1
    assert association(pairs[::-1]).rank == pytest.approx(found.rank)
    turned = association([(x, -y) for x, y in pairs])
    assert turned.rank == pytest.approx(-found.rank)
    assert (turned.low, turned.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


@pytest.mark.parametrize("truth", [0.0, -0.5])
def test_95_of_100_intervals_hold_the_truth(truth: float) -> None:
    """Over synthetic portfolios of 30 projects drawn from a normal pair whose rank correlation is known."""
    normal = 2 * math.sin(math.pi * truth / 6)
    held, rounds = 0, 600
    for number in range(rounds):
        chance = random.Random(number)
        pairs = []
        for _ in range(30):
            x, noise = chance.gauss(0, 1), chance.gauss(0, 1)
            pairs.append((x, normal * x + math.sqrt(1 - normal**2) * noise))
        found = association(pairs)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.92 <= held / rounds <= 0.98
