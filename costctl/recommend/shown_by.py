"""Which requests does one open first, to see what a piece of advice is about?

In: the advice, the calls of pools, the calls that are bought. Out: the requests whose calls of that class, or else of
that pool, take most replica time, or cost most; of advice on attempts, the calls that failed. They are those of the
window as it was recorded, not of a replay.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.documents.recommendations import Recommendation

MOST_SHOWN: Final = 3
_OF_FAILURES: Final = ("retry", "fallback")  # kinds that are about attempts that failed


def requests_behind(
    advice: Recommendation, pool_call: pl.DataFrame, bought: pl.DataFrame | None
) -> pl.DataFrame:
    """At most ``MOST_SHOWN`` rows of request_id, calls, busy_s and usd, the largest first; none where advice is about
    no class and no pool, or is withheld. pool_call: the relation.  bought: of bought_calls; None where nothing is
    bought.
    """
    is_bought = advice.calls is not None
    calls = bought if is_bought else pool_call
    whose = [
        pl.col(column) == value
        for column, value in (("request_class", advice.request_class), ("pool", advice.pool))
        if value is not None
    ][:1]
    if calls is None or advice.status == "withheld" or not whose:
        return pl.DataFrame(schema={"request_id": pl.Int64, "calls": pl.Int64, "busy_s": float, "usd": float})
    amount = "usd" if is_bought else "share_s"
    if advice.kind in _OF_FAILURES:
        whose.append(pl.col("is_failed"))
    summed = pl.when(pl.col(amount).is_not_null().all()).then(pl.col(amount).sum())
    return (
        calls.filter(*whose)
        .group_by("request_id")
        .agg(pl.len().cast(pl.Int64).alias("calls"), summed.cast(pl.Float64).alias("amount"))
        .sort("amount", "request_id", descending=[True, False], nulls_last=True)
        .head(MOST_SHOWN)
        .with_columns(
            busy_s=pl.lit(None, pl.Float64) if is_bought else pl.col("amount"),
            usd=pl.col("amount") if is_bought else pl.lit(None, pl.Float64),
        )
        .drop("amount")
    )
