"""What does a call to this model cost on this day: its tokens by kind, and what else its provider counts?

Shape in: a frame of (provider, model, day, service_tier, inference_geo). Shape out: rows of ``token_prices``, one per
token kind and tier, in USD per token; of ``unit_prices``, in USD per search, request or second of sound; of
``price_gaps``, why there is none; of ``model_limits``, how much a model can read. Source: the user's own rates, else
the price book that ships with genai-prices, as installed, and the rules beside it; nothing is fetched. A model that
the book does not know has no row: unknown is not free.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Final, NamedTuple

import polars as pl
from genai_prices import __version__ as book_version
from genai_prices import data_snapshot
from genai_prices.types import ModelPrice, TieredPrices

from costctl.documents.price_settings import PriceSettings
from costctl.pricing.model_names import Found, NotFound, find_model
from costctl.pricing.own_rates import (
    STANDARD,
    TOKENS_PER_QUOTE,
    Asked,
    Band,
    Bands,
    own_bands,
    own_units,
    refuse_far_from_book,
    refuse_units_far_from_book,
)
from costctl.pricing.price_hints import nearest_model
from costctl.pricing.price_kinds import TOKEN_KINDS, UNIT_KINDS, UNITS, UnitKind, quoted_tokens, quoted_unit
from costctl.pricing.price_rules import (
    GLOBAL,
    billed_bounds,
    geo_factor,
    is_billed_as_text,
    known_window,
)

PRICE_BOOK: Final = f"genai-prices {book_version}"
OWN_RATES: Final = "own rates"

_CALL: Final = {
    "provider": pl.String,
    "model": pl.String,
    "day": pl.String,
    "service_tier": pl.String,
    "inference_geo": pl.String,
}
PRICE_GAPS: Final = pl.Schema({**_CALL, "reason": pl.String})
TOKEN_PRICES: Final = pl.Schema(
    {
        **_CALL,
        "token_kind": pl.String,
        "from_input_tokens": pl.Int64,
        "below_input_tokens": pl.Int64,
        "usd_per_token": pl.Float64,
        "price_source": pl.String,
    }
)
UNIT_PRICES: Final = pl.Schema(
    {
        **_CALL,
        "unit_kind": pl.String,
        "usd_per_unit": pl.Float64,
        "fewest": pl.Float64,
        "most": pl.Float64,
        "price_source": pl.String,
    }
)
MODEL_LIMITS: Final = pl.Schema(
    {"provider": pl.String, "model": pl.String, "context_window": pl.Int64, "is_of_model": pl.Boolean}
)

# What a call can be sold as → the contexts under which the book keeps its price, the first that it has.
_VARIANTS: Final[dict[str, tuple[dict[str, str], ...]]] = {
    "batch": ({"processing": "batch"},),
    "flex": ({"service_tier": "flex"},),
    "priority": ({"service_tier": "priority"},),
    "fast": ({"speed": "fast"}, {"service_tier": "fast"}),
}
# Models whose provider runs many turns for one call, and counts what all of them read.
_OF_MANY_TURNS: Final = "deep-research"


class UnitPrice(NamedTuple):
    """USD for one use. fewest, most: of those of a call that are billed; None where all are."""

    kind: UnitKind
    usd_per_unit: float
    fewest: float | None
    most: float | None
    source: str


class Priced(NamedTuple):
    """source: where the prices of tokens come from. Nothing is priced where bands and units are empty."""

    source: str
    bands: Bands
    units: list[UnitPrice]

    @property
    def is_known(self) -> bool:
        """Whether anything of a call has a price."""
        return bool(self.bands or self.units)


class PriceTables(NamedTuple):
    """The small tables that relations join to."""

    token_prices: pl.DataFrame
    unit_prices: pl.DataFrame
    price_gaps: pl.DataFrame
    model_limits: pl.DataFrame


def price_tables(
    models: pl.DataFrame, as_of: date | None = None, own: PriceSettings | None = None
) -> PriceTables:
    """The tables for each distinct (provider, model, day, service_tier, inference_geo).

    models: columns provider (may be NULL), model, day ("YYYY-MM-DD", UTC), and service_tier and inference_geo where
    calls say them. A NULL provider is looked up by the model's name alone, and the source says so. A provider that is
    named but not in the book gets no price, whatever the model is called: a self-hosted copy does not cost what its
    maker's API costs. Where prices differ by the hour, the day is priced as at noon UTC.  as_of: every row keeps its
    day, and carries the price of this one: re-pricing changes nothing but prices.  own: rates and aliases that go
    before the book.

    Raises UsageError for own rates that contradict each other, lack an exchange rate, or are far from the book.
    """
    settings = own or PriceSettings()
    tokens, units, gaps = [], [], []
    limits: dict[tuple[str | None, str], int | None] = {}
    for key in _distinct(models):
        provider, model, day, service_tier, inference_geo = key
        asked = Asked(provider, model, as_of or date.fromisoformat(day), service_tier, inference_geo)
        prices = priced(settings, asked)
        tokens += [(*key, kind, *band, prices.source) for kind, band in prices.bands]
        units += [(*key, *unit) for unit in prices.units]
        if not prices.is_known:
            gaps.append((*key, _reason(settings, asked)))
        limits.setdefault((provider, model), _window(settings, asked))
    widest = _widest_window()
    known = [(*key, window or widest, window is not None) for key, window in limits.items()]
    return PriceTables(
        pl.DataFrame(tokens, schema=TOKEN_PRICES, orient="row"),
        pl.DataFrame(units, schema=UNIT_PRICES, orient="row"),
        pl.DataFrame(gaps, schema=PRICE_GAPS, orient="row"),
        pl.DataFrame(known, schema=MODEL_LIMITS, orient="row"),
    )


def _distinct(models: pl.DataFrame) -> Iterator[tuple[str | None, str, str, str, str]]:
    said = models.columns
    whole = models.with_columns(
        pl.lit(usual).alias(name)
        for name, usual in (("service_tier", STANDARD), ("inference_geo", GLOBAL))
        if name not in said
    )
    keys = whole.select(list(_CALL)).unique().drop_nulls([name for name in _CALL if name != "provider"])
    yield from keys.sort(list(_CALL)).iter_rows()


def priced(own: PriceSettings, asked: Asked) -> Priced:
    """Every price of the model on the day. A unit that one's own rates do not name costs what the book says.

    Raises RateError for own rates that cannot be used.
    """
    meant, alias = _meant(own, asked)
    suffix = "" if alias is None else f", by the alias {alias}"
    book = _of_book(meant, suffix)
    bands, units = own_bands(own, meant), own_units(own, meant)
    if bands is None:
        return book
    refuse_far_from_book(own, bands, book.bands, meant)
    refuse_units_far_from_book(own, units, {unit.kind: unit.usd_per_unit for unit in book.units}, meant)
    source = f"{OWN_RATES}: {meant.model}{suffix}"
    mine = [UnitPrice(kind, usd, None, None, source) for kind, usd in units.items()]
    return Priced(source, bands, mine + [unit for unit in book.units if unit.kind not in units])


def _meant(own: PriceSettings, asked: Asked) -> tuple[Asked, str | None]:
    """What is asked for by the name that an alias stands for, and the alias's target."""
    alias = own.aliases.get(f"{asked.provider}/{asked.model}", own.aliases.get(asked.model))
    if alias is None:
        return asked, None
    provider, slash, model = alias.partition("/")
    meant = asked._replace(provider=provider, model=model) if slash else asked._replace(model=alias)
    return meant, alias


