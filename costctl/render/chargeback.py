"""The bill by who pays for it, as CSV and as a frame: a row a value, and the total, which is the sum of charged_usd of
the others as it is written. An empty cell is "not observed" or "not priced", or nothing that a row of its kind has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from costctl.documents.analysis import Window
from costctl.render.spreadsheet import as_csv

if TYPE_CHECKING:
    import polars as pl

    from costctl.finance.chargeback import Chargeback

_COLUMNS: Final = (
    "row",
    "period_start",
    "period_end",
    "currency",
    "payer",
    "by",
    "value",
    "requests",
    "successes",
    "calls",
    "unpriced_charges",
    "usd",
    "charged_usd",
)


def csv_text(found: Chargeback, window: Window) -> str:
    """Every digit kept."""
    return as_csv(_COLUMNS, _rows(found, window))


def columns(found: Chargeback, window: Window) -> pl.DataFrame:
    """The same as a frame."""
    import polars as pl

    return pl.DataFrame(_rows(found, window), schema=list(_COLUMNS), orient="row", infer_schema_length=None)


def _rows(found: Chargeback, window: Window) -> list[list[object]]:
    period = (window.from_, window.to, "USD")
    rows: list[list[object]] = [
        [
            row.kind,
            *period,
            row.payer,
            found.by,
            row.value,
            row.requests,
            row.successes,
            row.calls,
            row.unpriced_charges,
            row.usd,
            row.charged_usd,
        ]
        for row in found.rows
    ]
    total = [found.requests, None, None, found.unpriced_charges, None, found.total_usd]
    return [*rows, ["total", *period, None, found.by, None, *total]]
