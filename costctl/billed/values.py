"""What number, and what instant, does a cell of a bill hold?

In: a cell as JSON, CSV or Parquet has it. Out: a fraction, or nanoseconds from the epoch; None where there is
nothing. Raises ValueError for what is neither.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from costctl.instants import ns_from_iso
from costctl.units import NS_PER_S

DAY_NS: Final = 86_400 * NS_PER_S
_EMPTY: Final = ("", "null", "none", "nan", "n/a")
_AMERICAN: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")  # Azure: month first
_LARGEST: Final = Decimal("1e30")
_SHORTEST_NS: Final = 10**14  # an epoch in seconds is below, one in nanoseconds above
_SMALLEST_EXPONENT: Final = -100


def text(cell: object) -> str | None:
    """The cell as text; None where it is empty."""
    if cell is None:
        return None
    said = str(cell).strip()
    return None if said.lower() in _EMPTY else said


def decimal(cell: object) -> Decimal | None:
    """The number in a cell, every digit. Raises ValueError for what is none."""
    said = text(cell)
    if said is None:
        return None
    try:
        found = Decimal(
            said.replace(",", "")
            if isinstance(cell, str)
            else repr(cell)
            if isinstance(cell, float)
            else said
        )
    except InvalidOperation as error:
        raise ValueError("no number") from error
    exponent = found.as_tuple().exponent
    if not isinstance(exponent, int) or abs(found) >= _LARGEST or exponent < _SMALLEST_EXPONENT:
        raise ValueError("no finite number")
    return found


def fraction(cell: object) -> Fraction | None:
    """The same, exactly."""
    found = decimal(cell)
    return None if found is None else Fraction(found)


def instant_ns(cell: object) -> int | None:
    """The instant in a cell: seconds from the epoch, RFC 3339, a day, or MM/DD/YYYY; UTC where no zone is said.

    Raises ValueError for what is none.
    """
    if isinstance(cell, datetime):
        moment = cell if cell.tzinfo is not None else cell.replace(tzinfo=UTC)
        return ns_from_iso(moment.astimezone(UTC).isoformat())
    if isinstance(cell, date):
        return ns_from_iso(cell.isoformat())
    said = text(cell)
    if said is None:
        return None
    american = _AMERICAN.fullmatch(said.split(" ")[0])
    if american is not None:
        month, day, year = (int(each) for each in american.groups())
        return ns_from_iso(date(year, month, day).isoformat())
    try:
        seconds = Decimal(said)
    except InvalidOperation:
        return ns_from_iso(said.replace(" UTC", "Z"))
    if not seconds.is_finite() or not 0 < seconds < _SHORTEST_NS:
        raise ValueError("no instant")
    return int(seconds * NS_PER_S)
