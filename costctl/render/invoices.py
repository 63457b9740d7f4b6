"""Invoices of providers beside what their calls were charged, as a table."""

from __future__ import annotations

from costctl.documents.analysis import Analysis
from costctl.documents.bill import ProviderInvoice
from costctl.render.cells import Quantity, count, ratio, usd
from costctl.render.sections import Table


def invoices(document: Analysis) -> Table:
    """One row per provider and month."""
    columns = (
        "provider",
        "month",
        "invoiced",
        "charged to calls",
        "invoiced - charged",
        "calls",
        "month observed",
    )
    rows = tuple(
        (
            each.provider,
            each.month,
            usd(each.invoiced_usd),
            usd(each.charged_usd).at_least(each.unpriced_charges),
            _difference(each),
            count(each.calls),
            ratio(each.observed_month_ratio),
        )
        for each in document.invoices
    )
    title = "Invoices of providers beside the charges of their calls, in USD; no part of the bill"
    return Table(title, columns, rows, frozenset({"provider", "month"}))


def _difference(each: ProviderInvoice) -> Quantity:
    """Of a part of a month there is nothing to tie out."""
    if not each.is_whole_month:
        return usd(None, "not a whole month").at_most(0)
    return usd(each.difference_usd).at_most(each.unpriced_charges)
