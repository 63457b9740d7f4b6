"""What changed within the period, in a few lines and in full.

In: an analysis. Out: lines for a first screen; tables of all changes and of the days.
"""

from __future__ import annotations

from typing import Final

from costctl.documents.analysis import Analysis
from costctl.documents.spending import Change, Changes, Comparison, Timeline, leading_movers, notable_days
from costctl.render.cells import NOT_PRICED, Quantity, Row, count, seconds, usd
from costctl.render.cut_names import cut_name, row_name
from costctl.render.numbers import days, length
from costctl.render.sections import Section, Table
from costctl.units import S_PER_HOUR

_EFFECTS: Final = {
    "volume": "more or fewer requests",
    "unit_cost": "cost per request",
    "mix": "mix of classes",
}
_NONE: Final = ""
_COLUMNS: Final = (
    "period",
    "by",
    "value",
    "before",
    "after",
    "change",
    "volume",
    "per request",
    "mix",
    "error",
    "first request",
)
_MOST_DAYS: Final = 2


def change_lines(document: Analysis) -> tuple[str, ...]:
    """The halves of the period, what moved most, and the days that stand out; nothing where nothing was compared."""
    changes = document.changes
    if changes is None or changes.halves is None:
        return ()
    lines = [_said(changes.halves)]
    if changes.halves.movers:
        lines.append(_movers(changes.halves))
    lines.extend(f"{_sides(day)}: {_movers(day)}" for day in notable_days(changes, _MOST_DAYS))
    return tuple(lines)


def mover_lines(pairs: tuple[tuple[Comparison, Change], ...]) -> tuple[str, ...]:
    """One line a change."""
    return tuple(f"{_sides(compared)}: {_mover(change, with_cut=False)}" for compared, change in pairs)


def change_sections(document: Analysis) -> list[Section]:
    """All changes that are more than chance, and the cost by day or hour."""
    found: list[Section] = []
    if document.changes is not None and document.changes.halves is not None:
        found.append(_all_changes(document.changes, document.changes.halves))
    if document.timeline is not None and len(document.timeline.slots) > 1:
        found.append(_slots(document.timeline))
    return found


def _said(halves: Comparison) -> str:
    """How the total went, and whether that is more than chance."""
    total = halves.total
    changed = f"{_sides(halves)}: {_signed(total.change_usd)}{_relative(total)}"
    if total.is_listed:
        return f"{changed}, mainly {_EFFECTS[total.mainly]}"
    return (
        f"{changed}, not clear of chance (standard error {usd(total.noise_usd)})"
        if total.change_usd
        else changed
    )


def _movers(compared: Comparison) -> str:
    """What moved most, by class, by model and by tenant."""
    return " · ".join(_mover(change, with_cut=True) for change in leading_movers(compared))


def _mover(change: Change, *, with_cut: bool) -> str:
    name = row_name(change.kind, change.value)
    subject = f"{cut_name(change.of)} {name}" if with_cut else name
    return f"{subject} {_signed(change.change_usd)} ({_why(change)})"


def _why(change: Change) -> str:
    if not change.before.requests:
        return "new"
    if not change.after.requests:
        return "gone"
    if change.mainly == "volume":
        return f"requests {_signed_ratio(change.requests_ratio)}"
    return f"cost per request {_signed_ratio(change.unit_cost_ratio)}"


def _relative(change: Change) -> str:
    return "" if change.change_ratio is None else f" ({_signed_ratio(change.change_ratio)})"


def _sides(compared: Comparison) -> str:
    """Nov 24 vs Nov 23; the second half against the first, where these are no whole days."""
    if not compared.days:
        each = length(compared.seconds)
        return f"last {each} vs the {each} before"
    return (
        f"{days(compared.after_from, compared.after_to)} vs {days(compared.before_from, compared.before_to)}"
    )


def _signed(value: float) -> Quantity:
    return Quantity(value, "USD", NOT_PRICED, is_signed=True)


def _signed_ratio(value: float | None) -> Quantity:
    return Quantity(value, "ratio", NOT_PRICED, is_signed=True)


def _all_changes(changes: Changes, halves: Comparison) -> Table:
    rows = [_change_row(halves, halves.total)]
    rows.extend(_change_row(halves, mover) for mover in halves.movers)
    for day in changes.days:
        rows.extend(_change_row(day, mover) for mover in ((day.total,) if day.total.is_listed else ()))
        rows.extend(_change_row(day, mover) for mover in day.movers)
    return Table(
        "Changes within the period in USD, of equal lengths of time: the total, and what is more than chance",
        _COLUMNS,
        tuple(rows),
        frozenset((*_COLUMNS[:3], "first request")),
        least=("error", "mix", "first request", "before", "after"),
    )


def _change_row(compared: Comparison, change: Change) -> Row:
    name = row_name(change.kind, change.value)
    return (
        _sides(compared) if compared.days else "2nd half vs 1st",
        cut_name(change.of),
        _NONE if change.of == "total" else name,
        usd(change.before.usd).at_least(change.before.unpriced_charges),
        usd(change.after.usd).at_least(change.after.unpriced_charges),
        _signed(change.change_usd),
        _signed(change.volume_usd),
        _signed(change.unit_cost_usd),
        _NONE if change.mix_usd is None else _signed(change.mix_usd),
        usd(change.noise_usd),
        change.first_request or _NONE,
    )


def _slots(timeline: Timeline) -> Table:
    """One row a day, or an hour; of those that lie in the period in part, for how long."""
    unit = "hour" if timeline.slot_s <= S_PER_HOUR else "day"
    rows: tuple[Row, ...] = tuple(
        (
            slot.from_[:16] if unit == "hour" else slot.from_[:10],
            _NONE if slot.is_whole else seconds(slot.observed_s),
            count(requests),
            usd(cost),
        )
        for slot, requests, cost in zip(
            timeline.slots, timeline.total.requests, timeline.total.usd, strict=True
        )
    )
    columns = (f"{unit} (UTC)", "observed only for", "requests", "attributed")
    return Table(f"Attributed cost by {unit} in USD, idle time apart", columns, rows, frozenset(columns[:1]))
