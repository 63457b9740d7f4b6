"""Lines of the first screen of an analysis: the bill by model and by tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.cuts import Cut, CutRow, ShownCut, cut_by, shown_cut
from costctl.render.cells import NOT_PRICED, Cell, Quantity, count, phrase, ratio
from costctl.render.cut_names import cut_name, row_name
from costctl.render.numbers import decimal_places
from costctl.render.view import View

_MOST_VALUES: Final = 2
_SHOWN: Final = ("model", "tenant")


def cut_lines(cuts: Sequence[Cut], view: View) -> list[tuple[str, str]]:
    """By what the bill is told apart, and how; what is not recorded is said."""
    found = (cut_by(cuts, name) for name in _SHOWN)
    return [(f"BY {cut_name(cut.by).upper()}", _cut(cut, view)) for cut in found if cut is not None]


def _cut(cut: Cut, view: View) -> str:
    """Values, the others together, and what has no value, in amounts that add up to the bill."""
    if not cut.is_observed:
        return f"no {cut.by} attribute: see {view.command('doctor')}"
    if cut.unit_usd is None:
        return NOT_PRICED
    shown = shown_cut(cut, _MOST_VALUES)
    parts = [f"{_named(row, cut.unit_usd)}{_share(row)}" for row in shown.rows]
    if shown.hidden:
        parts.append(f"{count(shown.hidden)} more {_hidden_usd(shown, cut.unit_usd)}")
    parts.extend(
        _named(row, cut.unit_usd)
        for row in shown.rest
        if row.written_usd or row.unpriced_charges or row.kind == "idle"
    )
    return " · ".join(parts)


def _hidden_usd(shown: ShownCut, unit_usd: float) -> Cell:
    """A lower bound of nothing says only that there is something."""
    if not shown.hidden_usd and shown.hidden_unpriced_charges:
        return "> $0"
    return _written(shown.hidden_usd, unit_usd).at_least(shown.hidden_unpriced_charges)


def _named(row: CutRow, unit_usd: float) -> str:
    return f"{row_name(row.kind, row.value)} {_row_usd(row, unit_usd)}"


def _share(row: CutRow) -> str:
    return "" if row.cost_ratio is None else f" ({ratio(row.cost_ratio)})"


def _row_usd(row: CutRow, unit_usd: float) -> Cell:
    """What rounds to nothing and is something is said to be less than a unit."""
    if not row.written_usd and row.usd:
        return "> $0" if row.unpriced_charges else phrase("<{unit}", unit=_written(unit_usd, unit_usd))
    return _written(row.written_usd, unit_usd).at_least(row.unpriced_charges)


def _written(value: float | None, unit_usd: float) -> Quantity:
    return Quantity(value, "USD", NOT_PRICED, places=decimal_places(unit_usd))
