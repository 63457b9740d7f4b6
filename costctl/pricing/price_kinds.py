"""Which price of the book is that of a kind of token, and of what else providers count?

Shape in: a kind of ours, the prices of a model as the book quotes them. Shape out: the quote. The rule is the book's
own calculator's: the most specific priced unit that holds the tokens. Three steps of it are not taken, since they
would make a price up: from a modality to the price of all (but where a provider is known to bill so), from tokens
that are kept for an hour to those of five minutes, and where two prices hold the same tokens and neither holds the
other.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Final, Literal, NamedTuple, get_args

from genai_prices.types import ModelPrice, TieredPrices
from genai_prices.units import UnitDef, _get_registry

TokenKind = Literal[
    "input", "input_audio", "input_image", "input_video",
    "cached_input", "cached_audio", "cached_image", "cached_video",
    "cache_write", "cache_write_1h",
    "output", "output_audio", "output_image", "output_video", "reasoning",
]  # fmt: skip
UnitKind = Literal[
    "web_searches", "file_searches", "code_runs", "requests", "input_characters", "input_audio_s", "output_audio_s",
]  # fmt: skip
TOKEN_KINDS: Final[tuple[TokenKind, ...]] = get_args(TokenKind)
UNIT_KINDS: Final[tuple[UnitKind, ...]] = get_args(UnitKind)

_IN: Final = {"family": "tokens", "direction": "input"}
_OUT: Final = {"family": "tokens", "direction": "output"}
_CACHED: Final = {**_IN, "token_type": "cache_read"}
_WRITTEN: Final = {**_IN, "token_type": "cache_write", "modality": "text"}
# Our kind → what its tokens are, in the dimensions of the price book. What no modality is said of is text.
_DIMENSIONS: Final[dict[TokenKind, dict[str, str]]] = {
    "input": {**_IN, "modality": "text"},
    "input_audio": {**_IN, "modality": "audio"},
    "input_image": {**_IN, "modality": "image"},
    "input_video": {**_IN, "modality": "video"},
    "cached_input": {**_CACHED, "modality": "text"},
    "cached_audio": {**_CACHED, "modality": "audio"},
    "cached_image": {**_CACHED, "modality": "image"},
    "cached_video": {**_CACHED, "modality": "video"},
    "cache_write": {**_WRITTEN, "cache_ttl": "5m"},
    "cache_write_1h": {**_WRITTEN, "cache_ttl": "1h"},
    "output": {**_OUT, "modality": "text"},
    "output_audio": {**_OUT, "modality": "audio"},
    "output_image": {**_OUT, "modality": "image"},
    "output_video": {**_OUT, "modality": "video"},
    "reasoning": {**_OUT, "modality": "text", "token_type": "reasoning"},
}
# Dimensions that a price has to name for a kind: one without them is another price.
_NAMED: Final[dict[str, tuple[str, ...]]] = {"cache_write_1h": ("cache_ttl",), "reasoning": ("token_type",)}


class Sold(NamedTuple):
    """How a unit is quoted: the book's key, how many of ours make one of its own, and what ours is called."""

    price_key: str
    per: int
    unit: str


# An hour of connection is not an hour of sound: audio_hours, which some models have alone, prices neither direction.
UNITS: Final[dict[UnitKind, Sold]] = {
    "web_searches": Sold("web_searches_kcount", 1_000, "searches"),
    "file_searches": Sold("storage_searches_kcount", 1_000, "searches"),
    "code_runs": Sold("code_executions_kcount", 1_000, "runs"),
    "requests": Sold("requests_kcount", 1_000, "requests"),
    "input_characters": Sold("input_mchars", 1_000_000, "characters"),
    "input_audio_s": Sold("input_audio_hours", 3_600, "s"),
    "output_audio_s": Sold("output_audio_hours", 3_600, "s"),
}


def quoted_tokens(
    prices: ModelPrice, kind: TokenKind, is_as_text: Callable[[str], bool]
) -> Decimal | TieredPrices | None:
    """What a million tokens of the kind cost; None where the book does not say.

    is_as_text: whether a kind of tokens is billed as text at the provider where it has no price of its own.
    """
    priced = [unit for unit in _holding(kind) if getattr(prices, unit.price_key) is not None]
    best = [unit for unit in priced if not any(_is_within(other, unit) for other in priced)]
    if not _dimensions(best) or not _is_allowed(kind, best, is_as_text):
        return None
    quote: Decimal | TieredPrices = getattr(prices, best[0].price_key)
    return quote


def _is_allowed(kind: TokenKind, best: list[UnitDef], is_as_text: Callable[[str], bool]) -> bool:
    unit = best[0].dimensions
    if any(name not in unit for name in _NAMED.get(kind, ())):
        return False
    is_of_modality = "modality" in unit or _DIMENSIONS[kind]["modality"] == "text"
    return is_of_modality or is_as_text(kind)


def _dimensions(best: list[UnitDef]) -> bool:
    """Whether one price alone is the most specific."""
    return len(best) == 1


def quoted_unit(prices: ModelPrice, kind: UnitKind) -> Decimal | None:
    """What ``per`` of the unit cost; None where the book does not say, or says it in tiers."""
    quote = getattr(prices, UNITS[kind].price_key)
    return quote if isinstance(quote, Decimal) else None


@cache
def _holding(kind: TokenKind) -> tuple[UnitDef, ...]:
    """The units of the book that hold tokens of the kind, itself included."""
    wanted = _DIMENSIONS[kind].items()
    return tuple(unit for unit in _get_registry().units.values() if unit.dimensions.items() <= wanted)


def _is_within(inner: UnitDef, outer: UnitDef) -> bool:
    return inner is not outer and outer.dimensions.items() < inner.dimensions.items()
