"""How did the cost of the window go over time, and what changed within it?

In: ``Spending``. Out: ``Timeline``, and ``Changes``: the first half of the window against the second, and each day
against the one before it. Only equal lengths of time are compared, and never a part of a day with a whole one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, cast

import numpy as np

from costctl.arrays import Floats
from costctl.cost.change import change_of_part, change_of_total, spent
from costctl.cost.change_noise import noise_usd
from costctl.documents.cuts import IN_ORDER_OF_TIME, CutRowKind
from costctl.documents.spending import LEAST_SHARE, Change, Changes, Comparison, Series, Slot, Spent, Timeline
from costctl.frames.spending import DAY_NS, HOUR_NS, Amount, Key, Part, Spending
from costctl.units import NS_PER_S, iso_utc

_MINUTE_NS: Final = 60 * NS_PER_S
_CHANGING: Final = ("class", "model", "tenant")
_NO_PART: Final = "no_call"  # is in the total, and moves with the requests
_TOO_SHORT: Final = "Less than an hour was observed: too short to compare its halves."
_UNDATED: Final = "Times count from an unknown start, so what came before and after is not known."
_FIRST_DATE_NS: Final = 366 * DAY_NS  # what starts in 1970 has no date
_NOT_PRICED: Final = "Nothing is priced."
_TWO: Final = 2  # days are the halves
_NEVER: Final = Amount(0, None, 0)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two times that are compared. parts: what is counted in it.  blocks: the columns of ``Blocks`` that it
    covers.  half: 0 or 1, of which rows; None where it has both.
    """

    from_ns: int
    to_ns: int
    parts: tuple[Part, ...]
    blocks: slice
    half: int | None = None

    def amount(self, spending: Spending, keys: Sequence[Key]) -> Spent:
        """What was charged in it to these rows of a cut."""
        found = (spending.amounts[key].get(part, _NEVER) for key in keys for part in self.parts)
        return spent(Amount.sum(found))

    def columns(self, by_half: Floats) -> Floats:
        """Its blocks, in order."""
        first, second = by_half[0, self.blocks], by_half[1, self.blocks]
        return first + second if self.half is None else second if self.half else first


def timeline_of(spending: Spending) -> Timeline:
    """Requests and attributed cost by slot of time, all together and by class, the dearest first."""
    keys = sorted(spending.keys("class"), key=lambda key: key[2])
    return Timeline(
        slot_s=spending.slot_ns / NS_PER_S,
        slots=tuple(_slot(spending, at_ns) for at_ns in spending.slots),
        total=_series(spending, None, keys),
        classes=tuple(_series(spending, spending.value[key[0], key[2]], [key]) for key in keys),
    )


def changes_of(spending: Spending, by: Sequence[str] = ()) -> Changes:
    """What changed within the window, by class, model and tenant. by: what else the cost is told apart by."""
    cuts = tuple(dict.fromkeys((*_CHANGING, *(name for name in by if name not in IN_ORDER_OF_TIME))))
    if spending.last_ns - spending.first_ns < HOUR_NS:
        return Changes(None, (), _TOO_SHORT)
    if spending.first_ns < _FIRST_DATE_NS:
        return Changes(None, (), _UNDATED)
    if all(amount.usd is None for parts in spending.amounts.values() for amount in parts.values()):
        return Changes(None, (), _NOT_PRICED)
    days = _whole_days(spending)
    return Changes(
        halves=_comparison(spending, *_halves(spending, days), cuts),
        days=tuple(
            _comparison(
                spending, _days_side(spending, before, before), _days_side(spending, after, after), cuts
            )
            for before, after in pairwise(days if len(days) > _TWO else ())
        ),
        reason=None,
    )


def _slot(spending: Spending, at_ns: int) -> Slot:
    observed_ns = min(at_ns + spending.slot_ns, spending.last_ns + 1) - max(at_ns, spending.first_ns)
    missing_ns = HOUR_NS if spending.slot_ns == DAY_NS else _MINUTE_NS
    return Slot(
        from_=iso_utc(at_ns),
        observed_s=observed_ns / NS_PER_S,
        is_whole=observed_ns >= spending.slot_ns - missing_ns,
    )


def _series(spending: Spending, name: str | None, keys: Sequence[Key]) -> Series:
    amounts = [
        spent(
            Amount.sum(
                spending.amounts[key].get((at_ns, half), _NEVER) for key in keys for half in (False, True)
            )
        )
        for at_ns in spending.slots
    ]
    return Series(
        request_class=name,
        requests=tuple(each.requests for each in amounts),
        usd=tuple(each.usd for each in amounts),
    )


