"""How is one JSON document that does not fit into memory cut into several that do?

Shape in: a stream of JSON documents of any length: pretty-printed, one after another, or one array of them.
Shape out: pieces, each a JSON document of its own. A document longer than ``PIECE_BYTES`` is cut between two
elements of its ResourceSpans, ScopeSpans or spans; what the elements need from before (the resource, the
scope) is repeated at the head of the next piece.

Python steps only through brackets near the root; the spans of a list are passed in one jump. A resource or
scope that stands after its spans is seen by the last piece only; every exporter known writes it before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import BinaryIO, Final

import msgspec

from costctl.ingest.formats.json_brackets import Brackets, brackets_of
from costctl.ingest.formats.otlp_normalise import RESOURCE_SPANS_KEYS, SCOPE_KEYS, SCOPE_SPANS_KEYS

PIECE_BYTES: Final = 8 * 2**20
LONGEST_PIECE_BYTES: Final = 32 * 2**20
_DEEPEST: Final = 16  # of brackets that are stepped into; exports have six
CHUNK_BYTES: Final = 4 * 2**20
_KEY_BEFORE: Final = re.compile(rb'"([A-Za-z_]{1,40})"\s*:\s*$')
_KEY_REACH: Final = 128
_SPANS: Final = b"spans"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where long documents of a format may be cut.

    descended: keys whose values are stepped into; their lists are cut between elements.  contexts: keys whose
    values every piece needs.
    """

    descended: frozenset[bytes]
    contexts: frozenset[bytes]


def _keys(*names: str) -> frozenset[bytes]:
    return frozenset(name.encode() for name in names)


OTLP_LAYOUT: Final = Layout(
    _keys(*RESOURCE_SPANS_KEYS, *SCOPE_SPANS_KEYS, "spans", "trace"), _keys("resource", *SCOPE_KEYS)
)
# Of the other formats only lists of whole traces or of self-contained records are cut.
DOCUMENT_LAYOUT: Final = Layout(
    _keys("data", "observations", "resourceLogs", "scopeLogs", "logRecords"),
    _keys("trace", "resource", "scope", "meta"),
)
# Of a request log only lists of rows are cut: its own, and those that an export or a page wraps around them.
LOG_LAYOUT: Final = Layout(_keys("records", "data", "result", "events"), _keys())
_BETWEEN_DOCUMENTS: Final = b" \t\r\n,"


@dataclass(frozen=True, slots=True)
class Piece:
    """A JSON document. line: of the source, on which it begins.  is_truncated: the source ended inside it.  indent: the
    spaces before it on that line.
    """

    data: bytes
    line: int
    is_truncated: bool = False
    indent: bytes = b""


