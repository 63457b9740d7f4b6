"""What do the calls of a class look like, and what is declared of it? What the choice of a default looks at.

In: the traffic, request_shape, the tiers of bought calls, the declared classes. Out: ``ClassFacts`` by class. A ratio
is a ratio of sums, and None is "not observed".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from costctl.behaviour.class_frames import by_class
from costctl.behaviour.faults import lookup_hit_ratio, prompt_cache_ratio
from costctl.documents.portfolio import ClassFacts
from costctl.documents.settings import ClassSettings
from costctl.frames.traffic import Traffic
from costctl.stats.quantiles import known_quantile
from costctl.units import NS_PER_S, S_PER_DAY, S_PER_HOUR

# Of request_shape: what is looked at here.
SHAPE_COLUMNS: Final = (
    "request_id",
    "prompt_tokens",
    "output_tokens",
    "generation_calls",
    "embedding_calls",
    "retrievals",
    "documents",
    "tools",
)
# Of bought_calls.
TIER_COLUMNS: Final = ("request_class", "service_tier")
_MAY_ANSWER_LATE: Final = ("batch", "flex")
_HOURS: Final = 24
_PART_OF_EVEN: Final = 0.5  # of an even share of the requests: an hour with fewer is quiet


def class_facts(
    traffic: Traffic, shape: pl.DataFrame, bought: pl.DataFrame, declared: Mapping[str, ClassSettings]
) -> dict[str, ClassFacts]:
    """The facts of every class. shape: request_shape, in ``SHAPE_COLUMNS``.  bought: bought_calls, in those of
    ``TIER_COLUMNS``.
    """
    shapes, calls, lookups = (
        by_class(traffic.placed(frame)) for frame in (shape, traffic.calls, traffic.request_cache)
    )
    tiers = by_class(bought)
    requests = by_class(traffic.placed(traffic.requests))
    is_whole_day = (traffic.window_s or 0.0) >= S_PER_DAY
    return {
        name: _facts(
            shapes[name],
            calls.get(name, traffic.calls.clear()),
            lookups.get(name, traffic.request_cache.clear()),
            tiers.get(name, bought.clear()),
            active_hours(requests[name]["start_ns"]) if is_whole_day else None,
            declared.get(name, ClassSettings()),
        )
        for name in traffic.classes
    }


def active_hours(start_ns: pl.Series) -> int | None:
    """Hours of the day, UTC, in each of which at least half of an even share of the requests start; None where no start
    is known.
    """
    starts = start_ns.drop_nulls()
    if starts.is_empty():
        return None
    hours = (starts // int(NS_PER_S * S_PER_HOUR)) % _HOURS
    least = _PART_OF_EVEN * starts.len() / _HOURS
    return int((hours.value_counts()["count"] >= least).sum())


def objectives_in_words(declared: ClassSettings) -> tuple[str, ...]:
    """The objectives of a class as they are declared."""
    slo = declared.slo
    named = (("ttft_p95", slo.ttft_p95), ("e2e_p95", slo.e2e_p95), ("e2e_p99", slo.e2e_p99))
    return tuple(f"{name} {text}" for name, text in named if text is not None)


def _facts(
    shape: pl.DataFrame,
    calls: pl.DataFrame,
    lookups: pl.DataFrame,
    tiers: pl.DataFrame,
    hours: int | None,
    declared: ClassSettings,
) -> ClassFacts:
    objectives = objectives_in_words(declared)
    return ClassFacts(
        generation_calls=_mean(shape["generation_calls"]),
        embedding_calls=_mean(shape["embedding_calls"]),
        tool_runs=_mean(shape["tools"]),
        retrieval_ratio=_mean(_any_of(shape, ("retrievals", "documents"))),
        prompt_tokens_p50=known_quantile(shape["prompt_tokens"], 0.5),
        output_tokens_p50=known_quantile(shape["output_tokens"], 0.5),
        cached_input_ratio=prompt_cache_ratio(calls),
        lookup_hit_ratio=lookup_hit_ratio(lookups),
        bought_ratio=_mean(calls["pool"].is_null()),
        waiting_tier_ratio=_mean(tiers["service_tier"].is_in(_MAY_ANSWER_LATE)),
        active_hours=hours,
        objectives=objectives,
        has_objective=bool(objectives),
        may_wait=declared.deferrable or declared.deadline is not None,
        priority=declared.priority,
    )


def _any_of(shape: pl.DataFrame, columns: Iterable[str]) -> pl.Series:
    """Of each request, whether one of these counts is above 0; null where none is known."""
    return shape.select((pl.max_horizontal(columns) > 0).alias("any"))["any"]


def _mean(values: pl.Series) -> float | None:
    """Of what is known; None where nothing is."""
    known = values.drop_nulls().cast(pl.Float64)
    return None if known.is_empty() else float(known.sum()) / known.len()
