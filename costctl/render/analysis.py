"""The analysis as tables for people and as one flat CSV row per class for spreadsheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from costctl.documents.analysis import Analysis, ClassReport, ReconciledBill
from costctl.documents.estimate import Estimate
from costctl.render.failures import (
    as_recorded,
    left_out_of_mtok,
    lost_attempts,
    outcomes,
    priced_parts,
    unit_costs,
)
from costctl.render.invoices import invoices
from costctl.render.numbers import (
    NOT_OBSERVED,
    NOT_PRICED,
    at_least,
    at_most,
    count,
    ratio,
    seconds,
    significant,
    stage_name,
    tokens,
    usd,
    usd_interval,
)
from costctl.render.tables import Notes, Section, Table
from costctl.render.tenants import tenant_table
from costctl.render.witness import witness_sections
from costctl.stats.reconcile import reconciled_usd


def sections(document: Analysis) -> list[Section]:
    """Traffic, cost and stages of the classes, the pools, and what the figures do not cover."""
    parts: list[Section] = [_overview(document), _traffic(document)]
    if document.bill is not None:
        parts.extend(
            [_bill(document, document.bill), Notes("Which figure answers which question", _QUESTIONS)]
        )
    if (tenants := tenant_table(document.tenants)) is not None:
        parts.append(tenants)
    if document.invoices:
        parts.append(invoices(document))
    parts.append(_cost(document))
    if any(report.cost.marginal is not None for report in document.classes):
        parts += [_marginal(document), _bounds(document)]
    if document.bill is not None:
        parts.append(unit_costs(document))
        if (left_out := left_out_of_mtok(document)) is not None:
            parts.append(left_out)
    if document.totals.retry_tax is not None and document.totals.retry_tax.attempts:
        parts.append(lost_attempts(document))
    if any(outcome.outcome != "success" for outcome in document.outcomes):
        parts.append(outcomes(document))
    if any(report.value is not None for report in document.classes):
        parts.append(_value(document))
    if any(report.stages for report in document.classes):
        parts.append(_stages(document))
    if document.pools:
        parts.append(_pools(document))
    if any(pool.use for pool in document.pools):
        parts.append(_use(document))
    parts += witness_sections(document.coverage.witness)
    if document.coverage.notes:
        parts.append(Notes("What these figures do not cover", document.coverage.notes))
    return parts


def _overview(document: Analysis) -> Notes:
    totals, coverage = document.totals, document.coverage
    lines = [
        f"{document.window.from_} to {document.window.to}: {count(totals.requests)} requests, "
        f"{count(totals.successes)} of them successful.",
        "Nothing is priced: neither replicas nor tokens have a price; the last section says what is missing."
        if document.bill is None
        else _billed(document, document.bill),
        f"Priced {priced_parts(coverage)}; tokens of {ratio(coverage.token_ratio)} of the "
        f"calls and stages of {ratio(coverage.stage_ratio)} of the requests were observed; "
        f"{count(coverage.rejected_records)} records were rejected.",
        *as_recorded(coverage),
    ]
    return Notes("Window", tuple(lines))


def _billed(document: Analysis, bill: ReconciledBill) -> str:
    """The sum that the bill is, in the figures of its table."""
    unit = Decimal(repr(bill.unit_usd))
    column = _attributed(document, bill, unit)
    of_classes = [usd for name, usd in column.items() if name not in ("idle", "unattributed", "total")]
    known = [usd for usd in of_classes if usd is not None]
    column["attributed"] = sum(known) if known else None
    parts = ("attributed", "idle", "unattributed")
    said = [
        f"{name} {_money(column, name, unit)}" for name in parts if name in column
    ]  # without pools nothing is idle
    missing = bill.unpriced_charges
    if not missing:
        return f"Billed {_money(column, 'total', unit)} = {' + '.join(said)}."
    return (
        f"Billed {at_least(_money(column, 'total', unit), missing)}: {' + '.join(said)} of what has an amount; "
        f"{count(missing)} charges have none, and figures that leave them out are marked ≥."
    )


def _attributed(document: Analysis, bill: ReconciledBill, unit: Decimal) -> dict[str, float | None]:
    """What each class used, idle time and what nobody used, rounded so that they add up."""
    by_name = {report.request_class: report for report in document.classes}
    names = [row.name for row in bill.rows if row.kind == "class"]
    amounts = [by_name[name].cost.attributed_usd for name in names]
    ends = _ends(document)
    return _column([*names, *ends, "total"], [*amounts, *ends.values()], unit)


def _ends(document: Analysis) -> dict[str, float | None]:
    """The rows below the classes; without pools nothing can stand idle."""
    totals = document.totals
    idle = {} if totals.idle_usd is None else {"idle": totals.idle_usd}
    return {**idle, "unattributed": totals.unattributed_usd}


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
            at_least(tokens(report.tokens.input), report.tokens.calls_without_input),
            at_least(tokens(report.tokens.cached_input), report.tokens.calls_without_cached_input),
            at_least(tokens(report.tokens.output), report.tokens.calls_without_output),
            _slo(report),
        )
        for report in document.classes
    )
    title = "Classes: traffic (p50, p95: of all requests with a known duration, failed ones included)"
    return Table(title, columns, rows, frozenset({"class"}))


def _slo(report: ClassReport) -> str:
    if not report.slo:
        return "no SLO"
    return ", ".join(ratio(result.met_ratio) for result in report.slo)


def _bill(document: Analysis, bill: ReconciledBill) -> Table:
    """Loaded, attributed and marginal side by side; the columns that add up are rounded so that they do."""
    unit = Decimal(repr(bill.unit_usd))
    by_name = {report.request_class: report for report in document.classes}
    names = [row.name for row in bill.rows if row.kind == "class"]
    ends = _ends(document)
    rows = (*names, *ends, "total")
    charged = {row.name: row.usd for row in bill.rows} | {"total": bill.total_usd}
    missing = {row.name: row.unpriced_charges for row in bill.rows} | {"total": bill.unpriced_charges}
    attributed = _attributed(document, bill, unit)
    beside = [None if name == "idle" else usd for name, usd in ends.items()]
    loaded = _column(rows, [*(by_name[name].cost.loaded_usd for name in names), *beside], unit)
    marginal = {name: _all_marginal(by_name[name]) for name in names}
    cells = tuple(
        (
            name,
            *(
                at_least(text, missing.get(name, 0))
                for text in (
                    _money(charged, name, unit),
                    _money(attributed, name, unit),
                    _money(loaded, name, unit),
                    marginal.get(name, ""),
                )
            ),
        )
        for name in rows
    )
    columns = ("class", f"charged ({_IDLE[bill.idle]})", "attributed", "loaded", "marginal")
    return Table("The bill in USD, in rows that add up", columns, cells, frozenset({"class"}))


_IDLE: Final = {"separate": "idle apart", "weighted": "idle loaded", "none": "no idle"}
_QUESTIONS: Final = (
    "charged: who pays what? Each row is rounded so that the rows add up to the total; --idle says whose idle time is.",
    "attributed: who used it? Busy time split by who was there, and what was bought; idle time apart.",
    "loaded: what does a class cost with the idle time kept ready for it? Compare it with API token prices.",
    "marginal: what would one request less of each have saved, times its requests? For decisions; not additive.",
)


def _column(names: Sequence[str], amounts: list[float | None], unit: Decimal) -> dict[str, float | None]:
    rounded = [None if each is None else float(each) for each in reconciled_usd(amounts, unit)]
    total = sum(each for each in rounded if each is not None)
    return dict(zip(names, [*rounded, total], strict=True))


def _money(column: Mapping[str, float | None], name: str, unit: Decimal) -> str:
    """A cell in whole units; empty where the column has no such row."""
    if name not in column or (name == "idle" and column[name] is None):
        return ""
    value = column[name]
    if value is None:
        return NOT_PRICED
    places = -int(unit.as_tuple().exponent)
    return f"{'-' if value < 0 else ''}${abs(value):,.{places}f}"


def _all_marginal(report: ClassReport) -> str:
    """The marginal cost of one request, times the requests."""
    estimate = report.cost.marginal_usd_per_request
    return _estimate(report, None) if estimate is None else usd(estimate.mid * report.requests)


def _cost(document: Analysis) -> Table:
    columns = ("class", "marginal per request", "per success")
    rows = tuple(
        (
            report.request_class,
            *(
                at_least(text, report.cost.unit_costs.unpriced_charges)
                for text in (_estimate(report, report.cost.marginal_usd_per_request), _per_success(report))
            ),
        )
        for report in document.classes
    )
    title = "Classes: cost in USD, with 95 % intervals where not said otherwise"
    return Table(title, columns, rows, frozenset({"class"}))


def _per_success(report: ClassReport) -> str:
    """With few requests there is a cost and no interval of it."""
    cost = report.cost
    mean = cost.unit_costs.usd_per_completed_task
    if cost.usd_per_success is None and mean is not None:
        return f"{usd(mean)} (too few for an interval)"
    return (
        "no success"
        if cost.attributed_usd is not None and not report.successes
        else _estimate(report, cost.usd_per_success)
    )


def _marginal(document: Analysis) -> Table:
    columns = ("class", "found idle", "on an idle replica", "on a busy replica", "long run")
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
        "delay of others",
        *(["price of that delay"] if is_priced else []),
    )
    rows = tuple(
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
        "Classes: bounds of that cost in USD, and what a request makes others wait",
        columns,
        rows,
        frozenset({"class"}),
    )


def _value(document: Analysis) -> Table:
    """The classes with a declared value, in the order of what an accelerator second of them earns."""
    valued = [(report, report.value) for report in document.classes if report.value is not None]
    valued.sort(key=lambda pair: (pair[1].rank is None, pair[1].rank or 0))
    rows = tuple(
        (
            NOT_OBSERVED if value.rank is None else str(value.rank),
            report.request_class,
            _known_usd(value.usd_per_success),
            _known_usd(value.value_usd),
            at_most(_known_usd(value.margin_usd), report.cost.unit_costs.unpriced_charges),
            _known_usd(value.usd_per_accelerator_s),
        )
        for report, value in valued
    )
    columns = ("rank", "class", "per success", "value", "margin after loaded", "per accelerator s")
    return Table(
        "Value of the classes, by what an accelerator second earns", columns, rows, frozenset({"class"})
    )


def _known_usd(value: float | None) -> str:
    return NOT_OBSERVED if value is None else usd(value)


def _use(document: Analysis) -> Table:
    kinds = [use.kind for use in next(pool.use for pool in document.pools if pool.use)]
    rows = tuple((pool.pool, *(ratio(use.ratio) for use in pool.use)) for pool in document.pools if pool.use)
    columns = ("pool", *(kind.replace("_", " ").replace("slo", "SLO") for kind in kinds))
    return Table("Paid accelerator time by outcome", columns, rows, frozenset({"pool"}))


def _estimate(report: ClassReport, estimate: Estimate | None) -> str:
    """An absent estimate is for want of a price, or of data."""
    if estimate is None and report.cost.attributed_usd is None:
        return NOT_PRICED
    if estimate is not None and estimate.is_exact and report.cost.unit_costs.unpriced_charges:
        return usd(estimate.mid)  # exact of what has an amount, and so a lower bound
    return usd_interval(estimate)


def _stages(document: Analysis) -> Table:
    columns = ("class", "where the time goes", "bottleneck")
    rows = tuple(
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


def _pools(document: Analysis) -> Table:
    columns = ("pool", "tier", "replicas", "busy", "used", "idle cost", "p95 queue length", "service model")
    rows = tuple(
        (
            pool.pool,
            pool.tier or "none declared",
            count(pool.replicas),
            seconds(pool.busy_s),
            NOT_OBSERVED if pool.utilisation_ratio is None else ratio(pool.utilisation_ratio),
            usd(pool.idle_usd),
            NOT_OBSERVED if pool.queue_depth is None else significant(pool.queue_depth.p95),
            f"none: {pool.missing_for_model}"
            if pool.service_model is None
            else f"α {seconds(pool.service_model.alpha_s)}, β {seconds(pool.service_model.beta_s)}, "
            f"γ {seconds(pool.service_model.gamma_s)}: {pool.service_model.discipline}",
        )
        for pool in document.pools
    )
    return Table("Pools", columns, rows, frozenset({"pool", "tier", "service model"}))
