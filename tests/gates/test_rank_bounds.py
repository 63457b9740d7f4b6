"""Bounds of a quantile by ranks hold it as often as they say, whatever the distribution."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.stats.rank_bounds import bound_ranks, fewest_for_upper_bound, rank_bounds


def at_most(most: int, count: int, at: float) -> float:
    """P(B ≤ most) by its definition."""
    return sum(comb(count, k) * at**k * (1 - at) ** (count - k) for k in range(most + 1))


@pytest.mark.parametrize("at", [0.5, 0.95, 0.99])
@pytest.mark.parametrize("count", [1, 28, 60, 100, 400])
def test_the_ranks_are_the_closest_that_miss_by_at_most_a_fortieth_on_each_side(
    count: int, at: float
) -> None:
    lower, upper = bound_ranks(count, at)
    lowers = [rank for rank in range(1, count + 1) if at_most(rank - 1, count, at) <= 0.025]
    uppers = [rank for rank in range(1, count + 1) if 1 - at_most(rank - 1, count, at) <= 0.025]
    assert lower == (max(lowers) if lowers else None)
    assert upper == (min(uppers) if uppers else None)


@pytest.mark.parametrize("at", [0.5, 0.95, 0.99])
def test_from_so_many_values_on_there_is_an_upper_bound(at: float) -> None:
    fewest = fewest_for_upper_bound(at)
    assert bound_ranks(fewest, at)[1] == fewest
    assert bound_ranks(fewest - 1, at)[1] is None


def test_nineteen_of_twenty_intervals_hold_the_p95_of_a_skewed_law() -> None:
    rng = np.random.default_rng(5)
    truth = float(np.exp(1.6448536269514722))
    bounds = [rank_bounds(rng.lognormal(size=300), 0.95) for _ in range(400)]
    held = sum(low is not None and high is not None and low <= truth <= high for low, high in bounds)
    assert 0.93 <= held / 400 <= 0.99


@given(
    values=st.lists(st.integers(0, 10_000), min_size=1, max_size=60), at=st.sampled_from([0.5, 0.95, 0.99])
)
def test_bounds_move_with_the_values_whatever_grows_with_them(values: list[int], at: float) -> None:
    found = rank_bounds(np.array(values, float), at)
    grown = rank_bounds(np.array(values, float) ** 2 + 1.0, at)
    assert grown == tuple(None if bound is None else bound**2 + 1.0 for bound in found)
