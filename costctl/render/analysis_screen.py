"""The first screen of an analysis: what did it cost, of what, who, what changed, what is wrong, what next?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.analysis import Analysis, PoolReport
from costctl.documents.bill import BillRow, ReconciledBill
from costctl.documents.findings import flagged_classes
from costctl.documents.leading import OtherClasses, PaidClass, paid_classes, whole_slots
from costctl.render.cells import (
    NOT_OBSERVED,
    NOT_PRICED,
    Cell,
    Quantity,
    Row,
    count,
    phrase,
    ratio,
    seconds,
    usd,
    usd_column,
)
from costctl.render.changes import change_lines
from costctl.render.cut_lines import cut_lines
from costctl.render.engines import engine_lines
from costctl.render.findings import finding_lines
from costctl.render.numbers import decimal_places, length, period, plural, sparkline
from costctl.render.sections import Facts, Section, Table, joined
from costctl.render.view import View

_MOST_CLASSES: Final = 7
_MOST_FINDINGS: Final = 4
_MOST_POOLS: Final = 3
_FLAG: Final = "!"


def screen(document: Analysis, view: View) -> list[Section]:
    """The headline, the classes by cost, and a line each for the pools, what is wrong and what to do next."""
    return [headline(document), class_table(document, view), _facts(document, view)]


def headline(document: Analysis) -> Facts:
    """The period, the requests, the bill, and how much of it is known."""
    window, totals = document.window, document.totals
    said = (
        f"{period(window.from_, window.to)} ({length(window.seconds)})",
        plural(totals.requests, "request"),
        f"{ratio(totals.success_ratio)} success",
        "nothing priced" if document.bill is None else billed(document, document.bill),
    )
    return Facts((("", " · ".join(said)), ("", f"Coverage: {covered(document)}")))


def billed(document: Analysis, bill: ReconciledBill) -> str:
    """What was spent, and in a week where that is known."""
    total = _written(bill.total_usd, bill).at_least(bill.unpriced_charges)
    weekly = document.totals.billed_usd_per_week
    return f"{total}" if weekly is None else f"{total} ({usd(weekly).at_least(bill.unpriced_charges)}/week)"


def covered(document: Analysis) -> str:
    """How much is priced, of how many calls the tokens are known, and how many records were rejected."""
    coverage = document.coverage
    parts = [f"{ratio(coverage.priced_ratio)} of requests priced"]
    if coverage.token_ratio is not None:
        parts.append(f"tokens known for {ratio(coverage.token_ratio)} of calls")
    if coverage.recorded_usd:
        parts.append(f"{usd(coverage.recorded_usd)} as recorded by the sources")
    if coverage.rejected_records:
        parts.append(f"{plural(coverage.rejected_records, 'record')} rejected")
    return "; ".join(parts)


def class_table(document: Analysis, view: View) -> Table:
    """One row a class, the others in one, then what no class pays for."""
    shown, others = paid_classes(document, view.top or _MOST_CLASSES)
    flagged = flagged_classes(document.checks)
    per_success = usd_column(each.report.cost.unit_costs.usd_per_completed_task for each in shown)
    rows = [
        _class_row(each, cost, document, view, is_flagged=each.report.request_class in flagged)
        for each, cost in zip(shown, per_success, strict=True)
    ]
    if others is not None:
        rows.append(_others_row(others, document))
    if document.bill is not None:
        rows.extend(_rest_row(row, document.bill) for row in document.bill.rows if _is_shown(row))
    is_priced = document.bill is not None
    is_empty = {name: not any(str(row[place]) for row in rows) for place, name in enumerate(_COLUMNS)}
    chosen = [
        place
        for place, name in enumerate(_COLUMNS)
        if not is_empty[name] and (is_priced or name not in _OF_MONEY)
    ]
    return Table(
        "COST BY CLASS" if is_priced else "CLASS",
        tuple(_name(_COLUMNS[place], document) for place in chosen),
        tuple(tuple(row[place] for place in chosen) for row in rows),
        frozenset({"class", _OVER_TIME, _FLAGS}),
        is_compact=True,
        warnings=frozenset(place for place, row in enumerate(rows) if row[-1] == _FLAG),
        least=(_OVER_TIME, "cached input", _OF_PRICED, _SHARE, "p95", "$/success"),
    )


def _name(column: str, document: Analysis) -> str:
    """Where something has no amount, shares are of what has one."""
    is_partial = document.bill is not None and document.bill.unpriced_charges
    return _OF_PRICED if column == _SHARE and is_partial else column


_FLAGS: Final = ""
_OVER_TIME: Final = "over time"
_FEWEST_SLOTS: Final = 3
_MOST_SLOTS: Final = 31
_SHARE: Final = "share"
_OF_PRICED: Final = "of priced"
_COLUMNS: Final = (
    "class",
    "cost",
    _SHARE,
    "requests",
    "$/success",
    "p95",
    "cached input",
    _OVER_TIME,
    _FLAGS,
)
_OF_MONEY: Final = frozenset({"cost", _SHARE, "$/success"})


def _class_row(
    paid: PaidClass, per_success: Quantity, document: Analysis, view: View, *, is_flagged: bool
) -> Row:
    report = paid.report
    return (
        report.request_class,
        *_paid(paid.row, document.bill),
        count(report.requests),
        per_success.at_least(report.cost.unit_costs.unpriced_charges),
        seconds(report.latency_s.p95 if report.latency_s else None),
        ratio(report.tokens.cached_input_ratio),
        _over_time(document, report.request_class, view),
        _FLAG if is_flagged else "",
    )


def _over_time(document: Analysis, request_class: str, view: View) -> str:
    """The cost of each day or hour, for a person to see at a glance."""
    if document.timeline is None or not view.is_terminal:
        return ""
    slots = whole_slots(document.timeline, request_class, _MOST_SLOTS)
    return sparkline(slots) if len(slots) >= _FEWEST_SLOTS else ""


def _others_row(others: OtherClasses, document: Analysis) -> Row:
    cost: Cell = NOT_PRICED
    if document.bill is not None:
        cost = _written(others.usd, document.bill).at_least(others.unpriced_charges)
    share = ratio(others.usd_ratio, "")
    return (f"{count(others.classes)} more", cost, share, count(others.requests), "", "", "", "", "")


def _rest_row(row: BillRow, bill: ReconciledBill) -> Row:
    return (row.name, *_paid(row, bill), "", "", "", "", "", "")


def _is_shown(row: BillRow) -> bool:
    """Idle time always, and what nobody answers for where there is any."""
    return row.kind == "idle" or (row.kind == "unattributed" and bool(row.usd))


def _paid(row: BillRow | None, bill: ReconciledBill | None) -> tuple[Cell, Cell]:
    if row is None or bill is None:
        return NOT_PRICED, ""
    return _row_usd(row, bill), ratio(row.ratio, "")


def _row_usd(row: BillRow, bill: ReconciledBill) -> Cell:
    """What rounds to nothing and is something is said to be less than a unit."""
    if not row.usd and row.ratio:
        unit = _written(bill.unit_usd, bill)
        return "> $0" if row.unpriced_charges else phrase("<{unit}", unit=unit)
    return _written(row.usd, bill).at_least(row.unpriced_charges)


def _written(value: float | None, bill: ReconciledBill) -> Quantity:
    """An amount in whole units of the bill."""
    return Quantity(value, "USD", NOT_PRICED, places=decimal_places(bill.unit_usd))


def _facts(document: Analysis, view: View) -> Facts:
    lines = [] if document.bill is None else cut_lines(document.cuts, view)
    lines.extend(_under("CHANGE", change_lines(document)))
    if document.pools:
        lines.append(("POOLS", _pools(document.pools)))
    lines.extend(_under("ENGINES", engine_lines(document.engines)))
    found = finding_lines(document.checks, _MOST_FINDINGS, view)
    lines.extend(_under("CHECK", found))
    lines.append(("Next", _next(document, view)))
    return Facts(tuple(lines), frozenset({"CHECK"}))


def _under(label: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    """Several lines under one label."""
    return [(label if place == 0 else "", line) for place, line in enumerate(lines)]


def _pools(pools: Sequence[PoolReport]) -> str:
    return joined([f"{pool.pool} {_busy(pool)}" for pool in pools], _MOST_POOLS)


def _busy(pool: PoolReport) -> str:
    busy = (
        f"busy {NOT_OBSERVED}" if pool.utilisation_ratio is None else f"{ratio(pool.utilisation_ratio)} busy"
    )
    return busy if pool.replicas == 1 else f"{plural(pool.replicas, 'replica')} {busy}"


def _next(document: Analysis, view: View) -> str:
    """Where prices are missing, what is missing comes first."""
    is_priced = document.bill is not None and not document.bill.unpriced_charges
    step = view.command("recommend" if is_priced else "doctor")
    return f"{step} · --by model|team|day · --detail for all tables"
