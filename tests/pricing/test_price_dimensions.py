"""Speed, place of inference, modalities, searches, sound, letters and fees: each has its price, or is said to have
none."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl
import pytest
from genai_prices import data_snapshot

from costctl.documents.price_settings import ExchangeRate, PriceSettings, Rate
from costctl.documents.settings import Settings
from costctl.errors import UsageError
from tests.relations.span_rows import chat, engine_of, span

DAY_S = 1_795_478_400.0  # 2026-11-24T00:00:00Z
SONNET = {"provider": "anthropic", "model_served": "claude-sonnet-4-6"}


def charged(settings: Settings | None = None, **facts: Any) -> pl.DataFrame:
    said = {"operation": "chat", "input_tokens": 20_000, "output_tokens": 2_000, **facts}
    return engine_of([span("a/call", DAY_S, DAY_S + 1, **said)], settings).fetch("charge")


def usd(rows: pl.DataFrame) -> float:
    assert rows["note"].null_count() == rows.height, rows["note"].to_list()
    return float(rows["usd"].sum())


def notes(rows: pl.DataFrame) -> dict[str, str | None]:
    return {
        resource.rpartition("/")[2]: note for resource, note in rows.select("resource", "note").iter_rows()
    }


def test_fast_mode_has_its_own_price() -> None:
    # https://platform.claude.com/docs/en/build-with-claude/fast-mode: Opus 4.8 at 10 and 50 USD per million
    fast = charged(provider="anthropic", model_served="claude-opus-4-8", service_tier="fast")
    assert usd(fast) == pytest.approx(0.2 + 0.1)
    openai = charged(provider="openai", model_served="gpt-4o", service_tier="fast", output_tokens=0)
    assert usd(openai) == pytest.approx(20_000 * 4.25e-6)


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"service_tier": "priority"}, "no price for claude-sonnet-4-6 sold as priority on 2026-11-24"),
        ({"service_tier": "fast"}, "no price for claude-sonnet-4-6 sold as fast on 2026-11-24"),
        ({"inference_geo": "eu"}, "no price for claude-sonnet-4-6 with inference in eu on 2026-11-24"),
        ({"output_image_tokens": 500}, "no price for output_image of claude-sonnet-4-6"),
        ({"input_audio_tokens": 500}, "no price for input_audio of claude-sonnet-4-6"),
        ({"code_runs": 2}, "no price for code_runs of claude-sonnet-4-6"),
        ({"file_searches": 1}, "no price for file_searches of claude-sonnet-4-6"),
    ],
)
def test_what_has_no_price_is_named_and_the_call_is_not_priced(facts: dict[str, Any], note: str) -> None:
    rows = charged(**SONNET, **facts)
    unpriced = rows.filter(pl.col("usd").is_null())
    assert set(unpriced["note"]) == {note}


# https://platform.claude.com/docs/en/about-claude/pricing#data-residency-pricing: × 1.1 on all kinds of tokens
@pytest.mark.parametrize(
    ("geo", "factor"),
    [("us", 1.1), ("US", 1.1), ("global", 1.0), (None, 1.0), ("not_available", 1.0), ("", 1.0)],
)
def test_inference_that_is_kept_in_a_place_costs_more_for_every_kind_of_token(
    geo: str | None, factor: float
) -> None:
    said = {"cached_input_tokens": 8_000, "cache_write_tokens": 6_000, "cache_write_1h_tokens": 1_000}
    rows = charged(**SONNET, inference_geo=geo, web_searches=4, **said)
    tokens = (6_000 * 3 + 8_000 * 0.3 + 5_000 * 3.75 + 1_000 * 6 + 2_000 * 15) / 1e6
    assert usd(rows) == pytest.approx(
        tokens * factor + 4 * 0.01, rel=1e-12
    )  # a search costs the same everywhere


def test_places_of_openai_cost_more_for_models_since_march_2026_and_for_others_nothing() -> None:
    # https://developers.openai.com/api/docs/guides/data-residency
    for model, factor in (("gpt-5.4", 1.1), ("gpt-4o", 1.0), ("gpt-5", 1.0)):
        at_large = usd(charged(provider="openai", model_served=model))
        kept = usd(charged(provider="openai", model_served=model, inference_geo="eu"))
        assert kept == pytest.approx(at_large * factor, rel=1e-12)


def test_a_region_of_bedrock_is_in_the_name_of_its_profile() -> None:
    regional, everywhere = (
        usd(charged(provider="aws.bedrock", model_served=f"{where}.anthropic.claude-sonnet-4-6"))
        for where in ("eu", "global")
    )
    assert regional == pytest.approx(1.1 * everywhere, rel=1e-12)


def test_searches_are_a_charge_of_their_own() -> None:
    rows = charged(**SONNET, web_searches=9).filter(component="api_units")
    assert rows.select("resource", "quantity", "unit", "usd_per_unit").rows() == [
        ("anthropic/claude-sonnet-4-6/web_searches", 9.0, "searches", 0.01)
    ]
    assert usd(rows) == pytest.approx(0.09)
    assert charged(**SONNET, web_searches=0).filter(component="api_units").is_empty()


def test_a_grounded_prompt_of_gemini_2_is_one_fee_and_each_query_of_gemini_3_is_one() -> None:
    # https://ai.google.dev/gemini-api/docs/pricing
    for model, times in (("gemini-2.5-pro", 1), ("gemini-3-flash-preview", 3)):
        one, three = (
            charged(provider="google", model_served=model, web_searches=searches).filter(
                component="api_units"
            )
            for searches in (1, 3)
        )
        assert usd(three) == pytest.approx(times * usd(one))


def test_a_fee_for_the_request_is_due_where_the_model_has_one() -> None:
    rows = charged(provider="perplexity", model_served="sonar-pro")
    assert usd(rows) == pytest.approx(0.06 + 0.03 + 0.014)
    fee = rows.filter(component="api_units")
    assert fee.select("quantity", "unit").rows() == [(1.0, "requests")]


def test_reasoning_that_is_priced_apart_is_a_kind_of_its_own_and_else_is_output() -> None:
    said = {"reasoning_tokens": 1_500}
    apart = charged(provider="perplexity", model_served="sonar-deep-research", **said)
    assert usd(apart) == pytest.approx((20_000 * 2 + 500 * 8 + 1_500 * 3) / 1e6)
    within = charged(**SONNET, **said)
    assert usd(within) == pytest.approx((20_000 * 3 + 2_000 * 15) / 1e6)


def test_images_of_openais_text_models_cost_what_text_does_and_of_its_image_models_what_they_say() -> None:
    said = {"input_image_tokens": 12_000, "cached_input_tokens": 0}
    text = charged(provider="openai", model_served="gpt-4o", **said)
    assert usd(text) == pytest.approx((20_000 * 2.5 + 2_000 * 10) / 1e6)
    images = charged(provider="openai", model_served="gpt-image-1", output_image_tokens=2_000, **said)
    assert usd(images) == pytest.approx((8_000 * 5 + 12_000 * 10 + 2_000 * 40) / 1e6)
    silent = {"input_audio_tokens": 0, "output_audio_tokens": 0}
    realtime = charged(provider="openai", model_served="gpt-realtime", **said, **silent)
    assert usd(realtime) == pytest.approx((8_000 * 4 + 12_000 * 5 + 2_000 * 16) / 1e6)


def test_modalities_of_google_have_the_price_that_the_book_quotes_or_that_of_text() -> None:
    said = {"input_image_tokens": 4_000, "input_video_tokens": 5_000, "input_audio_tokens": 1_000}
    embedding = {"operation": "embeddings", "output_tokens": None, "batch_size": 9}
    apart = charged(provider="google", model_served="gemini-embedding-2", **embedding, **said)
    assert usd(apart) == pytest.approx((10_000 * 0.2 + 4_000 * 0.45 + 5_000 * 12 + 1_000 * 6.5) / 1e6)
    at_one = charged(provider="google", model_served="gemini-2.5-flash", **said)
    assert usd(at_one) == pytest.approx((19_000 * 0.3 + 1_000 * 1 + 2_000 * 2.5) / 1e6)


@pytest.mark.parametrize(
    ("facts", "truth"),
    [
        ({"provider": "openai", "model_served": "whisper-1", "input_audio_s": 90.0}, 90 * 0.36 / 3_600),
        ({"provider": "groq", "model_served": "whisper-large-v3", "input_audio_s": 3.0}, 10 * 0.111 / 3_600),
        ({"provider": "openai", "model_served": "tts-1", "input_characters": 4_000}, 4_000 * 15 / 1e6),
    ],
)
def test_what_is_sold_by_sound_or_letters_needs_no_tokens(facts: dict[str, Any], truth: float) -> None:
    rows = charged(**facts, input_tokens=None, output_tokens=None)
    assert rows["component"].to_list() == ["api_units"]
    assert usd(rows) == pytest.approx(truth, rel=1e-9)


def test_sound_that_a_model_does_not_bill_by_the_second_is_no_charge_beside_its_tokens() -> None:
    rows = charged(provider="openai", model_served="gpt-realtime", input_audio_tokens=900, input_audio_s=30.0)
    assert set(rows["component"]) == {"api_tokens"}
    alone = charged(
        provider="openai",
        model_served="gpt-realtime",
        input_audio_s=30.0,
        input_tokens=None,
        output_tokens=None,
    )
    assert notes(alone) == {"input_audio_s": "no price for input_audio_s of gpt-realtime"}


def test_two_records_of_one_call_give_each_dimension_once() -> None:
    said = {"provider": "anthropic", "model_served": "claude-sonnet-4-6", "input_tokens": 20_000}
    outer = chat(
        "a/outer", DAY_S, DAY_S + 2, **said, output_tokens=2_000, web_searches=9, inference_geo="us",
        input_image_tokens=5_000,
    )  # fmt: skip
    inner = chat("a/inner/outer", DAY_S, DAY_S + 2, **said, output_tokens=2_000)
    rows = engine_of([outer, inner]).fetch("charge")
    assert usd(rows) == pytest.approx(1.1 * 0.09 + 0.09)
    assert "input_image" in notes(rows)


# -- sound that nobody counted


def test_tokens_of_a_model_for_sound_have_no_price_where_nobody_says_which_were_sound() -> None:
    said = {"provider": "openai", "model_served": "gpt-realtime", "input_tokens": 2_000, "output_tokens": 500}
    unknown = "how many of the tokens were sound, which has its own price, was not observed"
    assert notes(charged(**said)) == {"input": unknown, "output": unknown}
    spoken = charged(**said, input_audio_tokens=0, output_audio_tokens=500)
    assert usd(spoken) == pytest.approx(2_000 * 4 / 1e6 + 500 * 64 / 1e6)


# -- more than a model can read


def over_window(**facts: Any) -> list[tuple[Any, ...]]:
    """Calls that report more than their model can read, as the relation counts them."""
    engine = engine_of([chat("a/x", DAY_S, DAY_S + 2, output_tokens=100, **facts)])
    return engine.fetch("window_excess").drop("usd").rows()


def test_more_input_than_the_window_is_priced_as_reported_and_named() -> None:
    said = {"provider": "openai", "model_served": "gpt-4o"}
    assert usd(charged(**said, input_tokens=128_001)) > 0
    assert over_window(**said, input_tokens=128_001) == [("openai", "gpt-4o", 128_000, True, 1, 128_001)]
    assert over_window(**said, input_tokens=128_000) == []


def test_what_calls_beyond_their_window_carry_is_what_they_are_charged() -> None:
    said = {"provider": "openai", "model_served": "gpt-4o", "input_tokens": 10**9}
    engine = engine_of(
        [chat(f"{trace}/x", DAY_S, DAY_S + 2, output_tokens=100, **said) for trace in "abc"]
        + [chat("d/x", DAY_S, DAY_S + 2, output_tokens=100, **said | {"input_tokens": 100})]
    )
    (row,) = engine.fetch("window_excess").to_dicts()
    assert (row["calls"], row["largest_input_tokens"]) == (3, 10**9)
    assert row["usd"] == pytest.approx(3 * (10**9 * 2.5 + 100 * 10) / 1e6)  # USD 2.50 and 10 per million
    assert engine.fetch("oversized_calls")["input_tokens"].to_list() == [10**9] * 3


def test_a_model_that_nobody_knows_is_held_against_the_widest_window_of_the_book() -> None:
    said = {"provider": "mine", "model_served": "in-house-7b"}
    widest = max(
        model.context_window or 0 for each in data_snapshot.get_snapshot().providers for model in each.models
    )
    assert over_window(**said, input_tokens=widest) == []
    assert over_window(**said, input_tokens=10**12) == [("mine", "in-house-7b", widest, False, 1, 10**12)]


@pytest.mark.parametrize(
    "facts",
    [
        {"operation": "invoke_agent", "is_model_call": True},  # adds up the calls of many turns
        {"web_searches": 2},  # the provider asked the model again after each
        {"batch_size": 4},
        {"model_served": "o3-deep-research"},
    ],
)
def test_what_is_read_in_many_turns_may_be_more_than_a_window(facts: dict[str, Any]) -> None:
    said = {"provider": "openai", "model_served": "gpt-4o", "operation": "chat", "output_tokens": 10, **facts}
    engine = engine_of([span("a/call", DAY_S, DAY_S + 1, input_tokens=300_000, **said)])
    assert engine.fetch("window_excess").is_empty()


def test_a_window_that_was_wider_in_beta_is_the_wider_one() -> None:
    for provider, model in (
        ("anthropic", "claude-sonnet-4-20250514"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("gcp.vertex_ai", "claude-sonnet-4@20250514"),
    ):
        assert over_window(provider=provider, model_served=model, input_tokens=500_000) == [], (
            provider,
            model,
        )


# -- rates of one's own


def test_rates_of_ones_own_name_units_modalities_and_places() -> None:
    rates = (
        Rate(
            model="ours",
            input=1.0,
            output=2.0,
            input_image=5.0,
            web_searches=8.0,
            requests=1.0,
            currency="EUR",
        ),
        Rate(model="ours", input=4.0, output=2.0, inference_geo="eu", currency="EUR"),
    )
    settings = Settings(prices=PriceSettings(rates=rates, exchange_rates=(ExchangeRate("EUR", 2.0),)))
    rows = charged(settings, provider="own", model_served="ours", input_image_tokens=5_000, web_searches=3)
    assert usd(rows) == pytest.approx(2 * ((15_000 * 1 + 5_000 * 5 + 2_000 * 2) / 1e6 + 3 * 0.008 + 0.001))
    kept = charged(settings, provider="own", model_served="ours", inference_geo="eu")
    assert usd(kept) == pytest.approx(2 * (20_000 * 4 + 2_000 * 2) / 1e6)


def test_a_unit_that_ones_own_rate_does_not_name_costs_what_the_book_says() -> None:
    rate = Rate(model="claude-sonnet-4-6", provider="anthropic", input=2.0, output=10.0)
    rows = charged(Settings(prices=PriceSettings(rates=(rate,))), **SONNET, web_searches=9)
    assert usd(rows) == pytest.approx(0.04 + 0.02 + 0.09)


def test_a_fee_a_hundred_times_from_the_book_is_refused_until_it_is_confirmed() -> None:
    rate = Rate(model="claude-sonnet-4-6", provider="anthropic", input=3.0, web_searches=0.01)
    confirmed = msgspec.structs.replace(rate, is_confirmed=True)
    with pytest.raises(UsageError, match="The web_searches rate for claude-sonnet-4-6 is far"):
        charged(Settings(prices=PriceSettings(rates=(rate,))), **SONNET, web_searches=9)
    kept = charged(Settings(prices=PriceSettings(rates=(confirmed,))), **SONNET, web_searches=9)
    assert kept.height == 3
