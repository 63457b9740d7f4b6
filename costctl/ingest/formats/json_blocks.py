"""How is a stream of JSON cut into blocks of whole documents, whatever its layout and length?

Shape in: a stream of bytes that cannot seek.  Shape out: blocks of at most some tens of megabytes in which
every line is one JSON document, with the line of the source that each began on. A stream of one document a
line is cut at line ends; any other layout goes through ``json_pieces``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import msgspec
import numpy as np

from costctl.arrays import Ints
from costctl.ingest.formats.json_pieces import (
    CHUNK_BYTES,
    OTLP_LAYOUT,
    PIECE_BYTES,
    Layout,
    Piece,
    resynchronised_pieces,
)

BLOCK_BYTES: Final = 16 * 2**20
_BLOCKS_PER_LINE: Final = 4
_HEAD_BYTES: Final = 2**20
_NEWLINE: Final = ord("\n")
_SPACE: Final = ord(" ")


@dataclass(frozen=True, slots=True)
class JsonBlock:
    """Lines of JSON. data: whole lines.  positions: the source's line of each line that is not blank.

    is_unterminated: the last line is the last of the source and has no line end.  is_respelled: the lines are
    in the canonical spelling already, as far as ``json_spelling`` can tell.
    """

    data: bytes
    positions: Ints
    is_unterminated: bool = False
    is_respelled: bool = False

    def lines(self) -> list[bytes]:
        """The lines that are not blank, as many as positions."""
        return [line for line in self.data.split(b"\n") if line.strip()]


def json_blocks(
    stream: BinaryIO, block_bytes: int = BLOCK_BYTES, layout: Layout = OTLP_LAYOUT
) -> Iterator[JsonBlock]:
    """The stream as blocks of lines. layout: where documents that are too long for memory are cut."""
    first = _read(stream, _first_bytes(block_bytes)).removeprefix(b"\xef\xbb\xbf")
    is_whole = len(first) < min(block_bytes, _HEAD_BYTES)
    longest = _BLOCKS_PER_LINE * block_bytes
    while not is_whole and b"\n" not in first and _is_end_of_record(first) and len(first) < longest:
        more = _read(stream, _first_bytes(block_bytes))
        first, is_whole = first + more, not more
    if is_one_document_a_line(first, is_whole=is_whole):
        yield from _line_blocks(stream, first, block_bytes, layout)
    else:
        yield from _blocks_of_pieces(_pieces(stream, first, 1, block_bytes, layout), block_bytes)


def _is_end_of_record(first: bytes) -> bool:
    """Whether the stream begins inside a document: what follows the line end tells the layout."""
    return not first.lstrip(b"\0 \t\r\n").startswith((b"{", b"["))


def _first_bytes(block_bytes: int) -> int:
    return min(block_bytes, _HEAD_BYTES)


def is_one_document_a_line(head: bytes, *, is_whole: bool) -> bool:
    """Whether the first lines are JSON documents of their own. is_whole: head is all there is.

    Most of them must be: broken ones are forgiven, wherever they stand. Of a document that is printed over several
    lines few lines are documents, and its first one only opens it.
    """
    lines = first_lines(head, is_whole=is_whole)
    if not lines:
        return not head.strip()
    whole = sum(map(is_json_line, lines))
    if len(lines) == 1:
        return not lines[0].strip().startswith(b"[") and (
            is_json_line(lines[0]) or _is_end_of_record(lines[0])
        )
    if is_json_line(lines[0]) or 2 * whole > len(lines):
        return True
    return 2 * whole == len(lines) and not lines[0].rstrip().endswith(_OPENERS)


_OPENERS: Final = (b"[", b"{", b",", b":")
_MOST_LINES: Final = 20
_LONGEST_PROBE: Final = 2**20


def first_lines(head: bytes, *, is_whole: bool) -> list[bytes]:
    """The first lines that are not blank; the last of head, which may be cut off, only where it is the only one."""
    parts = head.split(b"\n", _MOST_LINES + 1)
    lines = [line for line in parts[:_MOST_LINES] if line.strip()]
    is_cut = len(parts) <= _MOST_LINES and bool(parts[-1].strip())
    if is_cut and (len(lines) > 1 or not is_whole):
        return lines[:-1]
    return lines


def is_json_line(line: bytes) -> bool:
    """Whether the line is an object, or a list that begins with one; NULs around it do not count."""
    text = line.strip(b"\0 \t\r\n")
    if not text.startswith((b"{", b"[")) or len(text) > _LONGEST_PROBE:
        return False
    try:
        value = msgspec.json.decode(text.decode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return False
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _line_blocks(stream: BinaryIO, first: bytes, block_bytes: int, layout: Layout) -> Iterator[JsonBlock]:
    """Blocks cut at line ends, the first ones small, so that whoever takes them need not wait for a long one; from a
    line on that is too long for memory, the rest is cut as documents.
    """
    line, rest, data, size = 1, b"", first, _first_bytes(block_bytes)
    while data:
        end = data.rfind(b"\n") + 1
        if end:
            whole = b"".join((rest, memoryview(data)[:end]))  # one copy, where + would make two
            starts = _line_starts(whole)
            yield JsonBlock(whole, _numbers(whole, starts, line))
            line += len(starts)
            rest = data[end:]
        else:
            rest += data
        if len(rest) > _BLOCKS_PER_LINE * block_bytes:
            yield from _blocks_of_pieces(_pieces(stream, rest, line, block_bytes, layout), block_bytes)
            return
        size = min(block_bytes, 2 * size)
        data = _read(stream, size)
    if rest.strip():
        yield JsonBlock(rest, line_numbers(rest, line), is_unterminated=True)


def line_numbers(data: bytes, first: int) -> Ints:
    """Numbers of the lines that are not blank, the first line being number ``first``."""
    return _numbers(data, _line_starts(data), first)


def _line_starts(data: bytes) -> Ints:
    """Where each line begins."""
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _NEWLINE) + 1
    starts: Ints = np.concatenate([[0], ends])
    return starts[starts < len(data)]


def _numbers(data: bytes, starts: Ints, first: int) -> Ints:
    numbers = np.arange(first, first + len(starts), dtype=np.int64)
    unsure = np.flatnonzero(np.frombuffer(data, dtype=np.uint8)[starts] <= _SPACE)
    if len(unsure) == 0:
        return numbers
    ends = np.append(starts[1:], len(data))
    is_blank = [not data[starts[line] : ends[line]].strip() for line in unsure]
    return np.delete(numbers, unsure[is_blank])


def _pieces(stream: BinaryIO, first: bytes, line: int, block_bytes: int, layout: Layout) -> Iterator[Piece]:
    sizes = min(PIECE_BYTES, block_bytes), min(CHUNK_BYTES, block_bytes)
    return resynchronised_pieces(stream, first, line, layout, piece_bytes=sizes[0], chunk_bytes=sizes[1])


def _read(stream: BinaryIO, size: int) -> bytes:
    """So many bytes, fewer only at the end: decompressors and pipes give what they have."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _blocks_of_pieces(pieces: Iterator[Piece], block_bytes: int) -> Iterator[JsonBlock]:
    """Pieces gathered into blocks, a piece a line."""
    lines: list[bytes] = []
    positions: list[int] = []
    size, is_unterminated = 0, False
    for piece in pieces:
        if not piece.data.strip():
            continue  # a form feed alone, for instance
        lines.append(piece.data.replace(b"\n", b" ").replace(b"\r", b" "))
        positions.append(piece.line)
        size += len(piece.data)
        is_unterminated = piece.is_truncated
        if size >= block_bytes:
            yield JsonBlock(b"\n".join(lines), np.array(positions, np.int64), is_unterminated)
            lines, positions, size = [], [], 0
    if lines:
        yield JsonBlock(b"\n".join(lines), np.array(positions, np.int64), is_unterminated)
