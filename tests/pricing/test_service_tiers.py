"""Audio, cache writes that are kept for an hour, and tiers of service have their own prices, or none."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl
import pytest

from costctl.documents.price_settings import PriceSettings, Rate
from costctl.documents.settings import Settings
from costctl.errors import UsageError
from tests.pricing.price_rows import price_gap_rows, token_price_rows
from tests.relations.span_rows import chat, engine_of

DAY_S = 1_795_478_400.0  # 2026-11-24T00:00:00Z


def models(
    model: str, service_tier: str = "default", day: str = "2026-11-24", provider: str = "openai"
) -> pl.DataFrame:
    return pl.DataFrame(
        {"provider": [provider], "model": [model], "day": [day], "service_tier": [service_tier]}
    )


def by_kind(rows: pl.DataFrame) -> dict[str, float]:
    return {
        kind: pytest.approx(usd * 1e6) for kind, usd in rows.select("token_kind", "usd_per_token").iter_rows()
    }


def charged(settings: Settings | None = None, **facts: Any) -> pl.DataFrame:
    said = {"provider": "openai", "input_tokens": 1_000, "output_tokens": 100, **facts}
    return engine_of([chat("a/call", DAY_S, DAY_S + 1, **said)], settings).fetch("charge")


def test_a_batch_costs_half_from_the_day_on_which_the_book_says_so() -> None:
    assert by_kind(token_price_rows(models("gpt-4o", "batch")))["input"] == 1.25
    assert by_kind(token_price_rows(models("gpt-4o")))["input"] == 2.5


@pytest.mark.parametrize(
    ("model", "service_tier", "day", "provider"),
    [
        ("gpt-4o", "batch", "2026-10-13", "openai"),  # the book quotes it from the 14th
        ("gpt-4o", "batch", "2026-11-24", "azure"),  # what azure resells has OpenAI's standard price alone
        ("text-embedding-3-small", "priority", "2026-11-24", "openai"),
        ("gpt-4o", "reserved", "2026-11-24", "openai"),
    ],
)
def test_a_tier_that_the_book_does_not_quote_is_not_priced_as_the_standard_one(
    model: str, service_tier: str, day: str, provider: str
) -> None:
    asked = models(model, service_tier, day, provider)
    assert token_price_rows(asked).is_empty()
    assert price_gap_rows(asked)["reason"].to_list() == [
        f"no price for {model} sold as {service_tier} on {day}"
    ]


@pytest.mark.parametrize("written", ["standard", "AUTO", "default", None])
def test_names_of_the_standard_tier_are_the_standard_tier(written: str | None) -> None:
    assert charged(model_served="gpt-4o", service_tier=written)["usd"].sum() == pytest.approx(0.0035)


def test_a_rate_of_ones_own_for_batches_leaves_the_standard_price_to_the_book() -> None:
    rate = Rate(model="gpt-4o", input=1.0, output=4.0, service_tier="batch")
    settings = Settings(prices=PriceSettings(rates=(rate,)))
    assert charged(settings, model_served="gpt-4o", service_tier="batch")["usd"].sum() == pytest.approx(
        0.0014
    )
    assert charged(settings, model_served="gpt-4o")["usd"].sum() == pytest.approx(0.0035)


def test_audio_that_nobody_prices_is_unknown_and_never_priced_as_text() -> None:
    rows = charged(model_served="gpt-4o-audio-preview", input_audio_tokens=400).filter(
        pl.col("resource").str.ends_with("input_audio")
    )
    assert rows["usd"].to_list() == [None]
    assert rows["note"].to_list() == ["no price for input_audio of gpt-4o-audio-preview"]


def test_audio_at_a_rate_of_ones_own() -> None:
    rate = Rate(model="voice", input=1.0, output=2.0, input_audio=40.0, output_audio=80.0)
    settings = Settings(prices=PriceSettings(rates=(rate,)))
    rows = charged(
        settings, model_served="voice", provider="own", input_audio_tokens=600, output_audio_tokens=50
    )
    truth = (400 * 1.0 + 600 * 40.0 + 50 * 2.0 + 50 * 80.0) / 1e6
    assert rows["usd"].sum() == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize(
    ("tiers", "usd", "note"),
    [
        ((0,), pytest.approx(200e-6), None),
        ((0, 200_000), None, "the length of the prompt, which decides the price, was not observed"),
    ],
)
def test_an_answer_to_a_prompt_of_unknown_length_is_priced_where_the_price_does_not_go_by_length(
    tiers: tuple[int, ...], usd: float | None, note: str | None
) -> None:
    rates = tuple(Rate(model="ours", input=1.0, output=2.0, above_input_tokens=above) for above in tiers)
    settings = Settings(prices=PriceSettings(rates=rates))
    rows = charged(settings, model_served="ours", provider="own", input_tokens=None)
    output = rows.filter(pl.col("resource").str.ends_with("output"))
    assert (output["usd"].to_list(), output["note"].to_list()) == ([usd], [note])


def test_what_is_kept_for_an_hour_is_unknown_where_a_rate_does_not_name_it() -> None:
    rate = Rate(model="ours", input=1.0, output=2.0)
    settings = Settings(prices=PriceSettings(rates=(rate,)))
    rows = charged(
        settings, model_served="ours", provider="own", cache_write_tokens=500, cache_write_1h_tokens=200
    )
    found = {resource.rpartition("/")[2]: usd for resource, usd in rows.select("resource", "usd").iter_rows()}
    assert found["cache_write"] == pytest.approx(300e-6)
    assert found["cache_write_1h"] is None


@pytest.mark.parametrize(
    ("audio", "cached", "cached_audio"),
    [(0, 0, 0), (700, 0, 0), (700, 600, 500), (9, 900, 9), (900, 500, None)],
)
def test_the_kinds_of_input_tokens_are_all_input_tokens(
    audio: int, cached: int, cached_audio: int | None
) -> None:
    rows = charged(
        model_served="gpt-realtime",
        input_audio_tokens=audio,
        cached_input_tokens=cached,
        cached_audio_tokens=cached_audio,
    )
    assert rows.filter(~pl.col("resource").str.contains("output"))["quantity"].sum() == 1_000
    assert rows["quantity"].min() >= 0


def test_a_name_that_nobody_prices_is_told_with_the_one_that_may_be_meant() -> None:
    (note,) = set(charged(model_served="gpt-4o-mnii")["note"])
    assert note == (
        "no price for gpt-4o-mnii (did you mean openai/gpt-4o-mini? "
        '[prices.aliases] "gpt-4o-mnii" = "openai/gpt-4o-mini")'
    )


@pytest.mark.parametrize("per_token", [2.5e-6, 2.5e6])
def test_a_rate_in_another_unit_is_refused_for_a_model_that_the_book_has_not(per_token: float) -> None:
    rate = Rate(model="ours", input=per_token)
    with pytest.raises(UsageError, match="far outside the range of known prices"):
        token_price_rows(models("ours"), own=PriceSettings(rates=(rate,)))
    confirmed = PriceSettings(rates=(msgspec.structs.replace(rate, is_confirmed=True),))
    assert by_kind(token_price_rows(models("ours"), own=confirmed))["input"] == per_token


def test_a_model_may_be_free() -> None:
    own = PriceSettings(rates=(Rate(model="ours", input=0.0, output=0.0),))
    assert by_kind(token_price_rows(models("ours"), own=own))["input"] == 0.0


def test_a_copy_that_is_served_by_oneself_is_not_told_to_be_priced_as_what_others_sell() -> None:
    assert price_gap_rows(models("llama-3.1-8b", provider="self_hosted"))["reason"].to_list() == [
        "no price for llama-3.1-8b: the provider self_hosted is not in the price book"
    ]
