"""What does the analysis document say of engines that told of themselves?

In: ``PoolEngine``. Out: ``EngineReport``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.documents.engines import EngineReport
from costctl.documents.estimate import Estimate
from costctl.service_model.engine_pools import PoolEngine
from costctl.units import iso_utc

_LEVEL: Final = 0.95
_METHOD: Final = "windows of a hundred steps, bootstrap, and what reports cut through"


def engine_report(engine: PoolEngine) -> EngineReport:
    """The report of engines that are alike."""
    series, times = engine.series, engine.times
    fits = (
        [None] * 3
        if isinstance(times, str)
        else list(zip(times.low_s, times.times_s, times.high_s, strict=True))
    )
    alpha_s, beta_s, gamma_s = (None if each is None else Estimate(*each, _LEVEL, _METHOD) for each in fits)
    return EngineReport(
        engine=series["engine"][0],
        model=series["model"][0],
        pool=engine.match.pool,
        matched_by=engine.match.why,
        engines=engine.engines,
        samples=int(series["samples"].sum()),
        resets=int(series["resets"].sum()),
        from_=iso_utc(_extreme(series["first_ns"], is_first=True)),
        to=iso_utc(_extreme(series["last_ns"], is_first=False)),
        most_running=_whole(series["most_running"].max()),
        most_waiting=_whole(series["most_waiting"].max()),
        decoded_tokens=_sum(series["decoded_tokens"]),
        prompt_tokens=_sum(series["prompt_tokens"]),
        prefix_hit_ratio=_hit_ratio(engine.samples),
        preemptions=_whole(_sum(series["preemptions"])),
        most_kv_usage_ratio=_usage(series["most_kv_usage_ratio"]),
        kv_tokens=engine.kv_tokens,
        max_num_seqs=engine.max_num_seqs,
        max_batched_tokens=engine.max_batched_tokens,
        alpha_s=alpha_s,
        beta_s=beta_s,
        gamma_s=gamma_s,
        windows=0 if isinstance(times, str) else times.fit.windows,
        missing_for_fit=times if isinstance(times, str) else None,
    )


def _extreme(instants: pl.Series, *, is_first: bool) -> int:
    return int(instants.to_numpy().min() if is_first else instants.to_numpy().max())


def _whole(value: object) -> int | None:
    return round(value) if isinstance(value, float) else None


def _sum(values: pl.Series) -> float | None:
    """The sum of what is known; None where nothing is."""
    return float(values.sum()) if values.count() else None


def _usage(values: pl.Series) -> float | None:
    """None too where it was 0 all the time: an engine that runs sequences uses its cache, and this one rounds."""
    most = values.max()
    return most if isinstance(most, float) and most > 0 else None


def _hit_ratio(samples: pl.DataFrame) -> float | None:
    """Hits over prompt tokens of the samples that report both."""
    both = samples.filter(pl.col("prefix_hit_tokens").is_not_null() & pl.col("prompt_tokens").is_not_null())
    prompt = float(both["prompt_tokens"].sum())
    return float(both["prefix_hit_tokens"].sum()) / prompt if prompt > 0 else None
