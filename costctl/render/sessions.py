"""Steps, loops and sessions as tables and as CSV."""

from __future__ import annotations

from costctl.documents.sessions import ClassSteps, Sessions, SessionsReport, SessionTotals, StepSpread
from costctl.render.cells import NOT_PRICED, Cell, Row, count, number, phrase, ratio, seconds, usd
from costctl.render.sections import Notes, Section, Table
from costctl.render.spreadsheet import as_csv

_STEPS = ("class", "tasks", "completed", "steps", "turns", "looping")
_COST = ("class", "all tasks", "per task", "per completed task")


def sections(document: Sessions) -> list[Section]:
    """The sections of the document that ``segment --sessions`` prints."""
    return sessions_sections(document.report)


def sessions_sections(report: SessionsReport) -> list[Section]:
    """Steps and costs of the classes, agentic classes first; the sessions; and why figures are missing."""
    steps = tuple(
        (
            each.request_class,
            count(each.tasks),
            ratio(each.completed_ratio),
            spread(each.steps),
            spread(each.turns),
            looping(each),
        )
        for each in report.classes
    )
    costs: tuple[Row, ...] = tuple(
        (
            each.request_class,
            *(
                amount.at_least(each.cost.unpriced_charges)
                for amount in (
                    usd(each.cost.usd),
                    usd(each.cost.usd_per_task),
                    usd(each.cost.usd_per_completed, NOT_PRICED if each.completed else "none completed"),
                )
            ),
        )
        for each in report.classes
    )
    name = frozenset({"class"})
    parts: list[Section] = [
        Table("Tasks: steps and turns, p50 / p95 / max", _STEPS, steps, name),
        Table("Tasks: cost in USD, including failed tasks", _COST, costs, name),
        Notes("Sessions", _session_lines(report.sessions)),
    ]
    notes = _notes(report)
    return [*parts, Notes("Limitations", notes)] if notes else parts


def spread(steps: StepSpread) -> Cell:
    """p50 / p95 / max."""
    return phrase("{p50} / {p95} / {max}", p50=count(steps.p50), p95=count(steps.p95), max=count(steps.max))


def looping(each: ClassSteps) -> Cell:
    """How many tasks went round in circles, of those of which that is known."""
    if each.steps.max <= 1:
        return phrase("one step")
    if each.looping_ratio is None:
        return phrase("unknown")
    return phrase("{tasks} of {known}", tasks=count(each.looping), known=count(each.loop_known))


def _session_lines(totals: SessionTotals) -> tuple[str, ...]:
    if totals.requests_per_session is None or totals.steps_per_session is None:
        return (f"None: {totals.reason}.",)
    cost = totals.cost
    total, each, done = (
        usd(amount).at_least(cost.unpriced_charges)
        for amount in (cost.usd, cost.usd_per_task, cost.usd_per_completed)
    )
    others = usd(totals.usd_without).at_least(totals.unpriced_charges_without)
    paid = (
        f"Cost: {NOT_PRICED}."
        if cost.usd is None
        else f"Cost: {total}; per session {each}, per completed session "
        f"{done if totals.completed else 'none completed'}; "
        f"requests without a session {others if totals.requests_without else 'none'}."
    )
    return (
        f"{count(totals.sessions)} sessions, {count(totals.completed)} completed (the last request succeeded); "
        f"{count(totals.looping_sessions)} with a looping task.",
        f"{count(totals.requests)} requests in sessions: {number(totals.requests_per_session)} a session, p95 "
        f"{count(totals.requests_p95)}; {count(totals.requests_without)} requests without one.",
        f"{number(totals.steps_per_session)} steps a session; p50 duration "
        f"{seconds(totals.span_p50_s)}, pauses included.",
        paid,
    )


def _notes(report: SessionsReport) -> tuple[str, ...]:
    lines = [f"{each.request_class}: {each.cost.reason}." for each in report.classes if each.cost.reason]
    if report.looping_by_name:
        lines.append(
            f"{count(report.looping_by_name)} looping tasks are detected by the names of their tools alone: the traces "
            "do not record the arguments, so a tool that reads one page after another looks the same. Record "
            "gen_ai.tool.call.arguments; only a hash of it is kept."
        )
    if report.sessions.cost.reason and report.sessions.sessions:
        lines.append(f"Sessions: {report.sessions.cost.reason}.")
    return tuple(lines)


_CSV_COLUMNS = (
    "request_class",
    "is_agentic",
    "tasks",
    "completed",
    "steps_p50",
    "steps_p95",
    "steps_max",
    "turns_p50",
    "turns_p95",
    "turns_max",
    "loop_known",
    "looping",
    "looping_by_name",
    "usd",
    "usd_per_task",
    "usd_per_completed",
    "unpriced_charges",
)


def csv_text(document: Sessions) -> str:
    """One row per class, every digit kept."""
    return as_csv(
        _CSV_COLUMNS,
        [
            [
                each.request_class,
                each.is_agentic,
                each.tasks,
                each.completed,
                each.steps.p50,
                each.steps.p95,
                each.steps.max,
                each.turns.p50,
                each.turns.p95,
                each.turns.max,
                each.loop_known,
                each.looping,
                each.looping_by_name,
                each.cost.usd,
                each.cost.usd_per_task,
                each.cost.usd_per_completed,
                each.cost.unpriced_charges,
            ]
            for each in document.report.classes
        ],
    )
