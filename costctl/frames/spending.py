"""What was spent when? The rows of cuts over time, as a few numbers and arrays.

In: the relations cut_use, cut_block and observed_totals. Out: ``Spending``: by row of a cut and slot of time, what was
charged, and by short blocks of time, how that varied.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Floats
from costctl.frames.cut_sums import CutSums
from costctl.stats.exact_sums import sums_of_parts
from costctl.units import NS_PER_S

# As in sql/core/request_time.sql.
HOUR_NS: Final = 3600 * NS_PER_S
DAY_NS: Final = 24 * HOUR_NS
LEAST_TWO_DAYS_NS: Final = 46 * HOUR_NS  # an hour may be missing at each end
_MANY_DAYS_NS: Final = 8 * DAY_NS

Key = tuple[str, str, int]  # cut, kind, place
Part = tuple[int, bool]  # start of the slot, whether in the second half
_PART: Final = ("cut", "kind", "place", "slot_ns", "is_second_half")


@dataclass(frozen=True, slots=True)
class Amount:
    """What was charged in one part of the time. usd: None where nothing has an amount."""

    requests: int
    usd: float | None
    unpriced_charges: int

    @classmethod
    def sum(cls, amounts: Iterable[Amount]) -> Amount:
        """All together."""
        found = [*amounts]
        known = [each.usd for each in found if each.usd is not None]
        return cls(
            sum(each.requests for each in found),
            math.fsum(known) if known else None,
            sum(each.unpriced_charges for each in found),
        )


@dataclass(frozen=True, slots=True)
class Blocks:
    """By half of the window and block of time: USD, and the sum over requests of the square of each one's USD."""

    usd: Floats
    usd_squared: Floats


@dataclass(frozen=True, slots=True)
class Spending:
    """first_ns, last_ns: of the window.  slot_ns, block_ns: lengths of a slot, and of a block of it.  slots: their
    starts.  value: what a row is of.
    """

    first_ns: int
    last_ns: int
    slot_ns: int
    block_ns: int
    slots: tuple[int, ...]
    amounts: dict[Key, dict[Part, Amount]]
    blocks: dict[Key, Blocks]
    value: dict[tuple[str, int], str | None]

    @property
    def middle_ns(self) -> int:
        """Where the second half of the window begins."""
        return self.first_ns + (self.last_ns - self.first_ns) // 2

    def keys(self, cut: str) -> list[Key]:
        """The rows of a cut."""
        return [key for key in self.amounts if key[0] == cut]


def lengths_ns(first_ns: int, last_ns: int) -> tuple[int, int]:
    """Of the slots of a window, and of their blocks."""
    if last_ns - first_ns < LEAST_TWO_DAYS_NS:
        return HOUR_NS, HOUR_NS // 24
    return DAY_NS, HOUR_NS // 4 if last_ns - first_ns < _MANY_DAYS_NS else HOUR_NS


def spending_of(sums: CutSums) -> Spending:
    """The rows of all cuts over time."""
    first_ns, last_ns = sums.observed_totals.select("first_ns", "last_ns").row(0)
    slot_ns, block_ns = lengths_ns(first_ns, last_ns)
    first_slot = first_ns // slot_ns * slot_ns
    slots = tuple(range(first_slot, last_ns + 1, slot_ns))
    return Spending(
        first_ns=first_ns,
        last_ns=last_ns,
        slot_ns=slot_ns,
        block_ns=block_ns,
        slots=slots,
        amounts=_amounts(sums.cut_use),
        blocks=_blocks(sums.cut_block, first_slot, block_ns, len(slots) * slot_ns // block_ns),
        value={(cut, place): value for cut, place, value, _ in sums.cut_row.iter_rows()},
    )


def _amounts(cut_use: pl.DataFrame) -> dict[Key, dict[Part, Amount]]:
    usd = sums_of_parts(cut_use, _PART, "usd")
    counted = cut_use.group_by(_PART).agg(pl.col("requests", "unpriced_charges").sum()).sort(_PART)
    found: dict[Key, dict[Part, Amount]] = {}
    for *part, requests, unpriced in counted.iter_rows():
        cut, kind, place, slot_ns, is_second = part
        amount = Amount(requests, usd.get(tuple(part)), unpriced)
        found.setdefault((cut, kind, place), {})[slot_ns, is_second] = amount
    return found


def _blocks(cut_block: pl.DataFrame, first_slot: int, block_ns: int, count: int) -> dict[Key, Blocks]:
    found: dict[Key, Blocks] = {}
    for cut, kind, place, at_ns, is_second, block, usd, squared in cut_block.iter_rows():
        if (cut, kind, place) not in found:
            found[cut, kind, place] = Blocks(np.zeros((2, count)), np.zeros((2, count)))
        number = (at_ns - first_slot) // block_ns + block
        found[cut, kind, place].usd[int(is_second), number] = usd
        found[cut, kind, place].usd_squared[int(is_second), number] = squared
    return found
