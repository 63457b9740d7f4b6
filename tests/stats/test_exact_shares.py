"""Bounds of a share hold however few were counted: every count is gone through, none is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest, fisher_exact

from costctl.stats.exact_shares import chance_of_as_many, least_excess, share_bounds


@pytest.mark.parametrize(("count", "of"), [(0, 1), (1, 1), (0, 600), (3, 7), (599, 600)])
def test_bounds_are_those_of_another_library(count: int, of: int) -> None:
    other = binomtest(count, of).proportion_ci(0.999, method="exact")
    assert share_bounds(count, of, 0.999) == pytest.approx((other.low, other.high), abs=1e-9)


@pytest.mark.parametrize(("now", "before"), [(1, 300), (3, 40), (12, 12), (40, 3)])
@pytest.mark.parametrize("level", [0.99, 0.9999])
def test_of_one_share_an_excess_is_claimed_no_more_often_than_the_level_allows(
    now: int, before: int, level: float
) -> None:
    claimed = np.array(
        [
            [chance_of_as_many((k, now), (j, before)) <= (1 - level) / 2 for j in range(before + 1)]
            for k in range(now + 1)
        ]
    )
    for share in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9, 0.99):
        mine = binom.pmf(np.arange(now + 1), now, share)
        theirs = binom.pmf(np.arange(before + 1), before, share)
        assert mine @ claimed @ theirs <= (1.0 - level) / 2.0


@pytest.mark.parametrize(
    ("now", "before"), [((1, 1), (0, 600)), ((7, 9), (3, 12)), ((0, 4), (4, 4)), ((5, 5), (5, 5))]
)
def test_the_chance_is_that_of_another_library(now: tuple[int, int], before: tuple[int, int]) -> None:
    table = [[each[0], each[1] - each[0]] for each in (now, before)]
    assert chance_of_as_many(now, before) == pytest.approx(fisher_exact(table, "greater").pvalue, rel=1e-9)


def test_an_excess_is_never_claimed_of_equal_shares_and_grows_with_the_count() -> None:
    found = [least_excess((count, 50), (5, 50), 0.99) for count in range(5, 51)]
    assert found[0] < 0 < found[-1]
    assert found == sorted(found)
