"""A call that two libraries record is one call of which both tell; no token of it is of two kinds, and none is lost."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.relations.span_rows import chat, engine_of, span

DAY_S = 1_795_478_400.0  # 2026-11-24T00:00:00Z
GPT_4O = {"provider": "openai", "model_served": "gpt-4o"}  # 2.50 in, 1.25 cached, 10.00 out, USD per million


def charged(inner: dict[str, Any], outer: dict[str, Any] | None = None) -> pl.DataFrame:
    """Charges of one call by what its record says, and what that of a gateway around it says."""
    spans = [span("a/root", DAY_S, DAY_S + 60)]
    if outer is not None:
        spans.append(chat("a/gateway/root", DAY_S + 1, DAY_S + 4, **GPT_4O, **outer))
    parent = "root" if outer is None else "gateway"
    spans.append(chat(f"a/sdk/{parent}", DAY_S + 2, DAY_S + 3, **GPT_4O, **inner))
    return engine_of(spans).fetch("charge")


def counts(charges: pl.DataFrame) -> dict[str, float]:
    return {
        key.rpartition("/")[2]: count for key, count in charges.select("resource", "quantity").iter_rows()
    }


TOTALS = {"input_tokens": 1_000, "output_tokens": 100}


def test_cached_tokens_that_only_the_gateway_tells_of_are_not_paid_for_in_full() -> None:
    found = charged(TOTALS, {**TOTALS, "cached_input_tokens": 600})
    assert counts(found) == {"input": 400, "cached_input": 600, "output": 100}
    assert found["usd"].sum() == pytest.approx((400 * 2.5 + 600 * 1.25 + 100 * 10) / 1e6)


def test_the_answer_is_as_long_as_the_record_says_that_saw_its_end() -> None:
    found = charged({"input_tokens": 1_000}, {"input_tokens": 1_000, "output_tokens": 100})
    assert counts(found) == {"input": 1_000, "output": 100}


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ({}, {"cache_write_tokens": 500, "cache_write_1h_tokens": 200}),
        ({"cached_input_tokens": 600}, {"cache_write_tokens": 500, "cache_write_1h_tokens": 200}),
        ({"cached_input_tokens": 0}, {"cached_input_tokens": 300, "cache_write_tokens": 300}),
        ({"cache_write_1h_tokens": 200}, None),
        ({"cached_audio_tokens": 50}, None),
        ({"cached_input_tokens": 600, "cached_audio_tokens": 500}, None),
        ({}, {"input_tokens": 4_000, "cached_input_tokens": 3_000}),
        ({"cached_input_tokens": 100}, {"cached_input_tokens": 100, "input_audio_tokens": 300}),
    ],
)
def test_the_kinds_of_input_are_all_the_input_whatever_each_record_leaves_out(
    inner: dict[str, int], outer: dict[str, int] | None
) -> None:
    found = counts(charged({**TOTALS, **inner}, None if outer is None else {**TOTALS, **outer}))
    assert found.pop("output") == 100
    assert sum(found.values()) == 1_000
    assert min(found.values()) >= 0


def test_a_failure_of_no_kind_is_of_the_kind_that_the_other_record_tells() -> None:
    found = charged({"status": "error"}, {"error_type": "RateLimitError"})
    assert set(found["outcome"]) == {"rate_limited"}
    assert found["usd"].to_list() == [0, 0]


def test_a_price_without_tiers_holds_also_where_the_length_of_the_prompt_is_not_known() -> None:
    found = charged({"output_tokens": 100})
    usd = dict(found.select("resource", "usd").iter_rows())
    assert usd["openai/gpt-4o/output"] == pytest.approx(100 * 10 / 1e6)
    assert usd["openai/gpt-4o/input"] is None


def test_a_price_in_tiers_says_that_it_wants_the_length_of_the_prompt() -> None:
    said = {"provider": "google", "model_served": "gemini-2.5-pro", "output_tokens": 100}
    found = engine_of([chat("a/call", DAY_S, DAY_S + 1, **said)]).fetch("charge")
    notes = dict(found.select("resource", "note").iter_rows())
    assert notes["google/gemini-2.5-pro/output"] == (
        "the length of the prompt, which decides the price, was not observed"
    )
