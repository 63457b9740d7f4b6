"""The user's own prices in costctl.toml: rates of models, exchange rates, and which outcome of a call is billed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

import msgspec

ServiceTier = Literal["default", "batch", "flex", "priority", "fast"]
Amount = Annotated[float, msgspec.Meta(ge=0)]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]  # ISO 4217

# What a call came to, as sql/staging/duckdb/staged_spans.sql tells it.
Outcome = Literal[
    "success",
    "answered_from_cache",
    "content_filter_output",
    "content_filter_input",
    "rate_limited",
    "timeout",
    "cancelled",
    "server_error",
    "connection_error",
    "invalid_request",
    "failed",
]
BillingRule = Literal["billed", "billed_if_reported", "input_only", "not_billed"]

TOKEN_KINDS: Final = (
    "input",
    "input_audio",
    "cached_input",
    "cached_audio",
    "cache_write",
    "cache_write_1h",
    "output",
    "output_audio",
)


class TokenRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prices of a million tokens of each kind, in the rate's currency; null where the rate names none.

    input: neither cached nor audio.  cached_input: read from the provider's cache.  cache_write: kept for five minutes,
    or for as long as the provider keeps them; cache_write_1h: for an hour.  output: with reasoning.
    """

    input_per_mtok: Amount | None = None
    input_audio_per_mtok: Amount | None = None
    cached_input_per_mtok: Amount | None = None
    cached_audio_per_mtok: Amount | None = None
    cache_write_per_mtok: Amount | None = None
    cache_write_1h_per_mtok: Amount | None = None
    output_per_mtok: Amount | None = None
    output_audio_per_mtok: Amount | None = None

    def of(self, token_kind: str) -> float | None:
        """The price of a million tokens of one of ``TOKEN_KINDS``."""
        amount: float | None = getattr(self, f"{token_kind}_per_mtok")
        return amount


class RateTier(TokenRates, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Prices of a call whose whole input exceeds ``above_input_tokens``, for all of its tokens."""

    above_input_tokens: Annotated[int, msgspec.Meta(ge=1)]


class Rate(TokenRates, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"from_": "from"}):
    """What one model costs you, instead of what the price book says.

    model: a name or a glob.  provider: null for any.  from, until: the days on which it holds, the end exclusive; null
    for always.  service_tier: what it is sold as.  is_confirmed: a price far from the book's is meant so.
    """

    model: str
    provider: str | None = None
    from_: date | None = None
    until: date | None = None
    currency: Currency = "USD"
    service_tier: ServiceTier = "default"
    tiers: tuple[RateTier, ...] = ()
    is_confirmed: bool = False
    source: str | None = None

    def __post_init__(self) -> None:
        """Refuse a rate that holds on no day, and tiers out of order."""
        if self.from_ is not None and self.until is not None and self.from_ >= self.until:
            raise ValueError(f"a rate of {self.model} ends on {self.until}, before it begins")
        starts = [tier.above_input_tokens for tier in self.tiers]
        if starts != sorted(set(starts)):
            raise ValueError(f"the tiers of {self.model} must rise, each above the one before")


class ExchangeRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """USD for one unit of a currency. from, until: days on which it holds, the end exclusive; null for always."""

    currency: Currency
    usd: Annotated[float, msgspec.Meta(gt=0)]
    from_: date | None = None
    until: date | None = None
    source: str | None = None


class Tool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one run of a tool costs, or one search of a vector store. match: as for pools."""

    usd_per_1k_calls: Amount | None = None
    usd_per_cpu_hour: Amount | None = None
    match: dict[str, str] = {}


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What bytes cost that stay within your platform but leave a zone or a region, USD per decimal gigabyte."""

    usd_per_gb_between_zones: Amount | None = None
    usd_per_gb_between_regions: Amount | None = None
