"""How did a class behave? Latency, objectives met, stages, and the stage that holds it up.

In: the frames of one class. Out: the parts of a ``ClassReport`` that are not money.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from costctl.documents.analysis import Bottleneck, BottleneckKind, Percentiles, SloResult, StageUse
from costctl.documents.settings import Slo

_KIND_OF_STAGE: Final[dict[str, BottleneckKind]] = {
    "queue": "queue",
    "prefill": "compute",
    "decode": "compute",
    "model": "compute",
    "embedding": "compute",
    "prompt": "compute",
    "moderation": "compute",
    "postprocess": "compute",
    "cache": "storage",
    "retrieval": "storage",
    "persist": "storage",
    "logging": "storage",
    "gateway": "network",
    "auth": "network",
    "downstream": "network",
    "tool": "tool",
}


def percentiles(seconds: pl.Series) -> Percentiles | None:
    """Quantiles of what was observed, interpolated; None where nothing was."""
    known = seconds.drop_nulls()
    if known.is_empty():
        return None
    p50, p95, p99 = np.quantile(known.to_numpy(), [0.5, 0.95, 0.99])
    return Percentiles(p50=float(p50), p95=float(p95), p99=float(p99))


def slo_results(requests: pl.DataFrame, slo: Slo) -> tuple[SloResult, ...]:
    """For each objective the part of the requests that met it, of those whose time was observed."""
    results = []
    for column, text, target_s in (
        ("ttft_s", slo.ttft_p95, slo.ttft_p95_s),
        ("duration_s", slo.e2e_p95, slo.e2e_p95_s),
    ):
        known = requests[column].drop_nulls()
        if target_s is not None and known.len():
            name = "ttft_p95" if column == "ttft_s" else "e2e_p95"
            results.append(
                SloResult(target=f"{name} {text}", met_ratio=float((known <= target_s).sum() / known.len()))
            )
    return tuple(results)


def stage_uses(stage_time: pl.DataFrame) -> tuple[StageUse, ...]:
    """Seconds in each stage, the longest first; p95 over the requests that entered the stage."""
    total_s = float(stage_time["self_s"].sum())
    rows = (
        stage_time.group_by("stage")
        .agg(
            pl.col("self_s").sum().alias("seconds"), pl.col("self_s").quantile(0.95, "linear").alias("p95_s")
        )
        .sort(["seconds", "stage"], descending=[True, False])
    )
    return tuple(
        StageUse(stage=stage, seconds=seconds, share_ratio=seconds / total_s if total_s else 0.0, p95_s=p95_s)
        for stage, seconds, p95_s in rows.iter_rows()
    )


def bottleneck(stages: tuple[StageUse, ...]) -> Bottleneck | None:
    """The stage that holds most of the time; None where it is one that no instrumentation names."""
    if not stages or stages[0].stage not in _KIND_OF_STAGE or stages[0].seconds <= 0:
        return None
    first = stages[0]
    evidence = (
        f"{first.share_ratio:.0%} of the time of its requests is spent in {first.stage}",
        f"one request in twenty spends {first.p95_s:.3g} s there",
    )
    return Bottleneck(stage=first.stage, kind=_KIND_OF_STAGE[first.stage], evidence=evidence)
