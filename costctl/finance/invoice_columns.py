"""Which columns does a file of invoices have, and what is in each?

In: ``InvoiceLine``, and what all lines have in common. Out: ``INVOICE_COLUMNS``, those of the dataset Invoice Detail of
FOCUS 1.4, by the alphabet. Source: https://focus.finops.org/focus-specification/v1-4/, "Invoice Detail".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from costctl.finance.focus_column import Cell, Column, Common
from costctl.finance.invoices import InvoiceLine


def invoice_rows(lines: Iterable[InvoiceLine], common: Common) -> Iterator[tuple[Cell, ...]]:
    """One row a line, a cell for each column; None is null."""
    return (tuple(column.read(line, common) for column in INVOICE_COLUMNS) for line in lines)


def _instant(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _month_end(line: InvoiceLine, _common: Common) -> str:
    return _instant((line.month + timedelta(days=32)).replace(day=1))


def _issued(line: InvoiceLine, _common: Common) -> str | None:
    return None if line.invoice.issued is None else _instant(line.invoice.issued)


def _made(line: InvoiceLine, common: Common) -> str:
    return _issued(line, common) or _month_end(line, common)


INVOICE_COLUMNS: Final[tuple[Column[InvoiceLine], ...]] = (
    Column(
        "BilledCost",
        "decimal",
        "Σ BilledCost of the cost rows with its InvoiceDetailId; of the row that is in no cost row, the amount of "
        "`[bills]` less all others of the invoice",
        lambda line, _c: line.usd,
    ),
    Column(
        "BillingAccountId", "text", "`[finance] billing_account_id`", lambda _l, common: common.account_id
    ),
    Column("BillingCurrency", "text", "always `USD`", lambda _l, _c: "USD"),
    Column("BillingPeriodEnd", "instant", "the first of the month after the invoice's", _month_end),
    Column(
        "BillingPeriodStart", "instant", "the first of its `month`", lambda line, _c: _instant(line.month)
    ),
    Column(
        "ChargeCategory",
        "text",
        "`Usage`; `Adjustment` for what an invoice differs from the declared price by, and for what no cost row has",
        lambda line, _c: line.category,
    ),
    Column("InvoiceDetailCreated", "instant", "InvoiceIssueDate, else BillingPeriodEnd", _made),
    Column(
        "InvoiceDetailDescription",
        "text",
        "what was bought; `Invoiced, and not in the file of costs`, or the other way round",
        lambda line, _c: line.description,
    ),
    Column(
        "InvoiceDetailGrain",
        "json",
        "ServiceName, SkuId, SkuMeter, ResourceId, ResourceType, RegionId, those that there are; `x_InvoiceLine` of "
        "what no cost row has",
        lambda line, _c: line.grain,
    ),
    Column(
        "InvoiceDetailId",
        "text",
        "16 hex digits of a SHA-256 of what tells the row apart: the same in every export",
        lambda line, _c: line.detail_id,
    ),
    Column("InvoiceDetailLastUpdated", "instant", "as InvoiceDetailCreated", _made),
    Column("InvoiceId", "text", "its `id`", lambda line, _c: line.invoice.id),
    Column("InvoiceIssueDate", "instant", "its `issued`; null without", _issued),
    Column("InvoiceIssueStatus", "text", "its `status`, or `Issued`", lambda line, _c: line.invoice.status),
    Column(
        "InvoiceIssuerName",
        "text",
        "the provider; of a pool `[finance] provider`",
        lambda line, _c: line.issuer,
    ),
    Column("PaymentCurrency", "text", "always `USD`", lambda _l, _c: "USD"),
    Column("PaymentCurrencyBilledCost", "decimal", "as BilledCost", lambda line, _c: line.usd),
    Column("PaymentCurrencyInvoiceDetailId", "text", "as InvoiceDetailId", lambda line, _c: line.detail_id),
    Column(
        "PaymentDueDate",
        "instant",
        "its `due`; null without",
        lambda line, _c: None if line.invoice.due is None else _instant(line.invoice.due),
    ),
    Column("PaymentTerms", "text", "its `terms`", lambda line, _c: line.invoice.terms),
    Column(
        "PurchaseOrderNumber",
        "text",
        "its `purchase_order`; null without",
        lambda line, _c: line.invoice.purchase_order,
    ),
    Column(
        "ReferenceInvoiceId",
        "text",
        "as InvoiceId: no invoice here corrects an earlier one",
        lambda line, _c: line.invoice.id,
    ),
)
