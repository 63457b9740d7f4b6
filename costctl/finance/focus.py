"""Which columns does a FOCUS 1.2 file have, and what is in each?

In: ``Line``, and what all lines have in common. Out: ``COLUMNS``, each with its name, kind, where it comes from and how
it is read off a line; and the rows of the file. Source: https://focus.finops.org/focus-specification/v1-2/.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

from costctl.documents.estimate import Estimate
from costctl.finance.line import Line

FOCUS_VERSION: Final = "1.2"
METHOD_ID: Final = "costctl-coresidency-v1"
Cell = str | Decimal | int | None


@dataclass(frozen=True, slots=True)
class Common:
    """What the lines of a file share. issuer: who sends the bill for what is one's own; of tokens, their provider does.

    marginal_usd: by class, of one request more.  method, input_digest, price_book: where the figures come from.
    """

    account_id: str
    account_name: str | None
    marginal_usd: dict[str, Estimate]
    method: str
    input_digest: str
    price_book: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. kind: of its values.  source: where they come from, for docs/reference/focus.md."""

    name: str
    kind: Literal["text", "decimal", "whole"]
    source: str
    read: Callable[[Line, Common], Cell]


def focus_rows(lines: Iterable[Line], common: Common) -> Iterator[tuple[Cell, ...]]:
    """One row a line, a cell for each of COLUMNS; None is null. FOCUS 1.2 wants ASCII: other letters are escaped."""
    return (tuple(_ascii(column.read(line, common)) for column in COLUMNS) for line in lines)


def _ascii(cell: Cell) -> Cell:
    """The cell; a text in ASCII, and null where it is empty."""
    return (cell.encode("ascii", "backslashreplace").decode() or None) if isinstance(cell, str) else cell


