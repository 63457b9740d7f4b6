"""How long would a call take if nothing were in its way?

In: the calls of all classes. Out: a frame with one row per (call, stage of the model): what was timed and what the
same work takes in the fastest tenth of the calls of its kind and size. Only of replicas of one's own: why a
public API took longer for one call than for another cannot be seen from outside, so that no uncontended time is given
there.

    uncontended_s = units × q10(seconds / units over the calls of the same pool, model, stage and power of two of units)

Where fewer than twenty calls are of that size, those of half and of twice the size count too; where they are still
fewer, the uncontended time is unknown: over all sizes, what each call costs whatever its size would make short calls
look slow.

Units are those that the stage works through: uncached prompt tokens in prefill, tokens after the first in decode,
output tokens in a model call that is not told apart, input tokens in embedding. The quantile is over every class, so
that a class that is always crowded is compared with those that are not.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.units import NS_PER_S

UNCONTENDED_LEVEL: Final = 0.1
OWN_PROVIDER: Final = "self_hosted"  # what a call names where nobody sells it
FEWEST_CALLS: Final = 20
_SIZED: Final = (
    "stage",
    "pool",
    "model",
    "has_ttft",
    "size",
)  # nulls are names too: what was not named is one kind


def model_work(calls: pl.DataFrame) -> pl.DataFrame:
    """One row per (call, stage): request_id, call_id, pool, model, stage, has_ttft, is_own, is_failed, input_tokens,
    cached_input_tokens, spent_ns (ns), units and uncontended_ns (ns; null where it cannot be told).

    The phases are cut where stage_time cuts them. A generation without a time to the first token is one model_call.
    """
    sized = pl.concat([_prefill(calls), _decode(calls), _embedding(calls)]).with_columns(
        _size().alias("size")
    )
    return (
        sized.join(_uncontended_rates(sized), on=_SIZED, how="left", nulls_equal=True)
        .with_columns(
            pl.when(~pl.col("is_own"))
            .then(None)
            .when(pl.col("units") == 0)
            .then(0)
            .otherwise((pl.col("rate") * pl.col("units")).round())
            .cast(pl.Int64)
            .alias("uncontended_ns")
        )
        .drop("size", "rate")
    )


def is_own() -> pl.Expr:
    """Whether a call was served by one's own replicas: a pool takes it, it says so, or the engine told its phases."""
    told = [pl.col(name).is_not_null() for name in ("queue_s", "prefill_s", "decode_s")]
    says_so = (pl.col("provider").cast(pl.String) == OWN_PROVIDER).fill_null(value=False)
    return pl.any_horizontal(pl.col("pool").is_not_null(), says_so, *told)


def _uncontended_rates(sized: pl.DataFrame) -> pl.DataFrame:
    """The rate of each kind and size, ns per unit, by its neighbours where it has too few calls of its own."""
    measured = sized.filter(~pl.col("is_failed") & (pl.col("units") > 0) & (pl.col("spent_ns") > 0)).select(
        *_SIZED, (pl.col("spent_ns") / pl.col("units")).alias("ns_per_unit")
    )
    own = _rates(measured)
    rare = sized.select(_SIZED).unique().join(own, on=_SIZED, how="anti", nulls_equal=True)
    around = [measured.with_columns(pl.col("size") + step) for step in (-1, 0, 1)]
    near = pl.concat([each.join(rare, on=_SIZED, how="semi", nulls_equal=True) for each in around])
    return pl.concat([own, _rates(near)])


def _rates(measured: pl.DataFrame) -> pl.DataFrame:
    return (
        measured.group_by(_SIZED)
        .agg(
            pl.len().alias("calls"), pl.col("ns_per_unit").quantile(UNCONTENDED_LEVEL, "linear").alias("rate")
        )
        .filter(pl.col("calls") >= FEWEST_CALLS)
        .drop("calls")
    )


def _size() -> pl.Expr:
    return pl.when(pl.col("units") > 0).then(pl.col("units").log(2).floor()).cast(pl.Int64)


def _first_token_ns() -> pl.Expr:
    told = pl.col("start_ns") + (pl.col("ttft_s") * NS_PER_S).round().cast(pl.Int64)
    return pl.min_horizontal(pl.max_horizontal(told, "busy_from_ns"), "end_ns")


def _phase(calls: pl.DataFrame, stage: pl.Expr, spent_ns: pl.Expr, units: pl.Expr) -> pl.DataFrame:
    return calls.select(
        "request_id",
        "call_id",
        "pool",
        "model",
        stage.cast(pl.Categorical).alias("stage"),
        _has_ttft().alias("has_ttft"),
        is_own().alias("is_own"),
        "is_failed",
        "input_tokens",
        "cached_input_tokens",
        spent_ns.cast(pl.Int64).alias("spent_ns"),
        units.cast(pl.Int64).alias("units"),
    )


def _has_ttft() -> pl.Expr:
    return (pl.col("ttft_s") >= 0).fill_null(value=False)


def _generations(calls: pl.DataFrame) -> pl.DataFrame:
    return calls.filter(pl.col("is_generation") & pl.col("end_ns").is_not_null())


def _prefill(calls: pl.DataFrame) -> pl.DataFrame:
    timed = _generations(calls).filter(_has_ttft())
    return _phase(
        timed,
        pl.lit("prefill"),
        _first_token_ns() - pl.col("busy_from_ns"),
        pl.col("uncached_tokens").clip(lower_bound=0),
    )


def _decode(calls: pl.DataFrame) -> pl.DataFrame:
    begun_ns = pl.when(_has_ttft()).then(_first_token_ns()).otherwise("busy_from_ns")
    after_first = pl.col("output_tokens") - _has_ttft().cast(pl.Int64)
    stage = pl.when(_has_ttft()).then(pl.lit("decode")).otherwise(pl.lit("model_call"))
    return _phase(_generations(calls), stage, pl.col("end_ns") - begun_ns, after_first.clip(lower_bound=0))


def _embedding(calls: pl.DataFrame) -> pl.DataFrame:
    timed = calls.filter((pl.col("operation") == "embeddings") & pl.col("end_ns").is_not_null())
    return _phase(
        timed, pl.lit("embedding"), pl.col("end_ns") - pl.col("busy_from_ns"), pl.col("input_tokens")
    )
