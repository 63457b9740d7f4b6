"""A portfolio: all tables for people (``recommend --portfolio --detail``), and flat CSV rows. Its first screen is in
``portfolio_screen``.
"""

from __future__ import annotations

from costctl.documents.estimate import Estimate
from costctl.documents.portfolio import Portfolio, PortfolioRow, StepWorth
from costctl.documents.recommendations import Joint
from costctl.render.cells import NOT_OBSERVED, count, low_mid_high, ratio, usd_column
from costctl.render.portfolio_words import GOALS, VERDICTS, worths
from costctl.render.recommendation_words import in_words, missed_today, over_which_time, paid_today, span
from costctl.render.sections import Notes, Section, Table
from costctl.render.spreadsheet import as_csv


def sections(document: Portfolio) -> list[Section]:
    """The bill, the classes with their goals, each aspect today and proposed, the steps, and all the reasons."""
    parts: list[Section] = [_together(document), _classes(document)]
    parts.extend(_aspect(document, place) for place in range(3))
    if document.made:
        parts.append(_steps(document))
    parts.extend(_reasons(row) for row in document.rows)
    return parts


def _together(document: Portfolio) -> Notes:
    lines = [f"Bill: {paid_today(document.baseline)}.", over_which_time(document.baseline)]
    if document.joint is not None:
        lines.append(
            f"All steps together, overlaps removed: {worths((document.joint,))[0]} {span(document)}."
        )
    elif document.why_nothing is not None:
        lines.append(document.why_nothing)
    else:
        lines.append("Nothing is recommended: every class stays as it is.")
    lines.extend(f"{label}: {said}." for label, said in missed_today(document))
    return Notes("Portfolio", tuple(lines))


def _classes(document: Portfolio) -> Table:
    costs = usd_column(each.usd for each in document.rows)
    rows = tuple(
        (
            each.request_class,
            count(each.requests),
            cost.at_least(each.unpriced_charges),
            ratio(each.bill_ratio),
            each.shape.name,
            GOALS[each.goal.goal],
        )
        for each, cost in zip(document.rows, costs, strict=True)
    )
    columns = ("class", "requests", "cost", "of the bill", "kind", "goal")
    return Table(
        "Classes: cost in USD of the window, idle time apart",
        columns,
        rows,
        frozenset({"class", "kind", "goal"}),
    )


def _aspect(document: Portfolio, place: int) -> Table:
    rows = []
    name = ""
    for row in document.rows:
        name, aspect = row.aspects[place]
        proposed = aspect.proposed or NOT_OBSERVED if aspect.change else "as today"
        rows.append(
            (
                row.request_class,
                aspect.today or NOT_OBSERVED,
                aspect.default,
                proposed,
                VERDICTS[aspect.verdict],
            )
        )
    columns = ("class", "today", "usual", "proposed", "verdict")
    return Table(name.capitalize(), columns, tuple(rows), frozenset(columns))


def _steps(document: Portfolio) -> Table:
    rows = tuple(
        (str(step.place), ", ".join(step.classes) or "all", in_words(document.advice(step)), worth)
        for step, worth in zip(document.steps, worths(document.steps), strict=True)
    )
    columns = ("#", "classes", "step", "worth")
    return Table(f"Steps, each alone: USD {span(document)}", columns, rows, frozenset(columns))


def _reasons(row: PortfolioRow) -> Notes:
    goal = "" if row.goal.why is None else f" Not {GOALS[row.goal.default]}: {row.goal.why}."
    lines = (
        f"Taken for {row.shape.name}: {row.shape.because}. {row.shape.why}",
        f"Goal: {GOALS[row.goal.goal]}.{goal}",
        *(f"{name.capitalize()}: {aspect.why}" for name, aspect in row.aspects),
    )
    return Notes(row.request_class, lines)


_WORTH = (
    "cash_usd",
    "cash_usd_per_week",
    "freed_usd",
    "freed_usd_per_week",
    "goodput_requests",
    "goodput_requests_per_week",
)
_ASPECTS = ("compute", "storage", "scheduling")
_OF_ASPECT = ("today", "default", "proposed", "verdict", "why")
_OF_CLASS = (
    "requests",
    "usd",
    "usd_per_week",
    "unpriced_charges",
    "bill_ratio",
    "shape",
    "goal",
    "goal_default",
)
_CSV_COLUMNS = (
    "row",
    "request_class",
    *_OF_CLASS,
    *(f"{aspect}_{name}" for aspect in _ASPECTS for name in _OF_ASPECT),
    "id",
    *(f"{name}{bound}" for name in _WORTH for bound in ("_low", "", "_high")),
)


def csv_text(document: Portfolio) -> str:
    """A row per class, with what serves it; under it a row per step, with what that is worth; and one for all together:
    row is class, step or joint.
    """
    rows = [line for row in document.rows for line in _csv_class(row)]
    rows.extend(_csv_worth("step", None, step.id, step) for step in document.of_no_class)
    if document.joint is not None:
        rows.append(_csv_worth("joint", None, None, document.joint))
    return as_csv(_CSV_COLUMNS, rows)


def _csv_class(row: PortfolioRow) -> list[list[object]]:
    told = [
        row.requests,
        row.usd,
        row.usd_per_week,
        row.unpriced_charges,
        row.bill_ratio,
        row.shape.name,
        row.goal.goal,
        row.goal.default,
    ]
    aspects = [getattr(aspect, name) for _, aspect in row.aspects for name in _OF_ASPECT]
    empty: list[object] = [None for name in _WORTH for _ in ("_low", "", "_high")]
    own: list[object] = ["class", row.request_class, *told, *aspects, None, *empty]
    return [own, *(_csv_worth("step", row.request_class, step.id, step) for step in row.worth or ())]


def _csv_worth(
    kind: str, request_class: str | None, name: str | None, item: StepWorth | Joint
) -> list[object]:
    estimates: list[Estimate | None] = [getattr(item, each) for each in _WORTH]
    blank: list[object] = [None for _ in (*_OF_CLASS, *(each for _ in _ASPECTS for each in _OF_ASPECT))]
    return [kind, request_class, *blank, name, *(bound for each in estimates for bound in low_mid_high(each))]
