"""What clients, failures and scaling do in a simulation: each rule on the sample traces, beside what it must do."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from costctl import verbs
from costctl.documents.simulation import CallFates, PoolResult, Result, Simulation
from costctl.errors import UsageError
from costctl.levers.platform import Platform, PoolRules
from costctl.observation import Question
from costctl.scenario.setups import require_replayable
from costctl.verbs import ScenarioRequest

REFUSING = "class.chat.queue.limit=0"
HALF_HOUR = "llm-premium:1@05:30-06:00"


def simulated(
    question: Question, *assignments: str, load: str | None = None, **asked: tuple[str, ...]
) -> Simulation:
    request = ScenarioRequest(assignments=assignments, load=load, **asked)
    return verbs.simulate(question, request, lambda _what, _ratio, _detail="": None)


def fates(result: Result, request_class: str) -> CallFates:
    return next(each.calls for each in result.classes if each.request_class == request_class)


def pool(result: Result, name: str) -> PoolResult:
    return next(each for each in result.pools if each.pool == name)


def is_complete(calls: CallFates) -> bool:
    left = (calls.served, calls.rejected, calls.expired, calls.failed, calls.never_arrived, calls.in_flight)
    return calls.offered == sum(left) + calls.timed_out


def test_clients_that_come_again_are_refused_less_often(sample_question: Question) -> None:
    once = fates(simulated(sample_question, REFUSING, load="2x").result, "chat")
    again = fates(
        simulated(
            sample_question, REFUSING, "class.chat.retries=3", "class.chat.backoff=5s", load="2x"
        ).result,
        "chat",
    )
    assert once.rejected > 0
    assert once.retried == 0
    assert again.retried > 0
    assert again.rejected < once.rejected
    assert is_complete(again)


def test_calls_that_take_too_long_are_broken_off(sample_question: Question) -> None:
    document = simulated(sample_question, "class.chat.timeout=3s")
    lost, kept = fates(document.result, "chat"), fates(document.baseline, "chat")
    assert kept.timed_out == 0
    assert lost.timed_out > 0
    assert is_complete(lost)
    assert lost.timed_out + lost.never_arrived == kept.served - lost.served
    worked_s, before_s = (
        sum(each.busy_s for each in result.pools) for result in (document.result, document.baseline)
    )
    assert 0.5 * before_s < worked_s < before_s


def test_what_a_failed_replica_had_in_progress_fails(sample_question: Question) -> None:
    document = simulated(sample_question, failures=(HALF_HOUR,))
    failed = sum(each.calls.failed for each in document.result.classes)
    refused = sum(each.calls.rejected for each in document.result.classes)
    assert sum(each.calls.failed for each in document.baseline.classes) == 0
    assert failed + refused > 0
    assert all(is_complete(each.calls) for each in document.result.classes)
    assert document.result.goodput_ratio < document.baseline.goodput_ratio
    assert document.scenario.failures[0].pool == "llm-premium"


def test_a_second_replica_takes_over_from_one_that_fails(sample_question: Question) -> None:
    alone = simulated(sample_question, failures=(HALF_HOUR,)).result
    two = simulated(sample_question, "pool.llm-premium.replicas=2", failures=(HALF_HOUR,)).result
    assert two.goodput_ratio > alone.goodput_ratio


def test_a_pool_that_scales_is_paid_for_what_it_had(sample_question: Question) -> None:
    parts = ("least=1", "most=4", "target_outstanding=2", "interval=10s", "delay=30s", "idle=60s")
    scaled = simulated(
        sample_question, *(f"pool.llm-premium.scaling.{part}" for part in parts), load="2x"
    ).result
    fixed = simulated(sample_question, load="2x").result
    paid_s, least_s = pool(scaled, "llm-premium").paid_s, pool(fixed, "llm-premium").paid_s
    assert least_s * 0.999 < paid_s < 4 * least_s
    assert paid_s > least_s * 1.01
    assert scaled.goodput_ratio >= fixed.goodput_ratio
    assert pool(scaled, "embedder").paid_s == pytest.approx(pool(fixed, "embedder").paid_s, rel=0.02)


def test_what_one_pool_refuses_another_serves(sample_question: Question) -> None:
    to_economy = (
        "class.classification.queue.limit=0",
        "class.classification.fallback=llm-economy:overload",
    )
    document = simulated(sample_question, *to_economy, load="2x")
    refused = simulated(sample_question, to_economy[0], load="2x")
    served = {
        each.pool: each.calls.served
        for each in document.result.lanes
        if each.request_class == "classification"
    }
    assert served["llm-economy"] > 0
    assert fates(document.result, "classification").fell_back >= served["llm-economy"]
    assert fates(refused.result, "classification").fell_back == 0
    assert (
        fates(document.result, "classification").rejected < fates(refused.result, "classification").rejected
    )


def test_a_share_of_the_work_shortens_the_longest_wait_of_the_last_lane(sample_question: Question) -> None:
    last = ("class.chat.lane=2", "class.rag.lane=1", "class.agentic.lane=1", "class.long_generation.lane=1")
    strict = simulated(sample_question, *last, load="2x").result
    shared = simulated(sample_question, *last, "class.chat.min_share=50%", load="2x").result

    def longest_s(result: Result) -> float:
        waits = [each.longest_wait_s or 0.0 for each in result.lanes if each.request_class == "chat"]
        return max(waits, default=math.nan)

    assert longest_s(shared) <= longest_s(strict)


@pytest.mark.parametrize(
    ("other", "settings"),
    [("kv_tokens", {"kv_tokens": 200_000}), ("enable_prefix_caching", {"enable_prefix_caching": "true"})],
)
def test_a_cache_of_prompts_beside_memory_that_keeps_them_is_refused_by_name(
    other: str, settings: dict[str, Any]
) -> None:
    plain = PoolRules("continuous", 1, 32, "least_outstanding")
    both = dataclasses.replace(plain, prefix_cache_tokens=100_000, **settings)
    today = Platform({"llm": plain}, {})
    with pytest.raises(UsageError, match=f"prefix_cache_tokens cannot be replayed beside {other}"):
        require_replayable(today, Platform({"llm": both}, {}))
    require_replayable(today, Platform({"llm": dataclasses.replace(plain, **settings)}, {}))
