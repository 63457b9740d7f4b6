"""Which prices hold on a day, and what of the calls in a store has none?

In: the settings, a day, patterns of models; or the models of calls. Out: ``Price`` and ``Finding`` values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase

import polars as pl
from genai_prices import data_snapshot

from costctl.cost.model_names import did_you_mean
from costctl.cost.own_rates import holds_on
from costctl.cost.prices import STANDARD, TOKENS_PER_QUOTE, Quote, price_gap_rows, quote_for
from costctl.documents.price_list import Finding, Price
from costctl.documents.settings import Settings

_TIERS = (STANDARD, "batch", "flex", "priority")


def prices_on(settings: Settings, day: date, patterns: Sequence[str]) -> tuple[Price, ...]:
    """The prices of the models that fit a pattern (a glob of the model, or of provider/model; none: the user's own rates
    and the models of aliases), in the order of provider, model, tier of service and kind of token.
    """
    prices = [
        Price(
            provider=provider or "any",
            model=model,
            service_tier=service_tier,
            token_kind=kind,
            from_input_tokens=band.from_input_tokens,
            below_input_tokens=band.below_input_tokens,
            usd_per_mtok=round(band.usd_per_token * TOKENS_PER_QUOTE, 9),
            source=quote.source,
        )
        for provider, model in sorted(
            _models(settings, patterns, day), key=lambda each: (each[0] or "", each[1])
        )
        for service_tier in _TIERS
        if isinstance(quote := quote_for(settings, provider, model, day.isoformat(), service_tier), Quote)
        for kind, band in quote.bands
    ]
    return tuple(prices)


def _models(settings: Settings, patterns: Sequence[str], day: date) -> Iterator[tuple[str | None, str]]:
    own = {(rate.provider, rate.model) for rate in settings.prices if holds_on(rate, day)}
    names = own | {(None, alias) for alias in settings.model_aliases}
    if not patterns:
        yield from names
        return
    book = {
        (provider.id, model.id)
        for provider in data_snapshot.get_snapshot().providers
        for model in provider.models
    }
    for provider, model in names | book:
        spellings = (model, f"{provider}/{model}")
        if any(fnmatchcase(name.lower(), pattern.lower()) for name in spellings for pattern in patterns):
            yield provider, model


def why_none(patterns: Sequence[str], settings: Settings) -> str:
    """Why no price fits the patterns, and which name was perhaps meant."""
    if not patterns:
        return "costctl.toml has no [[prices]]; --model shows what the price book has, '*' all of it"
    own = [rate.model for rate in settings.prices]
    for pattern in patterns:
        provider, slash, model = pattern.partition("/")
        nearest = did_you_mean(provider if slash else None, model if slash else pattern, own)
        if nearest is not None:
            return f"no model fits {pattern}; did you mean {nearest}?"
    return f"no model fits {', '.join(patterns)}"


def unpriced_findings(calls: pl.DataFrame, settings: Settings) -> tuple[Finding, ...]:
    """What of the calls has no price: one finding for each provider, model and reason, the most frequent first.

    calls: of those that no pool serves, columns provider, model, day, service_tier.
    """
    key = ["provider", "model", "day", "service_tier"]
    gaps = price_gap_rows(calls, settings)
    counted = (
        calls.group_by(key)
        .agg(pl.len().alias("calls"))
        .join(gaps, on=key, nulls_equal=True)
        .group_by("provider", "model", "reason")
        .agg(pl.col("calls").sum())
        .sort([-pl.col("calls").cast(pl.Int64), "provider", "model", "reason"])
    )
    return tuple(_unpriced(counted.iter_rows()))


def _unpriced(rows: Iterable[tuple[str | None, str, str, int]]) -> Iterator[Finding]:
    for provider, model, reason, calls in rows:
        yield Finding(
            code="unpriced",
            severity="warning",
            subject=f"{provider or 'provider not observed'}/{model}",
            rate=None,
            message=f"{calls:,} calls: {reason}.",
            next_step="Give it [[prices]] or an entry in [model_aliases]; or, where replicas of your own served it, "
            "a [pools.NAME].",
        )
