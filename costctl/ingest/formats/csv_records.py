"""Which records does a CSV hold after its header? A cell in quotes may go on over several lines.

Shape in: the lines of a stream, and how many cells its header has.  Shape out: blocks of some megabytes of records in
bytes, the line on which each begins, and a reject for every line that is none: after a line that is cut off, or that a
quote was lost from, the next line is a record again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from costctl.ingest.batch import Reject
from costctl.ingest.formats.json_documents import nuls_message
from costctl.ingest.formats.json_resync import nuls_in
from costctl.ingest.privacy import cells_skeleton

BLOCK_BYTES: Final = 16 * 2**20
LONGEST_LINE_BYTES: Final = 16 * 2**20
_LONGEST_FIELD: Final = 2**30
_SHOWN_BYTES: Final = 4_000


@dataclass(frozen=True, slots=True)
class CsvBlock:
    """Records. positions: line of each.  rejects: of what stands between them."""

    records: list[bytes]
    positions: np.ndarray
    rejects: list[Reject]


@dataclass(frozen=True, slots=True)
class _Line:
    """number: from 1.  text: None where it is too long for a record.  is_ended: by a line end."""

    number: int
    text: bytes | None
    is_ended: bool = True


@dataclass(slots=True)
class _Found:
    columns: int
    records: list[bytes] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def keep(self, number: int, record: bytes) -> None:
        self.records.append(record)
        self.positions.append(number)


def csv_blocks(lines: io.BufferedReader[Any], columns: int, first_line: int) -> Iterator[CsvBlock]:
    """The records after the header, each of as many cells as it has, or rejects."""
    waiting: list[_Line] = []
    for block, is_last in _blocks_of_lines(lines, first_line):
        found = _Found(columns)
        waiting = _read(waiting + block, found, is_last=is_last)
        yield CsvBlock(found.records, np.array(found.positions, np.int64), found.rejects)


def csv_cells(record: bytes) -> list[str]:
    """The cells of one record; none where quotes and line ends contradict each other."""
    text = record.decode("utf-8", "replace")
    csv.field_size_limit(_LONGEST_FIELD)  # a prompt is longer than the 128 KiB that Python allows
    try:
        return next(csv.reader([text], strict=False), [])
    except csv.Error:
        return []


def _blocks_of_lines(lines: io.BufferedReader[Any], first_line: int) -> Iterator[tuple[list[_Line], bool]]:
    """Lines, some megabytes at once, and whether they are the last."""
    block: list[_Line] = []
    size, number = 0, first_line
    while line := lines.readline(LONGEST_LINE_BYTES):
        is_cut = len(line) == LONGEST_LINE_BYTES and not line.endswith(b"\n")
        while is_cut and (rest := lines.readline(LONGEST_LINE_BYTES)) and not rest.endswith(b"\n"):
            continue
        block.append(_Line(number, None if is_cut else line.rstrip(b"\r\n"), line.endswith(b"\n")))
        size += len(line)
        number += 1
        if size >= BLOCK_BYTES:
            yield block, False
            block, size = [], 0
    yield block, True


def _read(lines: list[_Line], found: _Found, *, is_last: bool) -> list[_Line]:
    """Reads the records of the lines; the lines at the end of which the next block may hold the rest."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.text is None:
            why = f"the line is longer than {LONGEST_LINE_BYTES:,} bytes"
            found.rejects.append(Reject(line.number, "too_long", why, ""))
        elif line.text.count(b'"') % 2:
            end = _closing(lines, at)
            if end is None and not is_last and _size(lines[at:]) < LONGEST_LINE_BYTES:
                return lines[at:]
            at = _read_quoted(lines, at, end, found)
        elif b"\0" in line.text:
            _read_with_nuls(line, line.text, found)
        elif line.text.strip():
            _read_line(line, line.text, found)
        at += 1
    return []


def _size(lines: list[_Line]) -> int:
    return sum(len(line.text or b"") for line in lines)


def _closing(lines: list[_Line], at: int) -> int | None:
    """The next line after this one that closes a quote which it left open; None where there is none yet."""
    for end in range(at + 1, len(lines)):
        text = lines[end].text
        if text is None:
            return None
        if text.count(b'"') % 2:
            return end
    return None


def _read_quoted(lines: list[_Line], at: int, end: int | None, found: _Found) -> int:
    """Reads the record that begins with an open quote, or its first line only; the last line that was read."""
    if end is not None:
        record = b"\n".join(line.text or b"" for line in lines[at : end + 1])
        if len(csv_cells(record)) == found.columns and b"\0" not in record:
            found.keep(lines[at].number, record)
            return end
    _read_line(lines[at], lines[at].text or b"", found)
    return at


def _read_line(line: _Line, text: bytes, found: _Found) -> None:
    cells = text.count(b",") + 1 if b'"' not in text else len(csv_cells(text))
    if cells == found.columns and b"\0" not in text:
        found.keep(line.number, text)
    elif not line.is_ended and cells < found.columns:
        found.rejects.append(_reject(line, "truncated", "the last line is cut off", text))
    else:
        why = f"the line has {cells} cells where the header has {found.columns}"
        found.rejects.append(_reject(line, "bad_columns", why, text))


def _read_with_nuls(line: _Line, text: bytes, found: _Found) -> None:
    """NULs part a line that was cut off from the one that was written after it."""
    before = len(found.rejects)
    for part in text.split(b"\0"):
        if part.strip():
            _read_line(line, part, found)
    if len(found.rejects) == before:
        found.rejects.append(Reject(line.number, "nul_bytes", nuls_message(nuls_in(text)), ""))


def _reject(line: _Line, code: str, why: str, text: bytes) -> Reject:
    return Reject(line.number, code, why, cells_skeleton(text[:_SHOWN_BYTES].decode("utf-8", "replace")))
