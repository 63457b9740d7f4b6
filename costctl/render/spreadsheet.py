"""Rows as CSV. Cells that a spreadsheet would run as a formula are neutralised, and what steers a terminal is spelled
out; numbers are left as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from costctl.legible import legible

_QUOTED_ENDS: Final = "\r\n"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 text with a header; None is an empty cell, floats and decimals keep every digit. Rows end with a line
    feed; a cell that has a line feed or a carriage return in it is quoted.
    """
    writer = csv.writer(_Echo(), lineterminator=_QUOTED_ENDS)
    lines: list[str] = [writer.writerow(columns)]
    for row in rows:
        lines.append(writer.writerow(["" if cell is None else _neutral(cell) for cell in row]))
    return "".join(line.removesuffix(_QUOTED_ENDS) + "\n" for line in lines)


class _Echo:
    """A file for csv.writer that hands each row back: what ends rows is what the writer quotes in cells."""

    def write(self, row: str) -> str:
        return row


def _neutral(cell: object) -> object:
    """The cell, with a quote in front where a spreadsheet would take text for a formula, and nothing that steers."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        shown = "\r".join(map(legible, cell.split("\r")))
        return "'" + shown if shown.startswith(_FORMULA_STARTS) else shown
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return repr(cell) if isinstance(cell, float) else cell
