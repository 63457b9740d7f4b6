"""A call whose recorded amount is not ours: what is known of it, and what its tokens would cost otherwise.

In: the call's tokens and charges, and prices of other days and service tiers. Out: ``DifferingCall``, ``Quotes``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import zip_longest
from typing import Final

from genai_prices import data_snapshot

from costctl.documents.price_settings import PriceSettings
from costctl.pricing.own_rates import Asked, RateError
from costctl.pricing.prices import priced

PerToken = dict[str, float]  # kind of token → USD for one
_CLOSE: Final = 1e-6  # relative: two prices that are one


@dataclass(frozen=True, slots=True)
class DifferingCall:
    """tolerance_usd: by how much the recorded amount may be off for the way in which it is written.

    tokens, usd_per_token: by kind, of what the call is charged for, or would be if its outcome were billed.  other_usd:
    of its charges that are not for tokens, by resource.  known: counts of the call by their column.
    """

    call_id: int
    provider: str | None
    model: str | None
    day: date | None
    service_tier: str
    recorded_usd: float
    usd: float
    tolerance_usd: float
    tokens: dict[str, float]
    usd_per_token: PerToken
    other_usd: dict[str, float]
    known: dict[str, int] = field(default_factory=dict)
    is_failed: bool = False
    has_unread_cache: bool = False

    @property
    def tokens_usd(self) -> float:
        """What its tokens cost at our prices, whether or not they are billed."""
        return sum(count * self.usd_per_token[kind] for kind, count in self.tokens.items())

    @property
    def rest_usd(self) -> float:
        """What is charged for anything but tokens."""
        return sum(self.other_usd.values())

    def is_given_by(self, usd: float) -> bool:
        """Whether the amount is the recorded one, and not ours."""
        return abs(usd - self.recorded_usd) <= self.tolerance_usd < abs(usd - self.usd)

    def at(self, prices: PerToken | None) -> float | None:
        """What the call costs where its tokens have these prices; None where one has none."""
        if prices is None or any(count and kind not in prices for kind, count in self.tokens.items()):
            return None
        return self.rest_usd + sum(count * prices.get(kind, 0.0) for kind, count in self.tokens.items())


class Quotes:
    """Prices of tokens by day, service tier and length of the prompt, each looked up once."""

    def __init__(self, own: PriceSettings) -> None:
        self._own = own
        self._known: dict[tuple[str | None, str, date, str], dict[tuple[int, int | None], PerToken]] = {}
        self._days = _days(own)

    def bands(
        self, call: DifferingCall, day: date | None = None, service_tier: str | None = None
    ) -> dict[tuple[int, int | None], PerToken]:
        """Length of the prompt, from and below → the prices that hold for it; empty where nobody says."""
        on = day or call.day
        if call.model is None or on is None:
            return {}
        key = (call.provider, call.model, on, service_tier or call.service_tier)
        if key not in self._known:
            self._known[key] = self._looked_up(*key)
        return self._known[key]

    def at(
        self, call: DifferingCall, day: date | None = None, service_tier: str | None = None
    ) -> PerToken | None:
        """The prices that hold for the call's prompt, with the factor that is on ours."""
        found = self.bands(call, day, service_tier)
        prices = _of_length(found, call.known.get("input_tokens"))
        return None if prices is None else _scaled(prices, self.factor(call))

    def factor(self, call: DifferingCall) -> float:
        """What our prices of the call are of those that are quoted; 1 where they do not all differ by the same."""
        quoted = _of_length(self.bands(call), call.known.get("input_tokens")) or {}
        shared = [kind for kind in call.tokens if quoted.get(kind)]
        factors = [call.usd_per_token[kind] / quoted[kind] for kind in shared]
        if not factors or max(factors) - min(factors) > _CLOSE * max(factors):
            return 1.0
        return 1.0 if abs(factors[0] - 1) <= _CLOSE else factors[0]

    def changes(self, call: DifferingCall) -> list[tuple[date, bool]]:
        """Days on which the price may have changed, the nearest to the call first; whether each comes after it."""
        day = call.day
        if day is None:
            return []
        return sorted(((each, each > day) for each in self._days), key=lambda pair: abs((pair[0] - day).days))

    def _looked_up(
        self, provider: str | None, model: str, day: date, service_tier: str
    ) -> dict[tuple[int, int | None], PerToken]:
        try:
            quoted = priced(self._own, Asked(provider, model, day, service_tier)).bands
        except RateError:  # a rate of one's own that does not hold on another day gives no price of that day
            return {}
        edges = sorted({band.from_input_tokens for _, band in quoted})
        found: dict[tuple[int, int | None], PerToken] = {}
        for start, end in zip_longest(edges, edges[1:]):
            found[start, end] = {
                kind: band.usd_per_token
                for kind, band in quoted
                if band.from_input_tokens <= start
                and (band.below_input_tokens is None or start < band.below_input_tokens)
            }
        return found


def _of_length(bands: dict[tuple[int, int | None], PerToken], length: int | None) -> PerToken | None:
    if length is None:
        return next(iter(bands.values())) if len(bands) == 1 else None
    return next(
        (
            prices
            for (start, end), prices in bands.items()
            if start <= length and (end is None or length < end)
        ),
        None,
    )


def _scaled(prices: PerToken, factor: float) -> PerToken:
    return prices if factor == 1.0 else {kind: usd * factor for kind, usd in prices.items()}


def _days(own: PriceSettings) -> tuple[date, ...]:
    """Every day on which some price begins, by the user's own rates or the price book."""
    dated = [day for rate in own.rates for day in (rate.from_day, rate.until_day)]
    dated += [day for rate in own.exchange_rates for day in (rate.from_day, rate.until_day)]
    for provider in data_snapshot.get_snapshot().providers:
        for model in provider.models:
            conditional = model.prices if isinstance(model.prices, list) else []
            for each in (*conditional, *(model.price_variants or ())):
                dated.append(getattr(each.constraint, "start_date", None))
    return tuple(sorted({day for day in dated if day is not None}))


def day_before(day: date) -> date:
    """The last day of what ended with this one."""
    return day - timedelta(days=1)
