"""Waste and bottlenecks of traffic that can be checked by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from costctl.behaviour.bottleneck import bottlenecks, stage_sums
from costctl.behaviour.class_frames import class_frames
from costctl.behaviour.faults import class_faults
from costctl.behaviour.waste import stage_waste
from costctl.documents.analysis import Bottleneck
from costctl.frames.traffic import Traffic
from tests.relations.span_rows import chat, engine_of, span

Spans = list[dict[str, Any]]


def traffic_of(spans: Spans) -> Traffic:
    engine = engine_of(spans)
    return Traffic.of({name: engine.fetch(name) for name in Traffic.RELATIONS})


def held_up(spans: Spans) -> dict[str, Bottleneck | None]:
    traffic = traffic_of(spans)
    waste = stage_waste(traffic)
    return bottlenecks(traffic, waste, class_frames(traffic, waste))


def waste_s(spans: Spans) -> dict[tuple[str, str], float | None]:
    """(class, stage) → seconds wasted."""
    return {
        (name, each.stage): None if each.waste_ns is None else each.waste_ns / 1e9
        for name, stages in stage_sums(stage_waste(traffic_of(spans))).items()
        for each in stages
    }


def answers(count: int, decode_s: float, first: int = 0, **facts: Any) -> Spans:
    """Chats with 0.1 s of prefill for 100 tokens, and 101 tokens out."""
    told = {
        "stage": "decode",
        "model_served": "m",
        "provider": "self_hosted",
        "ttft_s": 0.1,
        "input_tokens": 100,
        "output_tokens": 101,
        **facts,
    }
    return [
        chat(f"{first + n}/call", 100 * (first + n), 100 * (first + n) + 0.1 + decode_s, **told)
        for n in range(count)
    ]


def test_decode_beyond_the_fastest_tenth_is_wasted() -> None:
    # 30 uncontended calls of 1 s, 30 crowded ones of 4 s: 3 s each are wasted
    spans = answers(30, 1.0) + answers(30, 4.0, first=30)
    assert waste_s(spans)["chat", "decode"] == pytest.approx(90.0)
    found = held_up(spans)["chat"]
    assert found is not None
    assert (found.stage, found.cause, found.basis) == ("decode", "crowded_replicas", "waste")
    assert found.waste_s_per_request == pytest.approx(1.5)


def test_decode_that_takes_its_time_is_the_models_own_work() -> None:
    found = held_up(answers(30, 5.0))["chat"]
    assert found is not None
    assert (found.stage, found.cause, found.basis) == ("decode", "own_work", "share")
    assert found.evidence[0].startswith("no clear bottleneck")


def test_too_few_calls_tell_nothing_of_waste() -> None:
    assert waste_s(answers(19, 1.0))["chat", "decode"] is None
    found = held_up(answers(19, 1.0))["chat"]
    assert found is not None
    assert found.waste_s_per_request is None


def test_what_failed_calls_spend_is_wasted() -> None:
    spans = answers(30, 1.0) + answers(30, 2.0, first=30, error_type="timeout", output_tokens=50)
    assert waste_s(spans)["chat", "decode"] == pytest.approx(60.0)
    found = held_up(spans)["chat"]
    assert found is not None
    assert found.cause == "failed_attempts"
    assert "timeouts in 30 of 60 requests" in found.evidence


def test_misses_of_the_prompt_cache_are_told_from_hits() -> None:
    # 0.1 s for 100 tokens of 1,000 that the cache did not give, 1 s for all of them
    told = {"input_tokens": 1000, "output_tokens": 2}
    hits = answers(10, 0.1, cached_input_tokens=900, **told)
    misses = answers(30, 0.1, first=10, cached_input_tokens=0, ttft_s=1.0, **{**told, "output_tokens": 2})
    spans = hits + [{**each, "end_ns": each["start_ns"] + 1_100_000_000} for each in misses]
    assert waste_s(spans)["classification", "prefill"] == pytest.approx(27.0)
    found = held_up(spans)["classification"]
    assert found is not None
    assert (found.stage, found.cause, found.basis) == ("prefill", "cold_cache", "waste")
    assert "22.5% of prompt tokens came from the prompt cache" in found.evidence


def test_waiting_for_documents_is_wasted_whole_even_when_it_never_varies() -> None:
    spans = [
        each
        for n in range(25)
        for each in (
            span(f"{n}/root", 100 * n, 100 * n + 3, service="api", stage="gateway"),
            span(
                f"{n}/find/root", 100 * n, 100 * n + 2, operation="retrieval", stage="retrieval", documents=3
            ),
            chat(f"{n}/call/root", 100 * n + 2, 100 * n + 3, stage="decode", output_tokens=50),
        )
    ]
    assert waste_s(spans)["rag", "retrieval"] == pytest.approx(50.0)
    found = held_up(spans)["rag"]
    assert found is not None
    assert (found.stage, found.kind, found.cause) == ("retrieval", "storage", "slow_retrieval")
    assert "no other class has this stage to compare with" in found.evidence


def test_the_line_in_front_of_a_pool_is_the_bottleneck_with_its_depth() -> None:
    spans = [
        chat(
            f"{n}/call",
            10 * n,
            10 * n + 8,
            stage="decode",
            queue_s=6.0,
            ttft_s=6.5,
            output_tokens=20,
            input_tokens=9,
        )
        for n in range(20)
    ]
    found = held_up(spans)["chat"]
    assert found is not None
    assert (found.stage, found.kind, found.cause) == ("queue", "queue", "saturated_pool")
    assert any("max 1 calls" in line for line in found.evidence)


def test_time_that_no_span_names_has_no_bottleneck() -> None:
    spans = [
        each
        for n in range(20)
        for each in (
            span(f"{n}/root", 10 * n, 10 * n + 9),
            chat(f"{n}/call/root", 10 * n, 10 * n + 1, stage="decode"),
        )
    ]
    assert held_up(spans)["chat"] is None


@pytest.mark.parametrize("seed", range(3))
def test_waste_never_exceeds_the_time_of_its_stage_and_rows_may_come_in_any_order(seed: int) -> None:
    spans = answers(30, 1.0) + answers(20, 4.0, first=30) + answers(5, 2.0, first=50, error_type="timeout")
    traffic = traffic_of(spans)
    waste = stage_waste(traffic)
    assert waste.filter(pl.col("waste_ns") > pl.col("self_ns")).is_empty()
    assert waste.filter(
        (pl.col("failed_ns") > pl.col("waste_ns")) | (pl.col("missed_ns") > pl.col("waste_ns"))
    ).is_empty()
    shuffled = Traffic(
        **{
            name: getattr(traffic, name).sample(fraction=1.0, shuffle=True, seed=seed)
            for name in Traffic.RELATIONS
        }
    )
    assert stage_sums(stage_waste(shuffled)) == stage_sums(waste)
    assert bottlenecks(
        shuffled, stage_waste(shuffled), class_frames(shuffled, stage_waste(shuffled))
    ) == bottlenecks(traffic, waste, class_frames(traffic, waste))


def test_an_error_that_is_passed_up_counts_once_and_a_recovered_one_counts_too() -> None:
    spans = [
        span("a/root", 0, 9, http_status=504),
        chat("a/call/root", 0, 4, error_type="timeout"),
        span("b/root", 20, 29),
        chat("b/first/root", 20, 22, error_type="reset"),
        chat("b/second/root", 23, 28),
        span("b/look/root", 20, 21, cache_hit=True),
        span("c/root", 40, 41, cache_hit=False, status="error"),
    ]
    traffic = traffic_of(spans)
    found = {
        name: class_faults(name, own.requests, own.calls, own.errors, own.lookups)
        for name, own in class_frames(traffic, stage_waste(traffic)).items()
    }
    errors = [(each.error_type, each.spans, each.requests) for each in found["chat"].errors]
    assert errors == [("reset", 1, 1), ("timeout", 1, 1)]
    assert found["chat"].timeouts == 1
    assert found["chat"].attempts_per_request == 1.5
    assert found["chat"].lookup_hit_ratio == 1.0
    assert (found["other"].timeouts, found["other"].lookup_hit_ratio) == (None, 0.0)
