"""Where does the time of a class go: before the model starts, in it, between its calls, or after it?

In: stage_time of a class. Out: ``StageUse`` values, the longest first. The stages add up to the requests' durations:
sums are taken over whole nanoseconds, so that no order of rows changes them.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.documents.analysis import BottleneckKind, StagePhase, StageUse
from costctl.stats.quantiles import quantile_of
from costctl.units import NS_PER_S

KIND_OF_STAGE: Final[dict[str, BottleneckKind]] = {
    "queue": "queue",
    "prefill": "compute",
    "decode": "compute",
    "model_call": "unknown",
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
GENERATION_STAGES: Final = ("prefill", "decode", "model_call")
MODEL_STAGES: Final = (*GENERATION_STAGES, "embedding")
UNNAMED_STAGES: Final = ("uninstrumented", "other")
KNOWN_STAGES: Final = (*KIND_OF_STAGE, *UNNAMED_STAGES)

_PHASE_OF_STAGE: Final[dict[str, StagePhase]] = {
    "gateway": "before",
    "auth": "before",
    "prompt": "before",
    "embedding": "before",
    "cache": "before",
    "retrieval": "before",
    "queue": "before",
    "prefill": "model",
    "decode": "model",
    "model_call": "model",
    "tool": "between",
    "downstream": "between",
    "moderation": "after",
    "postprocess": "after",
    "persist": "after",
    "logging": "after",
    "uninstrumented": "uninstrumented",
}


def stage_uses(stage_time: pl.DataFrame) -> tuple[StageUse, ...]:
    """Seconds in each stage, the longest first; p95 over the requests that entered the stage."""
    rows = (
        stage_time.group_by("stage")
        .agg(
            pl.col("self_ns").sum(),
            pl.len().alias("requests"),
            (quantile_of("self_ns", 0.95) / NS_PER_S).alias("p95_s"),
        )
        .sort(["self_ns", "stage"], descending=[True, False])
    )
    total_ns, timed = int(rows["self_ns"].sum()), stage_time["request_id"].n_unique()
    has_generation = bool(rows["stage"].is_in(GENERATION_STAGES).any())
    return tuple(
        StageUse(
            stage=stage,
            phase=phase_of(stage, has_generation=has_generation),
            requests=requests,
            seconds=self_ns / NS_PER_S,
            share_ratio=self_ns / total_ns if total_ns else 0.0,
            p95_s=p95_s,
            s_per_request=self_ns / NS_PER_S / timed,
        )
        for stage, self_ns, requests, p95_s in rows.iter_rows()
    )


def phase_of(stage: str, *, has_generation: bool) -> StagePhase:
    """When a stage comes, by its name. Of a class that generates nothing, embedding is the model's own work."""
    if stage == "embedding" and not has_generation:
        return "model"
    return _PHASE_OF_STAGE.get(stage, "unknown")
