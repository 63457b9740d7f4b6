"""What does an Azure cost export say? Actual cost, of Microsoft Customer and Enterprise Agreements, by meter and day.

In: lines as dicts, names of columns in lower case. Out: rows of Azure OpenAI and Foundry models, and how many lines
are of other services. Source: learn.microsoft.com/azure/cost-management-billing/dataset-schema, read 2026-11-30.

A meter is called "gpt 4o 0806 Inp glbl Tokens"; its unit is 1K or 1M.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from costctl.billed.kinds import kind_of, tier_of, unit_size, without_kind
from costctl.billed.reading import Reading, quantity, span_ns
from costctl.billed.row import BilledRow, Charge
from costctl.billed.values import text

PROVIDER: Final = "azure"
_AMOUNTS: Final = ("costinbillingcurrency", "pretaxcost", "cost")
_CURRENCIES: Final = ("billingcurrency", "billingcurrencycode", "currency")
_DAYS: Final = ("date", "usagedate", "usagedatetime")
_SERVICES: Final = ("openai", "foundry", "ai model", "ai services")
_CHARGES: Final[dict[str, Charge]] = {
    "usage": "usage",
    "refund": "credit",
    "roundingadjustment": "credit",
    "tax": "tax",
}


def is_export(columns: frozenset[str]) -> bool:
    """Whether these are the columns of a cost export. columns: in lower case."""
    return {"metercategory", "metername"} <= columns and any(name in columns for name in _AMOUNTS)


def line(cells: Mapping[str, Any], reading: Reading) -> None:
    """Read one line."""
    said = " ".join(
        str(cells.get(name) or "")
        for name in ("metercategory", "metersubcategory", "consumedservice", "productname")
    ).lower()
    if not any(name in said for name in _SERVICES):
        reading.leave_out(*_money(cells))
        return
    reading.line(lambda: [_row(cells)])


def _money(cells: Mapping[str, Any]) -> tuple[Fraction | None, str]:
    amount = quantity(_first(cells, _AMOUNTS))
    return amount, (text(_first(cells, _CURRENCIES)) or "USD").upper()


def _first(cells: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((cells[name] for name in names if text(cells.get(name)) is not None), None)


def _row(cells: Mapping[str, Any]) -> BilledRow:
    bucket = span_ns(_first(cells, _DAYS), None)
    meter = text(cells.get("metername")) or ""
    kind = kind_of(meter)
    used = quantity(cells.get("quantity") or cells.get("usagequantity"))
    amount, currency = _money(cells)
    return BilledRow(
        *bucket,
        provider=PROVIDER,
        described=tuple(filter(None, (without_kind(meter), meter, text(cells.get("productname"))))),
        kind=kind,
        item=None if kind else meter or PROVIDER,
        charge=_CHARGES.get((text(cells.get("chargetype")) or "usage").lower(), "fee"),
        key=text(cells.get("resourcename")) or text(cells.get("resourceid")),
        project=text(cells.get("resourcegroup")) or text(cells.get("resourcegroupname")),
        service_tier=tier_of(meter),
        quantity=None if kind is None or used is None else used * unit_size(text(cells.get("unitofmeasure"))),
        amount=amount,
        currency=currency,
    )
