"""How much of a class's time is retrieval, and how much replica time do its calls hold meanwhile?

In: rows of stage_time, request_class, held_call and pool_call. Out: by class that retrieves, two ratios and a count.
"""

from __future__ import annotations

import polars as pl


def shares_of(
    stage_time: pl.DataFrame, request_class: pl.DataFrame, held: pl.DataFrame, calls: pl.DataFrame
) -> dict[str, tuple[float, float, int]]:
    """By class that retrieves: of its requests' time what is retrieval, of its calls' share what is held meanwhile, and
    how many requests retrieve. Rows of the relations stage_time, request_class, held_call and pool_call.
    """
    names = request_class.select("request_id", pl.col("request_class").cast(pl.String))
    is_retrieval = pl.col("stage").cast(pl.String) == "retrieval"
    times = (
        stage_time.join(names, on="request_id")
        .group_by("request_class")
        .agg(
            (pl.col("self_ns").filter(is_retrieval).sum() / pl.col("self_ns").sum()).alias("time_ratio"),
            pl.col("request_id").filter(is_retrieval).n_unique().alias("requests"),
        )
        .filter(pl.col("requests") > 0)
    )
    used = (
        calls.join(names, on="request_id", suffix="_of")
        .group_by(pl.col("request_class").cast(pl.String))
        .agg(pl.col("share_s").sum().alias("used_s"))
    )
    kept = (
        held.join(names, on="request_id")
        .group_by("request_class")
        .agg(pl.col("share_s").sum().alias("held_s"))
    )
    rows = times.join(used, on="request_class", how="left").join(kept, on="request_class", how="left")
    ratio = (
        (pl.col("held_s").fill_null(0.0) / pl.col("used_s")).fill_nan(0.0).fill_null(0.0).alias("held_ratio")
    )
    found = rows.with_columns(ratio).select("request_class", "time_ratio", "held_ratio", "requests")
    return {name: (time, held_ratio, requests) for name, time, held_ratio, requests in found.iter_rows()}
