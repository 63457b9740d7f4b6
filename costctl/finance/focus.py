"""Which columns does a FOCUS file have, and what is in each?

In: ``Line``, and what all lines have in common. Out: ``COLUMNS``, each with its name, kind, where it comes from, how it
is read off a line, and the versions of FOCUS that have it; and the rows of a file. Sources:
https://focus.finops.org/focus-specification/v1-2/ and https://focus.finops.org/focus-specification/v1-4/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from costctl.documents.analysis import ClassCost
from costctl.documents.estimate import Estimate
from costctl.finance import focus_cells as cells
from costctl.finance.focus_column import METHOD_ID, Cell, Column, Common, FocusVersion
from costctl.finance.line import Line

_OLD: Final[tuple[FocusVersion, ...]] = ("1.2",)
_NEW: Final[tuple[FocusVersion, ...]] = ("1.4",)


def columns_of(version: FocusVersion) -> tuple[Column[Line], ...]:
    """The columns of a file of that version, in their order: those of FOCUS, then ours, each by the alphabet."""
    return tuple(column for column in COLUMNS if version in column.versions)


def focus_rows(lines: Iterable[Line], common: Common, version: FocusVersion) -> Iterator[tuple[Cell, ...]]:
    """One row a line, a cell for each of the version's columns; None is null, and no text is blank.

    The validator of FOCUS 1.2 takes ASCII only: other letters are escaped there. FOCUS 1.4 wants texts as they are.
    """
    columns, is_ascii = columns_of(version), version == "1.2"
    return (
        tuple(_cell(column.read(line, common), is_ascii=is_ascii) for column in columns) for line in lines
    )


def _cell(cell: Cell, *, is_ascii: bool) -> Cell:
    if not isinstance(cell, str):
        return cell
    if not cell.strip():
        return None
    return cell.encode("ascii", "backslashreplace").decode() if is_ascii else cell


def _of_class(
    name: str, source: str, figure: Callable[[ClassCost], Estimate | None]
) -> tuple[Column[Line], Column[Line], Column[Line]]:
    """A figure of the line's class and its bounds, in USD: the same on all lines of the class, and part of no cost."""
    return (
        Column(name, "decimal", source, cells.of_class(figure, "mid")),
        Column(
            f"{name}High",
            "decimal",
            "its upper bound: of the 95 % interval, else the most that it can be",
            cells.of_class(figure, "high"),
        ),
        Column(f"{name}Low", "decimal", "its lower bound, likewise", cells.of_class(figure, "low")),
    )


