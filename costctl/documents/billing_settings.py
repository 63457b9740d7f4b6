"""``[billing]``, ``[tools]``, ``[network]`` and ``[[invoices]]`` of costctl.toml: which outcome of a call is billed,
what else is, and on which invoice it stands.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

Amount = Annotated[float, msgspec.Meta(ge=0)]
Text = Annotated[str, msgspec.Meta(pattern=r"\S")]
InvoiceStatus = Literal["Open", "Issued", "Voided"]  # in the words of FOCUS 1.4

# Outcome of a call, as sql/staging/duckdb/staged_spans.sql determines it.
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


class Tool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one run of a tool costs, or one search of a vector store. match: as for pools."""

    usd_per_1k_calls: Amount | None = None
    usd_per_cpu_hour: Amount | None = None
    match: dict[str, str] = {}


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What bytes cost that stay within your platform but leave a zone or a region, USD per decimal gigabyte."""

    usd_per_gb_between_zones: Amount | None = None
    usd_per_gb_between_regions: Amount | None = None


class Invoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is printed on an invoice besides its amount, which ``[bills]`` has. of, month: pool or provider and month,
    as there.  id, terms: as the issuer writes them ("Net 30").  issued, due: days.
    """

    of: str
    month: str
    id: Text
    terms: Text
    status: InvoiceStatus = "Issued"
    issued: date | None = None
    due: date | None = None
    purchase_order: Text | None = None
