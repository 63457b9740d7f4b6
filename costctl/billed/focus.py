"""What does a FOCUS file say, whichever cloud or provider wrote it? The names of columns of FOCUS 1.0 to 1.4.

In: lines as dicts. Out: rows of "AI and Machine Learning", and how many lines are of other services. Source:
focus.finops.org/focus-specification, read 2026-11-30.

1.0 to 1.2 name the provider ProviderName, 1.3 and later ServiceProviderName. What was invoiced is BilledCost. FOCUS
has no column for a model: it is looked for in what the file says of the item.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from costctl.billed.kinds import is_of_tokens, kind_of, tier_of, unit_size, without_kind
from costctl.billed.reading import Reading, quantity, span_ns
from costctl.billed.row import BilledRow, Charge, Kind
from costctl.billed.values import text

NEEDED: Final = frozenset({"BilledCost", "ChargePeriodStart", "ChargeCategory"})
_CATEGORY: Final = "AI and Machine Learning"
_PROVIDERS: Final = ("ServiceProviderName", "ProviderName", "PublisherName", "InvoiceIssuerName")
_METERS: Final = ("SkuMeter", "x_SkuMeterName", "ChargeDescription", "SkuId", "SkuPriceId")
_NAMES: Final = ("x_Model", "ServiceName", "SkuMeter", "x_SkuMeterName", "ResourceName", "ChargeDescription")
_CHARGES: Final[dict[str, Charge]] = {
    "usage": "usage",
    "credit": "credit",
    "adjustment": "credit",
    "tax": "tax",
    "purchase": "fee",
}


def line(cells: Mapping[str, Any], reading: Reading) -> None:
    """Read one line."""
    if text(cells.get("ServiceCategory")) != _CATEGORY:
        reading.leave_out(*_money(cells))
        return
    reading.line(lambda: [_row(cells)])


def _money(cells: Mapping[str, Any]) -> tuple[Fraction | None, str]:
    amount = quantity(cells.get("BilledCost"))
    return amount, (text(cells.get("BillingCurrency")) or "USD").upper()


def _row(cells: Mapping[str, Any]) -> BilledRow:
    start, end = span_ns(cells.get("ChargePeriodStart"), cells.get("ChargePeriodEnd"))
    amount, currency = _money(cells)
    kind = next((found for name in _METERS if (found := kind_of(text(cells.get(name)))) is not None), None)
    names = [said for name in _NAMES if (said := text(cells.get(name))) is not None]
    discount = _CHARGES.get((text(cells.get("ChargeCategory")) or "usage").lower(), "fee")
    return BilledRow(
        start,
        end,
        provider=next((said for name in _PROVIDERS if (said := text(cells.get(name)))), None),
        described=tuple(dict.fromkeys(each for said in names for each in (said, without_kind(said)) if each)),
        kind=kind,
        item=None if kind else names[-1] if names else _CATEGORY,
        charge=discount,
        key=text(cells.get("ResourceId")),
        project=text(cells.get("SubAccountName")) or text(cells.get("SubAccountId")),
        service_tier=next(
            (tier for name in _METERS if (tier := tier_of(text(cells.get(name)))) is not None), None
        ),
        quantity=None if kind is None else _quantity(cells, kind),
        amount=amount,
        currency=currency,
    )


def _quantity(cells: Mapping[str, Any], kind: Kind) -> Fraction | None:
    """What was consumed; else what was priced, in the same units."""
    for amount, unit in (("ConsumedQuantity", "ConsumedUnit"), ("PricingQuantity", "PricingUnit")):
        said = text(cells.get(unit))
        used = quantity(cells.get(amount))
        if used is not None and (is_of_tokens(said) or not _is_token(kind)):
            return used * unit_size(said)
    return None


def _is_token(kind: Kind) -> bool:
    return kind.startswith(("input", "cache", "output", "reasoning")) and not kind.endswith(
        ("_s", "_characters")
    )
