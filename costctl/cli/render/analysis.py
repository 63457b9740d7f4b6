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
from costctl.documents.failures import RetryTax


def sections(document: Analysis) -> list[Section]:
    """Traffic, cost and stages of the classes, the pools, and what the figures do not cover."""
    parts: list[Section] = [_overview(document), _traffic(document), _cost(document)]
    parts.append(_units(document))
    if any(outcome.outcome != "success" for outcome in document.outcomes):
        parts.append(_outcomes(document))
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
        f"Priced {ratio(coverage.priced_ratio)} of the requests, {ratio(coverage.priced_token_ratio)} of the tokens"
        + (
            ""
            if coverage.priced_accelerator_ratio is None
            else f" and {ratio(coverage.priced_accelerator_ratio)} of the accelerator time"
        )
        + f"; tokens of {ratio(coverage.token_ratio)} of the "
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


def _units(document: Analysis) -> Table:
    columns = ("class", "per answer", "per task done", "per session", "per 1M tokens", "retry tax", "of cost")
    named = [
        (report.request_class, report.cost.retry_tax, report.cost.unit_costs) for report in document.classes
    ]
    together = ("all together", document.totals.retry_tax, document.totals.unit_costs)
    rows = tuple(
        (
            name,
            _unit(units.usd_per_response, tax),
            _unit(units.usd_per_completed_task, tax),
            _unit(units.usd_per_session, tax),
            _unit(units.usd_per_mtok, tax),
            NOT_PRICED if tax is None else usd(tax.usd),
            NOT_PRICED if tax is None else ratio(tax.share_ratio),
        )
        for name, tax, units in ([*named, together] if len(named) > 1 else named)
    )
    return Table(
        "Classes: what one of each costs, all attempts included", columns, rows, frozenset({"class"})
    )


def _unit(value: float | None, tax: RetryTax | None) -> str:
    """An absent figure is for want of a price, or of the thing itself."""
    return usd(value) if value is not None else NOT_PRICED if tax is None else "none"


def _outcomes(document: Analysis) -> Table:
    columns = ("outcome", "provider", "calls", "cost", "how it is billed")
    rows = tuple(
        (
            outcome.outcome.replace("_", " "),
            outcome.provider or NOT_OBSERVED,
            count(outcome.calls),
            usd(outcome.usd) if outcome.usd is not None or outcome.unpriced_charges else "none",
            outcome.billing_rule.replace("_", " ")
            + (f" ({outcome.rule_source})" if outcome.rule_source != "default" else ""),
        )
        for outcome in document.outcomes
    )
    return Table("What calls came to", columns, rows, frozenset({"outcome", "provider", "how it is billed"}))


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
    "retry_tax_usd",
    "retry_tax_ratio",
    "usd_per_response",
    "usd_per_completed_task",
    "usd_per_session",
    "usd_per_completed_session",
    "usd_per_mtok",
)


def csv_text(document: Analysis) -> str:
    """One row per class, every digit kept; an empty cell is "not observed" or "not priced"."""
    return as_csv(_CSV_COLUMNS, [_csv_row(report) for report in document.classes])


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
        *([None] * 2 if cost.retry_tax is None else [cost.retry_tax.usd, cost.retry_tax.share_ratio]),
        cost.unit_costs.usd_per_response,
        cost.unit_costs.usd_per_completed_task,
        cost.unit_costs.usd_per_session,
        cost.unit_costs.usd_per_completed_session,
        cost.unit_costs.usd_per_mtok,
    ]


def _bounds(estimate: Estimate | None) -> list[object]:
    return [None] * 3 if estimate is None else [estimate.low, estimate.mid, estimate.high]
