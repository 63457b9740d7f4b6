"""What does an AWS Cost and Usage Report say? CUR 2.0, and the older one with the same columns written otherwise.

In: lines as dicts, by the names of CUR 2.0. Out: rows of Amazon Bedrock, and how many lines are of other services.
Source: docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html, read 2026-11-30.

The usage type names the region, the model and the kind of token: "USE1-Claude3.5Sonnet-input-tokens". What is sold
through the Marketplace names the model as a product, and counts in millions of tokens:
"USE1-MP:USE1_InputTokenCount-Units".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from costctl.billed.kinds import kind_of, tier_of, unit_size, without_kind
from costctl.billed.reading import Reading, quantity, span_ns
from costctl.billed.row import BilledRow, Charge
from costctl.billed.values import text

PROVIDER: Final = "aws"
NEEDED: Final = frozenset({"line_item_usage_start_date", "line_item_unblended_cost"})
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_REGION: Final = re.compile(r"^(?:[A-Z]{2,4}\d?-)?(?:MP:[A-Z]{2,4}\d?_)?")
_EDITION: Final = re.compile(r"\s*\(amazon bedrock edition\)\s*", re.IGNORECASE)
_CLAUDE: Final = re.compile(r"Claude ?(?P<version>\d+(?:[. -]\d+)?) ?(?P<family>Opus|Sonnet|Haiku)$")
_MILLION: Final = 1_000_000
_CHARGES: Final[dict[str, Charge]] = {
    "usage": "usage",
    "discountedusage": "usage",
    "savingsplancoveredusage": "usage",
    "tax": "tax",
    "credit": "credit",
    "refund": "credit",
    "edpdiscount": "discount",
    "privateratediscount": "discount",
    "bundleddiscount": "discount",
    "savingsplannegation": "discount",
}


def plain_name(column: str) -> str:
    """A column as CUR 2.0 writes it: line_item_usage_type of lineItem/UsageType."""
    return _CAMEL.sub("_", column.replace("/", "_")).lower()


def line(cells: Mapping[str, Any], reading: Reading) -> None:
    """Read one line."""
    said = " ".join(
        str(cells.get(name) or "")
        for name in ("line_item_product_code", "product_product_name", "product_servicecode", "product",
                     "line_item_line_item_description")
    ).lower()  # fmt: skip
    if "bedrock" not in said:
        reading.leave_out(*_money(cells))
        return
    reading.line(lambda: [_row(cells)])


def _money(cells: Mapping[str, Any]) -> tuple[Fraction | None, str]:
    amount = quantity(cells.get("line_item_unblended_cost"))
    return amount, (text(cells.get("line_item_currency_code")) or "USD").upper()


def _row(cells: Mapping[str, Any]) -> BilledRow:
    start, end = span_ns(cells.get("line_item_usage_start_date"), cells.get("line_item_usage_end_date"))
    usage_type = text(cells.get("line_item_usage_type")) or ""
    described = text(cells.get("line_item_line_item_description")) or ""
    product = _EDITION.sub("", text(cells.get("product_product_name")) or "")
    named = _REGION.sub("", usage_type)
    kind = kind_of(named) or kind_of(described)
    charge = _CHARGES.get((text(cells.get("line_item_line_item_type")) or "usage").lower(), "fee")
    amount, currency = _money(cells)
    used = quantity(cells.get("line_item_usage_amount"))
    return BilledRow(
        start,
        end,
        provider=PROVIDER,
        described=tuple(
            filter(None, (*_models(without_kind(named)), product, text(cells.get("line_item_operation"))))
        ),
        kind=kind,
        item=None if kind else usage_type or described or product,
        charge=charge,
        key=text(cells.get("line_item_resource_id")),
        project=text(cells.get("line_item_usage_account_id")),
        service_tier=tier_of(usage_type),
        quantity=None if kind is None or used is None else used * _size(cells, described),
        amount=amount,
        currency=currency,
    )


def _models(said: str) -> tuple[str, ...]:
    """The model as the usage type has it, and of a Claude also as it is called from 4 on: "Claude4.5Sonnet" is Claude
    Sonnet 4.5.
    """
    claude = _CLAUDE.match(said)
    return (said,) if claude is None else (said, f"Claude {claude['family']} {claude['version']}")


def _size(cells: Mapping[str, Any], described: str) -> int:
    """How many tokens one unit of the usage amount is."""
    unit = text(cells.get("pricing_unit"))
    size = unit_size(unit)
    return _MILLION if size == 1 and "million" in described.lower() else size
