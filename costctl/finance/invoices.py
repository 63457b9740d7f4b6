"""What is on an invoice, line by line, and how does it tie out with the lines of costs?

In: the lines of a window, the amounts of ``[bills]`` and what ``[[invoices]]`` says of them. Out: the lines with the
invoice that they are on, and the lines of the invoices. An invoice is itemised by what was bought:

    Σ usd over an invoice = the amount that [bills] has of it, exactly, or within half a micro-dollar where no line says
                            what is left
    usd of an item        = Σ usd of the lines of costs with its id, exactly
    usd of the rest       = the amount less all items; a line of its own, and on no line of costs
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from costctl.documents.billing_settings import Invoice
from costctl.documents.settings import Settings
from costctl.finance.line import EXACT, Item, Line, OnInvoice

Category = Literal["Usage", "Adjustment"]

_HALF_MICRO: Final = Decimal("0.0000005")  # less than this is no difference, but what divisions leave behind
_ID_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line of an invoice. month: its first day.  issuer: who sends it.  grain: what the line is told apart from the
    others of the invoice by, as JSON; usd: every digit.  is_rest: what no line of costs has.
    """

    invoice: Invoice
    month: date
    issuer: str
    detail_id: str
    category: Category
    description: str
    grain: str
    usd: Decimal
    is_rest: bool


def on_invoices(
    lines: Sequence[Line], settings: Settings
) -> tuple[tuple[Line, ...], tuple[InvoiceLine, ...]]:
    """The lines of costs, each with the invoice that it is on, if any; and the lines of the invoices, in the order of
    the settings, the items by their name and the rest last.
    """
    placed = list(lines)
    found: list[InvoiceLine] = []
    for invoice in settings.invoices:
        is_pool = invoice.of in settings.pools
        places = [place for place, line in enumerate(lines) if _is_on(line, invoice, is_pool=is_pool)]
        issuer = settings.finance.provider if is_pool else invoice.of
        items: dict[str, list[Line]] = {}
        for place in places:
            line = lines[place]
            grain = _grain(line.item, _category(line))
            detail_id = _id(issuer, invoice, _category(line), grain)
            placed[place] = replace(line, invoice=OnInvoice(invoice.id, detail_id))
            items.setdefault(detail_id, []).append(line)
        itemised = sorted(_items(invoice, issuer, items), key=lambda each: (each.grain, each.category))
        found.extend(itemised)
        found.extend(
            _rest(invoice, issuer, Decimal(repr(settings.bills[invoice.of][invoice.month])), itemised)
        )
    return tuple(placed), tuple(found)


def without_particulars(settings: Settings) -> int:
    """Amounts of [bills] of which nothing says on which invoice they are."""
    return sum(len(months) for months in settings.bills.values()) - len(settings.invoices)


def _is_on(line: Line, invoice: Invoice, *, is_pool: bool) -> bool:
    whose = line.item.resource if is_pool else line.item.service.provider
    is_of_pool = line.item.sku.startswith("replica/")
    return whose == invoice.of and is_pool == is_of_pool and f"{line.day:%Y-%m}" == invoice.month


def _category(line: Line) -> Category:
    return "Adjustment" if line.kind == "adjustment" else "Usage"


def _items(invoice: Invoice, issuer: str, items: dict[str, list[Line]]) -> Iterator[InvoiceLine]:
    for detail_id, lines in items.items():
        item, category = lines[0].item, _category(lines[0])
        what = item.meter if item.resource is None else f"{item.meter} of {item.resource}"
        yield InvoiceLine(
            invoice=invoice,
            month=date.fromisoformat(f"{invoice.month}-01"),
            issuer=issuer,
            detail_id=detail_id,
            category=category,
            description=f"{item.service.name}: {what}"
            if category == "Usage"
            else f"{item.service.name}: what the invoice differs from hours x declared price by",
            grain=_grain(item, category),
            usd=_sum(line.usd for line in lines),
            is_rest=False,
        )


def _rest(
    invoice: Invoice, issuer: str, invoiced: Decimal, items: Sequence[InvoiceLine]
) -> Iterator[InvoiceLine]:
    usd = EXACT.subtract(invoiced, _sum(item.usd for item in items))
    if abs(usd) < _HALF_MICRO:
        return
    grain = json.dumps({"x_InvoiceLine": "not in the file of costs"})
    yield InvoiceLine(
        invoice=invoice,
        month=date.fromisoformat(f"{invoice.month}-01"),
        issuer=issuer,
        detail_id=_id(issuer, invoice, "Adjustment", grain),
        category="Adjustment",
        description="Invoiced, and not in the file of costs"
        if usd > 0
        else "In the file of costs, and not invoiced",
        grain=grain,
        usd=usd,
        is_rest=True,
    )


def _grain(item: Item, category: Category) -> str:
    """By the properties that FOCUS names for this, those that the item has."""
    is_used = category == "Usage"
    named = {
        "RegionId": item.region,
        "ResourceId": item.resource,
        "ResourceType": item.resource_type,
        "ServiceName": item.service.name,
        "SkuId": item.sku if is_used else None,
        "SkuMeter": item.meter if is_used else None,
    }
    return json.dumps({key: value for key, value in named.items() if value is not None})


def _id(issuer: str, invoice: Invoice, category: Category, grain: str) -> str:
    said = json.dumps([issuer, invoice.id, invoice.of, invoice.month, category, grain])
    return hashlib.sha256(said.encode()).hexdigest()[:_ID_DIGITS]


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
