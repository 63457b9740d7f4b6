"""How does a reader keep count of what it could not read?

In: the cells of a line. Out: rows, and how many lines or parts of lines were left out, each by why. What a line holds
is never said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from costctl.billed import values
from costctl.billed.row import BilledRow, Fault, LeftOut, Read
from costctl.documents.reconciliation import BillFormat

Value = TypeVar("Value")


class UnreadableError(Exception):
    """A line, or a part of one, cannot be read. fault: why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


class Reading:
    """The rows of one file in one format, as they are read."""

    def __init__(self, form: BillFormat) -> None:
        self._form: BillFormat = form
        self._rows: list[BilledRow] = []
        self._covered: set[tuple[int, int]] = set()
        self._faults: Counter[Fault] = Counter()
        self._left_out: Counter[str] = Counter()
        self._left_out_amount: dict[str, Fraction] = {}

    def line(self, read: Callable[[], list[BilledRow]]) -> None:
        """Keep the rows that ``read`` makes of a line; where it raises UnreadableError the line is counted."""
        try:
            rows = read()
        except UnreadableError as error:
            self._faults[error.fault] += 1
            return
        self._rows.extend(rows)
        self._covered.update((row.start_ns, row.end_ns) for row in rows)

    def lines(self, read: Callable[[], list[Callable[[], list[BilledRow]]]]) -> None:
        """Keep the rows of several lines, each as ``line`` does; where they cannot be told apart they count as one."""
        try:
            each = read()
        except UnreadableError as error:
            self._faults[error.fault] += 1
            return
        for one in each:
            self.line(one)

    def cover(self, start_ns: int, end_ns: int) -> None:
        """The file is of this time too, whether or not it has a line of it."""
        self._covered.add((start_ns, end_ns))

    def fault(self, why: Fault) -> None:
        """A line, or a part of one, that could not be read."""
        self._faults[why] += 1

    def leave_out(self, amount: Fraction | None, currency: str) -> None:
        """A line about a service that is no inference."""
        self._left_out["rows"] += 1
        if amount is not None:
            self._left_out_amount[currency] = self._left_out_amount.get(currency, Fraction(0)) + amount

    def read(self) -> Read:
        """What was read."""
        return Read(
            format=self._form,
            rows=tuple(self._rows),
            covered=tuple(sorted(self._covered)),
            faults=dict(sorted(self._faults.items())),
            left_out=LeftOut(self._left_out["rows"], dict(sorted(self._left_out_amount.items()))),
        )


def quantity(cell: object) -> Fraction | None:
    """A quantity, exactly. Raises UnreadableError."""
    return _or_unreadable(values.fraction, cell, "number")


def count(cell: object) -> int | None:
    """A whole number. Raises UnreadableError."""
    found = quantity(cell)
    return None if found is None else round(found)


def span_ns(start: object, end: object) -> tuple[int, int]:
    """From and to, ns UTC; a day where there is no end. Raises UnreadableError."""
    begin = _or_unreadable(values.instant_ns, start, "time")
    until = _or_unreadable(values.instant_ns, end, "time")
    if begin is None:
        raise UnreadableError("time")
    if until is None:
        until = begin + values.DAY_NS
    if until <= begin:
        raise UnreadableError("time")
    return begin, until


def _or_unreadable(read: Callable[[object], Value], cell: object, fault: Fault) -> Value:
    try:
        return read(cell)
    except (ValueError, OverflowError) as error:
        raise UnreadableError(fault) from error


def mapping(cell: object) -> dict[str, Any]:
    """An object of JSON. Raises UnreadableError for anything else."""
    if not isinstance(cell, dict):
        raise UnreadableError("shape")
    return cell


def listed(cell: object) -> list[Any]:
    """A list of JSON; empty where there is none. Raises UnreadableError for anything else."""
    if cell is None:
        return []
    if not isinstance(cell, list):
        raise UnreadableError("shape")
    return cell
