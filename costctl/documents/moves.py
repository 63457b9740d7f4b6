"""Which part of a cut, of a change or of a timeline is worth a line of the first screen?

In: parts of an analysis. Out: rows of a cut with the sum of the others, so that they add up; the changes to name; and
the whole slots of a timeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from costctl.documents.cuts import Cut, CutRow
from costctl.documents.leading import split, sum_as_written
from costctl.documents.spending import Change, Changes, Comparison, Timeline

_NAMED: Final = ("class", "model", "tenant")
_VALUES: Final = ("value", "others")


class OtherValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sums of ``values`` values of a cut. usd: as their rows are written; null where none has an amount."""

    values: int
    usd: float | None
    unpriced_charges: int


def leading_values(cut: Cut, most: int) -> tuple[tuple[CutRow, ...], OtherValues | None, tuple[CutRow, ...]]:
    """The values that cost most, the sum of all others, and what has no value: not observed, idle, unattributed."""
    values = [row for row in cut.rows if row.kind in _VALUES]
    shown, others = split(values, most)
    rest = tuple(
        row for row in cut.rows if row.kind not in _VALUES and (row.written_usd or row.unpriced_charges)
    )
    if not others:
        return shown, None, rest
    summed = OtherValues(
        values=sum(row.values for row in others),
        usd=sum_as_written(row.written_usd for row in others),
        unpriced_charges=sum(row.unpriced_charges for row in others),
    )
    return shown, summed, rest


def change_ratio(change: Change) -> float | None:
    """The change over what was there before; None where that is nothing, or not known."""
    return change.change_usd / change.before.usd if change.before.usd else None


def named_movers(comparison: Comparison) -> tuple[Change, ...]:
    """The largest listed change of a class, of a model and of a tenant."""
    found = (next((move for move in comparison.movers if move.of == name), None) for name in _NAMED)
    return tuple(move for move in found if move is not None)


def largest_jump(changes: Changes) -> Comparison | None:
    """The day that differs most from the one before it, in total or in anything that is listed."""
    jumps = [each for each in changes.days if each.total.is_listed or each.movers]
    return max(jumps, key=_size, default=None)


def whole_slots(timeline: Timeline, request_class: str, most: int) -> tuple[float | None, ...]:
    """What the class was charged in each whole slot, the last ``most`` of them, USD."""
    series = next((each for each in timeline.classes if each.request_class == request_class), None)
    if series is None:
        return ()
    slots: Sequence[float | None] = [
        usd for slot, usd in zip(timeline.slots, series.usd, strict=True) if slot.is_whole
    ]
    return tuple(slots[-most:])


def _size(comparison: Comparison) -> float:
    moves = [comparison.total, *comparison.movers]
    return max(abs(move.change_usd) for move in moves if move.is_listed)
