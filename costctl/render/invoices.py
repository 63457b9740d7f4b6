"""Invoices of providers beside what their calls were charged, as a table."""

from __future__ import annotations

from typing import Final

from costctl.documents.analysis import Analysis, ProviderInvoice
from costctl.render.numbers import at_least, at_most, count, ratio, usd
from costctl.render.tables import Table

WHOLE: Final = 0.99  # of a month: from first to last request, which do not stand on the strokes of midnight


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
            at_least(usd(each.charged_usd), each.unpriced_charges),
            _difference(each),
            count(each.calls),
            "all of it" if each.observed_month_ratio >= WHOLE else f"only {ratio(each.observed_month_ratio)}",
        )
        for each in document.invoices
    )
    title = "Invoices of providers beside the charges of their calls, in USD; no part of the bill"
    return Table(title, columns, rows, frozenset({"provider", "month", "month observed"}))


def _difference(each: ProviderInvoice) -> str:
    """Of a part of a month there is nothing to tie out."""
    if each.observed_month_ratio < WHOLE:
        return "not a whole month"
    return (
        "not priced"
        if each.difference_usd is None
        else at_most(usd(each.difference_usd), each.unpriced_charges)
    )
