"""The classes of an analysis as plain rows, for CSV and Parquet. An empty cell is "not observed" or "not priced".

Where unpriced_charges is not 0, every amount but usd_per_mtok is a lower bound (margin_usd an upper one); where
calls_without_… is not 0, that sum of tokens is.
"""

from __future__ import annotations

from typing import Final

from costctl.documents.analysis import Analysis, ClassReport, Percentiles
from costctl.render.cells import low_mid_high
from costctl.render.failures import UNIT_COST_COLUMNS, unit_cost_cells
from costctl.render.spreadsheet import as_csv

_COLUMNS: Final = (
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


def csv_text(document: Analysis) -> str:
    """One row per class, every digit kept; an empty cell is "not observed" or "not priced"."""
    return as_csv(*rows(document))


def rows(document: Analysis) -> tuple[tuple[str, ...], list[list[object]]]:
    """The columns, and one row per class."""
    charged = (
        {}
        if document.bill is None
        else {row.name: row.usd for row in document.bill.rows if row.kind == "class"}
    )
    return _COLUMNS, [
        [*_row(report), charged.get(report.request_class), *_value(report)] for report in document.classes
    ]


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
