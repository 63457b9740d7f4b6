"""How are fractions summed by group, so that two runs give the same digits? Exactly, whatever the order.

Rows in, one sum a group out. Threads add in the order in which they happen to finish; a sum that is rounded once, at
its end, does not depend on it (Shewchuk 1997, as math.fsum).
"""

from __future__ import annotations

import math
from typing import Any

import polars as pl


def sums_by(rows: pl.DataFrame, keys: tuple[str, ...], column: str) -> dict[tuple[Any, ...], float]:
    """The sum of the column for each combination of the keys, in their order; what is null counts as nothing."""
    groups = rows.drop_nulls(column).group_by(keys).agg(column).sort(keys)
    return {tuple(row[:-1]): math.fsum(row[-1]) for row in groups.select(*keys, column).iter_rows()}
