"""costctl.prices/v1: what tokens cost on a day, and what is amiss with the user's own rates."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.prices/v1"

FindingCode = Literal[
    "gap",
    "overlap",
    "unknown_model",
    "magnitude",
    "no_exchange_rate",
    "no_input_price",
    "cache_as_input",
    "bad_alias",
    "unpriced",
]


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a million tokens of one kind cost, in a call whose whole input is at least ``from_input_tokens`` and less
    than ``below_input_tokens`` (null: without end). source: the user's rate, or the entry of the price book.
    """

    provider: str
    model: str
    service_tier: str
    token_kind: str
    from_input_tokens: int
    below_input_tokens: int | None
    usd_per_mtok: float
    source: str


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to look at. severity: an error leaves calls unpriced, or priced by a factor wrong; a warning may be meant
    so.  rate: its number among [[prices]], from 1; null where it is about no rate of one's own.  next_step: what to do.
    """

    code: FindingCode
    severity: Literal["error", "warning"]
    subject: str
    rate: int | None
    message: str
    next_step: str


class PriceList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl prices list`` and ``costctl prices verify`` print. as_of: the day, YYYY-MM-DD. prices:
    of ``list``.  findings: of ``verify``.  reason: why there is no price; null where there are some.
    """

    schema_version: str
    provenance: Provenance
    as_of: str
    prices: tuple[Price, ...]
    findings: tuple[Finding, ...]
    reason: str | None
