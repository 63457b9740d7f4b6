"""Lines of the first screen of an analysis: by model, by tenant, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from costctl.documents.cuts import Cut, CutRow, cut_by
from costctl.documents.moves import change_ratio, largest_jump, leading_values, named_movers
from costctl.documents.spending import Change, Changes, Comparison
from costctl.render.cells import NOT_PRICED, Cell, Quantity, count, phrase, ratio, usd
from costctl.render.numbers import decimal_places, period
from costctl.render.view import View

_MOST_VALUES: Final = 2
_SHOWN: Final = ("model", "tenant")
_NO_VALUE: Final = {"not_observed": "not observed", "no_call": "no model call"}


def cut_lines(cuts: Sequence[Cut], view: View) -> list[tuple[str, str]]:
    """The bill by model and by tenant; what is not recorded is said."""
    found = ((name, cut_by(cuts, name)) for name in _SHOWN)
    return [(f"BY {name.upper()}", _cut(cut, view)) for name, cut in found if cut is not None]


def _cut(cut: Cut, view: View) -> str:
    if not cut.is_observed:
        return f"no {cut.by} attribute: see {view.command('doctor')}"
    if cut.unit_usd is None:
        return NOT_PRICED
    shown, others, rest = leading_values(cut, _MOST_VALUES)
    parts = [f"{_name(row)} {_row_usd(row, cut.unit_usd)}{_share(row)}" for row in shown]
    if others is not None:
        amount = _written(others.usd, cut.unit_usd).at_least(others.unpriced_charges)
        parts.append(f"{count(others.values)} more {amount}")
    parts.extend(f"{_name(row)} {_row_usd(row, cut.unit_usd)}" for row in rest)
    return " · ".join(parts)


def _name(row: CutRow) -> str:
    if row.kind == "others":
        return f"{count(row.values)} more"
    return row.value or _NO_VALUE.get(row.kind, row.kind)


def _share(row: CutRow) -> str:
    return "" if row.cost_ratio is None else f" ({ratio(row.cost_ratio)})"


def _row_usd(row: CutRow, unit_usd: float) -> Cell:
    """What rounds to nothing and is something is said to be less than a unit."""
    if not row.written_usd and row.usd:
        return "> $0" if row.unpriced_charges else phrase("<{unit}", unit=_written(unit_usd, unit_usd))
    return _written(row.written_usd, unit_usd).at_least(row.unpriced_charges)


def _written(value: float | None, unit_usd: float) -> Quantity:
    return Quantity(value, "USD", NOT_PRICED, places=decimal_places(unit_usd))


def change_lines(changes: Changes | None) -> list[tuple[str, str]]:
    """The second half against the first, and the day that jumps most; nothing where nothing is compared."""
    if changes is None or changes.halves is None:
        return []
    lines = [("CHANGE", f"{_sides(changes.halves)}: {_moved(changes.halves)}")]
    if (jump := largest_jump(changes)) is not None:
        lines.append(("", f"largest from day to day, {_sides(jump)}: {_moved(jump)}"))
    return lines


def _sides(comparison: Comparison) -> str:
    if not comparison.days:
        return "second half vs first"
    after = period(comparison.after_from, comparison.after_to)
    return f"{after} vs {period(comparison.before_from, comparison.before_to)}"


def _moved(comparison: Comparison) -> str:
    total, movers = comparison.total, named_movers(comparison)
    part = change_ratio(total)
    share = "" if part is None else f" ({replace(ratio(part), is_signed=True)})"
    said = f"{_signed(total)}{share}"
    if not movers:
        return f"{said}, {_why(total)}" if total.is_listed else f"{said}, within noise"
    moves = " · ".join(f"{move.of} {_named(move)} {_signed(move)} ({_why(move)})" for move in movers)
    return f"{said}, mostly {moves}" if total.is_listed else f"{said} within noise; moved: {moves}"


def _signed(change: Change) -> Quantity:
    return replace(usd(change.change_usd), is_signed=True)


def _named(change: Change) -> str:
    return change.value or _NO_VALUE.get(change.kind, change.kind)


def _why(change: Change) -> str:
    match change.mainly:
        case "volume":
            return "more requests" if change.volume_usd > 0 else "fewer requests"
        case "unit_cost":
            return "higher cost per request" if change.unit_cost_usd > 0 else "lower cost per request"
        case "mix":
            return "another mix of classes"
