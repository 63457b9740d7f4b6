"""What does a token cost by the user's own rates on this day?

Shape in: ``PriceSettings``, a provider, a model, a day. Shape out: bands of prompt length for each token kind, in USD
per token; None where no rate of one's own holds. Nothing is guessed: a currency without an exchange rate, two rates for
one thing, and a rate a hundred times away from the price book are errors that say what to write.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple, Protocol, TypeVar

from costctl.documents.price_settings import PriceSettings, Rate
from costctl.errors import UsageError
from costctl.pricing.price_kinds import TOKEN_KINDS, UNIT_KINDS, UNITS, UnitKind
from costctl.pricing.price_rules import GLOBAL
from costctl.pricing.provider_names import same_provider

TOKENS_PER_QUOTE: Final = 1_000_000  # rates are per million tokens
SUSPICIOUS_RATIO: Final = (
    100  # a price per thousand, or in cents, taken for one per million is 100 or 1,000 times off
)
# Of all prices per million tokens in genai-prices 0.2.3, audio and images included, none is outside; free is no price.
LOWEST_USD_PER_MILLION: Final = 0.0005
HIGHEST_USD_PER_MILLION: Final = 2_000.0
STANDARD: Final = "default"  # the service tier of a call that says none
_AS_INPUT: Final = ("cached_input", "cache_write")  # cost what input costs where a rate does not tell apart


class RateError(UsageError):
    """A rate cannot be used. mistake: what is wrong with it, whatever the day: one finding a mistake is enough."""

    def __init__(self, mistake: str, what: str, *, why: str, next_step: str) -> None:
        super().__init__(what, why=why, next_step=next_step)
        self.mistake = mistake


class Band(NamedTuple):
    """A price that holds while from ≤ total input tokens < below; below is None for the last band."""

    from_input_tokens: int
    below_input_tokens: int | None
    usd_per_token: float


Bands = list[tuple[str, Band]]


class _Dated(Protocol):
    @property
    def from_day(self) -> date | None: ...
    @property
    def until_day(self) -> date | None: ...


AnyDated = TypeVar("AnyDated", bound=_Dated)


class Asked(NamedTuple):
    """Whose price is asked for. provider: None where the call names none.  service_tier: what it was sold as.
    inference_geo: where inference is kept, GLOBAL where nobody said.
    """

    provider: str | None
    model: str
    day: date
    service_tier: str = STANDARD
    inference_geo: str = GLOBAL


def own_bands(prices: PriceSettings, asked: Asked) -> Bands | None:
    """The bands of each kind by the user's rates for the day; rates that name the provider come first.

    Raises RateError where two rates hold at once, or a currency has no exchange rate for the day.
    """
    rates = _holding(prices, asked)
    if not rates:
        return None
    tiers = sorted(rates, key=lambda rate: rate.above_input_tokens)
    starts = [_start(rate) for rate in tiers]
    if len(set(starts)) < len(starts):
        raise RateError(
            "two rates",
            f"Two rates for {asked.model} apply on {asked.day}.",
            why="[[prices.rates]] has more than one entry with the same model, provider, service_tier, inference_geo "
            "and above_input_tokens.",
            next_step="Give one an `until` that is the `from` of the next, or remove one.",
        )
    bands: Bands = []
    for rate, start, below in zip(tiers, starts, [*starts[1:], None], strict=True):
        usd = usd_per_unit(prices, rate.currency, asked.day)
        for kind in TOKEN_KINDS:
            quoted = per_million(rate, kind)
            if quoted is not None:
                per_token = float(Decimal(str(quoted)) * usd / TOKENS_PER_QUOTE)
                bands.append((kind, Band(start, below, per_token)))
    return bands


def own_units(prices: PriceSettings, asked: Asked) -> dict[UnitKind, float]:
    """USD for one use of each unit that the user's rates name for the day; those for any length of the prompt count.

    Raises RateError where a currency has no exchange rate for the day.
    """
    found: dict[UnitKind, float] = {}
    for rate in _holding(prices, asked):
        for kind in UNIT_KINDS:
            quoted = getattr(rate, kind)
            if quoted is not None and rate.above_input_tokens == 0:
                usd = usd_per_unit(prices, rate.currency, asked.day)
                found[kind] = float(Decimal(str(quoted)) * usd / UNITS[kind].per)
    return found


def per_million(rate: Rate, kind: str) -> float | None:
    """The rate of a token kind in its own currency; cached and written tokens are input where not told apart."""
    own: float | None = getattr(rate, kind)
    return rate.input if own is None and kind in _AS_INPUT else own


def usd_per_unit(prices: PriceSettings, currency: str, day: date) -> Decimal:
    """USD for one unit of the currency on the day. Raises RateError where no one, or more than one, says."""
    if currency == "USD":
        return Decimal(1)
    found = [each for each in _on(prices.exchange_rates, day) if each.currency == currency]
    if len(found) != 1:
        raise RateError(
            f"exchange rate of {currency}",
            f"{currency} has {'no' if not found else 'more than one'} exchange rate for {day}.",
            why=f"A rate in [[prices.rates]] is in {currency}, and exchange rates are never guessed.",
            next_step=f'Write one [[prices.exchange_rates]] with currency = "{currency}", usd = …, and from and until '
            f"that cover {day}.",
        )
    return Decimal(str(found[0].usd))


def refuse_far_from_book(prices: PriceSettings, own: Bands, book: Bands, asked: Asked) -> None:
    """Raises RateError where a price that is written, and not confirmed, is 100 times or more away from the book's, or
    from any where the book does not have the model. What a rate leaves to its input is judged as input alone.
    """
    unconfirmed = {
        (kind, _start(rate))
        for rate in _holding(prices, asked)
        for kind in TOKEN_KINDS
        if not rate.is_confirmed and getattr(rate, kind) is not None
    }
    judged = [(kind, band) for kind, band in own if (kind, band.from_input_tokens) in unconfirmed]
    if not book:
        _refuse_implausible(judged, asked.model, asked.day)
    for kind, band in judged:
        for book_kind, quoted in book:
            if (
                book_kind == kind
                and _overlap(band, quoted)
                and is_far(band.usd_per_token, quoted.usd_per_token)
            ):
                own_usd, book_usd = (each.usd_per_token * TOKENS_PER_QUOTE for each in (band, quoted))
                raise _far(kind, asked, own_usd, book_usd, "Rates are per million tokens", "million tokens")


def refuse_units_far_from_book(
    prices: PriceSettings, own: dict[UnitKind, float], book: dict[UnitKind, float], asked: Asked
) -> None:
    """Raises RateError where a price of a unit that is written, and not confirmed, is 100 times the book's, or less."""
    confirmed = {
        kind
        for rate in _holding(prices, asked)
        for kind in UNIT_KINDS
        if rate.is_confirmed and getattr(rate, kind) is not None
    }
    for kind in own.keys() & book.keys() - confirmed:
        if is_far(own[kind], book[kind]):
            per = f"{UNITS[kind].per:,} {UNITS[kind].unit}"
            own_usd, book_usd = own[kind] * UNITS[kind].per, book[kind] * UNITS[kind].per
            raise _far(kind, asked, own_usd, book_usd, f"Rates of {kind} are per {per}", per)


