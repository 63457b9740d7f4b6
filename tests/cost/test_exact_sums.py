"""Fractions by group, the same digits in any order."""

from __future__ import annotations

import random

import polars as pl

from costctl.cost.exact_sums import sums_by


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