COLUMNS: Final[tuple[Column[Line], ...]] = (
    Column(
        "AllocatedMethodDetails",
        "json",
        "`Elements`: AllocatedRatio, and UsageQuantity in UsageUnit, the hours that it is the ratio of; "
        "null elsewhere than on the parts of a pool's day",
        cells.method_details,
        _NEW,
    ),
    Column(
        "AllocatedMethodId",
        "text",
        f"`{METHOD_ID}` on the parts of a pool's day; null elsewhere",
        cells.method_id,
        _NEW,
    ),
    Column(
        "AllocatedResourceId",
        "text",
        "on the parts of a pool's day the class; null for what is idle or was not timed",
        cells.of_part(cells.request_class),
        _NEW,
    ),
    Column(
        "AllocatedResourceName", "text", "as AllocatedResourceId", cells.of_part(cells.request_class), _NEW
    ),
    Column(
        "AllocatedTags",
        "json",
        "on the parts of a pool's day `costctl/request_class` and `tenant`; null where there is none",
        cells.of_part(cells.owned_tags),
        _NEW,
    ),
    Column(
        "BilledCost", "decimal", "ListUnitPrice × PricingQuantity; of an adjustment, its amount", cells.cost
    ),
    Column(
        "BillingAccountId", "text", "`[finance] billing_account_id`", lambda _l, common: common.account_id
    ),
    Column(
        "BillingAccountName",
        "text",
        "`[finance] billing_account_name`; null without",
        lambda _l, common: common.account_name,
    ),
    Column("BillingAccountType", "text", "always `Account`", cells.always("Account")),
    Column("BillingCurrency", "text", "always `USD`", cells.always("USD")),
    Column("BillingPeriodEnd", "instant", "the first of the month after ChargePeriodStart", cells.month_end),
    Column("BillingPeriodStart", "instant", "the first of the month of ChargePeriodStart", cells.month_start),
    Column(
        "ChargeCategory",
        "text",
        "`Usage`; `Adjustment` for what an invoice differs from the declared price by",
        lambda line, _c: "Adjustment" if line.kind == "adjustment" else "Usage",
    ),
    Column("ChargeClass", "text", "always null: no line corrects an earlier period", cells.nothing),
    Column(
        "ChargeDescription",
        "text",
        "what was used, and for which class",
        lambda line, _c: line.description,
        _OLD,
    ),
    Column(
        "ChargeDescription",
        "text",
        "what was used, and for which class; the same on all parts of a pool's day",
        cells.charge_description,
        _NEW,
    ),
    Column(
        "ChargeFrequency",
        "text",
        "`Usage-Based`; `One-Time` for an adjustment",
        lambda line, _c: "One-Time" if line.kind == "adjustment" else "Usage-Based",
    ),
    Column(
        "ChargePeriodEnd",
        "instant",
        "the day after ChargePeriodStart, exclusive",
        cells.day_end,
    ),
    Column(
        "ChargePeriodStart",
        "instant",
        "the UTC day in which the call (or else the request) started",
        cells.day_start,
    ),
    Column(
        "CommitmentDiscountStatus",
        "text",
        "always null: no commitment discounts are known",
        cells.nothing,
    ),
    Column(
        "ConsumedQuantity",
        "decimal",
        "tokens, requests, bytes, seconds; of a pool replica hours × `accelerators_per_replica`",
        lambda line, _c: line.consumed_quantity,
    ),
    Column(
        "ConsumedUnit",
        "text",
        "`Tokens`, `Searches`, `Requests`, `B`, `Seconds`, `GPU-Hours`, …",
        lambda line, _c: None if line.consumed_quantity is None else line.item.consumed_unit,
    ),
    Column(
        "ContractedCost", "decimal", "as ListCost: the rates of costctl.toml are those agreed", cells.cost
    ),
    Column("ContractedUnitPrice", "decimal", "as ListUnitPrice", cells.unit_price),
    Column("EffectiveCost", "decimal", "as BilledCost", cells.cost),
    Column(
        "HostProviderName",
        "text",
        "as ServiceProviderName: who hosts it for them is not observed",
        cells.provider,
        _NEW,
    ),
    Column("InvoiceDetailId", "text", "its row in the file of invoices; null without", cells.detail_id, _NEW),
    Column("InvoiceId", "text", "the `id` in `[[invoices]]`; null without", cells.invoice_id),
    Column(
        "InvoiceIssuerName", "text", "of tokens their provider; else `[finance] provider`", cells.provider
    ),
    Column(
        "ListCost",
        "decimal",
        "ListUnitPrice × PricingQuantity, every digit; of an adjustment, its amount",
        cells.cost,
    ),
    Column(
        "ListUnitPrice",
        "decimal",
        "the price book's, or that of costctl.toml, of one PricingUnit, to twelve places",
        cells.unit_price,
    ),
    Column(
        "PricingCategory",
        "text",
        "`Standard`; `Other` for an adjustment",
        lambda line, _c: "Other" if line.kind == "adjustment" else "Standard",
        _OLD,
    ),
    Column(
        "PricingCategory",
        "text",
        "`Standard`; null for an adjustment, which has no price",
        lambda line, _c: None if line.unit_price is None else "Standard",
        _NEW,
    ),
    Column("PricingCurrency", "text", "always `USD`", cells.always("USD")),
    Column("PricingCurrencyContractedUnitPrice", "decimal", "as ContractedUnitPrice", cells.unit_price),
    Column("PricingCurrencyEffectiveCost", "decimal", "as EffectiveCost", cells.cost),
    Column("PricingCurrencyListUnitPrice", "decimal", "as ListUnitPrice", cells.unit_price),
    Column(
        "PricingQuantity",
        "decimal",
        "in PricingUnit; hours in whole billionths",
        lambda line, _c: line.pricing_quantity,
    ),
    Column(
        "PricingUnit",
        "text",
        "`1000000 Tokens`, `1000 Searches`, `1000 Requests`, `GB`, `Hours`, …",
        lambda line, _c: None if line.pricing_quantity is None else line.item.pricing_unit,
    ),
    Column("ProviderName", "text", "as InvoiceIssuerName", cells.provider, _OLD),
    Column("PublisherName", "text", "as ProviderName", cells.provider, _OLD),
    Column("RegionId", "text", "`[pools.NAME] region`; null without", lambda line, _c: line.item.region),
    Column("RegionName", "text", "as RegionId", lambda line, _c: line.item.region),
    Column(
        "ResourceId",
        "text",
        "the pool, the storage, the tool, the path of bytes; null for tokens",
        lambda line, _c: line.item.resource,
    ),
    Column("ResourceName", "text", "always null: the id is the name", cells.nothing),
    Column(
        "ResourceType",
        "text",
        "`pool of accelerators`, `storage reads`, `storage bytes`, `egress`, `retrieval`, `tool`, `cpu`",
        lambda line, _c: line.item.resource_type,
    ),
    Column(
        "ServiceCategory",
        "text",
        "tokens `AI and Machine Learning`; searches of a vector store `Databases`; storage reads and bytes `Storage`; "
        "egress, also between zones and regions, `Networking`; pools, runs of tools and processor time `Compute`",
        lambda line, _c: line.item.service.category,
    ),
    Column(
        "ServiceName",
        "text",
        "the model; `Accelerator replicas`; of a storage its subcategory, or `Storage`; else as ResourceType",
        lambda line, _c: line.item.service.name,
    ),
    Column("ServiceProviderName", "text", "as InvoiceIssuerName", cells.provider, _NEW),
    Column(
        "ServiceSubcategory",
        "text",
        "of tokens `Generative AI`; of a storage `Object Storage`, `Block Storage` or `File Storage` by its `kind`; "
        "else `Other (…)` of the category",
        lambda line, _c: line.item.service.subcategory,
    ),
    Column("SkuId", "text", "component and resource; null for an adjustment", cells.sku),
    Column(
        "SkuMeter",
        "text",
        "`Input Tokens`, `Cache Read Tokens`, `Cache Write Tokens`, `Output Tokens`, `Replica Hours`, …",
        lambda line, _c: None if line.unit_price is None else line.item.meter,
    ),
    Column("SkuPriceDetails", "json", "always null", cells.nothing),
    Column(
        "SkuPriceId",
        "text",
        "SkuId, the unit price, and for tokens the price book's version",
        cells.sku_price,
    ),
    Column(
        "SubAccountId",
        "text",
        "the tenant, hashed unless `--tenants plain`; null where not observed",
        cells.tenant,
        _OLD,
    ),
    Column(
        "SubAccountId",
        "text",
        "the tenant; null where not observed, and on the parts of a pool's day: theirs is in AllocatedTags",
        cells.of_whole(cells.tenant),
        _NEW,
    ),
    Column("SubAccountName", "text", "as SubAccountId", cells.tenant, _OLD),
    Column("SubAccountName", "text", "as SubAccountId", cells.of_whole(cells.tenant), _NEW),
    Column("SubAccountType", "text", "`Tenant`; null without one", cells.tenant_type, _OLD),
    Column("SubAccountType", "text", "`Tenant`; null without one", cells.of_whole(cells.tenant_type), _NEW),
    Column("Tags", "json", "`request_class` and `tenant`; null where there is none", cells.tags, _OLD),
    Column(
        "Tags",
        "json",
        "`costctl/request_class` and `tenant`; null where there is none, and on the parts of a pool's day",
        cells.of_whole(cells.owned_tags),
        _NEW,
    ),
    Column(
        "x_AllocatedMethodDetails",
        "json",
        "AllocatedRatio, AllocatedResourceId (class, or `idle`), AllocatedTags",
        cells.flat_details,
        _OLD,
    ),
    Column(
        "x_AllocatedMethodId",
        "text",
        f"`{METHOD_ID}` on the parts of a pool's day; null elsewhere",
        cells.method_id,
        _OLD,
    ),
    Column(
        "x_AllocatedRatio",
        "decimal",
        "part of the origin charge; sums to 1 exactly over x_OriginChargeId",
        cells.allocated_ratio,
    ),
    Column(
        "x_AmountSource",
        "text",
        "`recorded` where the amount is what the calls' own records say, by `[prices] unpriced`; else `price`; "
        "null for adjustments",
        cells.amount_source,
    ),
    *_of_class(
        "x_CongestionCost",
        "USD that the delay one request of the class puts on others is worth, by `delay_usd_per_s`; null without it",
        lambda cost: cost.congestion_usd_per_request,
    ),
    Column(
        "x_CostKind",
        "text",
        "`direct`, `busy`, `idle`, `unattributed`, `adjustment`: the parts that the analysis adds up",
        lambda line, _c: line.kind,
    ),
    *_of_class(
        "x_CostPerSuccess",
        "USD of all that the class was charged, failed attempts included and idle not, over its successes",
        lambda cost: cost.usd_per_success,
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
    *_of_class(
        "x_MarginalCost",
        "USD that one request more of the class costs; for decisions, never to be added",
        lambda cost: cost.marginal_usd_per_request,
    ),
    Column(
        "x_MethodVersion", "text", "how shared time was split, in words", lambda _l, common: common.method
    ),
    Column(
        "x_OriginChargeId",
        "text",
        "pool and day whose charge the line is a part of; null elsewhere",
        cells.origin_charge,
    ),
    Column("x_PriceBookVersion", "text", "the price book of tokens", lambda _l, common: common.price_book),
    Column("x_RequestClass", "text", "the class; null for costs of no class", cells.request_class),
    Column(
        "x_Requests",
        "whole",
        "requests of the class and tenant that started on the day, on the first of their lines and 0 on the others, so "
        "that they add up; null on lines of no class",
        lambda line, _c: line.requests,
    ),
    Column(
        "x_SuccessfulRequests", "whole", "those of x_Requests that succeeded", lambda line, _c: line.successes
    ),
    Column(
        "x_TenantId", "text", "the tenant, of all lines, hashed unless `--tenants plain`", cells.tenant, _NEW
    ),
    Column(
        "x_UnpricedCharges",
        "whole",
        "charges of the line's class that have no amount and no line: where there are any, its costs are lower bounds",
        cells.unpriced_charges,
    ),
)
