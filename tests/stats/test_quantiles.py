"""One definition of a quantile, in numpy, in polars and in SQL."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from costctl.stats.quantiles import known_quantile, quantile, quantile_of, rank

LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95, 0.99)
VALUES = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=60)


@given(VALUES, st.sampled_from(LEVELS))
def test_it_is_the_smallest_value_that_so_many_do_not_exceed(values: list[int], level: float) -> None:
    found = quantile(np.array(values), level)
    percent = round(100 * level)
    enough = [
        each for each in values if 100 * sum(other <= each for other in values) >= percent * len(values)
    ]
    assert found == min(enough)


@given(VALUES, st.sampled_from(LEVELS))
def test_polars_and_numpy_find_the_same_value(values: list[int], level: float) -> None:
    frame = pl.DataFrame({"group": 1, "value": [*values, None]})
    (found,) = frame.group_by("group").agg(quantile_of("value", level).alias("found"))["found"]
    assert found == quantile(np.array(values), level) == known_quantile(frame["value"], level)


def test_ranks_are_whole_numbers_where_floats_would_miss_them() -> None:
    assert [rank(0.95, 20 * count) for count in range(1, 500)] == [19 * count for count in range(1, 500)]
    assert rank(0.95, 1) == rank(0.05, 1) == 1


def test_of_nothing_there_is_no_quantile() -> None:
    assert math.isnan(quantile(np.array([], np.float64), 0.5))
    assert known_quantile(pl.Series([None, None], dtype=pl.Float64), 0.5) is None


def test_the_median_of_two_requests_is_one_of_them() -> None:
    # Interpolated it would be 10 s, which no request took, beside an example of 20 ms that is called typical.
    assert quantile(np.array([0.02, 20.0]), 0.5) == 0.02
