"""The first screen of ``recommend --portfolio``: per class its goal, what changes and what that is worth; all together;
and which defaults are not taken, and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.leading import split
from costctl.documents.portfolio import Aspect, Portfolio, PortfolioRow, StepWorth, Verdict
from costctl.render.cells import Cell, Row
from costctl.render.numbers import plural
from costctl.render.portfolio_words import GOALS, not_taken, step_in_words, worths
from costctl.render.recommendation_screen import next_steps
from costctl.render.recommendation_words import (
    in_words,
    missed_today,
    over_which_time,
    paid_today,
    per_week,
    told,
)
from costctl.render.sections import Facts, Section, Table, first
from costctl.render.view import View

_MOST_STEPS: Final = 5
_FEW_STEPS: Final = 3  # so that there is room for others
_MOST_KEPT: Final = 2
_MOST_NAMED: Final = 2
_AS_TODAY: Final = "as today"
# Why a default is not taken, the more telling first.
_TOLD: Final[tuple[Verdict, ...]] = ("trace_argues", "ruled_out", "candidate")


def screen(document: Portfolio, view: View) -> list[Section]:
    """The headline, a row a class, all steps together, and what stays as it is; with --verbose, all of that."""
    return [
        Facts((("", _headline(document)), ("", _basis(document)))),
        _table(document),
        *_kept(document, view),
        Facts((*missed_today(document), *_not_yet(document, view), ("Next", next_steps(document, view)))),
    ]


def _headline(document: Portfolio) -> str:
    bill = paid_today(document.baseline)
    changing = len(document.changed)
    if document.made:
        return f"Changes proposed for {changing} of {plural(len(document.rows), 'class')}. Bill {bill}"
    return f"No class changes. Bill {bill}"


def _basis(document: Portfolio) -> str:
    if document.why_nothing is not None and not document.made:
        return document.why_nothing
    return over_which_time(document.baseline)


def _table(document: Portfolio) -> Table:
    """The classes that change, then some of the others; those that cost most first."""
    changed = _with_room(document.changed)
    hidden = document.changed[len(changed) :]
    kept, others = split(document.kept, _MOST_KEPT if _has_few_steps(document) else 0)
    joint = () if document.joint is None else (document.joint,)
    worth = worths((*document.steps, *joint))
    left_to_say = {step.id: said for step, said in zip(document.steps, worth, strict=False)}
    rows: list[Row] = [row for each in changed for row in _changed_rows(document, each, left_to_say)]
    if hidden:
        rows.append((f"{len(hidden)} more", "", "change too: --detail", ""))
    rows.extend((each.request_class, GOALS[each.goal.goal], _AS_TODAY, "") for each in kept)
    if others:
        rows.append((f"{len(others)} more", "", _AS_TODAY, ""))
    rows.extend(
        ("all classes", "", in_words(document.advice(step)), left_to_say[step.id])
        for step in document.of_no_class
    )
    if joint:
        rows.append(("TOGETHER", "", "overlaps removed", worth[-1]))
    columns = ("class", "goal", "today → proposed", f"worth alone{per_week(document.baseline)}")
    left = columns if _has_wide_worth(document) else columns[:3]
    return Table("CLASS", columns, tuple(rows), frozenset(left), is_compact=True)


def _has_wide_worth(document: Portfolio) -> bool:
    """Whether some step, or all together, is worth cash and capacity, which stand side by side and may fold."""
    joint = () if document.joint is None else (document.joint,)
    return any(None not in told(each) for each in (*document.steps, *joint))


def _has_few_steps(document: Portfolio) -> bool:
    return len([step for row in document.changed for step in row.worth or ()]) <= _FEW_STEPS


def _with_room(rows: Sequence[PortfolioRow]) -> list[PortfolioRow]:
    """The first of the rows, whose steps there is room for; one at least."""
    shown: list[PortfolioRow] = []
    steps: list[StepWorth] = []
    for row in rows:
        steps.extend(row.worth or ())
        if shown and len(steps) > _MOST_STEPS:
            break
        shown.append(row)
    return shown


def _changed_rows(document: Portfolio, row: PortfolioRow, left_to_say: dict[str, Cell]) -> list[Row]:
    """A line for each step, the first with the class. left_to_say: what steps are worth that stand nowhere above; what
    is said here is taken out.
    """
    lines: list[Row] = []
    for step in row.worth or ():
        whose = (row.request_class, GOALS[row.goal.goal]) if not lines else ("", "")
        worth = left_to_say.pop(step.id, None) or f"with {_first_of(document, step)}"
        lines.append((*whose, step_in_words(document, row, step), worth))
    return lines


def _first_of(document: Portfolio, step: StepWorth) -> str:
    """The class at which the worth of a step is said."""
    return next(row.request_class for row in document.changed if step in (row.worth or ()))


def _kept(document: Portfolio, view: View) -> list[Section]:
    """Defaults that are not taken, a line for a class, the most telling; with --verbose every one."""
    found = [
        (row.request_class, not_taken(aspect))
        for row in document.rows
        for aspect in (_defaults_not_taken(row) if view.verbose else _defaults_not_taken(row)[:1])
    ]
    most = _MOST_NAMED if _has_few_steps(document) else 1
    shown, hidden = first(found, len(found) if view.verbose else most)
    if not shown:
        return []
    columns = (
        "class",
        f"usually, and why not here{f' ({hidden} more: --verbose)' if hidden else ''}",
    )
    return [Table("NOT TAKEN", columns, tuple(shown), frozenset(columns), is_compact=True)]


def _not_yet(document: Portfolio, view: View) -> list[tuple[str, str]]:
    """How much would save once something is declared or tried."""
    if not document.candidates:
        return []
    many = plural(len(document.candidates), "candidate")
    return [("Not yet", f"{many}, in no sum: {view.command('recommend')}")]


def _defaults_not_taken(row: PortfolioRow) -> list[Aspect]:
    """The more telling first."""
    return [aspect for verdict in _TOLD for _, aspect in row.aspects if aspect.verdict == verdict]
