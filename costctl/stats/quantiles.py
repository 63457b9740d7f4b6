"""Which value do so many of the values not exceed? The one definition of a quantile that every figure uses.

In: observed values and a level. Out: one of the values, never one in between: the smallest that ``level`` of the values
do not exceed (nearest rank). The median of 20 ms and 20 s is 20 ms, a request that can be looked up, not 10 s, which no
request took.

    rank = ⌈level · n⌉, at least 1, in whole numbers: 0.95 · 20 is 19, not 19.000000000000004

The same as INVERTED_CDF of Hyndman & Fan, The American Statistician 50 (1996), definition 1; sql/core/class_example.sql
finds requests by the same rank.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

_PARTS: Final = 1_000_000  # a level is a whole number of millionths, so that ranks are exact


def rank(level: float, count: int) -> int:
    """The place of the quantile among ``count`` values in ascending order, from 1. level: in [0, 1]."""
    return max(1, -(-_millionths(level) * count // _PARTS))


def quantile(values: npt.NDArray[np.floating | np.integer], level: float) -> float:
    """The quantile of values of which none is NaN; NaN where there are none."""
    if values.size == 0:
        return float("nan")
    place = rank(level, values.size) - 1
    return float(np.partition(values, place)[place])


def known_quantile(values: pl.Series, level: float) -> float | None:
    """The quantile of the values that are not null; None where all are."""
    known = values.drop_nulls()
    return quantile(known.to_numpy(), level) if known.len() else None


def quantile_of(column: str | pl.Expr, level: float) -> pl.Expr:
    """The quantile of a column within a group, of what is not null; null where all is."""
    known = (pl.col(column) if isinstance(column, str) else column).drop_nulls().sort()
    place = (_millionths(level) * known.len().cast(pl.Int64) + (_PARTS - 1)) // _PARTS
    return known.get(pl.max_horizontal(place - 1, 0), null_on_oob=True)


def _millionths(level: float) -> int:
    return round(level * _PARTS)
