"""What do both sides say of each bucket, model and kind, and what is billed together?

In: a provider's sides, without those keys that one side lacks, and a shift of the days. Out: ``Cells``. The bill may
tell less than the traces: an amount of a model, of a kind, or of all; quantities of a kind over all models. What it
does not tell apart is one group here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NamedTuple

from costctl.pricing.price_kinds import TOKEN_KINDS
from costctl.reconcile.sides import Billed, Bucket, Provider
from costctl.reconcile.traced import CALLS, SLOTS_A_DAY, Traced
from costctl.reconcile.whose import Whose, name_of

NOTHING: Final = Fraction(0)
Quote = Callable[[str, str, int], Fraction | None]  # model, kind, days from the epoch → USD for one
_SIGMAS: Final = 4  # of the sum of roundings, which are as often up as down


class Cell(NamedTuple):
    """What quantities are told by. model: None where the bill counts a kind over all models."""

    model: str | None
    kind: str


class Group(NamedTuple):
    """What amounts are told by; None where the bill does not tell it apart."""

    model: str | None
    kind: str | None


@dataclass
class Used:
    """quantity, usd: of a cell in a bucket.  unpriced, unknown: charges of the traces without an amount, a
    quantity.
    """

    quantity: Fraction = NOTHING
    usd: Fraction = NOTHING
    unpriced: int = 0
    unknown: int = 0


@dataclass
class Cells:
    """traced, at_utc: by bucket and cell, the days cut as the bill does, and in UTC.  billed: quantities.
    amounts: by bucket and group.  lines: how many lines an amount is of.  billed_calls, traced_calls: by bucket
    and model; those of the bill only where it counts them.  of_keys: of billed, what is of keys that no trace has.
    """

    traced: dict[tuple[Bucket, Cell], Used] = field(default_factory=dict)
    at_utc: dict[tuple[Bucket, Cell], Used] = field(default_factory=dict)
    billed: dict[tuple[Bucket, Cell], Fraction] = field(default_factory=dict)
    amounts: dict[tuple[Bucket, Group], Fraction] = field(default_factory=dict)
    lines: dict[tuple[Bucket, Group], int] = field(default_factory=dict)
    billed_calls: dict[tuple[Bucket, str], int] = field(default_factory=dict)
    traced_calls: dict[tuple[Bucket, str], int] = field(default_factory=dict)
    of_keys: dict[tuple[Bucket, Cell], dict[str, Fraction]] = field(default_factory=dict)
    members: dict[Group, set[Cell]] = field(default_factory=dict)
    counted_kinds: frozenset[str] = frozenset()

    def is_counted(self, group: Group) -> bool:
        """Whether the bill says quantities of all that the group holds."""
        return all(cell.kind in self.counted_kinds for cell in self.members[group])


def cells_of(
    provider: Provider,
    usage: Sequence[Billed],
    traced: Sequence[Traced],
    shift: int,
    whose: Whose,
    *,
    has_quantities: bool,
) -> Cells:
    """The cells. usage: lines of the bill about usage of some kind.  has_quantities: those of the bill may be
    used.
    """
    counted = (
        {row.kind for row in usage if row.quantity is not None and row.kind is not None}
        if has_quantities
        else set()
    )
    cell_of = _cell_of(usage, has_quantities=has_quantities)
    group_of = _group_of(usage, cell_of)
    found = Cells(
        counted_kinds=frozenset(counted | (set(TOKEN_KINDS) if counted & set(TOKEN_KINDS) else set()))
    )
    for row in traced:
        for into, by in ((found.traced, shift), (found.at_utc, 0)):
            bucket = provider.bucket_at(row.slot, by)
            if bucket is None:
                continue
            if row.kind == CALLS:
                if into is found.traced:
                    key = (bucket, str(row.model))
                    found.traced_calls[key] = found.traced_calls.get(key, 0) + row.calls
                continue
            cell = cell_of(row.model, row.kind)
            used = into.setdefault((bucket, cell), Used())
            used.quantity += row.quantity
            used.usd += row.usd
            used.unpriced += row.unpriced
            used.unknown += row.unknown
            found.members.setdefault(group_of(row.model, row.kind), set()).add(cell)
    for line in usage:
        name = name_of(line, whose.field)
        counts_calls = has_quantities and name not in whose.untraced
        _add_line(found, line, cell_of, group_of, has_quantities=has_quantities, counts_calls=counts_calls)
        if (
            name in whose.untraced
            and name is not None
            and line.quantity is not None
            and line.kind is not None
        ):
            of_keys = found.of_keys.setdefault((line.bucket, cell_of(line.model, line.kind)), {})
            of_keys[name] = of_keys.get(name, NOTHING) + line.quantity
    return found


def _add_line(
    found: Cells,
    line: Billed,
    cell_of: Callable[[str | None, str], Cell],
    group_of: Callable[[str | None, str | None], Group],
    *,
    has_quantities: bool,
    counts_calls: bool,
) -> None:
    group = group_of(line.model, line.kind)
    members = found.members.setdefault(group, set())
    if line.kind is not None:
        members.add(cell_of(line.model, line.kind))
    if line.quantity is not None and line.kind is not None and has_quantities:
        of = (line.bucket, cell_of(line.model, line.kind))
        found.billed[of] = found.billed.get(of, NOTHING) + line.quantity
    if line.usd is not None:
        at = (line.bucket, group)
        found.amounts[at] = found.amounts.get(at, NOTHING) + line.usd
        found.lines[at] = found.lines.get(at, 0) + 1
    if line.calls is not None and line.model is not None and counts_calls:
        by = (line.bucket, line.model)
        found.billed_calls[by] = found.billed_calls.get(by, 0) + line.calls


def _cell_of(usage: Sequence[Billed], *, has_quantities: bool) -> Callable[[str | None, str], Cell]:
    alone = (
        {row.kind for row in usage if row.model is None and row.quantity is not None}
        if has_quantities
        else set()
    )
    return lambda model, kind: Cell(None if kind in alone else model, kind)


def _group_of(
    usage: Sequence[Billed], cell_of: Callable[[str | None, str], Cell]
) -> Callable[[str | None, str | None], Group]:
    priced = [row for row in usage if row.usd is not None]
    kinds = {row.kind for row in usage if row.model is None and row.kind is not None}
    models = {row.model for row in priced if row.kind is None and row.model is not None}
    is_whole = any(row.model is None and row.kind is None for row in priced) or bool(
        models and kinds & set(TOKEN_KINDS)
    )

    def found(model: str | None, kind: str | None) -> Group:
        if is_whole:
            return Group(None, None)
        if kind is not None and (kind in kinds or cell_of(model, kind).model is None):
            return Group(None, kind)
        return Group(model, None if model in models else kind)

    return found


def price_of(cells: Cells, bucket: Bucket, cell: Cell, quote: Quote) -> Fraction | None:
    """What one of the cell costs at our price, USD: as traced in the bucket, else over the period, else as is
    quoted.
    """
    for used in (cells.traced.get((bucket, cell)), over_period(cells, cell)):
        if used is not None and used.quantity > 0 and used.unpriced <= used.unknown:
            return used.usd / used.quantity
    return None if cell.model is None else quote(cell.model, cell.kind, bucket[0] // SLOTS_A_DAY)


def over_period(cells: Cells, cell: Cell) -> Used:
    """What the traces have of the cell in all buckets."""
    total = Used()
    for (_, other), used in cells.traced.items():
        if other == cell:
            total.quantity += used.quantity
            total.usd += used.usd
            total.unpriced += used.unpriced
            total.unknown += used.unknown
    return total


def rounding_usd(lines: int, half_unit_usd: Fraction) -> Fraction:
    """What rounding so many lines may take together, USD."""
    return half_unit_usd * min(Fraction(lines), Fraction(round(_SIGMAS * math.sqrt(lines / 3) * 1000), 1000))
