"""Which keys and projects of the bill has no trace, and which of the traces has no bill?

In: a provider's sides. Out: ``Whose``. Where both sides name keys, or projects, and share some, those that one side
lacks are told by their names. Where they share none, a key of the bill is named if without it, and not with it, the
quantities agree: the data show it then, though the traces name nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from costctl.reconcile.sides import Billed, Provider
from costctl.reconcile.traced import CALLS, Traced
from costctl.reconcile.zones import zone_of

Field = Literal["key", "project"]
_MOST_NAMES: Final = 40
_MOST_ZONED: Final = 12  # names without each of which a zone is looked for
_NOTHING: Final = Fraction(0)
_LEFT: Final = Fraction(2, 100)  # of the key's own usage that may stay unexplained


@dataclass(frozen=True, slots=True)
class Whose:
    """field: by which the bill tells; None where by none.  untraced: names of the bill that no trace has.
    unbilled: names of the traces that the bill lacks.  is_named: the two sides write the same names; else untraced
    was found by the quantities.
    """

    field: Field | None = None
    untraced: frozenset[str] = frozenset()
    unbilled: frozenset[str] = frozenset()
    is_named: bool = False


def whose_of(provider: Provider) -> Whose:
    """What one side has of whom, and the other has not."""
    usage = [row for row in provider.billed if row.charge == "usage"]
    for field in _FIELDS:
        billed = {name for row in usage if (name := name_of(row, field)) is not None}
        for traced_name in (_key, _team):
            traced = {name for row in provider.traced if (name := traced_name(row)) is not None}
            if billed & traced:
                unbilled = frozenset(traced - billed) if _is_told(usage, field) else frozenset()
                return Whose(field, frozenset(billed - traced), unbilled, is_named=True)
    for field in _FIELDS:
        found = _by_quantity(provider, usage, field)
        if found is not None:
            return Whose(field, frozenset({found}))
    return Whose()


_FIELDS: Final[tuple[Field, ...]] = ("key", "project")


def _key(row: Traced) -> str | None:
    return row.key


def _team(row: Traced) -> str | None:
    return row.team


def name_of(row: Billed, field: Field | None) -> str | None:
    """Whose the line is; None where it does not say."""
    return None if field is None else getattr(row, field)


def is_unbilled(row: Traced, whose: Whose) -> bool:
    """Whether the row is of a key, or a team, that the bill lacks."""
    return row.key in whose.unbilled or row.team in whose.unbilled


def _is_told(usage: Sequence[Billed], field: Field) -> bool:
    """Whether every line says whose it is: else a name may be missing where the bill does not tell."""
    return all(
        name_of(row, field) is not None for row in usage if row.quantity is not None or row.item is None
    )


def _by_quantity(provider: Provider, usage: Sequence[Billed], field: Field) -> str | None:
    """The one name without which the quantities agree; None where there is none, or more than one, or nothing to
    find.
    """
    names = sorted(
        {name for row in usage if (name := name_of(row, field)) is not None and row.quantity is not None}
    )
    if not 1 < len(names) <= _MOST_NAMES:
        return None
    prices = _prices(provider)
    in_utc = _excess(provider, usage, 0)
    own = {name: _of_name(usage, field, name) for name in names}
    fitting = [name for name in names if _fits(in_utc, own[name], prices)]
    if not fitting and len(names) <= _MOST_ZONED:
        for name in names:
            zone = zone_of(provider, frozenset({name}))
            if zone is not None and _fits(_excess(provider, usage, zone.shift), own[name], prices):
                fitting.append(name)
    return fitting[0] if len(fitting) == 1 else None


def _fits(
    excess: dict[_Cell, Fraction], own: dict[_Cell, Fraction], prices: Callable[[_Cell], Fraction]
) -> bool:
    """Whether what is billed beyond the traces is what the name used."""
    left = sum(
        (
            abs(excess.get(cell, _NOTHING) - own.get(cell, _NOTHING)) * prices(cell)
            for cell in excess.keys() | own.keys()
        ),
        _NOTHING,
    )
    whole = sum((used * prices(cell) for cell, used in own.items()), _NOTHING)
    return whole > 0 and left <= _LEFT * whole


_Cell = tuple[str | None, str | None]


def _excess(provider: Provider, usage: Sequence[Billed], shift: int) -> dict[_Cell, Fraction]:
    """Billed less traced quantities of the whole period, by model and kind."""
    found: dict[_Cell, Fraction] = {}
    for row in usage:
        if row.quantity is not None:
            found[row.model, row.kind] = found.get((row.model, row.kind), Fraction(0)) + row.quantity
    for traced in provider.summed:
        if traced.kind != CALLS and provider.bucket_at(traced.slot, shift) is not None:
            cell = (traced.model, traced.kind)
            found[cell] = found.get(cell, Fraction(0)) - traced.quantity
    return found


def _of_name(usage: Sequence[Billed], field: Field, name: str) -> dict[_Cell, Fraction]:
    found: dict[_Cell, Fraction] = {}
    for row in usage:
        if name_of(row, field) == name and row.quantity is not None:
            found[row.model, row.kind] = found.get((row.model, row.kind), Fraction(0)) + row.quantity
    return found


def _prices(provider: Provider) -> Callable[[_Cell], Fraction]:
    """USD for one of the cell, as traced; 1 millionth where nothing of it is."""
    sums: dict[_Cell, list[Fraction]] = {}
    for row in provider.summed:
        of_cell = sums.setdefault((row.model, row.kind), [Fraction(0), Fraction(0)])
        of_cell[0] += row.usd
        of_cell[1] += row.quantity
    return lambda cell: (
        sums[cell][0] / sums[cell][1] if cell in sums and sums[cell][1] else Fraction(1, 10**6)
    )
