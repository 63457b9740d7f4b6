"""How many failed attempts does a call follow?

In: calls with what they were retries of. Out: a count for each. Calls of one thing stand in a row, by request and
place; a failed one that was followed by another is an attempt, and what comes next a further one.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def tries_before(calls: pl.DataFrame, of: Sequence[str]) -> pl.Series:
    """How many failed attempts each call follows, without another call of the same in between. of: columns that tell
    what is the same; a call has ``place`` and ``is_retried``.
    """
    keys = list(of)
    ordered = calls.with_row_index("row").sort(*keys, "place", nulls_last=True)
    counted = ordered.with_columns(sum=pl.col("is_retried").cast(pl.Int64).cum_sum().over(keys))
    before = counted.with_columns(
        run=(
            pl.col("sum")
            - pl.when(~pl.col("is_retried")).then(pl.col("sum")).forward_fill().over(keys).fill_null(0)
        )
    )
    found = before.with_columns(tries=pl.col("run").shift(1).over(keys).fill_null(0))
    return found.sort("row")["tries"]
