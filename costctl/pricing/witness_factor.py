"""Is a source's every amount ours times one factor? A margin, a discount or a currency is that, and nothing else is.

In: rows of cost_witness with the tolerance of each. Out: the factor, theirs over ours; None where there is none.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_LEAST_CALLS: Final = 3  # of different amounts: two may meet by chance
_LEAST: Final = 0.1  # below it, and above its inverse, it is another unit, or no price at all
_SAME: Final = 1e-9  # relative


def constant_factor(rows: pl.DataFrame) -> float | None:
    """The factor of all calls whose price is known, where it is not 1. rows: usd, recorded_usd, tolerance_usd."""
    known = rows.filter(pl.col("usd").is_not_null() & ((pl.col("usd") > 0) | (pl.col("recorded_usd") > 0)))
    if known["usd"].n_unique() < _LEAST_CALLS or bool((known["usd"] <= 0).any()):
        return None
    largest = known.sort("usd", descending=True).row(0, named=True)
    factor = float(largest["recorded_usd"]) / float(largest["usd"])
    if abs(factor - 1) <= _SAME or not _LEAST <= factor <= 1 / _LEAST:
        return None
    spread = largest["tolerance_usd"] / largest["usd"]
    off = (known["recorded_usd"] - factor * known["usd"]).abs()
    allowed = known["tolerance_usd"] + known["usd"] * spread + known["recorded_usd"] * _SAME
    return factor if bool((off <= allowed).all()) and bool((~known["is_agreed"]).any()) else None
