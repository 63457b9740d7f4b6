"""What the calls of a class look like is counted from its requests, and null where nobody observed it."""

from __future__ import annotations

import polars as pl

from costctl.behaviour.class_facts import active_hours, class_facts
from costctl.documents.portfolio import ClassFacts
from costctl.documents.settings import ClassSettings, Slo
from costctl.frames.traffic import Traffic
from costctl.units import NS_PER_S

HOUR_NS = 3600 * NS_PER_S


def of_hours(*hours: float) -> pl.Series:
    return pl.Series([int(hour * HOUR_NS) for hour in hours], dtype=pl.Int64)


def test_an_hour_is_active_that_has_half_of_an_even_share() -> None:
    # Of 480 an even share is 20: ten are half of that.
    assert active_hours(of_hours(*[2.5] * 470, 14.0, *[15.0] * 9)) == 1
    assert active_hours(of_hours(*[2.5] * 469, 14.0, *[15.0] * 10)) == 2
    assert active_hours(of_hours(*[each + 0.5 for each in range(24)])) == 24
    assert active_hours(pl.Series([None], dtype=pl.Int64)) is None


def traffic() -> Traffic:
    """Two requests of one class, an hour apart: three bought calls, one of a pool."""
    requests = pl.DataFrame({"request_id": [1, 2], "start_ns": [0, HOUR_NS], "end_ns": [NS_PER_S, HOUR_NS]})
    calls = pl.DataFrame(
        {
            "call_id": [1, 2, 3, 4],
            "request_id": [1, 1, 1, 2],
            "pool": [None, None, None, "gpu"],
            "start_ns": [0, 0, 0, HOUR_NS],
            "end_ns": [NS_PER_S, NS_PER_S, NS_PER_S, HOUR_NS],
            "input_tokens": [100, 100, None, 200],
            "cached_input_tokens": [50, None, 50, 100],
        }
    )
    return Traffic(
        requests=requests,
        request_class=pl.DataFrame({"request_id": [1, 2], "request_class": ["a", "a"]}),
        calls=calls,
        stage_time=pl.DataFrame(),
        request_error=pl.DataFrame(),
        request_cache=pl.DataFrame({"request_id": [1], "lookups": [4], "hits": [1]}),
    )


SHAPE = pl.DataFrame(
    {
        "request_id": [1, 2],
        "prompt_tokens": [300, None],
        "output_tokens": [None, None],
        "generation_calls": [3, 1],
        "embedding_calls": [0, 1],
        "retrievals": [0, 0],
        "documents": [None, 5],
        "tools": [0, 0],
    },
    schema_overrides={"output_tokens": pl.Int64},
)
TIERS = pl.DataFrame({"request_class": ["a", "a", "a"], "service_tier": ["batch", "default", None]})


def test_facts_are_counted_by_hand() -> None:
    declared = {"a": ClassSettings(slo=Slo(e2e_p95="15s"), deadline="6h", priority=2)}
    assert class_facts(traffic(), SHAPE, TIERS, declared) == {
        "a": ClassFacts(
            generation_calls=2.0,
            embedding_calls=0.5,
            tool_runs=0.0,
            retrieval_ratio=0.5,  # the second carries documents
            prompt_tokens_p50=300.0,
            output_tokens_p50=None,
            cached_input_ratio=0.5,  # 50 + 100 of the 300 of calls that report both
            lookup_hit_ratio=0.25,
            bought_ratio=0.75,
            waiting_tier_ratio=0.5,  # of the two that say it
            active_hours=None,  # an hour is no day
            objectives=("e2e_p95 15s",),
            has_objective=True,
            may_wait=True,
            priority=2,
        )
    }


def test_of_what_is_not_declared_nothing_is_said() -> None:
    (facts,) = class_facts(traffic(), SHAPE, TIERS.clear(), {}).values()
    assert (facts.objectives, facts.has_objective, facts.may_wait, facts.priority) == ((), False, False, None)
    assert facts.waiting_tier_ratio is None