def _far(kind: str, asked: Asked, own_usd: float, book_usd: float, rule: str, per: str) -> RateError:
    return RateError(
        f"magnitude of {kind}",
        f"The {kind} rate for {asked.model} is far from its price in the price book.",
        why=f"It comes to {own_usd:g} USD per {per} on {asked.day}; the price book says {book_usd:g}.",
        next_step=f"{rule}, in the rate's currency; if it is meant, write is_confirmed = true beside it.",
    )


def _refuse_implausible(rates: Bands, model: str, day: date) -> None:
    """Raises RateError where a price of a model that the book does not have is outside of all prices that it has."""
    for kind, band in rates:
        usd = band.usd_per_token * TOKENS_PER_QUOTE
        if usd > 0 and not LOWEST_USD_PER_MILLION <= usd <= HIGHEST_USD_PER_MILLION:
            raise RateError(
                f"magnitude of {kind}",
                f"The {kind} rate for {model} is far outside the range of known prices.",
                why=f"It comes to {usd:g} USD per million tokens on {day}; prices lie between "
                f"{LOWEST_USD_PER_MILLION:g} and {HIGHEST_USD_PER_MILLION:g}.",
                next_step="Rates are per million tokens, in the rate's currency; if it is meant, "
                "write is_confirmed = true beside it.",
            )


def is_far(usd: float, other_usd: float) -> bool:
    """Whether one price is 100 times the other or more; nothing is far from a price of zero in the book."""
    if other_usd == 0:
        return False
    return usd >= SUSPICIOUS_RATIO * other_usd or usd * SUSPICIOUS_RATIO <= other_usd


def _holding(prices: PriceSettings, asked: Asked) -> list[Rate]:
    """The rates of the model on the day: those that name the provider, else those that name none; of these those that
    name where inference is kept, else those that hold wherever it is.
    """
    named = [
        rate
        for rate in _on(prices.rates, asked.day)
        if (rate.model, rate.service_tier) == (asked.model, asked.service_tier)
        and rate.inference_geo in (None, asked.inference_geo)
    ]
    exact = [
        rate
        for rate in named
        if asked.provider is not None
        and rate.provider is not None
        and same_provider(rate.provider, asked.provider)
    ]
    of_provider = exact or [rate for rate in named if rate.provider is None]
    kept = [rate for rate in of_provider if rate.inference_geo is not None]
    return kept or of_provider


def _start(rate: Rate) -> int:
    """The shortest prompt, in tokens, that the rate holds for."""
    return 0 if rate.above_input_tokens == 0 else rate.above_input_tokens + 1


def _overlap(one: Band, other: Band) -> bool:
    return (one.below_input_tokens is None or other.from_input_tokens < one.below_input_tokens) and (
        other.below_input_tokens is None or one.from_input_tokens < other.below_input_tokens
    )


def _on(entries: tuple[AnyDated, ...], day: date) -> list[AnyDated]:
    return [
        entry
        for entry in entries
        if (entry.from_day is None or entry.from_day <= day)
        and (entry.until_day is None or day < entry.until_day)
    ]
