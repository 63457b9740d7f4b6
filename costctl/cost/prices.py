"""What does a token of this model cost on this day?

Shape in: a frame of (provider, model, day, service_tier). Shape out: rows of ``token_prices``, one per token kind and
tier, in USD per token, and of ``price_gaps``: why there is none. Source: the user's own rates, else the price book that
ships with genai-prices, as installed; nothing is fetched. A model that the book does not know has no row: unknown is
not free.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Final

import polars as pl
from genai_prices import __version__ as book_version
from genai_prices import data_snapshot
from genai_prices.types import ModelInfo, Provider, TieredPrices

from costctl.cost.own_rates import (
    STANDARD,
    TOKENS_PER_QUOTE,
    Band,
    own_bands,
    refuse_far_from_book,
)
from costctl.documents.price_settings import PriceSettings

PRICE_BOOK: Final = f"genai-prices {book_version}"
_MAKERS: Final = frozenset({"anthropic", "cohere", "deepseek", "google", "mistral", "openai", "x-ai"})
_PREFIXED: Final = "litellm"  # what the book calls names that begin with their provider
OWN_RATES: Final = "own rates"

_SNAPSHOT: Final = re.compile(r"-20\d\d(-?\d\d){0,2}$")  # gpt-4.1-2025-04-14, claude-opus-4-20250514

_KEY: Final = {"provider": pl.String, "model": pl.String, "day": pl.String, "service_tier": pl.String}
PRICE_GAPS: Final = pl.Schema({**_KEY, "reason": pl.String})
TOKEN_PRICES: Final = pl.Schema(
    {
        **_KEY,
        "token_kind": pl.String,
        "from_input_tokens": pl.Int64,
        "below_input_tokens": pl.Int64,
        "usd_per_token": pl.Float64,
        "price_source": pl.String,
    }
)

# Our token kind → keys of the book, the first that is priced wins. A model without a price for cached or written tokens
# bills them as plain input: so does genai_prices.calc_price. Tokens that are kept for an hour cost more than others at
# every provider that has them; where the book has no price for them, none is made up.
_KEYS: Final = {
    "input": ("input_mtok",),
    "input_audio": ("input_audio_mtok",),
    "cached_input": ("cache_read_mtok", "input_mtok"),
    "cached_audio": ("cache_audio_read_mtok",),
    "cache_write": ("cache_write_5m_mtok", "cache_write_mtok", "input_mtok"),
    "cache_write_1h": ("cache_write_1h_mtok",),
    "output": ("output_mtok",),
    "output_audio": ("output_audio_mtok",),
}
# Google quotes audio apart where it costs more than text, and else one price for all; elsewhere audio that is not
# quoted is not known: OpenAI's costs many times its text. As ai.google.dev/gemini-api/docs/pricing is quoted, 2026-11.
_AUDIO_AS_TEXT: Final = {
    "input_audio": ("input_mtok",),
    "cached_audio": ("cache_read_mtok", "input_mtok"),
    "output_audio": ("output_mtok",),
}
_ONE_PRICE_PROVIDERS: Final = ("google",)
# What a call can be sold as → the context under which the book keeps its price.
_VARIANTS: Final = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast"},
}


def token_price_rows(
    models: pl.DataFrame, as_of: date | None = None, own: PriceSettings | None = None
) -> pl.DataFrame:
    """Rows of ``token_prices`` for each distinct (provider, model, day, service_tier) that the price book knows.

    models: columns provider (may be NULL), model, day ("YYYY-MM-DD", UTC), and service_tier where calls say it. A NULL
    provider is looked up by the model's name alone, and the source says so. A provider that is named but not in the
    book gets no price, whatever the model is called: a self-hosted copy does not cost what its maker's API costs. Where
    prices differ by the hour, the day is priced as at noon UTC.  as_of: every row keeps its day, and carries the price
    of this one: re-pricing changes nothing but prices.  own: rates and aliases that go before the book.

    Raises UsageError for own rates that contradict each other, lack an exchange rate, or are far from the book.
    """
    rows: list[tuple[str | None, str, str, str, str, int, int | None, float, str]] = []
    for provider, model, day, service_tier in _distinct(models):
        priced_on = as_of or date.fromisoformat(day)
        source, bands = priced(own or PriceSettings(), provider, model, priced_on, service_tier)
        rows += [(provider, model, day, service_tier, kind, *band, source) for kind, band in bands]
    return pl.DataFrame(rows, schema=TOKEN_PRICES, orient="row")


def price_gap_rows(
    models: pl.DataFrame, as_of: date | None = None, own: PriceSettings | None = None
) -> pl.DataFrame:
    """Rows of ``price_gaps``: for each distinct (provider, model, day, service_tier) without any price, the reason."""
    rows = []
    for provider, model, day, service_tier in _distinct(models):
        priced_on = as_of or date.fromisoformat(day)
        if not priced(own or PriceSettings(), provider, model, priced_on, service_tier)[1]:
            reason = _reason(own or PriceSettings(), provider, model, priced_on, service_tier)
            rows.append((provider, model, day, service_tier, reason))
    return pl.DataFrame(rows, schema=PRICE_GAPS, orient="row")


def _distinct(models: pl.DataFrame) -> Iterator[tuple[str | None, str, str, str]]:
    has_tier = "service_tier" in models.columns
    tiered = models if has_tier else models.with_columns(service_tier=pl.lit(STANDARD))
    keys = tiered.select(list(_KEY)).unique().drop_nulls(["model", "day", "service_tier"])
    yield from keys.sort(list(_KEY)).iter_rows()


def priced(
    own: PriceSettings, provider: str | None, model: str, day: date, service_tier: str = STANDARD
) -> tuple[str, list[tuple[str, Band]]]:
    """Where the price comes from, and its bands; no bands where nobody says."""
    alias = own.aliases.get(f"{provider}/{model}", own.aliases.get(model))
    if alias is not None:
        alias_provider, slash, alias_model = alias.partition("/")
        provider, model = (alias_provider, alias_model) if slash else (provider, alias)
    suffix = "" if alias is None else f", by the alias {alias}"
    found = _found(provider, model)
    book = [] if found is None else _bands_by_kind(found, day, service_tier)
    rates = own_bands(own, provider, model, day, service_tier)
    if rates is not None:
        refuse_far_from_book(own, rates, book, provider, model, day, service_tier)
        return f"{OWN_RATES}: {model}{suffix}", rates
    return ("", []) if found is None else (_source(found, provider, service_tier) + suffix, book)


def _reason(own: PriceSettings, provider: str | None, model: str, day: date, service_tier: str) -> str:
    """Why there is no price, and which name of the call's own provider may be meant: a suggestion, never a price. What
    one serves oneself is not what a provider sells.
    """
    if service_tier != STANDARD and priced(own, provider, model, day)[1]:
        return f"no price for {model} sold as {service_tier} on {day}"
    nearest = nearest_model(model.rpartition("/")[2], provider)
    is_own = nearest is not None and (provider is None or nearest.startswith(f"{provider}/"))
    hint = "" if not is_own else f' (did you mean {nearest}? [prices.aliases] "{model}" = "{nearest}")'
    return f"no price for {model}{hint}"


@cache
def nearest_model(model: str, provider: str | None) -> str | None:
    """The name in the book that is most like this one, as "provider/model"; None where none is like it.

    Of names that several providers have, the one of ``provider`` is meant, else the one of a model's maker.
    """
    names: dict[str, str] = {}
    providers = data_snapshot.get_snapshot().providers
    for each in sorted(providers, key=lambda each: (each.id != provider, each.id not in _MAKERS, each.id)):
        for known in each.models:
            names.setdefault(known.id, f"{each.id}/{known.id}")
    found = difflib.get_close_matches(model, names, n=1)
    return names[found[0]] if found else None


def book_models() -> list[tuple[str, str]]:
    """Every (provider, model) of the price book, in order."""
    return sorted(
        (provider.id, model.id)
        for provider in data_snapshot.get_snapshot().providers
        for model in provider.models
    )


def _found(provider: str | None, model: str) -> tuple[Provider, ModelInfo] | None:
    """The model in the book; a dated snapshot that is too new for the book is priced as the model it is one of.

    Where no provider is named, the model's name may begin with it: mistral/mistral-small-latest, as LiteLLM writes it.
    """
    named = _PREFIXED if provider is None and "/" in model else provider
    for name in (model, _SNAPSHOT.sub("", model)):
        try:
            return data_snapshot.get_snapshot().find_provider_model(name, None, named, None)
        except LookupError:
            continue
    return None


def _source(found: tuple[Provider, ModelInfo], provider: str | None, service_tier: str) -> str:
    matched = f"{PRICE_BOOK}: {found[0].id}/{found[1].id}"
    matched = matched if service_tier == STANDARD else f"{matched}, {service_tier}"
    return matched if provider is not None else f"{matched}, matched by the model's name alone"


def _bands_by_kind(found: tuple[Provider, ModelInfo], day: date, service_tier: str) -> list[tuple[str, Band]]:
    """Every (token kind, band) that the book prices; empty where it has no price for the service tier on the day."""
    at_noon = datetime.combine(day, time(12), UTC)
    context = _VARIANTS.get(service_tier)
    if service_tier != STANDARD and not _is_quoted(found, at_noon, context):
        return []
    prices = found[1].get_prices(at_noon, context)
    has_one_price = found[0].id in _ONE_PRICE_PROVIDERS
    rows = []
    for kind, keys in _KEYS.items():
        tried = keys + (_AUDIO_AS_TEXT.get(kind, ()) if has_one_price else ())
        quoted = next((price for key in tried if (price := getattr(prices, key)) is not None), None)
        rows += [(kind, band) for band in _bands(quoted)]
    return rows


def _is_quoted(found: tuple[Provider, ModelInfo], at: datetime, context: dict[str, str] | None) -> bool:
    """Whether the book has prices of its own for the context at the time; it would else give the standard ones. What a
    provider resells under its maker's prices has none.
    """
    provider, model = found
    if context is None or not any(model is each for each in provider.models):
        return False
    return any(
        variant.when.items() <= context.items()
        and (variant.constraint is None or variant.constraint.active(at))
        and variant.prices.__dict__
        for variant in model.price_variants or ()
    )


def _bands(quoted: Decimal | TieredPrices | None) -> list[Band]:
    """A quote as bands. A tier holds for a call whose total input exceeds its start, for all its tokens."""
    if quoted is None:
        return []
    if isinstance(quoted, Decimal):
        return [Band(0, None, _usd_per_token(quoted))]
    starts = [0, *(tier.start + 1 for tier in quoted.tiers)]
    ends = [*starts[1:], None]
    per_token = [_usd_per_token(price) for price in (quoted.base, *(tier.price for tier in quoted.tiers))]
    return [Band(*band) for band in zip(starts, ends, per_token, strict=True)]


def _usd_per_token(quoted: Decimal) -> float:
    return float(quoted / TOKENS_PER_QUOTE)
