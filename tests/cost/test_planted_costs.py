"""What a call truly cost is charged once, however often it was recorded, retried or passed on.

Worlds of known truth: each call that reached a provider has tokens and a price per million that the test writes out.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.relations.span_rows import chat, engine_of, span

DAY_S = 1_795_478_400.0  # 2026-11-24T00:00:00Z
GPT_4O = {"provider": "openai", "model_served": "gpt-4o"}  # 2.50 in, 1.25 cached, 10.00 out, USD per million
HAIKU = {"provider": "anthropic", "model_served": "claude-haiku-4-5"}  # 1.00 in, 5.00 out


def usd(spans: list[dict[str, Any]]) -> tuple[float, float, int]:
    """USD in all, USD of attempts that failed or were repeated, and the number of calls."""
    engine = engine_of(spans)
    charges = engine.fetch("charge")
    failed = charges.filter(charges["is_wasted"])
    return charges["usd"].sum(), failed["usd"].sum(), engine.fetch("calls").height


def at(key: str, start_s: float, end_s: float, **facts: Any) -> dict[str, Any]:
    return chat(key, DAY_S + start_s, DAY_S + end_s, **facts)


def root(name: str) -> dict[str, Any]:
    return span(f"{name}/root", DAY_S, DAY_S + 60)


def test_a_call_that_three_libraries_record_is_paid_for_once() -> None:
    # A gateway, a framework and the provider's SDK, each inside the other, each with the same usage.
    usage = {"input_tokens": 10_000, "cached_input_tokens": 4_000, "output_tokens": 700, **GPT_4O}
    spans = [
        root("a"),
        at("a/gateway/root", 1, 9, **usage),
        at("a/framework/gateway", 2, 8, **usage),
        at("a/sdk/framework", 3, 7, **usage),
    ]
    truth = (6_000 * 2.50 + 4_000 * 1.25 + 700 * 10.00) / 1e6
    assert usd(spans) == (pytest.approx(truth, rel=1e-12), 0.0, 1)


def test_a_fallback_chain_costs_what_each_provider_that_worked_was_owed() -> None:
    # Refused by the first (nothing is owed), cut off by the second after 100 tokens, answered by the third.
    spans = [
        root("a"),
        at("a/first/root", 1, 2, error_type="429", input_tokens=0, output_tokens=0, **GPT_4O),
        at("a/second/root", 3, 33, error_type="timeout", input_tokens=8_000, output_tokens=100, **GPT_4O),
        at("a/third/root", 34, 40, input_tokens=8_200, output_tokens=900, **HAIKU),
    ]
    lost = (8_000 * 2.50 + 100 * 10.00) / 1e6
    answered = (8_200 * 1.00 + 900 * 5.00) / 1e6
    assert usd(spans) == (pytest.approx(lost + answered, rel=1e-12), pytest.approx(lost, rel=1e-12), 3)


@pytest.mark.parametrize("attempts", [1, 2, 7, 40])
def test_a_retry_storm_costs_every_attempt_that_was_served(attempts: int) -> None:
    # Every attempt but the last is cut off after 50 tokens, and is recorded by the gateway and by the SDK.
    spans = [root("a")]
    for number in range(attempts):
        is_last = number == attempts - 1
        said = {
            "input_tokens": 3_000,
            "output_tokens": 400 if is_last else 50,
            **GPT_4O,
            **({} if is_last else {"error_type": "timeout"}),
        }
        spans.append(at(f"a/gateway{number}/root", 1 + number, 1.9 + number, **said))
        spans.append(at(f"a/sdk{number}/gateway{number}", 1.1 + number, 1.8 + number, **said))
    one_lost = (3_000 * 2.50 + 50 * 10.00) / 1e6
    answered = (3_000 * 2.50 + 400 * 10.00) / 1e6
    lost = (attempts - 1) * one_lost
    assert usd(spans) == (
        pytest.approx(lost + answered, rel=1e-12),
        pytest.approx(lost, rel=1e-12),
        attempts,
    )


def test_an_attempt_whose_usage_was_lost_has_no_amount_rather_than_none_owed() -> None:
    spans = [root("a"), at("a/call/root", 1, 2, error_type="timeout", **GPT_4O)]
    charges = engine_of(spans).fetch("charge")
    assert charges["usd"].to_list() == [None, None]
    assert set(charges["note"]) == {"tokens were not observed"}
