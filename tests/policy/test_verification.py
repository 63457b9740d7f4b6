"""Which calls broke a policy: each rule against calls of which one is known to break it, and plain twins of what is
counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from costctl.documents.policy import (
    Admission,
    AtMost,
    Backend,
    Caps,
    Match,
    Placement,
    Policy,
    PolicyBoundary,
    Queue,
    Target,
)
from costctl.documents.policy_verification import RuleKept
from costctl.policy.verification import verified
from costctl.policy.verified_lanes import is_out_of_order
from costctl.policy.verified_load import at_once, within_a_minute
from tests.policy.policies import kind_named, policy_of, pool_named

S = 1_000_000_000
SCHEMA = {
    "call_id": pl.Int64,
    "request_id": pl.Int64,
    "trace_id": pl.String,
    "request_class": pl.String,
    "operation": pl.String,
    "provider": pl.String,
    "pool": pl.String,
    "model_requested": pl.String,
    "model": pl.String,
    "data_classification": pl.String,
    "cached_input_tokens": pl.Int64,
    "start_ns": pl.Int64,
    "busy_from_ns": pl.Int64,
    "end_ns": pl.Int64,
    "queue_s": pl.Float64,
    "output_tokens": pl.Int64,
    "input_tokens": pl.Int64,
    "service_tier": pl.String,
    "place": pl.Int64,
    "is_failed": pl.Boolean,
    "is_retried": pl.Boolean,
}


def call(number: int, **facts: Any) -> dict[str, Any]:
    """A call of the class ``chat`` at the pool ``gpu``: 2 s long, a second after the one before, without any wait."""
    start = facts.get("start_ns", number * S)
    wait_s = facts.get("queue_s", 0.0)
    usual = {
        "call_id": number,
        "request_id": number,
        "trace_id": f"trace-{number}",
        "request_class": "chat",
        "operation": "chat",
        "provider": None,
        "pool": "gpu",
        "model_requested": "llama",
        "model": "llama",
        "data_classification": None,
        "cached_input_tokens": 0,
        "start_ns": start,
        "busy_from_ns": start + int((wait_s or 0.0) * S),
        "end_ns": start + 2 * S,
        "queue_s": wait_s,
        "output_tokens": 100,
        "input_tokens": 1_000,
        "service_tier": "default",
        "place": 1,
        "is_failed": False,
        "is_retried": False,
    }
    return {**usual, **facts}


def rules(policy: Policy, *calls: dict[str, Any]) -> dict[tuple[str, str], RuleKept]:
    found = verified(policy, pl.DataFrame(calls, schema=SCHEMA))
    return {(each.policy_class, each.rule): each for each in found.rules}


def chat_policy(*others: Any, backends: tuple[Backend, ...] = (), **settings: Any) -> Policy:
    """One class, ``chat``, at ``gpu``, told by its name alone."""
    chat = kind_named("chat", "gpu", match=Match(), **settings)
    return policy_of(*others, chat, backends=(pool_named("gpu"), *backends))


UNKEPT = PolicyBoundary(enforcement="required", cacheable_us=0, batch=False)
BREAKING: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("route", {}, {"pool": "elsewhere"}),
    ("route", {}, {"pool": None, "provider": "openai"}),
    ("longest wait", {"queue": Queue(max_wait_us=500_000)}, {"queue_s": 0.500_001}),
    ("time-out", {"timeout_us": 2_500_000}, {"end_ns": 5 * S + 2_500_001_000}),
    ("answer tokens", {"caps": Caps(output_tokens=100)}, {"output_tokens": 101}),
    ("input tokens", {"caps": Caps(input_tokens=1_000)}, {"input_tokens": 1_001}),
    ("steps", {"caps": Caps(steps=3)}, {"place": 4}),
    ("service tier", {"service_tier": "default"}, {"service_tier": "priority"}),
    ("data in a cache", {"data_boundary": UNKEPT}, {"cached_input_tokens": 1}),
    ("data in a batch", {"data_boundary": UNKEPT}, {"service_tier": "batch"}),
]
UNKNOWN = {
    "route": {"pool": None},
    "longest wait": {"queue_s": None},
    "time-out": {"end_ns": None},
    "answer tokens": {"output_tokens": None},
    "input tokens": {"input_tokens": None},
    "service tier": {"service_tier": None},
    "data in a cache": {"cached_input_tokens": None},
    "data in a batch": {"service_tier": None},
}


@pytest.mark.parametrize(("rule", "settings", "facts"), BREAKING)
def test_the_call_that_breaks_a_rule_is_found_and_no_other(
    rule: str, settings: dict[str, Any], facts: dict[str, Any]
) -> None:
    kept = rules(chat_policy(**settings), *(call(number) for number in range(5)), call(5, **facts))[
        "chat", rule
    ]
    assert (kept.checked, kept.broken, kept.unknown) == (6, 1, 0)
    assert [(each.trace_id, each.at_ns) for each in kept.examples] == [("trace-5", 5 * S)]


@pytest.mark.parametrize("rule", sorted(UNKNOWN))
def test_what_a_record_does_not_tell_is_neither_kept_nor_broken(rule: str) -> None:
    settings = next(settings for name, settings, _ in BREAKING if name == rule)
    kept = rules(chat_policy(**settings), call(0), call(1, **UNKNOWN[rule]))["chat", rule]
    assert (kept.checked, kept.broken, kept.unknown) == (1, 0, 1)


def test_a_boundary_is_broken_where_the_class_was_served_outside_even_where_its_route_allows_it() -> None:
    eu = PolicyBoundary(enforcement="required", jurisdictions=("eu",))
    us, gpu = replace(pool_named("abroad"), jurisdiction="us"), replace(pool_named("gpu"), jurisdiction="eu")
    chat = kind_named("chat", "gpu", match=Match(), data_boundary=eu)
    policy = policy_of(chat, backends=(gpu, us))
    found = rules(policy, call(0), call(1, pool="abroad"), call(2, pool="unheard of"), call(3, pool=None))
    kept = found["chat", "data boundary"]
    assert (kept.checked, kept.broken, kept.unknown, kept.is_required) == (3, 2, 1, True)
    assert [each.said for each in kept.examples] == [
        "served at abroad, by llama",
        "served at unheard of, by llama",
    ]


def test_attempts_are_counted_from_the_first_after_a_success() -> None:
    failed = {"is_failed": True, "is_retried": True, "request_id": 7}
    calls = [
        call(0, **failed, place=1),
        call(1, **failed, place=2),
        call(2, request_id=7, place=3),
        call(3, **failed, place=4),
        call(4, request_id=7, place=5),
        call(5, request_id=7, operation="embeddings", place=6),
    ]
    assert rules(chat_policy(retries=2), *calls)["chat", "attempts"].broken == 0
    once = rules(chat_policy(retries=1), *calls)["chat", "attempts"]
    assert [each.place for each in once.examples] == [3]
    assert rules(chat_policy(retries=0), *calls)["chat", "attempts"].broken == 3


def test_rates_and_calls_in_progress_are_of_the_class() -> None:
    settings = Admission(requests_per_minute=3, concurrency=AtMost(value=2, scope="global"))
    calls = [call(number, start_ns=number * S // 2, request_class="chat") for number in range(6)]
    others = [call(9 + number, start_ns=number * S // 2, request_class="other") for number in range(6)]
    other = kind_named("other", "gpu", match=Match())
    found = rules(chat_policy(other, admission=settings), *calls, *others)
    assert found["chat", "calls a minute"].broken == 3
    assert found["chat", "calls in progress"].broken == 4
    assert ("other", "calls a minute") not in found


def test_a_call_of_no_class_is_held_to_the_default_class_and_said() -> None:
    model = kind_named("chat", "gpu", match=Match(model=("llama",)))
    rest = kind_named("rest", "gpu", match=Match())
    frame = pl.DataFrame(
        [call(0), call(1, request_class="new"), call(2, model_requested="qwen", model="qwen")], schema=SCHEMA
    )
    found = verified(policy_of(model, rest, backends=(replace(pool_named("gpu"), model=None),)), frame)
    assert (found.calls, found.unmatched, found.first_unmatched) == (3, 2, "trace-1")


def test_a_dated_model_is_the_one_that_was_asked_for() -> None:
    kind = kind_named(
        "chat", match=Match(model=("gpt-4o",)), placement=Placement(targets=(Target("bought", 1),))
    )
    bought = Backend(id="bought", provider="openai", model="gpt-4o")
    facts = {"pool": None, "provider": "openai", "model_requested": "gpt-4o", "model": "gpt-4o-2024-08-06"}
    found = rules(
        policy_of(kind, backends=(bought,)),
        call(0, **facts),
        call(1, **facts | {"model": "o3", "model_requested": "o3"}),
    )
    assert (found["chat", "route"].checked, found["chat", "route"].broken) == (2, 1)


def test_a_model_that_only_begins_with_the_name_of_another_is_another() -> None:
    kind = kind_named("chat", match=Match(), placement=Placement(targets=(Target("large", 1),)))
    large, small = (
        Backend(id=name, provider="openai", model=model)
        for name, model in (("large", "gpt-4.1"), ("small", "gpt-4.1-mini"))
    )
    facts = {"pool": None, "provider": "openai"}
    calls = [
        call(0, **facts, model_requested="gpt-4.1", model="gpt-4.1-2025-04-14"),
        call(1, **facts, model_requested="gpt-4.1", model="gpt-4.1-mini"),
    ]
    for backends in ((large, small), (small, large)):
        kept = rules(policy_of(kind, backends=backends), *calls)["chat", "route"]
        assert (kept.checked, [each.trace_id for each in kept.examples]) == (2, ["trace-1"])


times = st.lists(st.integers(0, 50), min_size=1, max_size=12)


@given(times, st.integers(1, 20))
def test_a_minute_and_what_is_in_progress_are_what_a_plain_count_says(starts: list[int], length: int) -> None:
    start = np.sort(np.array(starts, np.int64)) * 7 * S
    end = start + length * 5 * S
    minute = [int(((start > at - 60 * S) & (start <= at)).sum()) for at in start]
    assert within_a_minute(start).tolist() == minute
    found, known = at_once(start, end)
    assert found.tolist() == [int(((start <= at) & (end > at)).sum()) for at in start]
    assert known.all()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 6)), min_size=1, max_size=14))
def test_overtaking_is_what_a_plain_comparison_of_all_pairs_says(drawn: list[tuple[int, int, int]]) -> None:
    frame = pl.DataFrame(
        {
            "pool": ["gpu"] * len(drawn),
            "lane": [lane for lane, _, _ in drawn],
            "start_ns": [start for _, start, _ in drawn],
            "busy_from_ns": [start + wait for _, start, wait in drawn],
            "queue_s": [wait / S for _, _, wait in drawn],
        }
    )
    found, known = is_out_of_order(frame)
    begin = [start + wait for _, start, wait in drawn]
    expected = [
        any(other[0] < mine[0] and other[1] < at < other[1] + other[2] for other in drawn)
        for mine, at in zip(drawn, begin, strict=True)
    ]
    assert found.tolist() == expected
    assert known.all()


@given(st.lists(st.integers(0, 400), min_size=1, max_size=10), st.integers(1, 300), st.integers(0, 100))
def test_a_rule_that_allows_more_is_broken_no_more_often(tokens: list[int], most: int, more: int) -> None:
    calls = [call(number, output_tokens=count) for number, count in enumerate(tokens)]
    strict, loose = (
        rules(chat_policy(caps=Caps(output_tokens=each)), *calls)["chat", "answer tokens"]
        for each in (most, most + more)
    )
    assert loose.broken <= strict.broken
    assert strict.checked + strict.unknown == len(tokens)
