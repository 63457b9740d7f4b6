"""What holds each class up?

In: the traffic, and the waste in its stages. Out: a ``Bottleneck`` for each class; None where the longest stage has no
name. The stage with most waste is the bottleneck if three tenths of the class's time or more are wasted there.
Otherwise nothing stands out, and the longest stage is named, with basis "share": a healthy chat is held up by its
decoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.behaviour.class_frames import ClassFrames
from costctl.behaviour.evidence import evidence_for
from costctl.behaviour.faults import prompt_cache_ratio
from costctl.behaviour.stages import KIND_OF_STAGE, MODEL_STAGES
from costctl.behaviour.uncontended import is_own
from costctl.documents.analysis import Bottleneck, BottleneckKind
from costctl.frames.traffic import Traffic
from costctl.units import NS_PER_S

STANDS_OUT: Final = 0.3  # of the class's time
COLD_CACHE: Final = 0.25  # cached part of the prompt below which a cache in use counts as cold
_MOST: Final = 0.5  # of the waste in a stage, from which on it is the cause


@dataclass(frozen=True, slots=True)
class StageSum:
    """One stage of one class, ns. waste_ns: None where it cannot be told; a lower bound where it cannot of some
    requests."""

    stage: str
    self_ns: int
    waste_ns: int | None
    failed_ns: int
    missed_ns: int
    unknown_requests: int


def bottlenecks(
    traffic: Traffic, waste: pl.DataFrame, frames: dict[str, ClassFrames]
) -> dict[str, Bottleneck | None]:
    """The bottleneck of each class. waste, frames: stage_waste and class_frames of the same traffic."""
    sums = stage_sums(waste)
    return {name: _bottleneck(sums.get(name, ()), own, traffic) for name, own in frames.items()}


def stage_sums(waste: pl.DataFrame) -> dict[str, tuple[StageSum, ...]]:
    """Of each class its stages, the longest first."""
    rows = (
        waste.group_by("request_class", "stage")
        .agg(
            pl.col("self_ns").sum(),
            pl.when(pl.col("waste_ns").is_not_null().any()).then(pl.col("waste_ns").sum()).alias("waste_ns"),
            pl.col("failed_ns").sum(),
            pl.col("missed_ns").sum(),
            pl.col("is_unknown").sum(),
        )
        .sort(["request_class", "self_ns", "stage"], descending=[False, True, False])
    )
    found: dict[str, list[StageSum]] = {}
    for name, *cells in rows.iter_rows():
        found.setdefault(name, []).append(StageSum(*cells))
    return {name: tuple(stages) for name, stages in found.items()}


def _bottleneck(stages: tuple[StageSum, ...], frames: ClassFrames, traffic: Traffic) -> Bottleneck | None:
    total_ns = sum(each.self_ns for each in stages)
    named = [each for each in stages if each.stage in KIND_OF_STAGE]
    worst = max(named, key=lambda each: (each.waste_ns or 0, each.stage), default=None)
    if worst is None or total_ns == 0:
        return None
    stands_out = (worst.waste_ns or 0) >= STANDS_OUT * total_ns
    found = worst if stands_out else stages[0]
    if found.stage not in KIND_OF_STAGE:
        return None
    waste_s = None if found.waste_ns is None else found.waste_ns / NS_PER_S
    cause = _cause(found, frames, stands_out=stands_out)
    return Bottleneck(
        stage=found.stage,
        kind=_kind(found.stage, frames),
        cause=cause,
        basis="waste" if stands_out else "share",
        waste_s_per_request=None if waste_s is None else waste_s / frames.stages["request_id"].n_unique(),
        unknown_requests=found.unknown_requests,
        evidence=evidence_for(
            found.stage,
            cause,
            frames,
            traffic,
            _measure(found, cause, total_ns, frames, stands_out=stands_out),
        ),
    )


def _kind(stage: str, frames: ClassFrames) -> BottleneckKind:
    """What the stage waits for. What a model call of somebody else's replicas waits for is not told."""
    return KIND_OF_STAGE[stage] if stage not in MODEL_STAGES or _is_own(frames) else "unknown"


def _is_own(frames: ClassFrames) -> bool:
    """Whether every call of the class was served by replicas of one's own."""
    return bool(frames.calls.select(is_own().all()).item())


def _measure(found: StageSum, cause: str, total_ns: int, frames: ClassFrames, *, stands_out: bool) -> str:
    """Why this stage was chosen, in words."""
    share, stage = found.self_ns / total_ns, found.stage.replace("_", " ")
    if stands_out:
        lost = (found.waste_ns or 0) / total_ns
        if cause == "failed_attempts" and not _is_own(frames):
            return f"failed attempts took at least {lost:.0%} of request time, in {stage}"
        return (
            f"{lost:.0%} of request time is wasted in {stage}, which takes {share:.0%}: more than in any "
            "other stage"
        )
    if found.stage in MODEL_STAGES and not _is_own(frames):
        waste = "the replicas that serve it are not observed, so what it waits for is unknown"
    elif found.waste_ns is None:
        waste = "how much of that is wasted is unknown"
    else:
        waste = f"{found.waste_ns / total_ns:.0%} of the time is wasted there"
    return f"no clear bottleneck: {stage} is the longest stage, {share:.0%} of the time; {waste}"


def _cause(found: StageSum, frames: ClassFrames, *, stands_out: bool) -> str:
    if found.stage == "queue":
        return "saturated_pool"
    if found.stage not in MODEL_STAGES:
        return f"slow_{found.stage}"
    waste_ns = found.waste_ns or 0
    if stands_out and found.failed_ns >= _MOST * waste_ns:
        return "failed_attempts"
    if stands_out:
        if found.missed_ns >= _MOST * waste_ns:
            return "cold_cache"
        return "crowded_replicas" if _is_own(frames) else "unknown"
    cached_ratio = prompt_cache_ratio(frames.calls)
    if found.stage == "prefill" and cached_ratio is not None and cached_ratio < COLD_CACHE:
        return "cold_cache"
    if found.waste_ns is None or not _is_own(frames):
        return "unknown"
    return "long_prompts" if found.stage == "prefill" else "own_work"
