"""Which records does a CSV hold? Records of any delimiter, also over several lines, in bounded blocks.

Shape in: a stream of decompressed bytes.  Shape out: the form in which it is written, and block after block the records
that have as many cells as the header, each with the line on which it begins, and a reject for each other line.
A quote that was never closed costs its own line: reading goes on at the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final

from costctl.ingest.batch import Reject
from costctl.ingest.formats.csv_cells import (
    CsvForm,
    cells_of,
    end_of_record,
    loose_cells_of,
    requoted,
    unquoted,
)
from costctl.ingest.formats.json_documents import nuls_message
from costctl.ingest.formats.json_resync import nuls_in
from costctl.ingest.privacy import cells_skeleton

BLOCK_BYTES: Final = 16 * 2**20
LONGEST_LINE_BYTES: Final = 16 * 2**20  # and the longest record of several lines
BOM: Final = b"\xef\xbb\xbf"
_DELIMITERS: Final = (b",", b";", b"\t", b"|")
_TRIED_LINES: Final = 200
_HEADER_BYTES: Final = 2**20


@dataclass(slots=True)
class CsvRecords:
    """Records of one block. rows: well formed, lines joined by a line feed.  positions: the line on which each begins,
    the file's first being 1.  is_multiline: whether any row holds a line's end.  repaired: how many were not well
    formed.
    """

    rows: list[bytes] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    is_multiline: bool = False
    repaired: int = 0


def csv_form(head: bytes) -> CsvForm | None:
    """The form in which the most of the first lines have as many cells as the header; None where there is no header of
    two or more columns.

    head: the first bytes, at most some megabytes; its last line may be cut.
    """
    lines = _lines_of(head.removeprefix(BOM))[: _TRIED_LINES + 1]
    backslashes = (False, True) if b'\\"' in head else (False,)
    untried = (CsvForm((), delimiter, each) for delimiter in _DELIMITERS for each in backslashes)
    forms = [form for each in untried if (form := _with_header(lines, each)) is not None]
    return max(forms, key=lambda form: _share(lines[form.header_lines :], form), default=None)


def _with_header(lines: list[bytes], form: CsvForm) -> CsvForm | None:
    end, ending = end_of_record(lines, 0, form)
    cells = cells_of(b"\n".join(lines[:end]), form) if ending == "closed" else loose_cells_of(lines[0], form)
    if cells is None or len(cells) < 2:
        return None
    names: list[str] = []
    for cell in cells:
        name = unquoted(cell, form).decode("utf-8", "replace")
        again = sum(known == name for known in names) + 1
        names.append(name if again == 1 else f"{name} ({len(names) + 1})")
    return replace(form, names=tuple(names), header_lines=end if ending == "closed" else 1)


def _share(lines: list[bytes], form: CsvForm) -> tuple[float, int]:
    """Which part of the lines are records, and of how many cells."""
    whole = lines[:-1] if len(lines) > 1 else lines
    records, _ = split_records(whole, 1, form, is_last=False)
    tried = len(records.rows) + len(records.rejects)
    return ((len(records.rows) - records.repaired) / tried if tried else 1.0), len(form.names)


def header_of(data: bytes) -> bytes:
    """The header's bytes, its line ends included."""
    form = csv_form(data[:_HEADER_BYTES])
    return (
        b"\n".join(data.split(b"\n", form.header_lines)[: form.header_lines]) + b"\n"
        if form is not None
        else b""
    )


def unfinished_bytes(data: bytes) -> int:
    """How many bytes the last record takes of a growing CSV, if its quotes are open at the end of the last line, and no
    record is longer.
    """
    form = csv_form(data[:_HEADER_BYTES]) if b'"' in data and data[:1] not in (b"{", b"[") else None
    if form is None:
        return 0
    lines = data.split(b"\n")[:-1]
    _, taken = split_records([line.rstrip(b"\r") for line in lines], 1, form, is_last=False)
    unfinished = sum(len(line) + 1 for line in lines[taken:])
    return unfinished if unfinished <= LONGEST_LINE_BYTES else 0


def csv_blocks(stream: BinaryIO, head: bytes, form: CsvForm) -> Iterator[CsvRecords]:
    """The records behind the header, some megabytes at once. head: what was read of the stream already."""
    first_line = 1
    waiting: list[bytes | None] = []
    skipped = form.header_lines
    for lines, is_plain, is_last in _line_blocks(stream, head.removeprefix(BOM)):
        is_plain &= not waiting
        waiting += lines
        if skipped:
            waiting, first_line, skipped = waiting[skipped:], first_line + skipped, 0
        plain = _plain_records(waiting, first_line, form) if is_plain else None
        records, taken = plain or split_records(waiting, first_line, form, is_last=is_last)
        left_open = sum(len(line or b"") + 1 for line in waiting[taken:])
        if left_open > LONGEST_LINE_BYTES:  # no record is so long: its quote was never meant to close later
            records, taken = split_records(waiting, first_line, form, is_last=True)
        waiting, first_line = waiting[taken:], first_line + taken
        if records.rows or records.rejects:
            yield records