def _of_book(asked: Asked, suffix: str) -> Priced:
    """What the book and the rules beside it say; nothing where they have no price for the tier or the geography."""
    found = find_model(asked.provider, asked.model)
    if isinstance(found, NotFound):
        return Priced("", [], [])
    provider, model = found.provider.id, found.model.id
    prices = _quoted(found, asked)
    factor = geo_factor(provider, model, asked.inference_geo)
    if prices is None or factor is None:
        return Priced("", [], [])
    bands: Bands = [
        (kind, band)
        for kind in TOKEN_KINDS
        for band in _bands(
            quoted_tokens(prices, kind, lambda each: is_billed_as_text(provider, model, each)), factor
        )
    ]
    source = _source(found, asked, factor) + suffix
    units = [
        UnitPrice(kind, float(quote / UNITS[kind].per), *billed_bounds(provider, model, kind), source)
        for kind in UNIT_KINDS
        if (quote := quoted_unit(prices, kind)) is not None
    ]
    return Priced(source, bands, units)


def _source(found: Found, asked: Asked, factor: Decimal) -> str:
    parts = [f"{PRICE_BOOK}: {found.provider.id}/{found.model.id}"]
    if asked.service_tier != STANDARD:
        parts.append(asked.service_tier)
    if asked.inference_geo != GLOBAL:
        parts.append(f"× {factor} for inference in {asked.inference_geo}")
    if not found.is_named:
        parts.append("matched by the model's name alone")
    return ", ".join(parts)


