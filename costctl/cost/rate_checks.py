"""What is amiss with the user's own rates: days without one, days with two, names that nobody knows, prices that are a
thousand times too high or too low?

In: the settings, and a day for what the price book says. Out: ``Finding`` values. No file, no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final

from genai_prices.types import TieredPrices

from costctl.cost.model_names import did_you_mean, in_book, named
from costctl.cost.own_rates import usd_per_unit
from costctl.documents.price_list import Finding
from costctl.documents.price_settings import TOKEN_KINDS, Rate
from costctl.documents.settings import Settings
from costctl.errors import UsageError

FAR_OFF: Final = 100.0  # a discount is a factor of 10 at most; a mistaken unit is one of 1,000 or 1,000,000
# Of all prices per million tokens in genai-prices 0.2.3 none is outside, audio and images included; free is.
_HIGHEST_USD_PER_MTOK: Final = 2_000.0
_LOWEST_USD_PER_MTOK: Final = 0.0005
_BOOK_KEYS: Final = {
    "input": "input_mtok",
    "input_audio": "input_audio_mtok",
    "cached_input": "cache_read_mtok",
    "cached_audio": "cache_audio_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "output": "output_mtok",
    "output_audio": "output_audio_mtok",
}


def rate_findings(settings: Settings, today: date) -> tuple[Finding, ...]:
    """Everything that is to be looked at, in the order of the file. today: for rates that hold without end."""
    found = [
        *_gaps_and_overlaps(settings),
        *(
            each
            for number, rate in enumerate(settings.prices, 1)
            for each in _of_rate(settings, number, rate, today)
        ),
        *magnitude_findings(settings, today),
        *_aliases(settings),
    ]
    return tuple(sorted(found, key=lambda each: (each.rate is None, each.rate or 0, each.code, each.message)))


def refuse_implausible_rates(settings: Settings) -> None:
    """Raise UsageError for a rate that is far from the book's and not confirmed, before anything is priced by it."""
    found = [each for each in magnitude_findings(settings, None) if each.severity == "error"]
    if found:
        raise UsageError(
            f"A rate in the configuration is not plausible: {found[0].subject}.",
            why=found[0].message,
            next_step=found[0].next_step,
        )


def magnitude_findings(settings: Settings, today: date | None) -> Iterator[Finding]:
    """Rates far from what the book has for the model on the rate's first day, or from any price that it has."""
    for number, rate in enumerate(settings.prices, 1):
        if rate.is_confirmed:
            continue
        day = rate.from_ or today or date.max
        usd = usd_per_unit(settings.exchange_rates, rate.currency, day) or 1.0
        for kind in TOKEN_KINDS:
            for amount in filter(None, (rate.of(kind), *(tier.of(kind) for tier in rate.tiers))):
                message = _far_off(settings, rate, kind, amount * usd, day)
                if message is not None:
                    yield Finding(
                        code="magnitude",
                        severity="error",
                        subject=f"{_name(rate)} {kind}_per_mtok = {amount:g}",
                        rate=number,
                        message=message,
                        next_step="Rates are per million tokens; mend the unit, or confirm the rate with "
                        "is_confirmed = true.",
                    )


def _far_off(settings: Settings, rate: Rate, kind: str, usd_per_mtok: float, day: date) -> str | None:
    known = _book_usd_per_mtok(settings, rate, kind, day)
    if known is None:
        if _LOWEST_USD_PER_MTOK <= usd_per_mtok <= _HIGHEST_USD_PER_MTOK:
            return None
        return (
            f"No model costs {usd_per_mtok:g} USD per million tokens; prices lie between "
            f"{_LOWEST_USD_PER_MTOK:g} and {_HIGHEST_USD_PER_MTOK:g}."
        )
    ratio = usd_per_mtok / known
    if 1 / FAR_OFF < ratio < FAR_OFF:
        return None
    shown = f"{ratio:,.0f} times" if ratio > 1 else f"one {1 / ratio:,.0f}th of"
    return f"It is {shown} the {known:g} USD per million that the price book has for the model."