@dataclass(slots=True)
class _Open:
    """A bracket that was stepped into and is not yet closed.

    key: of the member that it is the value of.  context: members of it to repeat in later pieces.
    """

    bracket: bytes
    key: bytes
    context: dict[bytes, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class _Cutter:
    """State between chunks. Places are offsets into buffer.

    scanned: how far brackets were found.  depth: of all brackets, there.  opened: those stepped into; where
    depth is more, the place is inside a value that is not.  begin: of the document, or of what lies before
    it.  cut: end of the last element of a list, and that list.  context: key and place of a context that
    is being passed.
    """

    line: int
    piece_bytes: int
    layout: Layout
    buffer: bytes = b""
    scanned: int = 0
    depth: int = 0
    is_in_string: bool = False
    opened: list[_Open] = field(default_factory=list)
    begin: int = 0
    cut: tuple[int, _Open] | None = None
    context: tuple[bytes, int] | None = None


def document_pieces(
    stream: BinaryIO,
    first: bytes,
    line: int,
    layout: Layout = OTLP_LAYOUT,
    *,
    piece_bytes: int = PIECE_BYTES,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Piece]:
    """Pieces of the documents in ``first`` and, after it, the stream.

    line: number of the first line.  layout: where to cut.  piece_bytes: longer documents are cut.
    chunk_bytes: looked at at once.
    """
    cutter = _Cutter(line, piece_bytes, layout)
    waiting = first
    while waiting:
        for start in range(0, len(waiting), chunk_bytes):
            cutter.buffer += waiting[start : start + chunk_bytes]
            yield from _advance(cutter)
            yield from _shorten(cutter)
        waiting = stream.read(chunk_bytes)
    is_open = bool(cutter.opened) and not _is_in_root_list(cutter)
    if is_open and cutter.cut is not None and cutter.cut[1] in cutter.opened:
        yield from _cut_off(cutter, *cutter.cut)  # what was whole of it is read; the rest is cut
    yield from _before_document(cutter, len(cutter.buffer), is_truncated=is_open or cutter.is_in_string)


def resynchronised_pieces(
    stream: BinaryIO, first: bytes, line: int, layout: Layout, *, piece_bytes: int, chunk_bytes: int
) -> Iterator[Piece]:
    """The same; inside a document that is broken the next one is looked for, on a line that begins as it does."""

    def pieces(stream: BinaryIO, first: bytes, line: int) -> Iterator[Piece]:
        return document_pieces(stream, first, line, layout, piece_bytes=piece_bytes, chunk_bytes=chunk_bytes)

    def parted(piece: Piece, cuts: int) -> Iterator[Piece]:
        begin = piece.data.find(b"\n" + piece.indent + b"{") if cuts < _MOST_CUTS else -1
        if begin < 0 or (not piece.is_truncated and _is_json(piece.data)):
            yield piece
            return
        yield replace(piece, data=piece.data[:begin])
        line = piece.line + piece.data.count(b"\n", 0, begin) + 1
        for each in pieces(BytesIO(b""), piece.data[begin + 1 :], line):
            if each.data.strip(_ENDS):
                yield from parted(each, cuts + 1)

    for piece in pieces(stream, first, line):
        yield from parted(piece, 0)


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


_MOST_CUTS: Final = 100
_ENDS: Final = b" \t\r\n,]}"  # of what a document that was cut stood in


def _advance(cutter: _Cutter) -> Iterator[Piece]:
    """Steps through what was added to the buffer and yields the documents that end in it."""
    end = len(cutter.buffer.rstrip(b"\\"))
    if end <= cutter.scanned:
        return
    base = cutter.scanned
    found = brackets_of(cutter.buffer[base:end], cutter.depth, is_in_string=cutter.is_in_string)
    index = 0
    while index < len(found.places):
        if cutter.depth > len(cutter.opened):
            index = _pass_value(cutter, found, index, base)
            continue
        place, depth = base + int(found.places[index]), int(found.depths[index])
        if depth > cutter.depth:
            yield from _open(cutter, place)
        else:
            yield from _close(cutter, place)
        cutter.depth = depth
        index += 1
    cutter.scanned, cutter.is_in_string = end, found.is_in_string
    cutter.depth = int(found.depths[-1]) if len(found.depths) else cutter.depth


def _pass_value(cutter: _Cutter, found: Brackets, index: int, base: int) -> int:
    """Passes the value that is not stepped into, and in a list of spans all that follow; the next index."""
    stepped = len(cutter.opened)
    inner = cutter.opened[-1] if cutter.opened else None
    if inner is not None and inner.key == _SPANS and inner.bracket == b"[":
        list_end = found.next_at(stepped - 1, index)
        elements = found.depths[index:list_end]
        ended = (elements == stepped).nonzero()[0]
        if len(ended):
            cutter.cut = (base + int(found.places[index + int(ended[-1])]) + 1, inner)
        cutter.depth = stepped if list_end < len(found.places) else int(found.depths[-1])
        return list_end
    end = found.next_at(stepped, index)
    if end == len(found.places):
        cutter.depth = int(found.depths[-1])
        return end
    cutter.depth = stepped
    _note_context(cutter, base + int(found.places[end]) + 1, inner)
    return end + 1


def _note_context(cutter: _Cutter, end: int, inner: _Open | None) -> None:
    """Keeps a resource or scope that has just been passed."""
    if cutter.context is not None and inner is not None:
        key, begin = cutter.context
        inner.context[key] = cutter.buffer[begin:end].replace(b"\n", b" ")
    cutter.context = None


def _open(cutter: _Cutter, place: int) -> Iterator[Piece]:
    """Steps into a bracket, or leaves it to be passed."""
    if len(cutter.opened) >= _DEEPEST:
        return
    bracket = cutter.buffer[place : place + 1]
    inner = cutter.opened[-1] if cutter.opened else None
    if inner is None or _is_in_root_list(cutter):
        yield from _before_document(cutter, place)
        cutter.begin = place + (inner is None and bracket == b"[")
        cutter.opened.append(_Open(bracket, b""))
    elif inner.bracket == b"[":
        if inner.key != _SPANS:
            cutter.opened.append(_Open(bracket, b""))
    else:
        key = _key_before(cutter.buffer, place)
        if key in cutter.layout.descended:
            cutter.opened.append(_Open(bracket, key))
        elif key in cutter.layout.contexts:
            cutter.context = (key, place)


def _is_in_root_list(cutter: _Cutter) -> bool:
    return len(cutter.opened) == 1 and cutter.opened[0].bracket == b"["


def _key_before(buffer: bytes, place: int) -> bytes:
    match = _KEY_BEFORE.search(buffer[max(0, place - _KEY_REACH) : place])
    return match[1] if match else b""


def _close(cutter: _Cutter, place: int) -> Iterator[Piece]:
    """Steps out of a bracket; yields the document that ends with it."""
    cutter.opened.pop()
    if not cutter.opened or _is_in_root_list(cutter):
        is_end_of_root_list = not cutter.opened and cutter.buffer[place : place + 1] == b"]"
        end = place if is_end_of_root_list else place + 1
        yield from _before_document(cutter, end)
        cutter.begin = place + 1
        cutter.cut = None
    elif cutter.opened[-1].bracket == b"[":
        cutter.cut = (place + 1, cutter.opened[-1])


def _before_document(cutter: _Cutter, end: int, *, is_truncated: bool = False) -> Iterator[Piece]:
    """What lies between begin and end, as a piece, unless it is blank; begin moves to end."""
    text = cutter.buffer[cutter.begin : end]
    lead = len(text) - len(text.lstrip(_BETWEEN_DOCUMENTS))
    line = cutter.line + text.count(b"\n", 0, lead)
    if text[lead:].strip(_BETWEEN_DOCUMENTS):
        indent = text[:lead].rpartition(b"\n")[2].rpartition(b",")[2]
        yield Piece(text[lead:], line, is_truncated, indent)
    cutter.line += text.count(b"\n")
    cutter.begin = end


def _shorten(cutter: _Cutter) -> Iterator[Piece]:
    """Drops what has been yielded; cuts the document in progress where it is long."""
    length = len(cutter.buffer) - cutter.begin
    if length > cutter.piece_bytes and cutter.cut is not None and cutter.cut[1] in cutter.opened:
        yield from _cut_off(cutter, *cutter.cut)
    elif length > LONGEST_PIECE_BYTES:
        yield from _before_document(cutter, len(cutter.buffer), is_truncated=True)
        cutter.opened, cutter.depth, cutter.is_in_string = [], 0, False
        cutter.cut = cutter.context = None
    _replace_head(cutter, cutter.begin, b"")


def _cut_off(cutter: _Cutter, cut: int, cut_list: _Open) -> Iterator[Piece]:
    """Yields the document up to the cut, closed; the rest begins with the same brackets and contexts."""
    rest = cutter.buffer[cut:]
    lead = len(rest) - len(rest.lstrip(b" \t\r\n"))
    if rest[lead : lead + 1] != b",":
        return  # the next chunk brings the comma, or the end of the list
    level = next(number for number, each in enumerate(cutter.opened, 1) if each is cut_list)
    stack = cutter.opened[_is_list(cutter.opened[0]) : level]
    closers = b"".join(b"]" if each.bracket == b"[" else b"}" for each in reversed(stack))
    yield Piece(cutter.buffer[cutter.begin : cut] + closers, cutter.line)
    after = cut + lead + 1
    cutter.line += cutter.buffer.count(b"\n", cutter.begin, after)
    _replace_head(cutter, after, b"".join(_reopened(each) for each in stack))
    cutter.cut = None


def _is_list(opened: _Open) -> bool:
    return opened.bracket == b"["


def _reopened(opened: _Open) -> bytes:
    """The bracket with the key before it and the contexts after it."""
    key = b'"%s":' % opened.key if opened.key else b""
    members = (b'"%s":%s,' % member for member in sorted(opened.context.items()))
    return key + opened.bracket + b"".join(members)


def _replace_head(cutter: _Cutter, end: int, head: bytes) -> None:
    """Puts ``head`` in place of the buffer up to ``end``, and moves every place with it."""
    if end == 0 and not head:
        return
    moved = len(head) - end
    cutter.buffer = head + cutter.buffer[end:]
    cutter.scanned = max(cutter.scanned + moved, len(head))
    cutter.begin = 0
    if cutter.cut is not None:
        cutter.cut = (cutter.cut[0] + moved, cutter.cut[1])
    if cutter.context is not None:
        cutter.context = (cutter.context[0], cutter.context[1] + moved)
