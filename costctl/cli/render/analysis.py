"""The analysis as tables for people and as one flat CSV row per class for spreadsheets."""

from __future__ import annotations

from costctl.cli.render.numbers import (
    NOT_OBSERVED,
    NOT_PRICED,
    count,
    ratio,
    seconds,
    significant,
    tokens,
    usd,
    usd_interval,
)
from costctl.cli.render.tables import Notes, Section, Table, as_csv
from costctl.documents.analysis import Analysis, ClassReport
from costctl.documents.estimate import Estimate


def sections(document: Analysis) -> list[Section]:
    """Traffic, cost and stages of the classes, the pools, and what the figures do not cover."""
    parts: list[Section] = [_overview(document), _traffic(document), _cost(document)]
    if any(report.stages for report in document.classes):
        parts.append(_stages(document))
    if document.pools:
        parts.append(_pools(document))
    if document.coverage.notes:
        parts.append(Notes("What these figures do not cover", document.coverage.notes))
    return parts


def _overview(document: Analysis) -> Notes:
    totals, coverage = document.totals, document.coverage
    idle = f"+ idle {usd(totals.idle_usd)} " if document.pools else ""  # without pools nothing can stand idle
    lines = [
        f"{document.window.from_} to {document.window.to}: {count(totals.requests)} requests, "
        f"{count(totals.successes)} of them successful.",
        "Nothing is priced: neither replicas nor tokens have a price; the last section says what is missing."
        if totals.billed_usd is None
        else f"Billed {usd(totals.billed_usd)} = attributed {usd(totals.attributed_usd)} "
        f"{idle}+ unattributed {usd(totals.unattributed_usd)}.",
        f"Priced {ratio(coverage.priced_ratio)} of the requests; tokens of {ratio(coverage.token_ratio)} of the "
        f"calls and stages of {ratio(coverage.stage_ratio)} of the requests were observed; "
        f"{count(coverage.rejected_records)} records were rejected.",
    ]
    return Notes("Window", tuple(lines))


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
            ratio(report.successes / report.requests),
            seconds(report.latency_s.p50 if report.latency_s else None),
            seconds(report.latency_s.p95 if report.latency_s else None),
            seconds(report.ttft_s.p95 if report.ttft_s else None),
            tokens(report.tokens.input),
            tokens(report.tokens.cached_input),
            tokens(report.tokens.output),
            _slo(report),
        )
        for report in document.classes
    )
    return Table("Classes: traffic", columns, rows, frozenset({"class"}))


def _slo(report: ClassReport) -> str:
    if not report.slo:
        return "no SLO"
    return ", ".join(ratio(result.met_ratio) for result in report.slo)


def _cost(document: Analysis) -> Table:
    columns = ("class", "attributed", "loaded", "marginal per request", "per success", "failed")
    rows = tuple(
        (
            report.request_class,
            usd(report.cost.attributed_usd),
            usd(report.cost.loaded_usd),
            _estimate(report, report.cost.marginal_usd_per_request),
            _estimate(report, report.cost.usd_per_success),
            usd(report.cost.failed_usd),
        )
        for report in document.classes
    )
    return Table("Classes: cost in USD, with 95 % intervals", columns, rows, frozenset({"class"}))


def _estimate(report: ClassReport, estimate: Estimate | None) -> str:
    """An absent estimate is for want of a price, or of data."""
    if estimate is None and report.cost.attributed_usd is None:
        return NOT_PRICED
    return usd_interval(estimate)


def _stages(document: Analysis) -> Table:
    columns = ("class", "where the time goes", "bottleneck")
    rows = tuple(
        (
            report.request_class,
            ", ".join(f"{use.stage} {ratio(use.share_ratio)}" for use in report.stages[:4]),
            _bottleneck(report),
        )
        for report in document.classes
        if report.stages
    )
    return Table("Classes: stages", columns, rows, frozenset(columns))


def _bottleneck(report: ClassReport) -> str:
    found = report.bottleneck
    return NOT_OBSERVED if found is None else f"{found.stage} ({found.kind}: {found.cause.replace('_', ' ')})"


def _pools(document: Analysis) -> Table:
    columns = ("pool", "tier", "replicas", "busy", "used", "idle cost", "p95 in line", "service model")
    rows = tuple(
        (
            pool.pool,
            pool.tier or "none declared",
            count(pool.replicas),
            seconds(pool.busy_s),
            ratio(pool.utilisation_ratio),
            usd(pool.idle_usd),
            NOT_OBSERVED if pool.queue_depth is None else significant(pool.queue_depth.p95),
            "none fitted"
            if pool.service_model is None
            else f"α {seconds(pool.service_model.alpha_s)}, β {seconds(pool.service_model.beta_s)}, "
            f"γ {seconds(pool.service_model.gamma_s)}: {pool.service_model.discipline}",
        )
        for pool in document.pools
    )
    return Table("Pools", columns, rows, frozenset({"pool", "tier", "service model"}))


_CSV_COLUMNS = (
    "request_class",
    "rule",
    "requests",
    "successes",
    "failed",
    "attempts",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
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
    "failed_usd",
)


def csv_text(document: Analysis) -> str:
    """One row per class, every digit kept; an empty cell is "not observed" or "not priced"."""
    return as_csv(*csv_rows(document))


def csv_rows(document: Analysis) -> tuple[tuple[str, ...], list[list[object]]]:
    """The columns, and one row per class."""
    return _CSV_COLUMNS, [_csv_row(report) for report in document.classes]


def _csv_row(report: ClassReport) -> list[object]:
    latency, ttft, cost = report.latency_s, report.ttft_s, report.cost
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
        *([None] * 3 if latency is None else [latency.p50, latency.p95, latency.p99]),
        *([None] * 3 if ttft is None else [ttft.p50, ttft.p95, ttft.p99]),
        cost.attributed_usd,
        cost.loaded_usd,
        *_bounds(cost.marginal_usd_per_request),
        *_bounds(cost.usd_per_success),
        cost.failed_usd,
    ]


def _bounds(estimate: Estimate | None) -> list[object]:
    return [None] * 3 if estimate is None else [estimate.low, estimate.mid, estimate.high]
