"""Over all models of the price book, what our kinds come to is what the book's own calculator charges.

Exceptions, and why: a kind is drawn only where it has a price here, and the calculator prices more. It takes audio,
images and video for text where the book quotes no price of their own; here that is done where the provider is known
to bill so. It takes tokens that are kept for an hour for those kept for five minutes; here they have no price then.
It charges Google's searches of Gemini 2 by the query, where Google bills the grounded prompt; drawn is at most one.
An hour of connection (audio_hours) is not an hour of sound; where the book has that price alone, no sound is drawn.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from genai_prices import Usage, calc_price, data_snapshot

from costctl.documents.price_settings import PriceSettings
from costctl.pricing.own_rates import Asked
from costctl.pricing.price_kinds import TOKEN_KINDS, UNITS
from costctl.pricing.prices import Priced, book_models, priced

DAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
# Our kind → the book's counts that hold it.
COUNTS = {
    "input": ("input_tokens", "input_text_tokens"),
    "input_audio": ("input_tokens", "input_audio_tokens"),
    "input_image": ("input_tokens", "input_image_tokens"),
    "input_video": ("input_tokens", "input_video_tokens"),
    "cached_input": ("input_tokens", "input_text_tokens", "cache_read_tokens", "cache_text_read_tokens"),
    "cached_audio": ("input_tokens", "input_audio_tokens", "cache_read_tokens", "cache_audio_read_tokens"),
    "cached_image": ("input_tokens", "input_image_tokens", "cache_read_tokens", "cache_image_read_tokens"),
    "cached_video": ("input_tokens", "input_video_tokens", "cache_read_tokens", "cache_video_read_tokens"),
    "cache_write": ("input_tokens", "input_text_tokens", "cache_write_tokens", "cache_write_5m_tokens"),
    "cache_write_1h": ("input_tokens", "input_text_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    "output": ("output_tokens", "output_text_tokens"),
    "output_audio": ("output_tokens", "output_audio_tokens"),
    "output_image": ("output_tokens", "output_image_tokens"),
    "output_video": ("output_tokens", "output_video_tokens"),
    "reasoning": ("output_tokens", "output_text_tokens", "output_reasoning_tokens"),
}
UNIT_COUNTS = {
    "web_searches": ("web_searches",),
    "file_searches": ("storage_searches",),
    "code_runs": ("code_executions",),
    "input_characters": ("input_characters",),
    "input_audio_s": ("audio_seconds", "input_audio_seconds"),
    "output_audio_s": ("audio_seconds", "output_audio_seconds"),
}
CONTEXTS: dict[str, list[dict[str, str]]] = {
    "default": [{}],
    "batch": [{"processing": "batch"}],
    "flex": [{"service_tier": "flex"}],
    "priority": [{"service_tier": "priority"}],
    "fast": [{"speed": "fast", "service_tier": "fast"}],
}


def found_by_their_own_names() -> list[tuple[str, str]]:
    """Models that the book finds by the name that it has for them, at the provider that it has them of."""
    book = data_snapshot.get_snapshot()
    found = []
    for provider, model in book_models():
        try:
            found_provider, found_model = book.find_provider_model(model, None, provider, None)
        except LookupError:
            continue
        if (found_provider.id, found_model.id) == (provider, model):
            found.append((provider, model))
    return found


def usd_of(prices: Priced, tokens: dict[str, int], units: dict[str, int]) -> float:
    """USD of a call: each kind times the price of the band that its whole input falls in, and each unit its own."""
    total = sum(count for kind, count in tokens.items() if "input_tokens" in COUNTS[kind])
    per_token = {
        kind: band.usd_per_token
        for kind, band in prices.bands
        if band.from_input_tokens <= total
        and (band.below_input_tokens is None or total < band.below_input_tokens)
    }
    used = {**units, "requests": 1}
    of_units = sum(
        max(used[unit.kind], unit.fewest or 0.0) * unit.usd_per_unit
        for unit in prices.units
        if used[unit.kind]
    )
    return of_units + sum(count * per_token[kind] for kind, count in tokens.items() if count)


def usage_of(tokens: dict[str, int], units: dict[str, int]) -> Usage:
    counts: dict[str, int] = {}
    for drawn, of in ((tokens, COUNTS), (units, UNIT_COUNTS)):
        for kind, count in drawn.items():
            for name in of[kind]:
                counts[name] = counts.get(name, 0) + count
    return Usage(**counts)


def draw(prices: Priced, rng: np.random.Generator, most: int) -> tuple[dict[str, int], dict[str, int]]:
    kinds = {kind for kind, _ in prices.bands}
    tokens = {
        kind: int(rng.integers(0, most)) if kind in kinds and rng.random() < 0.7 else 0
        for kind in TOKEN_KINDS
    }
    units = {
        unit.kind: int(rng.integers(0, 20 if unit.most is None else 2))
        for unit in prices.units
        if unit.kind != "requests"
    }
    return tokens, units


UNITS_OF_THE_BOOK = {"web_searches", "file_searches", "input_characters", "input_audio_s"}
DRAWN_OF = {"default": (set(TOKEN_KINDS), UNITS_OF_THE_BOOK)}


@pytest.mark.parametrize("service_tier", list(CONTEXTS))
def test_what_our_kinds_come_to_is_what_the_books_calculator_charges(service_tier: str) -> None:
    rng = np.random.default_rng(len(service_tier))
    compared, kinds, units = 0, set(), set()
    for provider, model in found_by_their_own_names():
        prices = priced(PriceSettings(), Asked(provider, model, DAY, service_tier))
        for most in (1_000, 60_000) if prices.is_known else ():
            tokens, used = draw(prices, rng, most)
            (context,) = CONTEXTS[service_tier]
            expected = calc_price(
                usage_of(tokens, used),
                model,
                provider_id=provider,
                genai_request_timestamp=AT,
                price_context=context,
            )
            got = usd_of(prices, tokens, used)
            assert (
                abs(Decimal(got) - expected.total_price) < Decimal("1e-9") + expected.total_price / 10**12
            ), (
                provider,
                model,
                tokens,
                used,
            )
            compared += 1
            kinds |= {kind for kind, count in tokens.items() if count}
            units |= {kind for kind, count in used.items() if count}
    assert compared > {"default": 4_000, "batch": 150}.get(service_tier, 8)
    kinds_of_tier, units_of_tier = DRAWN_OF.get(service_tier, (set(), set()))
    assert kinds_of_tier <= kinds <= set(TOKEN_KINDS)
    assert units_of_tier <= units <= UNITS_OF_THE_BOOK


def test_every_unit_of_the_book_that_we_have_a_column_for_is_asked_for() -> None:
    from genai_prices.units import _get_registry

    known = {unit.price_key for unit in _get_registry().units.values()}
    assert {sold.price_key for sold in UNITS.values()} <= known
    counted_apart = {
        key
        for each in data_snapshot.get_snapshot().providers
        for model in each.models
        for prices in _all_prices(model)
        for key in prices
        if not key.endswith("_mtok")
    }
    # What no trace says: hours of connection, pages, messages.
    assert counted_apart - {sold.price_key for sold in UNITS.values()} == {
        "audio_hours",
        "input_annotated_document_kpages",
        "input_document_kpages",
        "input_text_messages_kcount",
    }


def _all_prices(model: Any) -> list[dict[str, Any]]:
    dated = model.prices if isinstance(model.prices, list) else [model]
    return [each.prices.__dict__ for each in (*dated, *(model.price_variants or ()))]


def test_a_modality_is_priced_as_text_only_where_the_provider_is_known_to_bill_so() -> None:
    by_text = {
        (provider, kind)
        for provider, model in book_models()
        for kind, _ in priced(PriceSettings(), Asked(provider, model, DAY)).bands
        if kind in ("input_image", "input_video", "output_image", "output_video")
        and not any(f"{kind}_mtok" in prices for prices in _prices_of(provider, model))
    }
    assert by_text == {
        ("anthropic", "input_image"),
        ("google", "input_image"),
        ("google", "input_video"),
        ("openai", "input_image"),
        ("openai", "output_image"),
        ("together", "input_image"),
        ("x-ai", "input_image"),
    }


def _prices_of(provider: str, model: str) -> list[dict[str, Any]]:
    found_provider, found = data_snapshot.get_snapshot().find_provider_model(model, None, provider, None)
    assert found_provider is not None
    return _all_prices(found)
