"""How much of the time in a stage was no work on the answer?

In: the traffic. Out: a frame with one row per (request, stage): the time in it and the part that was wasted.

    queue                         all of it: waiting in the queue
    prefill, decode, model_call,  self time − Σ uncontended time of the request's calls that succeeded, at least 0;
    embedding                     where that is not known, at least what calls spent that failed
    every other named stage       all of it: the model stands still for this request meanwhile
    uninstrumented, other         unknown

Calls that failed have no uncontended time, so that what they spent is wasted, whoever served them. Of a public API
that is all that can be told. In prefill, a class whose calls a prefix cache helps is compared with its own
best-helped tenth: tokens beyond that were read again for want of the cache. It is the most that could be saved in a
stage, and never more than the stage's time; not a promise that it can.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.behaviour.stages import MODEL_STAGES, UNNAMED_STAGES
from costctl.behaviour.uncontended import FEWEST_CALLS, model_work
from costctl.frames.traffic import Traffic

HELPED_LEVEL: Final = 0.9


def stage_waste(traffic: Traffic) -> pl.DataFrame:
    """Per (request, stage): request_id, request_class, stage, self_ns, waste_ns, failed_ns, missed_ns, is_unknown.

    waste_ns: null where it cannot be told; a part of it where only failed calls can be told.  failed_ns, missed_ns: of
    it, at most, by calls of the stage that failed, and by reading again what the prompt cache might have kept.
    """
    work = uncontended_work(traffic)
    stages = traffic.placed(traffic.stage_time).join(work, on=("request_id", "stage"), how="left")
    lost_ns = pl.when(pl.col("failed_ns") > 0).then(pl.min_horizontal("failed_ns", "self_ns"))
    beyond_uncontended = (pl.col("self_ns") - pl.col("uncontended_ns")).clip(lower_bound=0)
    waste_ns = (
        pl.when(pl.col("stage").is_in(UNNAMED_STAGES))
        .then(None)
        .when(pl.col("stage").is_in(MODEL_STAGES))
        .then(pl.coalesce(beyond_uncontended, lost_ns))
        .otherwise("self_ns")
        .cast(pl.Int64)
    )
    return stages.select(
        "request_id",
        "request_class",
        "stage",
        "self_ns",
        waste_ns.alias("waste_ns"),
        (waste_ns.is_null() | pl.col("stage").is_in(MODEL_STAGES) & beyond_uncontended.is_null()).alias(
            "is_unknown"
        ),
        pl.min_horizontal(pl.col("failed_ns").fill_null(0), waste_ns).alias("failed_ns"),
        pl.min_horizontal(pl.col("missed_ns").fill_null(0), waste_ns).alias("missed_ns"),
    )


def uncontended_work(traffic: Traffic) -> pl.DataFrame:
    """Per (request, stage of the model): request_id, stage, uncontended_ns (ns; null where a call that succeeded
    cannot be told), failed_ns and missed_ns.
    """
    work = _with_the_cache_at_its_best(traffic.placed(model_work(traffic.calls)))
    is_failed = pl.col("is_failed")
    told = work.select(
        "request_id",
        "stage",
        pl.when(~is_failed).then("uncontended_ns").alias("uncontended_ns"),
        (pl.col("uncontended_ns").is_null() & ~is_failed).alias("is_unknown"),
        pl.when(is_failed).then("spent_ns").alias("failed_ns"),
        pl.when(~is_failed).then("missed_ns").alias("missed_ns"),
    )
    sums = told.group_by("request_id", "stage").agg(
        pl.col("uncontended_ns", "failed_ns", "missed_ns").sum(), pl.col("is_unknown").any()
    )
    return sums.with_columns(
        pl.when(~pl.col("is_unknown")).then("uncontended_ns").alias("uncontended_ns")
    ).drop("is_unknown")


def _with_the_cache_at_its_best(work: pl.DataFrame) -> pl.DataFrame:
    """The work, the uncontended time of prefill cut to the tokens that remain where the class's cache helps best."""
    cached = pl.col("cached_input_tokens") / pl.col("input_tokens")
    seen = work.filter((pl.col("stage") == "prefill") & ~pl.col("is_failed") & cached.is_not_null())
    best = (
        seen.group_by("request_class")
        .agg(pl.len().alias("calls"), cached.quantile(HELPED_LEVEL, "linear").alias("best_ratio"))
        .filter(pl.col("calls") >= FEWEST_CALLS)
        .select("request_class", "best_ratio")
    )
    helped = work.join(best, on="request_class", how="left")
    least = pl.col("input_tokens") * (1.0 - pl.col("best_ratio"))
    is_cut = (
        (pl.col("stage") == "prefill")
        & cached.is_not_null()
        & (pl.col("units") > least)
        & (pl.col("units") > 0)
    )
    cut_ns = (pl.col("uncontended_ns") * least / pl.col("units")).round().cast(pl.Int64)
    return helped.with_columns(
        pl.when(is_cut).then(cut_ns).otherwise("uncontended_ns").alias("uncontended_ns"),
        pl.when(is_cut).then(pl.col("uncontended_ns") - cut_ns).otherwise(0).alias("missed_ns"),
    )
