"""What is one line of a bill?

In: nothing. Out: ``Line``, the record that the modules of this package hand on. Amounts are decimals, so that they tie
out exactly:

    usd = unit price × pricing quantity        for what was used
    Σ ratio = 1, Σ quantity = the origin's     over the lines that one origin charge was split into
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Final, Literal

Kind = Literal["direct", "busy", "idle", "unattributed", "adjustment"]

EXACT: Final = Context(prec=60)  # products of prices and quantities keep every digit
PLACES: Final = 9  # of hours and of ratios: 3.6 µs of a replica
STEP: Final = Decimal(1).scaleb(-PLACES)
_PRICE_PLACES: Final = Decimal("1e-12")  # of prices: what a division of floats leaves behind is finer


@dataclass(frozen=True, slots=True)
class Service:
    """Whose service was used: FOCUS's words for provider, category and subcategory; name: what it is called."""

    provider: str
    category: str
    subcategory: str
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """What is bought. sku: stays the same whatever it costs.  meter: what is counted."""

    service: Service
    sku: str
    meter: str
    pricing_unit: str
    consumed_unit: str
    resource: str | None = None
    resource_type: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """Who used it. None where unassigned, or not observed. tenant: as the file names it, hashed by default."""

    request_class: str | None = None
    tenant: str | None = None


UNASSIGNED: Final = Beneficiary()


@dataclass(frozen=True, slots=True)
class Allocation:
    """The charge that a line is a part of. ratio: the part, to nine places; of one origin they sum to 1 exactly."""

    origin: str
    ratio: Decimal


@dataclass(frozen=True, slots=True)
class OnInvoice:
    """The invoice that a line is on, and its line there."""

    invoice_id: str
    detail_id: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line. day: UTC.  unit_price, pricing_quantity, consumed_quantity: None for an adjustment, which has none.

    requests, successes: counted on this line; each request on one, so that they add up. None on lines of no class.
    retry_tax_usd: the part of usd that attempts took that failed or were repeated; None where that is not asked.
    is_recorded: usd is what the calls' own records say, for want of a price; the quantity is that amount.
    invoice: None where none is named for it.
    """

    day: date
    kind: Kind
    item: Item
    whose: Beneficiary
    usd: Decimal
    description: str
    unit_price: Decimal | None = None
    pricing_quantity: Decimal | None = None
    consumed_quantity: Decimal | None = None
    requests: int | None = None
    successes: int | None = None
    retry_tax_usd: Decimal | None = None
    allocation: Allocation | None = None
    is_recorded: bool = False
    invoice: OnInvoice | None = None


def price(usd_per_unit: float, times: int = 1) -> Decimal:
    """The price of so many units, in USD, to twelve places."""
    exact = EXACT.multiply(Decimal(repr(usd_per_unit)), Decimal(times))
    return EXACT.normalize(exact.quantize(_PRICE_PLACES, context=EXACT))


def amount_usd(unit_price: Decimal, quantity: Decimal) -> Decimal:
    """Price × quantity, every digit of it."""
    return EXACT.multiply(unit_price, quantity)