def _whole_days(spending: Spending) -> tuple[int, ...]:
    """The starts of the UTC days that lie in the window, but for an hour; of a window in hours none."""
    if spending.slot_ns != DAY_NS:
        return ()
    return tuple(at_ns for at_ns in spending.slots if _slot(spending, at_ns).is_whole)


def _halves(spending: Spending, days: tuple[int, ...]) -> tuple[Side, Side]:
    """As many whole days at the beginning as at the end; of a window without two of them, what lies before and after
    its middle.
    """
    if len(days) >= _TWO:
        each = len(days) // 2
        return _days_side(spending, days[0], days[each - 1]), _days_side(spending, days[-each], days[-1])
    middle_ns = spending.middle_ns
    edges = (spending.first_ns, middle_ns, spending.last_ns + 1)
    first, middle, last = ((at_ns - spending.slots[0]) // spending.block_ns for at_ns in edges)
    parts = [tuple((at_ns, is_second) for at_ns in spending.slots) for is_second in (False, True)]
    return (
        Side(edges[0], edges[1], parts[0], slice(first, middle + 1), 0),
        Side(edges[1], edges[2], parts[1], slice(middle, last + 1), 1),
    )


def _days_side(spending: Spending, first: int, last: int) -> Side:
    """Whole days, from the start of the first to the end of the last."""
    days = range(first, last + 1, DAY_NS)
    places = [(at_ns - spending.slots[0]) // spending.block_ns for at_ns in (first, last + DAY_NS)]
    return Side(
        first, last + DAY_NS, tuple((day, half) for day in days for half in (False, True)), slice(*places)
    )


def _comparison(spending: Spending, before: Side, after: Side, cuts: Sequence[str]) -> Comparison:
    """Both sides are of equal length."""
    seconds = (before.to_ns - before.from_ns) / NS_PER_S
    classes = spending.keys("class")
    total = tuple(side.amount(spending, classes) for side in (before, after))
    least_usd = LEAST_SHARE * max(each.usd or 0.0 for each in total)
    parts = [
        change
        for cut in cuts
        for key in spending.keys(cut)
        if key[1] != _NO_PART and (change := _change(spending, key, (before, after), least_usd)) is not None
    ]
    movers = [part for part in parts if part.is_listed]
    movers.sort(key=lambda part: (-abs(part.change_usd), cuts.index(part.of), part.value or ""))
    return Comparison(
        before_from=iso_utc(before.from_ns),
        before_to=iso_utc(before.to_ns),
        after_from=iso_utc(after.from_ns),
        after_to=iso_utc(after.to_ns),
        seconds=seconds,
        days=0 if before.half is not None else len(before.parts) // 2,
        is_same_time_of_day=_is_near_whole_days(seconds),
        total=change_of_total(
            (total[0], total[1]),
            [part for part in parts if part.of == "class"],
            _noise_usd(spending, classes, (before, after)),
            least_usd,
        ),
        movers=tuple(movers),
    )


def _change(spending: Spending, key: Key, sides: tuple[Side, Side], least_usd: float) -> Change | None:
    cut, kind, place = key
    before, after = (side.amount(spending, [key]) for side in sides)
    noise = _noise_usd(spending, [key], sides)
    value = spending.value.get((cut, place))
    return change_of_part(cut, cast(CutRowKind, kind), value, (before, after), noise, least_usd)


def _noise_usd(spending: Spending, keys: Sequence[Key], sides: tuple[Side, Side]) -> float:
    """Of these rows of a cut together, of which each request is in one."""
    before, after = (
        sum((side.columns(spending.blocks[key].usd) for key in keys), np.zeros(1)) for side in sides
    )
    squared = sum(
        float(side.columns(spending.blocks[key].usd_squared).sum()) for key in keys for side in sides
    )
    return noise_usd(before, after, squared, is_same_time_of_day=sides[0].half is None)


def _is_near_whole_days(seconds: float) -> bool:
    """Of two times, one after the other, of which each lasts so long: whether both cover the same hours of the day."""
    rest = (seconds * NS_PER_S) % DAY_NS
    return seconds * NS_PER_S >= DAY_NS - HOUR_NS and min(rest, DAY_NS - rest) <= HOUR_NS
