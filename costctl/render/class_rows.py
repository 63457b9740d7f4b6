"""The classes of an analysis as plain rows, for CSV and Parquet, and what no class is charged. An empty cell is "not
observed" or "not priced", or nothing that a row of its kind has.

``row`` says what a row is: class, idle, unattributed or total. charged_usd of the total row is the sum of the others,
as it is written; so are its requests, successes and attributed_usd. Who sums a column leaves the total row out.

Where unpriced_charges is not 0, every amount but usd_per_mtok is a lower bound (margin_usd an upper one); where
calls_without_… is not 0, that sum of tokens is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from costctl.documents.analysis import Analysis, ClassReport, Percentiles
from costctl.documents.bill import BillRow
from costctl.render.cells import low_mid_high
from costctl.render.failures import UNIT_COST_COLUMNS, unit_cost_cells
from costctl.render.spreadsheet import as_csv

_CURRENCY: Final = "USD"  # of every amount
_OF_EVERY_ROW: Final = ("row", "period_start", "period_end", "currency")
_OF_A_CLASS: Final = (
    "request_class",
    "rule",
    "requests",
    "successes",
    "failed",
    "attempts",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "calls_without_input_tokens",
    "calls_without_cached_input_tokens",
    "calls_without_output_tokens",
    "latency_p50_s",
    "latency_p95_s",
    "latency_p99_s",
    "ttft_p50_s",
    "ttft_p95_s",
    "ttft_p99_s",
    "attributed_usd",
    "loaded_usd",
    "marginal_usd_per_request_low",
    "marginal_usd_per_request",
    "marginal_usd_per_request_high",
    "usd_per_success_low",
    "usd_per_success",
    "usd_per_success_high",
    *UNIT_COST_COLUMNS,
    "charged_usd",
    "value_usd",
    "margin_usd",
    "value_usd_per_accelerator_s",
    "value_rank",
)


_COLUMNS: Final = (*_OF_EVERY_ROW, *_OF_A_CLASS)
Cells = Mapping[str, object]


def csv_text(document: Analysis) -> str:
    """A row per class, and those of what no class is charged; every digit kept."""
    return as_csv(*rows(document))


def rows(document: Analysis) -> tuple[tuple[str, ...], list[list[object]]]:
    """The columns, and a row per class, per other row of the bill, and for the total."""
    kinds: list[tuple[str, Cells]] = [
        *(("class", _class_cells(document, report)) for report in document.classes),
        *(
            (row.kind, {"charged_usd": row.usd, "unpriced_charges": row.unpriced_charges})
            for row in _bill_rows(document)
            if row.kind != "class"
        ),
        ("total", _total_cells(document)),
    ]
    of_all = {
        "period_start": document.window.from_,
        "period_end": document.window.to,
        "currency": _CURRENCY,
    }
    return _COLUMNS, [
        [{"row": kind, **of_all, **cells}.get(column) for column in _COLUMNS] for kind, cells in kinds
    ]


def _bill_rows(document: Analysis) -> tuple[BillRow, ...]:
    return () if document.bill is None else document.bill.rows


def _class_cells(document: Analysis, report: ClassReport) -> Cells:
    charged = {row.name: row.usd for row in _bill_rows(document) if row.kind == "class"}
    values = [*_row(report), charged.get(report.request_class), *_value(report)]
    return dict(zip(_OF_A_CLASS, values, strict=True))


def _total_cells(document: Analysis) -> Cells:
    """What is known of the whole window, and the sum of the bill as it is written."""
    totals = document.totals
    units = zip(UNIT_COST_COLUMNS, unit_cost_cells(totals.retry_tax, totals.unit_costs), strict=True)
    return {
        **dict(units),
        "requests": totals.requests,
        "successes": totals.successes,
        "attributed_usd": totals.attributed_usd,
        "charged_usd": None if document.bill is None else document.bill.total_usd,
    }


def _value(report: ClassReport) -> list[object]:
    value = report.value
    return (
        [None, None, None, None]
        if value is None
        else [value.value_usd, value.margin_usd, value.usd_per_accelerator_s, value.rank]
    )


def _row(report: ClassReport) -> list[object]:
    cost = report.cost
    return [
        report.request_class,
        report.rule,
        report.requests,
        report.successes,
        report.failed,
        report.attempts,
        report.tokens.input,
        report.tokens.cached_input,
        report.tokens.output,
        report.tokens.calls_without_input,
        report.tokens.calls_without_cached_input,
        report.tokens.calls_without_output,
        *_percentiles(report.latency_s),
        *_percentiles(report.ttft_s),
        cost.attributed_usd,
        cost.loaded_usd,
        *low_mid_high(cost.marginal_usd_per_request),
        *low_mid_high(cost.usd_per_success),
        *unit_cost_cells(cost.retry_tax, cost.unit_costs),
    ]


def _percentiles(found: Percentiles | None) -> list[object]:
    return [None, None, None] if found is None else [found.p50, found.p95, found.p99]
