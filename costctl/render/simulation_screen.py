"""The first screen of ``simulate``: what is changed, what it does to cost and latency, and how far to trust that."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from costctl.documents.simulation import ClassChange, Difference, Simulation
from costctl.render.calibration import calibration_table, legend, trust_line
from costctl.render.cells import (
    Cell,
    Quantity,
    Row,
    count,
    exact,
    measured,
    phrase,
    ratio,
    trust_of,
    usd_column,
)
from costctl.render.numbers import period, plural
from costctl.render.sections import Facts, Section, Table, first
from costctl.render.settings import setting_value
from costctl.render.simulation import failure_lines, put_off_lines, signed_change
from costctl.render.view import View

_MOST_CHANGES: Final = 4
_MOST_CLASSES: Final = 10
_MOST_POOLS: Final = 3
_MOST_NOTED: Final = 3
_NAMES: Final = {"usd": "cost", "usd_per_good_request": "cost per good request", "goodput": "goodput"}
_BESIDE: Final = ("today", "scenario", "difference")
_FATES: Final = (
    "rejected",
    "expired",
    "timed_out",
    "failed",
    "never_arrived",
    "in_flight",
    "fell_back",
    "retried",
)


def screen(document: Simulation, view: View) -> list[Section]:
    """The scenario beside today; without a change, today's replay beside what was observed."""
    if not document.scenario.is_changed:
        return [
            Facts(
                (
                    ("", "Nothing is changed: a replay of today beside what was observed"),
                    ("", _window(document)),
                )
            ),
            _reproduced(document),
            _facts(document, view, ""),
        ]
    totals, latencies = _totals(document), _latencies(document)
    marks = legend((*totals.rows, *latencies.rows), document.calibration)
    return [
        Facts((("", _changed(document)), ("", _window(document)))),
        totals,
        latencies,
        _facts(document, view, marks),
    ]


def _changed(document: Simulation) -> str:
    """All that differs from today, in one sentence."""
    scenario = document.scenario
    parts = [
        f"{each.key} {setting_value(each.from_, each.unit, is_limit=each.is_limit)} → "
        f"{setting_value(each.to, each.unit, is_limit=each.is_limit)}"
        for each in scenario.changes
    ]
    shown, hidden = first(parts, _MOST_CHANGES)
    policy = [] if scenario.policy_id is None else [f"policy {scenario.policy_id}"]
    load = [] if scenario.load_factor == 1 else [_load(document)]
    more = [f"{plural(hidden, 'more setting')} (--detail)"] if hidden else []
    return "; ".join([*policy, *load, *failure_lines(scenario.failures), *shown, *more])


def _load(document: Simulation) -> str:
    return f"load {exact(document.scenario.load_factor)}x ({count(document.result.requests)} requests)"


def _window(document: Simulation) -> str:
    window = document.window
    return f"{count(window.replayed_requests)} of {count(window.requests)} requests, {period(window.from_, window.to)}"


def _totals(document: Simulation) -> Table:
    """Cost and goodput of all, and cost and utilisation of the pools that change."""
    rows = [(_NAMES[each.metric], *_beside(each)) for each in document.totals]
    shown, hidden = first(document.changed_pools, _MOST_POOLS)
    rows.extend((f"utilisation of {each.pool}", *_beside(each)) for each in shown)
    if hidden:
        rows.append((f"{hidden} more pools: --detail", "", "", ""))
    columns = ("total", *_BESIDE)
    return Table("total", columns, tuple(rows), frozenset({"total"}), is_compact=True)


def _latencies(document: Simulation) -> Table:
    """End-to-end p95 and goodput by class, what changes most first; those that stay as they are are counted."""
    changed = [each for each in document.class_changes if each.is_changed]
    shown, hidden = first(changed, _MOST_CLASSES)
    rows = [
        (each.request_class, *_beside(each.e2e_p95), _interval(each.e2e_p95), _goodput(each))
        for each in shown
    ]
    if hidden:
        rows.append((f"{hidden} more: --detail", "", "", "", "", ""))
    same = document.class_changes[len(changed) :]
    if same:
        rows.append((f"{len(same)} unchanged", "", "", "", "", ""))
    columns = ("p95 by class", *_BESIDE, "95 % interval", "goodput")
    return Table(
        columns[0],
        columns,
        tuple(rows),
        frozenset(columns[:1]),
        is_compact=True,
        least=("95 % interval", "goodput"),
    )


