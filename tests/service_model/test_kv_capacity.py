"""What a KV cache holds is reported, or follows from what is in it and how much of it that is."""

from __future__ import annotations

import numpy as np
import polars as pl

from costctl.service_model.kv_capacity import InProgress, kv_capacity

TOKENS = 40_000


def samples_of(used: list[float], *, tells_used: bool) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "at_ns": [second * 10**9 for second in range(len(used))],
            "kv_usage_ratio": [round(each / TOKENS, 4) for each in used],
            "kv_used_tokens": used if tells_used else [None] * len(used),
        },
        schema={"at_ns": pl.Int64, "kv_usage_ratio": pl.Float64, "kv_used_tokens": pl.Float64},
    )


def series_of(reported: float | None) -> pl.DataFrame:
    return pl.DataFrame({"reported_kv_tokens": [reported]}, schema={"reported_kv_tokens": pl.Float64})


def test_what_the_engine_reports_counts_first() -> None:
    found = kv_capacity(series_of(41408.0), samples_of([9000.0] * 30, tells_used=True), None, 0)
    assert found is not None
    assert (found.mid, found.method) == (41408.0, "reported by the engine")


def test_else_the_tokens_in_it_over_the_part_in_use() -> None:
    used = [3000.0 + 900.0 * place for place in range(30)]
    found = kv_capacity(series_of(None), samples_of(used, tells_used=True), None, 0)
    assert found is not None
    assert abs(found.mid / TOKENS - 1.0) < 0.001


def test_else_the_tokens_of_the_calls_in_progress() -> None:
    # Two calls: 4,000 prompt tokens each; one decodes 1,000 tokens in 40 s, the other 2,000.
    calls = InProgress(
        np.zeros(2), np.zeros(2), np.full(2, 40.0), np.full(2, 4000.0), np.array([1000.0, 2000.0])
    )
    used = [8000.0 + 75.0 * second for second in range(40)]
    found = kv_capacity(series_of(None), samples_of(used, tells_used=False), calls, 0)
    assert found is not None
    assert abs(found.mid / TOKENS - 1.0) < 0.001
    assert found.method == "tokens of the calls in progress / part in use"


def test_an_engine_that_says_nothing_of_it_leaves_it_unknown() -> None:
    assert kv_capacity(series_of(None), samples_of([10.0] * 30, tells_used=True), None, 0) is None
