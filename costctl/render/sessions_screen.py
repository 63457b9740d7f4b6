"""The first screen of tasks and sessions: how many steps, how many loops, what does completed work cost?"""

from __future__ import annotations

from typing import Final

from costctl.documents.highlights import OtherTasks, leading_tasks
from costctl.documents.sessions import ClassSteps, Sessions, SessionTotals
from costctl.render.cells import NOT_PRICED, Cell, Quantity, Row, count, number, ratio, usd, usd_column
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table
from costctl.render.sessions import looping, spread
from costctl.render.view import View

_MOST_CLASSES: Final = 8
_COLUMNS: Final = (
    "class",
    "cost",
    "tasks",
    "completed",
    "per completed",
    "steps p50/p95/max",
    "looping",
)


def screen(document: Sessions, view: View) -> list[Section]:
    """The tasks by class, the sessions in a line, and what to do next."""
    report = document.report
    shown, others = leading_tasks(report.classes, view.top or _MOST_CLASSES)
    costs = usd_column([*(each.cost.usd for each in shown), *([] if others is None else [others.usd])])
    units = usd_column(each.cost.usd_per_completed for each in shown)
    rows = [_row(each, cost, unit) for each, cost, unit in zip(shown, costs, units, strict=False)]
    if others is not None:
        rows.append(_others_row(others, costs[-1]))
    tasks = Table(
        "TASKS BY CLASS",
        _COLUMNS,
        tuple(rows),
        frozenset({"class"}),
        is_compact=True,
        least=("completed", "cost", "steps p50/p95/max"),
    )
    lines = [("SESSIONS", _sessions(report.sessions))]
    if report.looping_by_name:
        told = f"{count(report.looping_by_name)} by tool names alone: record gen_ai.tool.call.arguments"
        lines.append(("LOOPS", told))
    lines.append(("Next", f"{view.command('recommend')} · --detail for turns, cost per task and limitations"))
    return [tasks, Facts(tuple(lines))]


def _row(each: ClassSteps, cost: Quantity, unit: Quantity) -> Row:
    unpriced = each.cost.unpriced_charges
    per_completed: Cell = unit.at_least(unpriced) if each.completed else "none completed"
    return (
        each.request_class,
        cost.at_least(unpriced),
        count(each.tasks),
        ratio(each.completed_ratio),
        per_completed,
        spread(each.steps),
        looping(each),
    )


def _others_row(others: OtherTasks, cost: Quantity) -> Row:
    paid: Cell = NOT_PRICED if others.usd is None else cost.at_least(others.unpriced_charges)
    return (f"{count(others.classes)} more", paid, count(others.tasks), "", "", "", count(others.looping))


def _sessions(totals: SessionTotals) -> str:
    if totals.requests_per_session is None:
        return f"none: {totals.reason}"
    cost = totals.cost
    parts = [
        f"{plural(totals.sessions, 'session')}, {count(totals.completed)} completed",
        f"{number(totals.requests_per_session)} requests each",
        f"{count(totals.looping_sessions)} with a loop",
        f"{usd(cost.usd_per_completed).at_least(cost.unpriced_charges)} per completed session",
    ]
    return " · ".join(parts)
