"""Which cells does a record of a CSV hold, and where does a record end whose quotes span lines?

Shape in: lines without their ends, and a ``CsvForm``.  Shape out: cells, or the line after the record.
A quote opens a cell only at the cell's beginning and closes it only before a delimiter or the line's end, as RFC 4180
has it; anywhere else it is damage, by which a quote that was never closed is found out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

Ending = Literal["closed", "open", "damaged"]


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How records are written. names: of the columns, each once.  delimiter: one byte.  is_backslashed: whether a quote
    inside quotes is written with a backslash (Spark, MySQL), and not twice (RFC 4180).  header_lines: of the header.
    """

    names: tuple[str, ...]
    delimiter: bytes = b","
    is_backslashed: bool = False
    header_lines: int = 1


@dataclass(frozen=True, slots=True)
class _Patterns:
    """cells: each cell of a well-formed line, in its quotes.  loose: the same where quotes inside quotes were left as
    they are.  leading: the cells up to where a line is not well formed.  trailing: the rest of a cell that a line
    before opened, and in its group the cells after it.
    """

    cells: re.Pattern[bytes]
    loose: re.Pattern[bytes]
    leading: re.Pattern[bytes]
    trailing: re.Pattern[bytes]


@cache
def _patterns(delimiter: bytes, is_backslashed: bool) -> _Patterns:
    """Possessive throughout: each byte is looked at once, whatever stands there."""
    d = re.escape(delimiter)
    inside = rb'(?:[^"\\]++|\\.|"")*+' if is_backslashed else rb'(?:[^"]++|"")*+'
    plain = rb'[^"%b][^%b]*+|' % (d, d)
    cell = rb'(?:"%b"|%b)' % (inside, plain)
    loose = rb'(?:"(?:[^"]++|"(?!%b|\Z))*+"|%b)' % (d, plain)
    return _Patterns(
        cells=re.compile(rb"(?:\A|%b)(%b)" % (d, cell), re.DOTALL),
        loose=re.compile(rb"(?:\A|%b)(%b)" % (d, loose), re.DOTALL),
        leading=re.compile(rb"%b(?:%b%b)*+" % (cell, d, cell), re.DOTALL),
        trailing=re.compile(rb'%b"((?:%b%b)*+)' % (inside, d, cell), re.DOTALL),
    )


def cells_of(record: bytes, form: CsvForm) -> list[bytes] | None:
    """The cells of a well-formed record as they are written; None where it is not."""
    return _all(_patterns(form.delimiter, form.is_backslashed).cells, record)


def loose_cells_of(line: bytes, form: CsvForm) -> list[bytes] | None:
    """The cells of a line whose quotes inside quotes were not doubled; None where a cell is open at its end."""
    return _all(_patterns(form.delimiter, form.is_backslashed).loose, line)


def _all(pattern: re.Pattern[bytes], record: bytes) -> list[bytes] | None:
    """The cells, if they and the delimiters between them are the whole record."""
    cells: list[bytes] = pattern.findall(record)
    return cells if sum(map(len, cells)) + len(cells) - 1 == len(record) else None


def unquoted(cell: bytes, form: CsvForm) -> bytes:
    """What a well-formed cell says."""
    if len(cell) < 2 or cell[:1] != b'"':
        return cell
    inside = cell[1:-1].replace(b'""', b'"')
    return re.sub(rb"\\(.)", rb"\1", inside, flags=re.DOTALL) if form.is_backslashed else inside


def requoted(cells: Sequence[bytes], form: CsvForm) -> bytes:
    """A well-formed record of loose cells."""
    spelled = (b'"' + cell[1:-1].replace(b'"', b'""') + b'"' if cell[:1] == b'"' else cell for cell in cells)
    return form.delimiter.join(spelled)


def end_of_record(lines: Sequence[bytes | None], first: int, form: CsvForm) -> tuple[int, Ending]:
    """Where the record ends that begins at a line: the line after it, and "closed"; "open" where the lines end first;
    "damaged" where a quote stands in the middle of a cell, or there are more or fewer cells than in the header.

    A record that goes wrong is given up at the first quote that cannot be, or the first cell too many: no quote is
    looked at more often than the header has cells.
    """
    delimiters, ending = 0, "closed"
    for at in range(first, len(lines)):
        line = lines[at]
        if line is None:
            return at, "damaged"
        seen, ending = _line_ending(line, ending == "open", form)
        delimiters += seen
        if ending == "closed":
            return at + 1, "closed" if not form.names or delimiters + 1 == len(form.names) else "damaged"
        if ending == "damaged" or (form.names and delimiters >= len(form.names)):
            return at + 1, "damaged"
    return len(lines), "open"


def _line_ending(line: bytes, is_open: bool, form: CsvForm) -> tuple[int, Ending]:
    """How many delimiters a line holds outside of quotes, and in which state it leaves its last cell."""
    patterns = _patterns(form.delimiter, form.is_backslashed)
    match = (patterns.trailing if is_open else patterns.leading).match(line)
    if match is None:
        return 0, "open"
    end = match.end()
    seen = len(patterns.cells.findall(match[1] if is_open else match[0])) - 1
    if end == len(line):
        return seen, "closed"
    begins_cell = line[end - 1 : end] == form.delimiter or (end == 0 and not is_open)
    return seen, "open" if line[end : end + 1] == b'"' and begins_cell else "damaged"
