"""Why does a source name another amount than ours? Each cause is tried: the call is priced anew under it.

In: one call and prices of other days and tiers. Out: every cause under which the call costs what was recorded, to the
last digit of the record. One that is alone is the likely one; of several the data do not show which; none is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, get_args

from costctl.documents.price_settings import ServiceTier
from costctl.documents.witness import CauseKind
from costctl.pricing.own_rates import STANDARD
from costctl.pricing.witness_call import DifferingCall, PerToken, Quotes, day_before


class Cause(NamedTuple):
    """A cause, and in words; number: what stands for {n} in them, of one call.

    may_be_chance: one call alone does not show it, several do.
    """

    kind: CauseKind
    said: str
    number: int = 0
    may_be_chance: bool = False


class _Priced(NamedTuple):
    """What a call costs under a cause; None where there is no such price. The rest as of ``Cause``."""

    kind: CauseKind
    said: str
    usd: float | None
    number: int = 0
    may_be_chance: bool = False


Trial = Callable[[DifferingCall, Quotes], Iterator[_Priced]]

# USD for one search of the web by providers' price lists, read 2026-11-29: Anthropic's and OpenAI's 10 and 25 per 1,000
# (platform.claude.com/docs/en/about-claude/pricing, developers.openai.com/api/docs/pricing), Google's grounding 14 and
# 35 (ai.google.dev/gemini-api/docs/pricing), OpenRouter's plugin 4 (openrouter.ai/docs/features/web-search).
_SEARCH_USD: Final = {
    "anthropic": (0.01,),
    "openai": (0.01, 0.025),
    "azure": (0.01, 0.025, 0.035),
    "google": (0.014, 0.035),
    "openrouter": (0.004, 0.01),
}
_MOST_SEARCHES: Final = 50  # in one call, where their number is not recorded
_REGIONAL: Final = (
    1.1  # Anthropic's and OpenAI's price where inference is kept in a region, over the global one
)
_BATCH: Final = 0.5  # of the standard price, as OpenAI, Anthropic, Google and Mistral sell batches
_UNITS: Final = {
    100.0: "cents",
    1_000.0: "thousandths of a dollar",
    1e6: "micro-dollars",
    1e9: "billionths of a dollar",
}
# OpenAI caches the first 1,024 tokens of a prompt, then 128 more each: platform.openai.com/docs/guides/prompt-caching
_BY_BLOCKS: Final = ("openai", "azure")
_FIRST_BLOCK: Final = 1_024
_BLOCK: Final = 128
_CHANCE: Final = (
    0.15  # that tokens of another kind come to a whole number of cached ones; two calls make it 0.02
)
_SHARPNESS: Final = 0.005  # a number of tokens is solved for only where a whole one is not likely by chance
_LEAST_DIGITS: Final = 3  # significant ones of an amount that may be ours rounded


def causes(call: DifferingCall, quotes: Quotes) -> tuple[Cause, ...]:
    """The causes under which the call costs what was recorded, each kind once; empty where none does.

    A number of tokens that is solved for may fit by chance: it is asked last, and only where that is not likely.
    """
    if call.recorded_usd == 0.0:
        return (_zero(call),)
    if (
        call.is_failed and call.usd == 0.0
    ):  # what it would cost otherwise is no price of a call that is not billed
        return tuple(_together(kind, each) for kind, each in _given(call, list(_failed(call))).items())
    fixed = _given(call, [each for trial in _TRIALS for each in trial(call, quotes)])
    given = fixed or _given(call, list(_cache_keys(call, quotes)))
    return tuple(_together(kind, each) for kind, each in given.items())


def _together(kind: CauseKind, given: list[_Priced]) -> Cause:
    """One cause of what is of one kind; where several numbers give the amount, all of them."""
    if len(given) == 1:
        return Cause(kind, given[0].said, given[0].number, given[0].may_be_chance)
    return Cause(kind, " or ".join(each.said.replace("{n}", f"{each.number:,}") for each in given))


def _given(call: DifferingCall, tried: list[_Priced]) -> dict[CauseKind, list[_Priced]]:
    """Those that give the recorded amount, by their kind, the same words once."""
    found: dict[CauseKind, list[_Priced]] = {}
    for each in tried:
        if each.usd is not None and call.is_given_by(each.usd):
            of_kind = found.setdefault(each.kind, [])
            if (each.said, each.number) not in {(other.said, other.number) for other in of_kind}:
                of_kind.append(each)
    return found


def _zero(call: DifferingCall) -> Cause:
    said = "the source records 0 for failed calls"
    free = "the source records 0: a cached answer, a subscription, or a model whose price it does not know"
    return Cause("recorded_zero", said if call.is_failed else free)


def _failed(call: DifferingCall) -> Iterator[_Priced]:
    said = "the source charges failed calls, which are not billed here"
    yield _Priced("failed_call", said, call.rest_usd + call.tokens_usd)


def _units(call: DifferingCall, _quotes: Quotes) -> Iterator[_Priced]:
    for factor, unit in _UNITS.items():
        yield _Priced("unit", f"the source counts in {unit}: {factor:g} times ours", call.usd * factor)
        yield _Priced(
            "unit", f"the source's amounts are a {factor:g}th of ours: another unit", call.usd / factor
        )


def _tiers(call: DifferingCall, quotes: Quotes) -> Iterator[_Priced]:
    for tier in get_args(ServiceTier):
        if tier != call.service_tier:
            yield _Priced("service_tier", _TIERS[tier], call.at(quotes.at(call, service_tier=tier)))
    if call.service_tier == STANDARD:
        yield _Priced("service_tier", _TIERS["batch"], call.rest_usd + _BATCH * call.tokens_usd)
    elif call.service_tier == "batch":
        yield _Priced("service_tier", _TIERS[STANDARD], call.rest_usd + call.tokens_usd / _BATCH)


_TIERS: Final[dict[str, str]] = {
    "default": "the standard price",
    "batch": "the price of a batch",
    "flex": "the price of flex",
    "priority": "the price of priority",
    "fast": "the price of fast mode",
}


def _searches(call: DifferingCall, _quotes: Quotes) -> Iterator[_Priced]:
    for resource, usd in call.other_usd.items():
        kind: CauseKind = "web_searches" if "search" in resource else "fee"
        name = resource.rpartition("/")[2].replace("_", " ")
        yield _Priced(kind, f"the source leaves out the fee for {name}", call.usd - usd)
    counted = call.known.get("web_searches")
    numbers = (counted,) if counted else range(1, _MOST_SEARCHES + 1)
    for fee in _SEARCH_USD.get(call.provider or "", ()):
        for number in numbers:
            said = f"the source adds {{n}} web searches at {fee:g} USD"
            yield _Priced("web_searches", said, call.usd + number * fee, number)


def _lengths(call: DifferingCall, quotes: Quotes) -> Iterator[_Priced]:
    """The price of a shorter or longer prompt; or the price of the long prompt for its end alone."""
    bands, factor = quotes.bands(call), quotes.factor(call)
    if len(bands) < 2:
        return
    for (start, _), prices in bands.items():
        scaled = {kind: usd * factor for kind, usd in prices.items()}
        said = f"the price of prompts above {start - 1:,} tokens" if start else "the price of short prompts"
        yield _Priced("length_tier", said, call.at(scaled))
    length = call.known.get("input_tokens")
    if length is not None:
        usd = sum(
            factor * prices.get("input", 0.0) * max(0, min(length, end or length) - max(start - 1, 0))
            for (start, end), prices in bands.items()
        )
        ours = call.tokens.get("input", 0.0) * call.usd_per_token.get("input", 0.0)
        if call.tokens.get("input") == length:
            said = "the price of long prompts for the tokens above the limit alone"
            yield _Priced("length_tier", said, call.usd - ours + usd)


def _days(call: DifferingCall, quotes: Quotes) -> Iterator[_Priced]:
    """The price before each change, or after it; the nearest change that gives the amount says enough."""
    for changed, is_later in quotes.changes(call):
        usd = call.at(quotes.at(call, day=changed if is_later else day_before(changed)))
        if usd is not None and call.is_given_by(usd):
            said = f"the price {'from' if is_later else 'until'} {changed}, when it changed"
            yield _Priced("price_changed", said, usd)
            return


def _cache_reads(call: DifferingCall, _quotes: Quotes) -> Iterator[_Priced]:
    cached, price = call.tokens.get("cached_input"), call.usd_per_token
    if cached and "input" in price:
        ours = cached * price["cached_input"]
        yield _Priced(
            "cache_reads", "cache reads priced as plain input", call.usd - ours + cached * price["input"]
        )
        yield _Priced("cache_reads", "cache reads left out", call.usd - ours)
        said = "the input counted with the cache, and the cache beside it"
        yield _Priced("cache_counted_twice", said, call.usd + cached * price["input"])
        written = call.tokens.get("cache_write", 0.0) + call.tokens.get("cache_write_1h", 0.0)
        yield _Priced("cache_counted_twice", said, call.usd + (cached + written) * price["input"])


def _cache_writes(call: DifferingCall, quotes: Quotes) -> Iterator[_Priced]:
    price = {**(quotes.at(call) or {}), **call.usd_per_token}
    short, hour = call.tokens.get("cache_write", 0.0), call.tokens.get("cache_write_1h", 0.0)
    if not short and not hour:
        return
    ours = sum(
        count * price[kind] for kind, count in (("cache_write", short), ("cache_write_1h", hour)) if count
    )
    for kind, said in (
        ("cache_write_1h", "cache writes priced as kept for an hour"),
        ("cache_write", "cache writes priced as kept for five minutes"),
        ("input", "cache writes priced as plain input"),
    ):
        if kind in price:
            yield _Priced("cache_writes", said, call.usd - ours + (short + hour) * price[kind])
    yield _Priced("cache_writes", "cache writes left out", call.usd - ours)


def _reasoning(call: DifferingCall, _quotes: Quotes) -> Iterator[_Priced]:
    reasoning = call.known.get("reasoning_tokens")
    price = call.usd_per_token.get("reasoning", call.usd_per_token.get("output"))
    if reasoning and price is not None:
        yield _Priced(
            "reasoning",
            "reasoning tokens counted beside the output that holds them",
            call.usd + reasoning * price,
        )
        yield _Priced("reasoning", "reasoning tokens left out", call.usd - reasoning * price)


def _regions(call: DifferingCall, quotes: Quotes) -> Iterator[_Priced]:
    factor = quotes.factor(call)
    if factor != 1.0:
        yield _Priced(
            "residency",
            "the price without the factor for its region",
            call.rest_usd + call.tokens_usd / factor,
        )
    else:
        said = f"{_REGIONAL:g} times the price of tokens, as where inference is kept in a region"
        yield _Priced("residency", said, call.rest_usd + call.tokens_usd * _REGIONAL)


def _sides(call: DifferingCall, _quotes: Quotes) -> Iterator[_Priced]:
    written = sum(
        count * call.usd_per_token[kind]
        for kind, count in call.tokens.items()
        if kind == "reasoning" or kind.startswith("output")
    )
    yield _Priced("one_side", "the source prices the input alone", call.usd - written)
    yield _Priced("one_side", "the source prices the output alone", written)


def _modalities(call: DifferingCall, _quotes: Quotes) -> Iterator[_Priced]:
    """Tokens of sound, images or video at the price of text."""
    usd, said = call.usd, []
    for kind, count in call.tokens.items():
        side, _, modality = kind.partition("_")
        of_text = "cached_input" if side == "cached" else side
        if modality in ("audio", "image", "video") and of_text in call.usd_per_token:
            usd += count * (call.usd_per_token[of_text] - call.usd_per_token[kind])
            said.append(modality)
    if said:
        yield _Priced("modality", f"{' and '.join(sorted(set(said)))} tokens priced as text", usd)


def _rounded(call: DifferingCall, _quotes: Quotes) -> Iterator[_Priced]:
    digits = f"{call.recorded_usd:.12f}".rstrip("0").partition(".")[2]
    places = len(digits)
    is_telling = len(digits.lstrip("0")) >= _LEAST_DIGITS or call.recorded_usd >= 1
    if is_telling and round(call.usd, places) == call.recorded_usd:
        yield _Priced("rounding", f"our amount, rounded to {places} digits", call.recorded_usd)


def _cache_keys(call: DifferingCall, quotes: Quotes) -> Iterator[_Priced]:
    """So many tokens more out of a cache, or fewer, as give the amount, where that is a whole number and tells."""
    price: PerToken = {**(quotes.at(call) or {}), **call.usd_per_token}
    if "input" not in price or "cached_input" not in price:
        return
    step, low_usd = price["input"] - price["cached_input"], call.usd - call.recorded_usd
    more = _whole(low_usd, step, call)
    if more is None:
        return
    is_shown = call.has_unread_cache or _is_of_blocks(call, more)
    if not is_shown and not _is_telling(call, price):
        return
    if 0 < more <= call.tokens.get("input", 0.0):
        said = "cache reads that the record does not show: as if {n} more tokens were cache reads"
        yield _Priced("cache_key", said, call.usd - more * step, more, not is_shown)
    if 0 < -more < call.tokens.get("cached_input", 0.0):
        said = "cache reads that the source does not count: {n} tokens priced as plain input"
        yield _Priced("cache_key", said, call.usd - more * step, -more, not is_shown)


def _is_of_blocks(call: DifferingCall, more: int) -> bool:
    """Whether so many tokens are what a provider caches that does it by the block."""
    return call.provider in _BY_BLOCKS and more >= _FIRST_BLOCK and more % _BLOCK == 0


def _is_telling(call: DifferingCall, price: PerToken) -> bool:
    """Whether other tokens would seldom come to a whole number of cached ones at these prices, and none here do."""
    low_usd = call.usd - call.recorded_usd
    if any(_whole(low_usd, price[kind], call) is not None for kind in ("input", "output") if kind in price):
        return False
    picos = [round(usd * 1e12) for usd in call.usd_per_token.values() if usd > 0]
    step = round((price["input"] - price["cached_input"]) * 1e12)
    return step > 0 and math.gcd(*picos, round(price["cached_input"] * 1e12)) <= _CHANCE * step


def _whole(usd: float, step: float, call: DifferingCall) -> int | None:
    """usd / step, where that is a whole number more exactly than it would be by chance."""
    if step <= 0 or call.tolerance_usd / step > _SHARPNESS:
        return None
    number = round(usd / step)
    return number if abs(usd - number * step) <= call.tolerance_usd else None


_TRIALS: Final[tuple[Trial, ...]] = (
    _units,
    _tiers,
    _searches,
    _lengths,
    _days,
    _cache_reads,
    _cache_writes,
    _reasoning,
    _regions,
    _sides,
    _modalities,
    _rounded,
)
