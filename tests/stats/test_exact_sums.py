"""Fractions by group, the same digits in any order."""

from __future__ import annotations

import math
import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.stats.exact_sums import exact_sum, sums_by

AMOUNTS = st.lists(st.floats(-1e300, 1e300), max_size=60)


def test_the_order_of_rows_does_not_matter_to_the_last_digit() -> None:
    rows = [("a" if number % 3 else "b", 0.1 * number / 7) for number in range(2000)]
    found = []
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        found.append(sums_by(pl.DataFrame(rows, schema=["key", "amount"], orient="row"), ("key",), "amount"))
    assert all(each == found[0] for each in found)


def test_what_is_null_counts_as_nothing() -> None:
    rows = pl.DataFrame({"key": ["a", "a", "b"], "amount": [0.5, None, 0.25]})
    assert sums_by(rows, ("key",), "amount") == {("a",): 0.5, ("b",): 0.25}


@given(AMOUNTS)
def test_a_sum_is_rounded_once_as_the_sum_of_the_standard_library_is(amounts: list[float]) -> None:
    assert exact_sum(pl.Series(amounts, dtype=pl.Float64)) == (math.fsum(amounts) if amounts else None)


@pytest.mark.parametrize("beyond", [math.inf, math.nan])
def test_what_is_no_finite_amount_makes_no_finite_sum_however_much_is_added(beyond: float) -> None:
    amounts = pl.Series([0.1] * 3_000 + [beyond] + [1e-9, 1e9] * 3_000)
    found = exact_sum(amounts)
    assert found is not None
    assert math.isnan(found) if math.isnan(beyond) else found == beyond
