"""What does a token of this model cost on this day?

Shape in: a frame of (provider, model, day, service_tier), and the user's settings. Shape out: rows of ``token_prices``,
one per token kind and tier, in USD per token, and rows of ``price_gaps``: why there is none. Sources: the user's own
rates in costctl.toml, else the price book that ships with genai-prices, as installed; nothing is fetched, and no clock
is read: the same calls, settings and day give the same prices. A model that neither knows has no row: unknown is not
free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, NamedTuple

import polars as pl
from genai_prices import __version__ as book_version
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

from costctl.cost.model_names import did_you_mean, in_book, named
from costctl.cost.own_rates import rate_for, usd_per_unit
from costctl.documents.price_settings import TOKEN_KINDS, Rate
from costctl.documents.settings import Settings

PRICE_BOOK: Final = f"genai-prices {book_version}"
OWN_RATES: Final = "costctl.toml"
STANDARD: Final = "default"

TOKENS_PER_QUOTE: Final = 1_000_000  # prices are quoted per million tokens

_KEY: Final = {"provider": pl.String, "model": pl.String, "day": pl.String, "service_tier": pl.String}
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
PRICE_GAPS: Final = pl.Schema({**_KEY, "reason": pl.String})

# Our token kind → keys of the book, the first that is priced wins. A model without a price for cached or written tokens
# bills them as plain input: so does genai_prices.calc_price. Tokens that are kept for an hour always cost more than
# others; where the book has no price for them, none is made up.
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
# Google quotes audio apart where it costs more than text, and else one price for all; elsewhere audio that is not quoted
# is not known (OpenAI's costs 16 times its text). Seen on ai.google.dev/gemini-api/docs/pricing, 2026-10.
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


class Band(NamedTuple):
    """A price that holds while from ≤ total input tokens < below; below is None for the last band."""

    from_input_tokens: int
    below_input_tokens: int | None
    usd_per_token: float


@dataclass(frozen=True, slots=True)
class Quote:
    """The prices of a model: (token kind, band) pairs, and where they come from."""

    bands: tuple[tuple[str, Band], ...]
    source: str


def price_book(settings: Settings, as_of: date | None = None) -> str:
    """What prices rest on, in words, for the provenance."""
    own = f" and {len(settings.prices)} rates of {OWN_RATES}" if settings.prices else ""
    return PRICE_BOOK + own + ("" if as_of is None else f", prices of {as_of} for calls of any day")


def token_price_rows(
    models: pl.DataFrame, settings: Settings | None = None, as_of: date | None = None
) -> pl.DataFrame:
    """Rows of ``token_prices`` for each distinct (provider, model, day, service_tier) that is priced.

    models: columns provider (may be NULL), model, day ("YYYY-MM-DD", UTC), and service_tier where calls say it. as_of:
    the day whose prices hold, in place of each call's own. A NULL provider is looked up by the model's name alone, and
    the source says so. A provider that is named but not in the book gets no price from it, whatever the model is called:
    a self-hosted copy does not cost what its maker's API costs. Where prices differ by the hour, the day is priced as at
    noon UTC.
    """
    rows: list[tuple[object, ...]] = []
    for key in _distinct(models):
        quote = quote_for(settings or Settings(), *key, as_of=as_of)
        if isinstance(quote, Quote):
            rows += [(*key, kind, *band, quote.source) for kind, band in quote.bands]
    return pl.DataFrame(rows, schema=TOKEN_PRICES, orient="row")


def price_gap_rows(models: pl.DataFrame, settings: Settings, as_of: date | None = None) -> pl.DataFrame:
    """Rows of ``price_gaps``: for each distinct (provider, model, day, service_tier) without a price, the reason."""
    rows = [
        (*key, quote)
        for key in _distinct(models)
        if isinstance(quote := quote_for(settings, *key, as_of=as_of), str)
    ]
    return pl.DataFrame(rows, schema=PRICE_GAPS, orient="row")


def _distinct(models: pl.DataFrame) -> Iterator[tuple[str | None, str, str, str]]:
    tiered = (
        models if "service_tier" in models.columns else models.with_columns(service_tier=pl.lit(STANDARD))
    )
    keys = tiered.select(list(_KEY)).unique().drop_nulls(["model", "day", "service_tier"])
    yield from keys.sort(list(_KEY)).iter_rows()


def quote_for(
    settings: Settings,
    provider: str | None,
    model: str,
    day: str,
    service_tier: str,
    *,
    as_of: date | None = None,
) -> Quote | str:
    """The prices of a model on a day, or the reason why there are none."""
    priced_on = as_of or date.fromisoformat(day)
    maker, name = named(settings.model_aliases, provider, model)
    own = rate_for(settings.prices, maker, name, priced_on, service_tier)
    if own is not None:
        return _own_quote(settings, own, priced_on)
    found = in_book(maker, name)
    if found is None:
        return _unknown(settings, maker, name)
    at_noon = datetime.combine(priced_on, time(12), UTC)
    context = _VARIANTS.get(service_tier)
    if service_tier != STANDARD and not _is_quoted(found, at_noon, context):
        return f"the price book has no {service_tier} price for {name} on {priced_on}"
    bands = _bands_by_kind(found, found[1].get_prices(at_noon, context))
    return Quote(bands, _source(found, maker, service_tier))


def _unknown(settings: Settings, provider: str | None, model: str) -> str:
    nearest = did_you_mean(provider, model, [rate.model for rate in settings.prices])
    hint = "" if nearest is None else f' (did you mean {nearest}? [model_aliases] "{model}" = "{nearest}")'
    return f"no price for {model}{hint}"


def _own_quote(settings: Settings, rate: Rate, day: date) -> Quote | str:
    usd = usd_per_unit(settings.exchange_rates, rate.currency, day)
    if usd is None:
        return f"no exchange rate of {rate.currency} on {day}: add one to [[exchange_rates]]"
    bands = tuple((kind, band) for kind in TOKEN_KINDS for band in _own_bands(rate, kind, usd))
    source = f"{OWN_RATES}: {rate.model}" + (f", {rate.source}" if rate.source else "")
    return Quote(bands, source if rate.currency == "USD" else f"{source}, {rate.currency} at {usd} USD")


def _own_bands(rate: Rate, kind: str, usd: float) -> list[Band]:
    """The bands of one kind; a kind that a tier does not name costs what it did below it."""
    base = _or_input(rate.of(kind), rate.of("input"), kind)
    if base is None:
        return []
    starts, amounts = [0], [base]
    for tier in rate.tiers:
        own_input = tier.of("input") if rate.of(kind) is None else None
        more = _or_input(tier.of(kind), own_input, kind)
        starts.append(tier.above_input_tokens + 1)
        amounts.append(amounts[-1] if more is None else more)
    ends = [*starts[1:], None]
    per_token = [_usd_per_token(Decimal(str(amount)) * Decimal(str(usd))) for amount in amounts]
    return [Band(*band) for band in zip(starts, ends, per_token, strict=True)]


def _or_input(amount: float | None, plain: float | None, kind: str) -> float | None:
    """The amount; for tokens of the cache that have none, what plain input costs, as in the book."""
    return plain if amount is None and kind in ("cached_input", "cache_write") else amount


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


def _source(found: tuple[Provider, ModelInfo], provider: str | None, service_tier: str) -> str:
    matched = f"{PRICE_BOOK}: {found[0].id}/{found[1].id}"
    matched = matched if service_tier == STANDARD else f"{matched}, {service_tier}"
    return matched if provider is not None else f"{matched}, matched by the model's name alone"


def _bands_by_kind(found: tuple[Provider, ModelInfo], prices: ModelPrice) -> tuple[tuple[str, Band], ...]:
    """Every (token kind, band) that the book prices; empty where input tokens have no price."""
    rows = []
    has_one_price = found[0].id in _ONE_PRICE_PROVIDERS
    for kind, keys in _KEYS.items():
        tried = keys + (_AUDIO_AS_TEXT.get(kind, ()) if has_one_price else ())
        quoted = next((price for key in tried if (price := getattr(prices, key)) is not None), None)
        rows += [(kind, band) for band in _bands(quoted)]
    return tuple(rows)


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