def _plain_records(
    lines: Sequence[bytes | None], first_line: int, form: CsvForm
) -> tuple[CsvRecords, int] | None:
    """As ``split_records``, of lines without quotes, at once; None where one has not as many cells as the header."""
    rows = [line for line in lines if line is not None]
    delimiter, wanted = form.delimiter, len(form.names) - 1
    if len(rows) < len(lines) or {row.count(delimiter) for row in rows} - {wanted}:
        return None
    return CsvRecords(rows, list(range(first_line, first_line + len(rows)))), len(lines)


def _line_blocks(stream: BinaryIO, head: bytes) -> Iterator[tuple[Sequence[bytes | None], bool, bool]]:
    """Lines without their ends, whether no quote is in them, and whether they are the last; None for one that is too
    long to be held.
    """
    rest, is_skipping = head, False
    while True:
        chunk = stream.read(BLOCK_BYTES)
        data = rest + chunk if chunk else rest + (b"\n" if rest or is_skipping else b"")
        end = data.rfind(b"\n") + 1
        ended = _lines_of(data[:end])
        rest = data[end:]
        lines: list[bytes | None] = [*ended]
        if ended and (is_skipping or max(map(len, ended)) >= LONGEST_LINE_BYTES):
            lines = [None if len(line) >= LONGEST_LINE_BYTES else line for line in ended]
            lines[0] = None if is_skipping else lines[0]
            is_skipping = False
        if is_skipping or len(rest) >= LONGEST_LINE_BYTES:
            rest, is_skipping = b"", True
        yield lines, b'"' not in data, not chunk
        if not chunk:
            return


def _lines_of(data: bytes) -> list[bytes]:
    """The lines that end in the data, and what follows the last end if there is any."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.rstrip(b"\r") for line in lines] if b"\r" in data else lines


def split_records(
    lines: Sequence[bytes | None], first_line: int, form: CsvForm, *, is_last: bool
) -> tuple[CsvRecords, int]:
    """The records of some lines, and how many lines they are: a record that is open at the end waits for more, unless
    the lines are the last.
    """
    delimiter, wanted = form.delimiter, len(form.names) - 1
    records, at = CsvRecords(), 0
    while at < len(lines):
        line, number = lines[at], first_line + at
        if line is not None and b"\0" in line:
            _read_around_nuls(line, number, form, records)
            at += 1
            continue
        if line is not None and b'"' not in line:
            row, end = line if line.count(delimiter) == wanted else None, at + 1
        else:
            row, end = _quoted_row(lines, at, form)
        if end > len(lines):
            if not is_last:
                break
            end = at + 1
        if row is not None:
            records.rows.append(row)
            records.positions.append(number)
            records.is_multiline |= end > at + 1
            records.repaired += end == at + 1 and row is not line
        elif line is None or line.strip():
            records.rejects.append(_refused(number, line, form))
        at = end
    return records, at


def _read_around_nuls(line: bytes, number: int, form: CsvForm, records: CsvRecords) -> None:
    """Reads what NULs part: a line that was cut off, and the one that was written after it."""
    before = len(records.rejects)
    for part in line.split(b"\0"):
        cells = cells_of(part, form)
        if cells is not None and len(cells) == len(form.names):
            records.rows.append(part)
            records.positions.append(number)
        elif part.strip():
            records.rejects.append(_refused(number, part, form))
    if len(records.rejects) == before:
        records.rejects.append(Reject(number, "nul_bytes", nuls_message(nuls_in(line)), ""))


def _quoted_row(lines: Sequence[bytes | None], at: int, form: CsvForm) -> tuple[bytes | None, int]:
    """The record that begins at a line with quotes, None where it is none, and the line after it, which is beyond the
    last where the record is open there.
    """
    line = lines[at]
    cells = None if line is None else cells_of(line, form)
    if line is None or cells is not None:
        return (line if cells is not None and len(cells) == len(form.names) else None), at + 1
    end, ending = end_of_record(lines, at, form)
    if ending == "closed":
        return b"\n".join(each or b"" for each in lines[at:end]), end
    loose = loose_cells_of(line, form)
    if loose is not None and len(loose) == len(form.names):
        return requoted(loose, form), at + 1
    return None, len(lines) + 1 if ending == "open" else at + 1


def _refused(number: int, line: bytes | None, form: CsvForm) -> Reject:
    """Why a line is no record. What stands behind its first quote may be content and is not shown."""
    if line is None:
        return Reject(number, "too_long", f"the line is longer than {LONGEST_LINE_BYTES:,} bytes", "")
    before, quote, _ = line.partition(b'"')
    shown = before.replace(form.delimiter, b",").decode("utf-8", "replace")
    excerpt = cells_skeleton(shown) + ("…" if quote else "")
    cells = cells_of(line, form)
    if cells is None:
        return Reject(number, "bad_quotes", "a quote is not closed, or is inside an unquoted cell", excerpt)
    why = f"the line has {len(cells)} cells where the header has {len(form.names)}"
    return Reject(number, "bad_columns", why, excerpt)
