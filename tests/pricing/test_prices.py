"""Token prices: what the rows say is what the price book's own calculator charges."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from genai_prices import Usage, calc_price

from costctl.pricing.prices import PRICE_BOOK, TOKEN_PRICES
from tests.pricing.price_rows import token_price_rows

DAY = "2026-11-20"
MODELS = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini-2024-07-18"),
    ("openai", "text-embedding-3-small"),
    ("anthropic", "claude-sonnet-4-5"),
    ("google", "gemini-2.5-pro"),
    ("azure", "gpt-4o"),
    (None, "claude-3-5-haiku-latest"),
]


def models(*rows: tuple[str | None, str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        list(rows), schema={"provider": pl.String, "model": pl.String, "day": pl.String}, orient="row"
    )


def usd_by_rows(prices: pl.DataFrame, total_input: int, tokens: dict[str, int]) -> float:
    """USD of one call: tokens of each kind times the price of the band that its total input falls in."""
    in_band = prices.filter(
        (pl.col("from_input_tokens") <= total_input)
        & (pl.col("below_input_tokens").is_null() | (pl.col("below_input_tokens") > total_input))
    )
    per_token = dict(in_band.select("token_kind", "usd_per_token").iter_rows())
    return sum(count * per_token.get(kind, 0.0) for kind, count in tokens.items())


@pytest.mark.parametrize(("provider", "model"), MODELS)
def test_rows_charge_what_the_books_own_calculator_charges(provider: str | None, model: str) -> None:
    rng = np.random.default_rng(7)
    prices = token_price_rows(models((provider, model, DAY)))
    is_embedding = "embedding" in model
    assert prices.height >= 3

    for scale in (1_000, 150_000, 400_000):
        uncached, cached, written, output = (int(n) for n in rng.integers(1, scale, 4))
        if is_embedding:
            output = 0
        total = uncached + cached + written
        usage = Usage(
            input_tokens=total, cache_read_tokens=cached, cache_write_tokens=written, output_tokens=output
        )
        expected = calc_price(
            usage,
            model,
            provider_id=provider,
            genai_request_timestamp=datetime(2026, 11, 20, 12, tzinfo=UTC),
        )
        tokens = {"input": uncached, "cached_input": cached, "cache_write": written, "output": output}
        assert usd_by_rows(prices, total, tokens) == pytest.approx(float(expected.total_price), rel=1e-12)


def test_bands_of_one_kind_cover_every_prompt_length_once() -> None:
    prices = token_price_rows(models(("google", "gemini-2.5-pro", DAY)))
    for _, bands in prices.group_by("token_kind"):
        ordered = bands.sort("from_input_tokens")
        assert ordered["from_input_tokens"][0] == 0
        assert ordered["below_input_tokens"][-1] is None
        assert ordered["below_input_tokens"][:-1].to_list() == ordered["from_input_tokens"][1:].to_list()
    assert prices.height > 4, "this model is quoted in tiers"


def test_a_price_is_the_one_of_its_day() -> None:
    # o3 fell from 10 to 2 USD per million input tokens on 2025-06-10
    prices = token_price_rows(models(("openai", "o3", "2025-06-09"), ("openai", "o3", "2025-06-10")))
    by_day = dict(prices.filter(token_kind="input").select("day", "usd_per_token").iter_rows())
    assert by_day == {"2025-06-09": pytest.approx(10e-6), "2025-06-10": pytest.approx(2e-6)}


@pytest.mark.parametrize(
    ("provider", "model"),
    [("vllm", "mistral-large-latest"), ("openai", "no-such-model"), (None, "my-own-model")],
)
def test_what_the_book_does_not_know_has_no_row(provider: str | None, model: str) -> None:
    prices = token_price_rows(models((provider, model, DAY)))
    assert prices.is_empty()
    assert prices.schema == TOKEN_PRICES


def test_the_source_says_when_only_the_name_of_the_model_was_known() -> None:
    by_name = token_price_rows(models((None, "gpt-4o", DAY)))["price_source"].unique().to_list()
    by_both = token_price_rows(models(("openai", "gpt-4o", DAY)))["price_source"].unique().to_list()
    assert by_name == [f"{PRICE_BOOK}: openai/gpt-4o, matched by the model's name alone"]
    assert by_both == [f"{PRICE_BOOK}: openai/gpt-4o"]


def test_a_pair_seen_many_times_is_priced_once() -> None:
    once = token_price_rows(models(("openai", "gpt-4o", DAY)))
    often = token_price_rows(models(*[("openai", "gpt-4o", DAY)] * 50))
    assert often.equals(once)


def test_a_snapshot_newer_than_the_book_costs_what_its_model_costs() -> None:
    known, newer, other = (
        token_price_rows(pl.DataFrame({"provider": ["openai"], "model": [model], "day": ["2026-11-03"]}))
        for model in ("gpt-4.1-nano", "gpt-4.1-nano-2026-10-01", "gpt-4.1-nano-extra")
    )
    prices = ["token_kind", "usd_per_token", "price_source"]
    assert newer.select(prices).equals(known.select(prices))
    assert other.is_empty()


def test_as_of_another_day_the_same_calls_carry_that_days_prices() -> None:
    calls = models(("openai", "o3", "2025-06-09"), ("openai", "o3", "2025-06-12"))
    then = token_price_rows(calls, as_of=date(2025, 6, 9)).filter(token_kind="input")
    assert dict(then.select("day", "usd_per_token").iter_rows()) == {
        "2025-06-09": pytest.approx(10e-6),
        "2025-06-12": pytest.approx(10e-6),
    }


def test_a_name_that_begins_with_its_provider_is_that_providers_where_none_is_named() -> None:
    prefixed, plain, unknown = (
        token_price_rows(models((provider, model, DAY)))
        for provider, model in (
            (None, "mistral/mistral-small-latest"),
            ("mistral", "mistral-small-latest"),
            (None, "no-such-provider/mistral-small-latest"),
        )
    )
    assert prefixed["usd_per_token"].to_list() == plain["usd_per_token"].to_list()
    assert set(prefixed["price_source"]) == {
        f"{PRICE_BOOK}: mistral/mistral-small-latest, matched by the model's name alone"
    }
    assert unknown.is_empty()
