"""Why is it thought that a stage holds a class up?

In: the stage, the cause, and the frames of the class. Out: sentences, the measure first. Each figure is of this class
unless the sentence says otherwise; what was not observed is said to be so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from costctl.behaviour.class_frames import ClassFrames
from costctl.behaviour.faults import prompt_cache_ratio, timeouts
from costctl.behaviour.queue_depth import queue_depth
from costctl.behaviour.stages import KIND_OF_STAGE, MODEL_STAGES
from costctl.frames.traffic import Traffic
from costctl.stats.quantiles import known_quantile, quantile_of
from costctl.units import NS_PER_S

_MUCH_UNNAMED: Final = 0.2  # of the time: from here on a bottleneck may hide where nothing is instrumented
_HELPED: Final = 0.5  # cached part of the prompt from which on a call counts as helped by the cache
_NOT_HELPED: Final = 0.1


def evidence_for(
    stage: str, cause: str, frames: ClassFrames, traffic: Traffic, measure: str
) -> tuple[str, ...]:
    """The sentences. measure: why the stage was chosen, which comes first."""
    lines = [measure, *_of_stage(stage, frames)]
    if stage == "queue":
        lines += _queue(frames, traffic)
    elif stage == "prefill":
        lines += _prompt_cache(frames)
    elif stage not in MODEL_STAGES:
        lines += _elsewhere(stage, frames, traffic)
    if stage == "cache":
        lines += _lookups(frames)
    if cause == "failed_attempts" or stage in ("queue", "tool"):
        lines += _attempts(frames)
    lines += _timeouts(frames)
    lines += _unnamed(frames)
    return tuple(lines)


def _of_stage(stage: str, frames: ClassFrames) -> Iterator[str]:
    entered = frames.stages.filter(pl.col("stage") == stage)
    p10, p50, p95 = (
        (known_quantile(entered["self_ns"], level) or 0.0) / NS_PER_S for level in (0.1, 0.5, 0.95)
    )
    yield f"time in the stage: p10 {_s(p10)}, p50 {_s(p50)}, p95 {_s(p95)} over {entered.height:,} requests"


def _queue(frames: ClassFrames, traffic: Traffic) -> Iterator[str]:
    for pool in frames.calls["pool"].unique().sort():
        of_pool = traffic.calls.filter(pl.col("pool").eq_missing(pl.lit(pool)))
        depth = queue_depth(of_pool)
        if depth is not None:
            yield (
                f"queue length at {pool or 'models outside configured pools'}: p50 {depth.p50:.0f}, p95 "
                f"{depth.p95:.0f}, max {depth.max:.0f} calls"
            )


def _prompt_cache(frames: ClassFrames) -> Iterator[str]:
    ratio = prompt_cache_ratio(frames.calls)
    if ratio is None:
        yield "prompt cache hits are not observed"
        return
    yield f"{ratio:.1%} of prompt tokens came from the prompt cache"
    cached = pl.col("cached_input_tokens") / pl.col("input_tokens")
    good = frames.calls.filter(~pl.col("is_failed") & (pl.col("ttft_s") >= 0)).with_columns(
        (pl.col("ttft_s") - pl.col("queue_s").fill_null(0.0)).alias("prefill_s")
    )
    helped, missed = good.filter(cached >= _HELPED), good.filter(cached < _NOT_HELPED)
    if helped.height and missed.height:
        yield (
            f"median prefill: {_s(_median(helped))} with at least half of the prompt cached, "
            f"{_s(_median(missed))} with less than a tenth"
        )


def _median(calls: pl.DataFrame) -> float:
    return known_quantile(calls["prefill_s"], 0.5) or 0.0


def _elsewhere(stage: str, frames: ClassFrames, traffic: Traffic) -> Iterator[str]:
    others = (
        traffic.placed(traffic.stage_time.filter(pl.col("stage") == stage))
        .filter(pl.col("request_class") != frames.name)
        .group_by("request_class")
        .agg((quantile_of("self_ns", 0.5) / NS_PER_S).alias("p50_s"))
        .sort("p50_s", "request_class")
    )
    if others.is_empty():
        yield "no other class has this stage to compare with"
        return
    name, p50_s = others.row(0)
    yield f"the fastest other class, {name}, has a median of {_s(p50_s)} in this stage"


def _lookups(frames: ClassFrames) -> Iterator[str]:
    lookups = int(frames.lookups["lookups"].sum())
    if lookups:
        hits = int(frames.lookups["hits"].sum())
        yield f"{hits / lookups:.1%} of {lookups:,} cache look-ups were hits"


def _attempts(frames: ClassFrames) -> Iterator[str]:
    attempts, requests = int(frames.requests["attempts"].sum()), frames.requests.height
    if attempts > requests:
        yield f"{attempts / requests:.2f} attempts per request"


def _timeouts(frames: ClassFrames) -> Iterator[str]:
    number = timeouts(frames.errors)
    if number:
        yield f"timeouts in {number:,} of {frames.requests.height:,} requests"


def _unnamed(frames: ClassFrames) -> Iterator[str]:
    total = int(frames.stages["self_ns"].sum())
    unnamed = int(frames.stages.filter(~pl.col("stage").is_in(list(KIND_OF_STAGE)))["self_ns"].sum())
    if total and unnamed / total >= _MUCH_UNNAMED:
        yield f"{unnamed / total:.0%} of the time is outside any named stage, where more waste may hide"


def _s(seconds: float) -> str:
    """Three significant digits, without an exponent from a microsecond to a quarter of an hour."""
    if 0 < seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s"
