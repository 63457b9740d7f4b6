"""How are fractions summed, so that two runs give the same digits? Exactly, whatever the order.

Rows in, one sum a group out. Threads add in the order in which they happen to finish; a sum that is rounded once, at
its end, does not depend on it (Shewchuk 1997, as math.fsum).

Relations sum in whole numbers: sql/core/charge_parts.sql takes each amount apart, 32 binary digits to a place, and the
sums of each place are put together here. What two parts of a trace sum to can be added, place by place.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import polars as pl

from costctl.arrays import only_read
from costctl.compiled import compiled

_DIGITS: Final = 32  # binary, of a place: sums of 2^31 rows stay within 64 bits
_POWERS: Final = (64, 32, 0, -32, -64, -96, -128)  # of a double above 1.3e-23 nothing is left out
_MOST_PARTS: Final = 2_200  # of a running sum: each holds a bit of its own, and doubles have 2,098 places


def binary_places() -> pl.DataFrame:
    """The places. factor: 2^-power.  carried: what a place hands to the next one, in its own units; 0 at the top."""
    return pl.DataFrame(
        {
            "power": _POWERS,
            "factor": [2.0**-power for power in _POWERS],
            "carried": [0.0, *[2.0**_DIGITS] * (len(_POWERS) - 1)],
        },
        schema={"power": pl.Int64, "factor": pl.Float64, "carried": pl.Float64},
    )


def sum_of_parts(rows: pl.DataFrame, column: str) -> float | None:
    """What the parts of all rows sum to; None where all are null. rows: with their power."""
    return sums_of_parts(rows, (), column).get(())


def sums_of_parts(rows: pl.DataFrame, keys: tuple[str, ...], column: str) -> dict[tuple[Any, ...], float]:
    """What the parts of each combination of the keys sum to, in their order; what is null counts as nothing."""
    sums = rows_of_sums(rows, keys, column)
    if keys:
        sums = sums.sort(keys)
    return {tuple(key): usd for *key, usd in sums.iter_rows()}


def rows_of_sums(rows: pl.DataFrame, keys: tuple[str, ...], column: str) -> pl.DataFrame:
    """The same as rows of the keys and the column, in no order.

    The sum of a place is one of whole numbers; its two halves are doubles without a rest, and of all halves the sum is
    rounded once (math.fsum).
    """
    high, low = pl.col(column) // 2**_DIGITS, pl.col(column) % 2**_DIGITS
    factor = pl.lit(2.0).pow(pl.col("power").cast(pl.Float64))
    places = rows.drop_nulls(column).group_by(*keys, "power").agg(pl.col(column).sum())
    halves = places.with_columns(high=high * factor * 2.0**_DIGITS, low=low * factor, whole=pl.lit(0))
    sums = halves.group_by(*keys, "whole").agg("high", "low")
    exact = [math.fsum([*above, *below]) for above, below in sums.select("high", "low").iter_rows()]
    return sums.select(*keys, pl.Series(column, exact, pl.Float64))


def exact_sum(values: pl.Series) -> float | None:
    """The sum of those that are not null; None where all are."""
    known = values.drop_nulls()
    return _sums(known, np.array([0, known.len()]))[0] if known.len() else None


def sums_by(rows: pl.DataFrame, keys: tuple[str, ...], column: str) -> dict[tuple[Any, ...], float]:
    """The sum of the column for each combination of the keys, in their order; what is null counts as nothing."""
    groups = rows.drop_nulls(column).group_by(keys).agg(column).sort(keys)
    begins = np.append(0, groups[column].list.len().cast(pl.Int64).cum_sum().to_numpy())
    sums = _sums(groups[column].explode(), begins)
    return dict(zip(groups.select(keys).iter_rows(), sums, strict=True))


def _sums(values: pl.Series, begins: Any) -> list[float]:
    """The sum of each group; begins: where each one does, and where the last ends."""
    parts, counts = np.zeros((begins.size - 1, _MOST_PARTS)), np.zeros(begins.size - 1, np.int64)
    _add_exactly(only_read(values.cast(pl.Float64).to_numpy()), begins, parts, counts)
    return [math.fsum(row[:count]) for row, count in zip(parts.tolist(), counts.tolist(), strict=True)]


@compiled
def _add_exactly(values: Any, begins: Any, parts: Any, counts: Any) -> None:
    """Of each group the parts that sum to it exactly, the smallest first, and how many there are."""
    for group in range(begins.size - 1):
        held = 0
        for at in range(begins[group], begins[group + 1]):
            larger, kept = values[at], 0
            for part in range(held):
                smaller = parts[group, part]
                if abs(larger) < abs(smaller):
                    larger, smaller = smaller, larger
                total = larger + smaller
                rest = (
                    smaller - (total - larger) if np.isfinite(total) else 0.0
                )  # beyond all doubles nothing is left
                if rest != 0.0:
                    parts[group, kept] = rest
                    kept += 1
                larger = total
            parts[group, kept] = larger
            held = kept + 1
        counts[group] = held
