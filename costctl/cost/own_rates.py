"""Which of the user's own rates holds for a model on a day, and what is a unit of its currency worth in USD?

In: the settings, and provider, model, day and service tier of a call. Out: the rate, the exchange rate, or None. An
exchange rate is never made up: a rate in another currency without one is no price.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fnmatch import fnmatchcase
from typing import Final

from costctl.documents.price_settings import ExchangeRate, Rate

USD: Final = "USD"


def rate_for(
    rates: Iterable[Rate], provider: str | None, model: str, day: date, service_tier: str
) -> Rate | None:
    """The rate that holds, or None. A rate of the call's own provider goes before one of any, a name before a pattern,
    the later start before the earlier, and at last the later in the file.
    """
    fitting = [
        (rate.provider is not None, rate.model == model, rate.from_ or date.min, number, rate)
        for number, rate in enumerate(rates)
        if rate.service_tier == service_tier
        and rate.provider in (None, provider)
        and (rate.model == model or fnmatchcase(model, rate.model))
        and holds_on(rate, day)
    ]
    return max(fitting, key=lambda each: each[:4])[4] if fitting else None


def holds_on(dated: Rate | ExchangeRate, day: date) -> bool:
    """Whether the day lies between from and until."""
    return (dated.from_ is None or dated.from_ <= day) and (dated.until is None or day < dated.until)


def usd_per_unit(exchange_rates: Iterable[ExchangeRate], currency: str, day: date) -> float | None:
    """USD for a unit of the currency on the day: of several rates the one that began last; None where there is none."""
    if currency == USD:
        return 1.0
    fitting = [
        (rate.from_ or date.min, number, rate.usd)
        for number, rate in enumerate(exchange_rates)
        if rate.currency == currency and holds_on(rate, day)
    ]
    return max(fitting)[2] if fitting else None
