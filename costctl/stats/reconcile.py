"""How are amounts rounded so that the rows still add up to the total?

In: exact amounts, and the unit that they are rounded to. Out: whole numbers of units, by the largest remainder: each
amount is rounded down, and the units that are then missing go to the amounts that lost most.

    Σ units = round(Σ amount / unit)          |units_i − amount_i / unit| < 1
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

CENT: Final = Decimal("0.01")
_DIGITS: Final = 4  # of a bill below a dollar


def whole_units(amounts: Sequence[Decimal], unit: Decimal, total: int | None = None) -> list[int]:
    """Whole numbers of ``unit``, one an amount, in order. total: their sum, if not that of the amounts, rounded.

    Of equal remainders the earlier amount comes first. Raises ValueError where the total is further from the amounts
    than one unit each.
    """
    exact = [amount / unit for amount in amounts]
    floors = [int(each.to_integral_value(ROUND_FLOOR)) for each in exact]
    wanted = int(sum(exact, Decimal(0)).to_integral_value(ROUND_HALF_EVEN)) if total is None else total
    missing = wanted - sum(floors)
    if not 0 <= missing <= len(floors):
        raise ValueError(f"{wanted} units cannot be made of amounts that add up to {sum(exact)}")
    largest_first = sorted(range(len(exact)), key=lambda place: floors[place] - exact[place])
    for place in largest_first[:missing]:
        floors[place] += 1
    return floors


def units_within(amounts: Sequence[Decimal], unit: Decimal, total: int) -> list[int]:
    """Whole numbers of ``unit`` that add up to a total which others were rounded to as well.

    Where the total is further from the amounts than one unit each, the largest amount takes what is left.
    """
    if not amounts:
        return []
    floors = [int((amount / unit).to_integral_value(ROUND_FLOOR)) for amount in amounts]
    near = min(max(total, sum(floors)), sum(floors) + len(floors))
    units = whole_units(amounts, unit, near)
    units[max(range(len(amounts)), key=lambda place: amounts[place])] += total - near
    return units


def reconciled_usd(amounts_usd: Sequence[float | None], unit: Decimal = CENT) -> list[Decimal | None]:
    """The amounts in whole units, whose sum is that of the amounts, rounded to the unit; None, not priced, stays."""
    known = [Decimal(repr(float(amount))) for amount in amounts_usd if amount is not None]
    rounded = iter([units * unit for units in whole_units(known, unit)])
    return [None if amount is None else next(rounded) for amount in amounts_usd]


def unit_of(total_usd: float) -> Decimal:
    """What a bill of this size is rounded to: the cent; below a dollar, the fourth digit of the bill, such as 0.0001 of
    $0.1234.
    """
    size = abs(Decimal(repr(float(total_usd))))
    if size >= 1 or not size:
        return CENT
    return Decimal(1).scaleb(size.adjusted() + 1 - _DIGITS)