def _instant(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _month(line: Line, _common: Common) -> str:
    return _instant(line.day.replace(day=1))


def _next_month(line: Line, _common: Common) -> str:
    return _instant((line.day.replace(day=1) + timedelta(days=32)).replace(day=1))


def _cost(line: Line, _common: Common) -> Decimal:
    return line.usd


def _unit_price(line: Line, _common: Common) -> Decimal | None:
    return line.unit_price


def _sku(line: Line, _common: Common) -> str | None:
    return None if line.unit_price is None else line.item.sku


def _sku_price(line: Line, common: Common) -> str | None:
    if line.unit_price is None:
        return None
    at = f"{line.item.sku}@{line.unit_price:f}"
    return (
        f"{at}/{common.price_book}" if line.item.sku.startswith("api_tokens/") and common.price_book else at
    )


def _provider(line: Line, _common: Common) -> str:
    return line.item.service.provider


def _tags(line: Line, _common: Common) -> str | None:
    tags = {"request_class": line.whose.request_class, "tenant": line.whose.tenant}
    known = {key: value for key, value in tags.items() if value is not None}
    return json.dumps(known, sort_keys=True) if known else None


def _marginal(bound: str) -> Callable[[Line, Common], Decimal | None]:
    def read(line: Line, common: Common) -> Decimal | None:
        found = common.marginal_usd.get(line.whose.request_class or "")
        return None if found is None else Decimal(f"{getattr(found, bound):.9f}")

    return read


def _allocated(line: Line, value: Cell) -> Cell:
    return None if line.allocation is None else value


def _details(line: Line, _common: Common) -> str | None:
    if line.allocation is None:
        return None
    details = {
        "AllocatedRatio": f"{line.allocation.ratio:f}",
        "AllocatedResourceId": line.whose.request_class or line.kind,
        "AllocatedTags": {"tenant": line.whose.tenant} if line.whose.tenant else {},
    }
    return json.dumps(details, sort_keys=True)


def _whose_class(line: Line, _common: Common) -> str | None:
    return line.whose.request_class


def _tenant(line: Line, _common: Common) -> str | None:
    return line.whose.tenant


COLUMNS: Final[tuple[Column, ...]] = (
    Column("BilledCost", "decimal", "ListUnitPrice × PricingQuantity; of an adjustment, its amount", _cost),
    Column(
        "BillingAccountId", "text", "`[finance] billing_account_id`", lambda _l, common: common.account_id
    ),
    Column(
        "BillingAccountName",
        "text",
        "`[finance] billing_account_name`; null without",
        lambda _l, common: common.account_name,
    ),
    Column("BillingAccountType", "text", "always `Account`", lambda _l, _c: "Account"),
    Column("BillingCurrency", "text", "always `USD`", lambda _l, _c: "USD"),
    Column("BillingPeriodEnd", "text", "the first of the month after ChargePeriodStart", _next_month),
    Column("BillingPeriodStart", "text", "the first of the month of ChargePeriodStart", _month),
    Column(
        "ChargeCategory",
        "text",
        "`Usage`; `Adjustment` for what an invoice differs from the declared price by",
        lambda line, _c: "Adjustment" if line.kind == "adjustment" else "Usage",
    ),
    Column("ChargeClass", "text", "always null: no line corrects an earlier period", lambda _l, _c: None),
    Column(
        "ChargeDescription", "text", "what was used, and for which class", lambda line, _c: line.description
    ),
    Column(
        "ChargeFrequency",
        "text",
        "`Usage-Based`; `One-Time` for an adjustment",
        lambda line, _c: "One-Time" if line.kind == "adjustment" else "Usage-Based",
    ),
    Column(
        "ChargePeriodEnd",
        "text",
        "the day after ChargePeriodStart, exclusive",
        lambda line, _c: _instant(line.day + timedelta(days=1)),
    ),
    Column(
        "ChargePeriodStart",
        "text",
        "the UTC day in which the call (or else the request) started",
        lambda line, _c: _instant(line.day),
    ),
    Column(
        "CommitmentDiscountStatus",
        "text",
        "always null: no commitment discounts are known",
        lambda _l, _c: None,
    ),
    Column(
        "ConsumedQuantity",
        "decimal",
        "tokens, requests, bytes; of a pool replica hours × `accelerators_per_replica`",
        lambda line, _c: line.consumed_quantity,
    ),
    Column(
        "ConsumedUnit",
        "text",
        "`Tokens`, `Requests`, `Bytes`, `GPU-Hours`",
        lambda line, _c: None if line.consumed_quantity is None else line.item.consumed_unit,
    ),
    Column("ContractedCost", "decimal", "as ListCost: the rates of costctl.toml are those agreed", _cost),
    Column("ContractedUnitPrice", "decimal", "as ListUnitPrice", _unit_price),
    Column("EffectiveCost", "decimal", "as BilledCost", _cost),
    Column("InvoiceId", "text", "always null: no line is known to be on an invoice", lambda _l, _c: None),
    Column("InvoiceIssuerName", "text", "as ProviderName", _provider),
    Column(
        "ListCost",
        "decimal",
        "ListUnitPrice × PricingQuantity, every digit; of an adjustment, its amount",
        _cost,
    ),
    Column(
        "ListUnitPrice",
        "decimal",
        "the price book's, or that of costctl.toml, of one PricingUnit, to twelve places",
        _unit_price,
    ),
    Column(
        "PricingCategory",
        "text",
        "`Standard`; `Other` for an adjustment",
        lambda line, _c: "Other" if line.kind == "adjustment" else "Standard",
    ),
    Column("PricingCurrency", "text", "always `USD`", lambda _l, _c: "USD"),
    Column("PricingCurrencyContractedUnitPrice", "decimal", "as ContractedUnitPrice", _unit_price),
    Column("PricingCurrencyEffectiveCost", "decimal", "as EffectiveCost", _cost),
    Column("PricingCurrencyListUnitPrice", "decimal", "as ListUnitPrice", _unit_price),
    Column(
        "PricingQuantity",
        "decimal",
        "in PricingUnit; hours of a pool in whole billionths",
        lambda line, _c: line.pricing_quantity,
    ),
    Column(
        "PricingUnit",
        "text",
        "`1000000 Tokens`, `1000 Requests`, `GB`, `Hours`",
        lambda line, _c: None if line.pricing_quantity is None else line.item.pricing_unit,
    ),
    Column("ProviderName", "text", "of tokens their provider; else `[finance] provider`", _provider),
    Column("PublisherName", "text", "as ProviderName", _provider),
    Column("RegionId", "text", "`[pools.NAME] region`; null without", lambda line, _c: line.item.region),
    Column("RegionName", "text", "as RegionId", lambda line, _c: line.item.region),
    Column(
        "ResourceId", "text", "the pool, or the storage; null for tokens", lambda line, _c: line.item.resource
    ),
    Column("ResourceName", "text", "always null: the id is the name", lambda _l, _c: None),
    Column(
        "ResourceType",
        "text",
        "`pool of accelerators`, `storage reads`, `storage bytes`, `egress`",
        lambda line, _c: line.item.resource_type,
    ),
    Column(
        "ServiceCategory",
        "text",
        "`Compute`, `AI and Machine Learning`, `Storage`, `Networking`",
        lambda line, _c: line.item.service.category,
    ),
    Column(
        "ServiceName",
        "text",
        "the model; or `Accelerator replicas`, `storage reads`, `egress`",
        lambda line, _c: line.item.service.name,
    ),
    Column(
        "ServiceSubcategory",
        "text",
        "`Generative AI`, `Other (Compute)`, `Object Storage`, `Other (Networking)`",
        lambda line, _c: line.item.service.subcategory,
    ),
    Column("SkuId", "text", "component and resource; null for an adjustment", _sku),
    Column(
        "SkuMeter",
        "text",
        "`Input Tokens`, `Cache Read Tokens`, `Cache Write Tokens`, `Output Tokens`, `Replica Hours`, …",
        lambda line, _c: None if line.unit_price is None else line.item.meter,
    ),
    Column("SkuPriceDetails", "text", "always null", lambda _l, _c: None),
    Column(
        "SkuPriceId", "text", "SkuId, the unit price, and for tokens the price book's version", _sku_price
    ),
    Column(
        "SubAccountId",
        "text",
        "the tenant, hashed unless `--tenants plain`; null where not observed",
        _tenant,
    ),
    Column("SubAccountName", "text", "as SubAccountId", _tenant),
    Column(
        "SubAccountType",
        "text",
        "`Tenant`; null without one",
        lambda line, _c: None if line.whose.tenant is None else "Tenant",
    ),
    Column("Tags", "text", "JSON: request_class and tenant; null for nobody's", _tags),
    Column(
        "x_AllocatedMethodDetails",
        "text",
        "JSON: AllocatedRatio, AllocatedResourceId (class, or `idle`), AllocatedTags",
        _details,
    ),
    Column(
        "x_AllocatedMethodId",
        "text",
        f"`{METHOD_ID}` on the parts of a pool's day; null elsewhere",
        lambda line, _c: _allocated(line, METHOD_ID),
    ),
    Column(
        "x_AllocatedRatio",
        "decimal",
        "part of the origin charge; sums to 1 exactly over x_OriginChargeId",
        lambda line, _c: line.allocation.ratio if line.allocation else None,
    ),
    Column(
        "x_CostKind",
        "text",
        "`direct`, `busy`, `idle`, `unattributed`, `adjustment`: the parts that the analysis adds up",
        lambda line, _c: line.kind,
    ),
    Column(
        "x_FailedCost",
        "decimal",
        "part of BilledCost that attempts took that failed or were repeated; never to be added to it",
        lambda line, _c: line.retry_tax_usd,
    ),
    Column(
        "x_InputDigest",
        "text",
        "SHA-256 over the digests of what was ingested",
        lambda _l, common: common.input_digest,
    ),
    Column(
        "x_MarginalCostPerRequest",
        "decimal",
        "what one request more of the class costs; for decisions, never to be added",
        _marginal("mid"),
    ),
    Column("x_MarginalCostPerRequestHigh", "decimal", "its upper bound, 95 %", _marginal("high")),
    Column("x_MarginalCostPerRequestLow", "decimal", "its lower bound", _marginal("low")),
    Column(
        "x_MethodVersion", "text", "how shared time was split, in words", lambda _l, common: common.method
    ),
    Column(
        "x_OriginChargeId",
        "text",
        "pool and day whose charge the line is a part of; null elsewhere",
        lambda line, _c: line.allocation.origin if line.allocation else None,
    ),
    Column("x_PriceBookVersion", "text", "the price book of tokens", lambda _l, common: common.price_book),
    Column("x_RequestClass", "text", "the class; null for what nobody answers for", _whose_class),
    Column(
        "x_Requests",
        "whole",
        "requests behind the line; one request is behind several lines",
        lambda line, _c: line.requests,
    ),
    Column("x_SuccessfulRequests", "whole", "those of them that succeeded", lambda line, _c: line.successes),
)