def _beside(difference: Difference) -> Row:
    """Today, the scenario, and the difference, marked where it may not be acted on; amounts with the same decimals."""
    change = replace(signed_change(difference, difference.change), trust=trust_of(difference.is_trusted))
    if difference.unit != "USD":
        today, scenario = (
            measured(each, difference.unit) for each in (difference.baseline, difference.scenario)
        )
        return (today, scenario, change)
    *both, by = usd_column((difference.baseline, difference.scenario, difference.change))
    return (*both, replace(change, places=by.places))


def _interval(difference: Difference) -> Cell:
    estimate = difference.difference
    if estimate is None:
        return "too few"
    if estimate.is_exact:
        return ""
    low, high = (signed_change(difference, each) for each in (estimate.low, estimate.high))
    return phrase("{low} to {high}", low=low, high=high)


def _goodput(change: ClassChange) -> Cell:
    goodput = change.goodput
    if goodput is None:
        return ""
    before, after = (ratio(each) for each in (goodput.baseline, goodput.scenario))
    return phrase("{from} → {to}", **{"from": before, "to": _trusted(after, goodput)})


def _trusted(cell: Quantity, difference: Difference) -> Quantity:
    return replace(cell, trust=trust_of(difference.is_trusted))


def _reproduced(document: Simulation) -> Table:
    """How far each class and pool is off."""
    table = calibration_table(document.calibration)
    shown, hidden = first(table.rows, _MOST_CLASSES)
    rows = [*shown]
    if hidden:
        rows.append((f"{hidden} more: --detail", *("" for _ in table.columns[1:])))
    return replace(
        table,
        title=table.columns[0],
        rows=tuple(rows),
        is_compact=True,
        least=("call latency p50", "call TTFT p50", "busy time", "call TTFT p95"),
    )


def _facts(document: Simulation, view: View, marks: str) -> Facts:
    scenario, calibration = document.scenario, document.calibration
    lines = [*_unserved(document)]
    lines.extend(("Waits", said) for said in put_off_lines(document))
    lines.extend(
        ("No effect", f"{each.asked}: {each.reason}") for each in scenario.without_effect[:_MOST_NOTED]
    )
    _, hidden = first(scenario.without_effect, _MOST_NOTED)
    if hidden:
        lines.append(("No effect", f"{hidden} more: --detail"))
    shared, hidden = first(scenario.shared_limits, _MOST_NOTED)
    lines.extend(
        (
            "Shared limit",
            f"{each.pointer}: {exact(each.limit)} over {each.replicas} replicas is replayed as "
            f"{exact(each.per_replica)} on each",
        )
        for each in shared
    )
    if hidden:
        lines.append(("Shared limit", f"{hidden} more: --detail"))
    if scenario.left_out:
        lines.append(
            (
                "Not replayed",
                f"{plural(len(scenario.left_out), 'value')} of the policy, such as {scenario.left_out[0].pointer} "
                f"({scenario.left_out[0].reason}): --detail lists them",
            )
        )
    lines.append(("Trust", f"replay {trust_line(calibration)}{_reach(document)}{marks}"))
    if document.extrapolation.is_extrapolating:
        said = "more concurrent calls than were observed: figures show a direction only (--detail)"
        lines.append(("EXTRAPOLATED", said))
    if calibration.not_reproduced:
        limits, hidden = first(calibration.not_reproduced, 1)
        more = f" ({hidden} more: --detail)" if hidden else ""
        lines.append(("Limitation", f"{limits[0]}{more}"))
    lines.append(("Next", _next(document, view)))
    return Facts(tuple(lines), frozenset({"EXTRAPOLATED", "No effect"}))


def _unserved(document: Simulation) -> list[tuple[str, str]]:
    """What becomes of calls that are not served, where there are any."""
    today, scenario = document.baseline.calls, document.result.calls
    told = [
        f"{count(after)} {name.replace('_', ' ')} (today {count(before)})"
        for name in _FATES
        for before, after in ((getattr(today, name), getattr(scenario, name)),)
        if before or after
    ]
    return [("Calls", ", ".join(told))] if told else []


def _reach(document: Simulation) -> str:
    """From which load on it rests on what was not observed, where the scenario does not already."""
    extrapolation = document.extrapolation
    if extrapolation.is_extrapolating or extrapolation.load_factor_from is None:
        return ""
    return f"; extrapolates from {exact(extrapolation.load_factor_from)}x load on"


def _next(document: Simulation, view: View) -> str:
    if not document.scenario.is_changed:
        return f"{view.command('simulate --load 1.5x')} · {view.command('recommend')} · --detail for today's settings"
    return f"{view.command('recommend')} · --detail for all metrics, pools, waits and today's settings"
