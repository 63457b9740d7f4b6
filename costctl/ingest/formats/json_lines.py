"""Which JSON objects stand on the lines of a stream, one a line, whatever is broken between them?

Shape in: a stream of bytes.  Shape out: for each line that is not blank its number, its values and, where it cannot be
read, the reject. A line that is longer than any record is passed over in bounded memory.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from costctl.ingest.batch import Reject
from costctl.ingest.formats.found import Json
from costctl.ingest.formats.json_documents import json_values
from costctl.ingest.privacy import skeleton

LONGEST_LINE_BYTES: Final = 64 * 2**20  # pictures stand in transcripts as text
_BUFFER_BYTES: Final = 2**20
_BLOCK_BYTES: Final = 16 * 2**20
_BLOCK_LINES: Final = 5_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line. number: in the source, from 1.  objects: in it, mostly one.  rejects: what of it cannot be read."""

    number: int
    objects: list[Json]
    rejects: list[Reject]


def json_line_blocks(stream: BinaryIO) -> Iterator[list[Line]]:
    """The lines in order, some thousands at once."""
    lines: io.BufferedReader[Any] = io.BufferedReader(stream, _BUFFER_BYTES)
    block: list[Line] = []
    size = number = 0
    while written := lines.readline(LONGEST_LINE_BYTES):
        number += 1
        is_ended = written.endswith(b"\n")
        if len(written) == LONGEST_LINE_BYTES and not is_ended:
            _pass_over(lines)
            fault = Reject(number, "too_long", f"The line is longer than {LONGEST_LINE_BYTES:,} bytes.", "")
            block.append(Line(number, [], [fault]))
        elif written.strip():
            block.append(_line(written.removeprefix(b"\xef\xbb\xbf"), number, is_ended=is_ended))
        size += len(written)
        if size >= _BLOCK_BYTES or len(block) >= _BLOCK_LINES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _pass_over(lines: io.BufferedReader[Any]) -> None:
    while (rest := lines.readline(LONGEST_LINE_BYTES)) and not rest.endswith(b"\n"):
        continue


def _line(written: bytes, number: int, *, is_ended: bool) -> Line:
    text = written.decode("utf-8", "replace")
    try:
        values: list[Any] = list(json_values(text))
    except (ValueError, RecursionError):
        code = "bad_json" if is_ended else "truncated"
        return Line(number, [], [Reject(number, code, "A line that is not valid JSON.", skeleton(text))])
    objects = [value for value in values if isinstance(value, dict)]
    wrong = len(values) - len(objects)
    fault = [Reject(number, "bad_json", "A line that is not an object.", "", wrong)] if wrong else []
    return Line(number, objects, fault)