def _quoted(found: Found, asked: Asked) -> ModelPrice | None:
    """The book's prices on the day for what the call was sold as; None where it has none of its own for that: it
    would else give the standard ones. What a provider resells under its maker's prices has none.
    """
    at_noon = datetime.combine(asked.day, time(12), UTC)
    if asked.service_tier == STANDARD:
        return found.model.get_prices(at_noon, None)
    is_own = any(found.model is each for each in found.provider.models)
    for context in _VARIANTS.get(asked.service_tier, ()):
        for variant in found.model.price_variants or ():
            is_active = variant.constraint is None or variant.constraint.active(at_noon)
            if is_own and variant.when.items() <= context.items() and is_active and variant.prices.__dict__:
                return found.model.get_prices(at_noon, context)
    return None


def _reason(own: PriceSettings, asked: Asked) -> str:
    """Why there is no price, and which name of the call's own provider may be meant: a suggestion, never a price.
    What one serves oneself is not what a provider sells.
    """
    nothing = f"no price for {asked.model}"
    if asked.inference_geo != GLOBAL and priced(own, asked._replace(inference_geo=GLOBAL)).is_known:
        return f"{nothing} with inference in {asked.inference_geo} on {asked.day}"
    if asked.service_tier != STANDARD and priced(own, asked._replace(service_tier=STANDARD)).is_known:
        return f"{nothing} sold as {asked.service_tier} on {asked.day}"
    meant, _ = _meant(own, asked)
    found = find_model(meant.provider, meant.model)
    if isinstance(found, Found):
        return f"{nothing}: the price book prices it by a unit that is not counted here"
    if found.why:
        return f"{nothing}: {found.why}"
    nearest = nearest_model(meant.provider, meant.model)
    if nearest is None:
        return nothing
    return f'{nothing} (did you mean {nearest}? [prices.aliases] "{asked.model}" = "{nearest}")'


def _window(own: PriceSettings, asked: Asked) -> int | None:
    """How many input tokens the model can read in one call; None where that is not known, or where one call is many
    turns. A price for prompts that are longer than the book's window says that there have been such.
    """
    meant, _ = _meant(own, asked)
    found = find_model(meant.provider, meant.model)
    if isinstance(found, NotFound) or found.model.context_window is None or _OF_MANY_TURNS in found.model.id:
        return None
    window = known_window(found.provider.id, found.model.id) or found.model.context_window
    prices = found.model.get_prices(datetime.combine(meant.day, time(12), UTC), None)
    tiers = [quote for quote in prices.__dict__.values() if isinstance(quote, TieredPrices)]
    return None if any(tier.start >= window for quote in tiers for tier in quote.tiers) else window


@cache
def _widest_window() -> int:
    """The most tokens that any model of the price book can read in one call: more, and the count is wrong."""
    return max(
        model.context_window or 0
        for provider in data_snapshot.get_snapshot().providers
        for model in provider.models
    )


def book_models() -> list[tuple[str, str]]:
    """Every (provider, model) of the price book, in order."""
    return sorted(
        (provider.id, model.id)
        for provider in data_snapshot.get_snapshot().providers
        for model in provider.models
    )


def _bands(quoted: Decimal | TieredPrices | None, factor: Decimal) -> list[Band]:
    """A quote as bands. A tier holds for a call whose total input exceeds its start, for all its tokens."""
    if quoted is None:
        return []
    if isinstance(quoted, Decimal):
        return [Band(0, None, _usd_per_token(quoted * factor))]
    starts = [0, *(tier.start + 1 for tier in quoted.tiers)]
    ends = [*starts[1:], None]
    per_token = [
        _usd_per_token(price * factor) for price in (quoted.base, *(tier.price for tier in quoted.tiers))
    ]
    return [Band(*band) for band in zip(starts, ends, per_token, strict=True)]


def _usd_per_token(quoted: Decimal) -> float:
    return float(quoted / TOKENS_PER_QUOTE)
