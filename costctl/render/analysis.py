"""The analysis as tables for people and as one flat CSV row per class for spreadsheets."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from costctl.documents.analysis import (
    Analysis,
    ClassReport,
    by_rank,
    metric_of,
)
from costctl.documents.bill import BillRow, ReconciledBill
from costctl.documents.estimate import Estimate
from costctl.render.cache_misses import cache_miss_sections
from costctl.render.cells import (
    NOT_OBSERVED,
    NOT_PRICED,
    TOO_FEW,
    Cell,
    Interval,
    Phrase,
    Quantity,
    Row,
    count,
    phrase,
    ratio,
    seconds,
    tokens,
    usd,
    usd_interval,
)
from costctl.render.changes import change_sections
from costctl.render.cuts import cut_tables
from costctl.render.failures import (
    as_recorded,
    left_out_of_mtok,
    lost_attempts,
    outcomes,
    priced_parts,
    unit_costs,
)
from costctl.render.invoices import invoices
from costctl.render.numbers import decimal_places, stage_name
from costctl.render.pools import pool_sections
from costctl.render.sections import Notes, Section, Table
from costctl.render.tenants import tenant_table
from costctl.render.witness import witness_sections


def sections(document: Analysis) -> list[Section]:
    """Traffic, cost and stages of the classes, the pools, and what the figures do not cover."""
    groups = (traffic, bill, changes, costs, cache, failures, stages, pool_sections, limitations)
    return [section for group in groups for section in group(document)]


def traffic(document: Analysis) -> list[Section]:
    """What was observed, and of what."""
    return [_overview(document), _traffic(document)]


def bill(document: Analysis) -> list[Section]:
    """Who pays what: by class, model and tenant."""
    parts: list[Section] = []
    if document.bill is not None:
        parts.extend(
            [_bill(document, document.bill), Notes("Which figure answers which question", _QUESTIONS)]
        )
    parts.extend(cut_tables(document, ("model",)))
    if (tenants := tenant_table(document.tenants)) is not None:
        parts.append(tenants)
    return parts


def changes(document: Analysis) -> list[Section]:
    """What changed in the window, and what providers invoiced for it."""
    return [*change_sections(document), *([invoices(document)] if document.invoices else [])]


def costs(document: Analysis) -> list[Section]:
    """What a class costs, at the margin too, and what one success, response and session do."""
    parts: list[Section] = [_cost(document)]
    if any(report.cost.marginal is not None for report in document.classes):
        parts.extend([_marginal(document), _bounds(document)])
    if document.bill is not None:
        parts.append(unit_costs(document))
        if (left_out := left_out_of_mtok(document)) is not None:
            parts.append(left_out)
    return parts


def cache(document: Analysis) -> list[Section]:
    """What was not read from a cache, and why."""
    return [] if document.cache_misses is None else cache_miss_sections(document.cache_misses)


def failures(document: Analysis) -> list[Section]:
    """What attempts that came to nothing cost, how requests ended, and what they were worth."""
    parts: list[Section] = []
    if document.totals.retry_tax is not None and document.totals.retry_tax.attempts:
        parts.append(lost_attempts(document))
    if any(outcome.outcome != "success" for outcome in document.outcomes):
        parts.append(outcomes(document))
    if any(report.value is not None for report in document.classes):
        parts.append(_value(document))
    return parts


def stages(document: Analysis) -> list[Section]:
    """Where the time of each class goes."""
    return [_stages(document)] if any(report.stages for report in document.classes) else []


def limitations(document: Analysis) -> list[Section]:
    """What other records say of the same calls, and what the figures do not cover."""
    parts = [*witness_sections(document.coverage.witness)]
    return [*parts, *([Notes("Limitations", document.coverage.notes)] if document.coverage.notes else [])]


def _overview(document: Analysis) -> Notes:
    totals, coverage = document.totals, document.coverage
    lines = [
        f"{document.window.from_} to {document.window.to}: {count(totals.requests)} requests, "
        f"{count(totals.successes)} of them successful.",
        "Nothing is priced: neither replicas nor tokens have a price; the last section says what is missing."
        if document.bill is None
        else _billed(document.bill),
        f"Priced {priced_parts(coverage)}; tokens of {ratio(coverage.token_ratio)} of the "
        f"calls and stages of {ratio(coverage.stage_ratio)} of the requests were observed; "
        f"{count(coverage.rejected_records)} records were rejected.",
        *as_recorded(coverage),
    ]
    return Notes("Window", tuple(lines))


def _billed(bill: ReconciledBill) -> str:
    """The sum that the bill is, in the figures of its table."""
    of_ends = {row.kind: row.usd for row in bill.attributed.rows if row.kind != "class"}
    said = " + ".join(
        f"{name} {_written(usd, bill)}"
        for name, usd in (("attributed", bill.attributed.classes_usd), *of_ends.items())
    )  # without pools nothing is idle
    missing = bill.unpriced_charges
    total = _written(bill.attributed.total_usd, bill).at_least(missing)
    if not missing:
        return f"Billed {total} = {said}."
    return (
        f"Billed {total}: {said} of what has an amount; {count(missing)} charges have none, and figures that leave "
        "them out are marked ≥."
    )


def _traffic(document: Analysis) -> Table:
    columns = (
        "class",
        "requests",
        "success",
        "p50",
        "p95",
        "TTFT p95",
        "tokens in",
        "cached",
        "tokens out",
        "SLO met",
    )
    rows = tuple(
        (
            report.request_class,
            count(report.requests),
            ratio(report.success_ratio),
            seconds(report.latency_s.p50 if report.latency_s else None),
            seconds(report.latency_s.p95 if report.latency_s else None),
            seconds(report.ttft_s.p95 if report.ttft_s else None),
            tokens(report.tokens.input).at_least(report.tokens.calls_without_input),
            tokens(report.tokens.cached_input).at_least(report.tokens.calls_without_cached_input),
            tokens(report.tokens.output).at_least(report.tokens.calls_without_output),
            _slo(report),
        )
        for report in document.classes
    )
    title = "Classes: traffic (p50, p95: of all requests with a known duration, failed ones included)"
    return Table(title, columns, rows, frozenset({"class"}))


def _slo(report: ClassReport) -> Phrase:
    """Part of the requests within each objective."""
    if not report.slo:
        return phrase("no SLO")
    met = {metric_of(result.target): ratio(result.met_ratio) for result in report.slo}
    return phrase(", ".join(f"{{{name}}}" for name in met), **met)


def _bill(document: Analysis, bill: ReconciledBill) -> Table:
    """Charged, attributed, loaded and marginal side by side; the first three add up as they are written."""
    by_name = {report.request_class: report for report in document.classes}
    columns = [
        {row.name: _row_usd(row, bill) for row in rows}
        for rows in (bill.rows, bill.attributed.rows, bill.loaded.rows)
    ]
    rows: tuple[Row, ...] = tuple(
        (
            row.name,
            *(column.get(row.name, _NO_SUCH_ROW) for column in columns),
            _all_marginal(by_name[row.name]) if row.kind == "class" else _NO_SUCH_ROW,
        )
        for row in bill.attributed.rows
    )
    totals = (bill.total_usd, bill.attributed.total_usd, bill.loaded.total_usd)
    total = (*(_written(usd, bill).at_least(bill.unpriced_charges) for usd in totals), _NO_SUCH_ROW)
    return Table(
        "The bill in USD, in rows that add up",
        ("class", f"charged ({_IDLE[bill.idle]})", "attributed", "loaded", "marginal"),
        (*rows, ("total", *total)),
        frozenset({"class"}),
    )


_IDLE: Final = {"separate": "idle apart", "weighted": "idle loaded", "none": "no idle"}
_NO_SUCH_ROW: Final = usd(None, "").at_least(0)
_QUESTIONS: Final = (
    "charged: who pays what? Each row is rounded so that the rows add up to the total; --idle says whose idle time is.",
    "attributed: who used it? Busy time split by who was there, and what was bought; idle time apart.",
    "loaded: what does a class cost with the idle time kept ready for it? Compare it with API token prices.",
    "marginal: what would one request less of each have saved, times its requests? For decisions; not additive.",
)


def _row_usd(row: BillRow, bill: ReconciledBill) -> Quantity:
    return _written(row.usd, bill).at_least(row.unpriced_charges)


def _written(value: float | None, bill: ReconciledBill) -> Quantity:
    """An amount in whole units of the bill."""
    return Quantity(value, "USD", NOT_PRICED, places=decimal_places(bill.unit_usd))


def _all_marginal(report: ClassReport) -> Quantity:
    """The marginal cost of one request, times the requests."""
    why = TOO_FEW if report.cost.attributed_usd is not None else NOT_PRICED
    return usd(report.cost.marginal_usd, why).at_least(report.cost.unit_costs.unpriced_charges)


def _cost(document: Analysis) -> Table:
    columns = ("class", "marginal per request", "per success")
    rows = tuple(
        (
            report.request_class,
            _estimate(report, report.cost.marginal_usd_per_request),
            _per_success(report),
        )
        for report in document.classes
    )
    title = "Classes: cost in USD, with 95 % intervals where not said otherwise"
    return Table(title, columns, rows, frozenset({"class"}))


def _per_success(report: ClassReport) -> Cell:
    """With few requests there is a cost and no interval of it."""
    cost = report.cost
    mean = cost.unit_costs.usd_per_completed_task
    if cost.usd_per_success is None and mean is not None:
        return replace(usd(mean).at_least(cost.unit_costs.unpriced_charges), note="too few for an interval")
    if cost.attributed_usd is not None and not report.successes:
        return usd(None, "no success")
    return _estimate(report, cost.usd_per_success)


def _marginal(document: Analysis) -> Table:
    columns = ("class", "arrived idle", "on an idle replica", "on a busy replica", "long run")
    rows = tuple(
        (
            report.request_class,
            ratio(found.found_idle_ratio),
            usd_interval(found.found_idle_usd_per_request),
            usd_interval(found.found_busy_usd_per_request),
            usd_interval(found.long_run_usd_per_request),
        )
        for report in document.classes
        if (found := report.cost.marginal) is not None
    )
    return Table("Classes: marginal cost per request in USD", columns, rows, frozenset({"class"}))


def _bounds(document: Analysis) -> Table:
    """The closed forms, and what a request does to others."""
    is_priced = any(each.cost.congestion_usd_per_request is not None for each in document.classes)
    columns = (
        "class",
        "at least",
        "at most",
        "delay to others",
        *(["cost of that delay"] if is_priced else []),
    )
    rows: tuple[Row, ...] = tuple(
        (
            report.request_class,
            usd(found.least_usd_per_request),
            usd(found.most_usd_per_request),
            seconds(None if found.delay_s_per_request is None else found.delay_s_per_request.mid),
            *([usd_interval(report.cost.congestion_usd_per_request)] if is_priced else []),
        )
        for report in document.classes
        if (found := report.cost.marginal) is not None
    )
    return Table(
        "Classes: bounds of marginal cost in USD, and delay to other requests",
        columns,
        rows,
        frozenset({"class"}),
    )


def _value(document: Analysis) -> Table:
    """The classes with a declared value, in the order of what an accelerator second of them earns."""
    rows: tuple[Row, ...] = tuple(
        (
            count(value.rank),
            report.request_class,
            usd(value.usd_per_success, NOT_OBSERVED),
            usd(value.value_usd, NOT_OBSERVED),
            usd(value.margin_usd, NOT_OBSERVED).at_most(report.cost.unit_costs.unpriced_charges),
            usd(value.usd_per_accelerator_s, NOT_OBSERVED),
        )
        for report, value in by_rank(document)
    )
    columns = ("rank", "class", "per success", "value", "margin after loaded cost", "per accelerator s")
    return Table(
        "Value by class, ranked by value per accelerator second", columns, rows, frozenset({"class"})
    )


def _estimate(report: ClassReport, estimate: Estimate | None) -> Interval:
    """An absent estimate is for want of a price, or of data."""
    why = NOT_PRICED if report.cost.attributed_usd is None else TOO_FEW
    return usd_interval(estimate, why).at_least(report.cost.unit_costs.unpriced_charges)


def _stages(document: Analysis) -> Table:
    columns = ("class", "where the time goes", "bottleneck")
    rows: tuple[Row, ...] = tuple(
        (
            report.request_class,
            ", ".join(f"{stage_name(use.stage)} {ratio(use.share_ratio)}" for use in report.stages[:4]),
            _bottleneck(report),
        )
        for report in document.classes
        if report.stages
    )
    return Table("Classes: stages", columns, rows, frozenset(columns))


def _bottleneck(report: ClassReport) -> str:
    found = report.bottleneck
    if found is None:
        return NOT_OBSERVED
    kind, cause = ("" if text == "unknown" else text.replace("_", " ") for text in (found.kind, found.cause))
    why = ": ".join(text for text in (kind, cause) if text) or "cause not known"
    return f"{stage_name(found.stage)} ({why})"
