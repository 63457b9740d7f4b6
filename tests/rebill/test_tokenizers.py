"""Tokens of another model: as the traces show, as its provider states, or as many, and which of it is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.levers.plan import ClassPlan, Plan
from costctl.observation import observed
from costctl.progress import silent
from costctl.rebill.bill import bill
from costctl.rebill.calls import BoughtCalls, bought_calls_of
from costctl.rebill.rates import PriceList
from costctl.rebill.tokenizers import token_ratio, tokenizer_rules
from tests.synth.written_shop import small_shop_in

LIST = PriceList(PriceSettings())


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> BoughtCalls:
    question = small_shop_in(tmp_path_factory.mktemp("shop"))[2]
    with observed(question, silent) as observation:
        fetch = observation.engine.fetch
        return bought_calls_of(fetch("bought_calls"), fetch("call_prompt"))


def asked_of_both(calls: BoughtCalls, ratio: float) -> BoughtCalls:
    """The same calls, of which every other one of faq went to another model, which counts so many tokens."""
    other = (pl.col("request_class") == "faq") & (pl.int_range(pl.len()) % 2 == 1)
    frame = calls.frame.with_columns(
        pl.when(other).then(pl.lit("own-model")).otherwise(pl.col("model")).alias("model"),
        pl.when(other)
        .then((pl.col("input_tokens") * ratio).cast(pl.Int64))
        .otherwise(pl.col("input_tokens"))
        .alias("input_tokens"),
    )
    return replace(calls, frame=frame)


def test_prompts_that_went_to_both_tell_the_ratio(calls: BoughtCalls) -> None:
    found = token_ratio(asked_of_both(calls, 1.25), "gpt-4.1-mini", "own-model")
    assert found.ratio == pytest.approx(1.25, rel=0.01)
    assert "prompts went to gpt-4.1-mini and to own-model" in found.said


@pytest.mark.parametrize(
    ("today", "other", "ratio", "said"),
    [
        ("gpt-4.1", "gpt-4.1-nano", 1.0, "the same tokenizer (o200k_base)"),
        ("claude-opus-4-6", "claude-opus-4-7", 1.35, "states that claude-opus-4-7 counts up to 1.35 times"),
        ("claude-opus-4-7", "claude-sonnet-4-5", 1.0, "no ratio is known"),
        ("gpt-4.1", "someones-model", 1.0, "not known how someones-model counts"),
    ],
)
def test_otherwise_rules_tell_it_and_what_is_assumed_is_said(
    calls: BoughtCalls, today: str, other: str, ratio: float, said: str
) -> None:
    found = token_ratio(calls, today, other)
    assert found.ratio == ratio
    assert said in found.said


def test_a_bill_counts_the_tokens_of_the_other_model(calls: BoughtCalls) -> None:
    """Twice the tokens cost twice as much; of the calls that stay, nothing changes."""
    plan = Plan({"triage": ClassPlan(model="claude-opus-4-7")})
    frame = calls.frame.with_columns(provider=pl.lit("anthropic"), model=pl.lit("claude-opus-4-6"))
    again = bill(replace(calls, frame=frame), plan, LIST)
    plain = bill(replace(calls, frame=frame), Plan({"triage": ClassPlan(model="claude-opus-4-6")}), LIST)
    own = calls.of_class("triage")
    np.testing.assert_allclose(again.usd[own], 1.35 * plain.usd[own])  # both cost as much a token
    np.testing.assert_allclose(again.usd[~own], plain.usd[~own])


def test_each_rule_has_a_source() -> None:
    rules = tokenizer_rules()
    names = {each.name for each in rules.tokenizers}
    assert {name for each in rules.ratios for name in (each.from_, each.to)} <= names
    assert all(each.source.startswith("https://") for each in (*rules.tokenizers, *rules.ratios))
