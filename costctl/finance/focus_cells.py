"""What stands in a cell of a FOCUS file where it is more than a field of the line?

In: ``Line``, and what all lines have in common. Out: cells. The parts of one charge (a pool's day) are alike in FOCUS
1.4 in every dimension but those of the allocation: who used a part is said by AllocatedResourceId and AllocatedTags.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from costctl.documents.analysis import ClassCost
from costctl.documents.estimate import Estimate
from costctl.finance.focus_column import METHOD_ID, Cell, Common
from costctl.finance.line import Line, price


def nothing(_line: Line, _common: Common) -> None:
    """Null, of every line."""


def always(text: str) -> Callable[[Line, Common], Cell]:
    """The same text, of every line."""
    return lambda _line, _common: text


def cost(line: Line, _common: Common) -> Decimal:
    """USD, every digit."""
    return line.usd


def unit_price(line: Line, _common: Common) -> Decimal | None:
    """USD for one PricingUnit."""
    return line.unit_price


def provider(line: Line, _common: Common) -> str:
    """Whose service it is."""
    return line.item.service.provider


def day_start(line: Line, _common: Common) -> str:
    """The UTC day's first second."""
    return _instant(line.day)


def day_end(line: Line, _common: Common) -> str:
    """The next day's first second."""
    return _instant(line.day + timedelta(days=1))


def month_start(line: Line, _common: Common) -> str:
    """The first of the day's month."""
    return _instant(line.day.replace(day=1))


def month_end(line: Line, _common: Common) -> str:
    """The first of the next month."""
    return _instant((line.day.replace(day=1) + timedelta(days=32)).replace(day=1))


def _instant(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def invoice_id(line: Line, _common: Common) -> str | None:
    """The invoice that it is on; null where none is named."""
    return None if line.invoice is None else line.invoice.invoice_id


def detail_id(line: Line, _common: Common) -> str | None:
    """Its line there."""
    return None if line.invoice is None else line.invoice.detail_id


def sku(line: Line, _common: Common) -> str | None:
    """What is bought; null where nothing is, but an amount adjusted."""
    return None if line.unit_price is None else line.item.sku


def sku_price(line: Line, common: Common) -> str | None:
    """The sku at its price, and for what is bought of a provider the price book that has it."""
    if line.unit_price is None:
        return None
    at = f"{line.item.sku}@{line.unit_price:f}"
    is_bought = line.item.sku.startswith(("api_tokens/", "api_units/"))
    is_of_book = is_bought and not line.is_recorded
    return f"{at}/{common.price_book}" if is_of_book and common.price_book else at


def amount_source(line: Line, _common: Common) -> str | None:
    """Where the amount comes from; null for an adjustment."""
    if line.unit_price is None:
        return None
    return "recorded" if line.is_recorded else "price"


def request_class(line: Line, _common: Common) -> str | None:
    """The class that used it."""
    return line.whose.request_class


def tenant(line: Line, _common: Common) -> str | None:
    """The tenant that used it, as the file names tenants."""
    return line.whose.tenant


def tenant_type(line: Line, _common: Common) -> str | None:
    """What a tenant is called."""
    return None if line.whose.tenant is None else "Tenant"


def tags(line: Line, _common: Common) -> str | None:
    """Class and tenant as JSON, as files of FOCUS 1.2 have them."""
    return _object({"request_class": line.whose.request_class, "tenant": line.whose.tenant})


def owned_tags(line: Line, _common: Common) -> str | None:
    """Class and tenant as JSON. The class is costctl's own tag, and so has a prefix; the tenant is the user's."""
    return _object({"costctl/request_class": line.whose.request_class, "tenant": line.whose.tenant})


def _object(values: dict[str, str | None]) -> str | None:
    known = {key: value for key, value in values.items() if value is not None}
    return json.dumps(known, sort_keys=True) if known else None


def of_whole(read: Callable[[Line, Common], Cell]) -> Callable[[Line, Common], Cell]:
    """The cell of a charge that is not split; null for a part of one."""
    return lambda line, common: read(line, common) if line.allocation is None else None


def of_part(read: Callable[[Line, Common], Cell]) -> Callable[[Line, Common], Cell]:
    """The cell of a part of a split charge; null for a charge that is not split."""
    return lambda line, common: None if line.allocation is None else read(line, common)


def charge_description(line: Line, _common: Common) -> str:
    """What was used, and for which class; of a part, what the whole charge is for."""
    item = line.item
    if line.allocation is not None:
        return f"{item.meter} of {item.resource}"
    if line.kind != "direct":
        return line.description
    what, of_what = item.resource_type or item.meter, item.resource or item.service.name
    return f"{what[:1].upper()}{what[1:]} of {of_what} for requests of class {line.whose.request_class}"


method_id = of_part(always(METHOD_ID))


def allocated_ratio(line: Line, _common: Common) -> Decimal | None:
    """The part of the origin charge, to nine places."""
    return None if line.allocation is None else line.allocation.ratio


def origin_charge(line: Line, _common: Common) -> str | None:
    """The charge that the line is a part of."""
    return None if line.allocation is None else line.allocation.origin


def flat_details(line: Line, _common: Common) -> str | None:
    """How a part was found, as files of FOCUS 1.2 have it, which know no such column."""
    if line.allocation is None:
        return None
    details = {
        "AllocatedRatio": f"{line.allocation.ratio:f}",
        "AllocatedResourceId": line.whose.request_class or line.kind,
        "AllocatedTags": {"tenant": line.whose.tenant} if line.whose.tenant else {},
    }
    return json.dumps(details, sort_keys=True)


def method_details(line: Line, _common: Common) -> str | None:
    """How a part was found: its ratio, and the hours that the ratio comes from, as numbers with every digit."""
    if line.allocation is None:
        return None
    ratio, quantity = f"{line.allocation.ratio:f}", line.pricing_quantity
    usage = "" if quantity is None else f', "UsageQuantity": {quantity:f}'
    unit = json.dumps(line.item.pricing_unit)
    return f'{{"Elements": [{{"AllocatedRatio": {ratio}, "UsageUnit": {unit}{usage}}}]}}'


def of_class(
    figure: Callable[[ClassCost], Estimate | None], bound: Literal["low", "mid", "high"]
) -> Callable[[Line, Common], Decimal | None]:
    """A figure of the line's class in USD, to twelve places; null where the analysis has none, or there is no class."""

    def read(line: Line, common: Common) -> Decimal | None:
        found = common.class_costs.get(line.whose.request_class or "")
        estimate = None if found is None else figure(found)
        return None if estimate is None else price(getattr(estimate, bound))

    return read


def unpriced_charges(line: Line, common: Common) -> int | None:
    """Charges of the line's class that have no amount; null for costs of no class."""
    found = common.class_costs.get(line.whose.request_class or "")
    return None if found is None else found.unit_costs.unpriced_charges