def _book_usd_per_mtok(settings: Settings, rate: Rate, kind: str, day: date) -> float | None:
    """What the book has for the model, else for one of its name anywhere; None where it has nothing above 0."""
    provider, model = named(settings.model_aliases, rate.provider, rate.model)
    found = in_book(provider, model) or in_book(None, model)
    if found is None:
        return None
    at = datetime.combine(min(day, date(9999, 12, 30)), time(12), UTC)
    quoted = getattr(found[1].get_prices(at), _BOOK_KEYS[kind])
    amount: Decimal | None = quoted.base if isinstance(quoted, TieredPrices) else quoted
    return float(amount) if amount else None


def _of_rate(settings: Settings, number: int, rate: Rate, today: date) -> Iterator[Finding]:
    if rate.input_per_mtok is None:
        yield Finding(
            "no_input_price",
            "error",
            _name(rate),
            number,
            "It has no price for input.",
            "Set input_per_mtok.",
        )
    elif rate.cached_input_per_mtok is None:
        yield Finding(
            "cache_as_input",
            "warning",
            _name(rate),
            number,
            "It has no price for cached input, which is billed as input.",
            "Set cached_input_per_mtok if the provider bills what its cache served for less.",
        )
    is_pattern = any(character in rate.model for character in "*?[")
    if not is_pattern and in_book(rate.provider, rate.model) is None and in_book(None, rate.model) is None:
        nearest = did_you_mean(rate.provider, rate.model, ())
        if nearest is not None:
            yield Finding(
                "unknown_model",
                "warning",
                _name(rate),
                number,
                f"The price book knows no {rate.model}.",
                f"Did you mean {nearest}? A model of your own needs no entry there.",
            )
    for day in _days_of(rate, today):
        if usd_per_unit(settings.exchange_rates, rate.currency, day) is None:
            yield Finding(
                "no_exchange_rate",
                "error",
                _name(rate),
                number,
                f"There is no exchange rate of {rate.currency} on {day}; calls of that day stay unpriced.",
                f'Add [[exchange_rates]] with currency = "{rate.currency}" and usd = what one unit is worth.',
            )
            return


def _days_of(rate: Rate, today: date) -> Iterator[date]:
    """The first day of the rate, and the last that is known: today, or the day before its end."""
    first = rate.from_ or today
    yield first
    last = today if rate.until is None else date.fromordinal(rate.until.toordinal() - 1)
    if last > first:
        yield last


def _gaps_and_overlaps(settings: Settings) -> Iterator[Finding]:
    """Of rates of one provider, model and service tier: days between two that none holds on, and days that two do."""
    groups: dict[tuple[str | None, str, str], list[tuple[int, Rate]]] = {}
    for number, rate in enumerate(settings.prices, 1):
        groups.setdefault((rate.provider, rate.model, rate.service_tier), []).append((number, rate))
    for rates in groups.values():
        ordered = sorted(rates, key=lambda each: (each[1].from_ or date.min, each[0]))
        until = ordered[0][1].until
        for number, rate in ordered[1:]:
            starts = rate.from_ or date.min
            if until is None or starts < until:
                yield Finding(
                    "overlap",
                    "error",
                    _name(rate),
                    number,
                    f"From {rate.from_ or 'the beginning'} an earlier rate of the model holds as well; "
                    "the one that began later is taken.",
                    "Set until of the earlier one to the day on which this one begins.",
                )
            elif starts > until:
                yield Finding(
                    "gap",
                    "warning",
                    _name(rate),
                    number,
                    f"From {until} to {starts} no rate of the model holds; the price book's is taken.",
                    "Set until of the earlier rate, or from of this one, so that they meet.",
                )
            until = None if until is None or rate.until is None else max(until, rate.until)


def _aliases(settings: Settings) -> Iterator[Finding]:
    for alias, wanted in settings.model_aliases.items():
        provider, model = named(settings.model_aliases, None, alias)
        own = [rate.model for rate in settings.prices]
        if in_book(provider, model) is not None or model in own:
            continue
        nearest = did_you_mean(provider, model, own)
        yield Finding(
            "bad_alias",
            "error",
            alias,
            None,
            f"It stands for {wanted}, which neither the price book nor your rates have.",
            f"Did you mean {nearest}?" if nearest else "Name a model that `costctl prices list` shows.",
        )


def _name(rate: Rate) -> str:
    tier = "" if rate.service_tier == "default" else f" ({rate.service_tier})"
    return (f"{rate.provider}/{rate.model}" if rate.provider else rate.model) + tier
