"""costctl.prices/v2 and costctl.price_check/v2: what tokens cost on a day, and what is wrong with the rates."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.witness import Witness

SCHEMA_VERSION: Final = "costctl.prices/v2"
CHECK_SCHEMA_VERSION: Final = "costctl.price_check/v2"


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A price that holds while from ≤ tokens of the whole prompt < below; below is None for the last band.

    token_kind: a kind of token, or another unit by which providers sell.  usd_per_million: USD per million of it.
    source: own rates, or the price book and its entry.
    """

    provider: str | None
    model: str
    service_tier: str
    token_kind: str
    from_input_tokens: int
    below_input_tokens: int | None
    usd_per_million: float
    source: str

    @property
    def last_input_tokens(self) -> int | None:
        """The longest prompt of the band, in tokens; None for the last band."""
        return None if self.below_input_tokens is None else self.below_input_tokens - 1


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The document that ``costctl prices list --format json`` prints. as_of: the day, UTC."""

    schema_version: str
    price_book: str
    config_sha256: str | None
    as_of: str
    prices: tuple[Price, ...]


class PriceFinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A problem with the prices to fix. subject: the model; what, why and next_step: sentences."""

    kind: Literal["gap", "refused", "unknown_model", "unpriced"]
    subject: str
    what: str
    why: str
    next_step: str


class PriceCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The document that ``costctl prices verify --format json`` prints. rates: own rates looked at.

    models: that the store's calls to providers name; None where no store was looked at.  witness: what the store's
    sources say that calls cost beside what we say; None where none names an amount, or rates are refused.
    """

    schema_version: str
    price_book: str
    config_sha256: str | None
    rates: int
    models: int | None
    findings: tuple[PriceFinding, ...]
    witness: Witness | None = None
