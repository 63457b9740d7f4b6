"""The bill by one attribute: ``analyze --by``.

In: an analysis and the names that were asked for. Out: a table for each, whose rows add up to the bill as they are
written, what changed by it, and what to do next; or one flat row a value for spreadsheets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.analysis import Analysis
from costctl.documents.cuts import (
    ATTRIBUTE_PREFIX,
    IN_ORDER_OF_TIME,
    Cut,
    CutRow,
    ShownCut,
    SortColumn,
    asked_cuts,
    shown_cut,
)
from costctl.documents.spending import movers_of
from costctl.render.analysis_screen import headline
from costctl.render.cells import NOT_PRICED, Cell, Quantity, Row, count, phrase, ratio, usd
from costctl.render.changes import change_lines, mover_lines
from costctl.render.cut_names import cut_name, row_name
from costctl.render.numbers import decimal_places
from costctl.render.sections import Facts, Section, Table, first
from costctl.render.spreadsheet import as_csv
from costctl.render.view import View

_USUAL_ROWS: Final = {1: 12, 2: 5}  # by how many tables there are, so that 24 lines hold them
_FEWEST_ROWS: Final = 3
_ALL_ROWS: Final = 1_000_000
_MOST_CHANGES: Final = 3
_SHARE: Final = "share"
_OF_PRICED: Final = "of priced"  # where something has no amount
_COLUMNS: Final = ("cost", _SHARE, "requests", "success", "$/request", "calls")
_CSV_COLUMNS: Final = (
    "cut",
    "kind",
    "value",
    "values",
    "requests",
    "successes",
    "calls",
    "usd",
    "unpriced_charges",
    "cost_ratio",
    "written_usd",
    "currency",
    "period_from",
    "period_to",
)


def screen(document: Analysis, view: View, by: Sequence[str]) -> list[Section]:
    """The headline, a table for each cut, what changed by it, and what next. --detail: all rows."""
    cuts = asked_cuts(document.cuts, by)
    most = _ALL_ROWS if view.detail else view.top or _USUAL_ROWS.get(len(cuts), _FEWEST_ROWS)
    found: list[Section] = [headline(document)]
    for cut in cuts:
        found.append(_table(cut, shown_cut(cut, most, view.sort)))
    found.append(_facts(document, cuts, view))
    return found


def csv_text(document: Analysis, by: Sequence[str], sort: SortColumn | None = None) -> str:
    """One row a value, every digit kept, and the total of each cut; an empty cell is "not observed" or "not priced"."""
    period = ("USD", document.window.from_, document.window.to)
    rows: list[list[object]] = []
    for cut in asked_cuts(document.cuts, by):
        shown = shown_cut(cut, _ALL_ROWS, sort)
        rows.extend([cut.by, *_plain(row), *period] for row in (*shown.rows, *shown.others, *shown.rest))
        rows.append([cut.by, *_plain_total(cut), *period])
    return as_csv(_CSV_COLUMNS, rows)


def cut_tables(document: Analysis, by: Sequence[str]) -> list[Section]:
    """All rows of those of these cuts of which anything is observed."""
    return [
        _table(cut, shown_cut(cut, _ALL_ROWS)) for cut in asked_cuts(document.cuts, by) if cut.is_observed
    ]


def _table(cut: Cut, shown: ShownCut) -> Table:
    """Values, the hidden ones together, what has no value, idle time, and the total."""
    rows = [_row(row, cut) for row in shown.rows]
    if shown.hidden:
        rows.append(_hidden_row(cut, shown))
    rows.extend(_row(row, cut) for row in shown.rest if row.kind != "unattributed" or row.written_usd)
    rows.append(_total_row(cut))
    name = cut_name(cut.by)
    return Table(
        f"COST BY {name}" if cut.by.startswith(ATTRIBUTE_PREFIX) else f"COST BY {name}".upper(),
        (name, *(_OF_PRICED if cut.unpriced_charges and column == _SHARE else column for column in _COLUMNS)),
        tuple(rows),
        frozenset({name}),
        is_compact=True,
        least=("calls", "success", "$/request", _SHARE, _OF_PRICED),
    )


def _row(row: CutRow, cut: Cut) -> Row:
    is_used = bool(row.requests)
    return (
        row_name(row.kind, row.value),
        _cost(row, cut),
        ratio(row.cost_ratio, ""),
        count(row.requests) if is_used else "",
        ratio(row.success_ratio, ""),
        usd(row.usd_per_request, "").at_least(row.unpriced_charges),
        count(row.calls) if is_used else "",
    )


def _cost(row: CutRow, cut: Cut) -> Cell:
    shown = None if row.kind == "unattributed" else row.usd  # which may be what additions leave behind
    return _amount(row.written_usd, shown, row.unpriced_charges, cut)


def _amount(written: float | None, exact: float | None, unpriced: int, cut: Cut) -> Cell:
    """What rounds to nothing and is something is said to be less than a unit, or more than nothing."""
    if exact and not written:
        return "> $0" if unpriced else phrase("<{unit}", unit=_written(cut.unit_usd, cut))
    return _written(written, cut).at_least(unpriced)


def _hidden_row(cut: Cut, shown: ShownCut) -> Row:
    cost = _amount(shown.hidden_usd, shown.hidden_ratio, shown.hidden_unpriced_charges, cut)
    name = phrase(
        "{values} {which}", values=count(shown.hidden), which="earlier" if shown.is_earlier else "more"
    )
    return (name, cost, ratio(shown.hidden_ratio, ""), "", "", "", "")


def _total_row(cut: Cut) -> Row:
    cost = _written(cut.written_total_usd, cut).at_least(cut.unpriced_charges)
    return ("total", cost, "", count(cut.requests), "", "", "")


def _written(value: float | None, cut: Cut) -> Quantity:
    """An amount in whole units of the cut."""
    return Quantity(
        value, "USD", NOT_PRICED, places=None if cut.unit_usd is None else decimal_places(cut.unit_usd)
    )


def _facts(document: Analysis, cuts: Sequence[Cut], view: View) -> Facts:
    said = [line for cut in cuts for line in _changed(document, cut)]
    lines = [("CHANGE" if place == 0 else "", line) for place, line in enumerate(said)]
    if any(cut.is_shared for cut in cuts):
        lines.append(
            ("", "A request with several values is counted in each of their rows; its cost is split by call.")
        )
    lines.append(("Next", f"{view.command('recommend')} · --detail: all rows · --by team|day|attr:KEY"))
    return Facts(tuple(lines))


def _changed(document: Analysis, cut: Cut) -> Sequence[str]:
    """What changed of these values; of days and hours, what changed at all."""
    if cut.by in IN_ORDER_OF_TIME:
        return change_lines(document)
    movers = () if document.changes is None else movers_of(document.changes, cut.by)
    shown, hidden = first(movers, _MOST_CHANGES)
    return [*mover_lines(tuple(shown)), *([f"{count(hidden)} more: --format json"] if hidden else [])]


def _plain(row: CutRow) -> list[object]:
    return [
        row.kind,
        row.value,
        row.values,
        row.requests,
        row.successes,
        row.calls,
        row.usd,
        row.unpriced_charges,
        row.cost_ratio,
        row.written_usd,
    ]


def _plain_total(cut: Cut) -> list[object]:
    counted = [None, None, cut.requests, None, None, cut.billed_usd, cut.unpriced_charges, None]
    return ["total", *counted, cut.written_total_usd]
