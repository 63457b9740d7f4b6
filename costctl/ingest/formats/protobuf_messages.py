"""How is a stream of OTLP protobuf cut into messages that fit into memory, whatever framing it has?

Shape in: a stream of bytes that cannot seek: one message, or messages each after its length (a varint, or
four bytes big-endian as the collector's file exporter writes them, each message perhaps compressed with
zstd).  Shape out: messages of some ``PIECE_BYTES``, or one span, each with the offset at which it began. A
longer message is cut between its ResourceSpans, ScopeSpans or spans; resource and scope are repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Final, Literal, Protocol, TypeAlias

import zstandard

Framing: TypeAlias = Literal["one", "varint", "big_endian_4"]

PIECE_BYTES: Final = 8 * 2**20
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
LONGEST_DECOMPRESSED_BYTES: Final = 512 * 2**20
_READ_BYTES: Final = 2**20
_LENGTH_DELIMITED: Final = 2
_FIXED_BYTES: Final = {1: 8, 5: 4}
_VARINT_BYTES: Final = 10
# Numbers of the fields that are cut apart, from the outside in: resource_spans, scope_spans, spans.
_NESTING: Final = (1, 2, 2)


@dataclass(frozen=True, slots=True)
class Message:
    """Bytes of one message. offset: where it began in the stream.  problem: why it could not be cut out."""

    data: bytes
    offset: int
    problem: str | None = None


class _FramingError(ValueError):
    """Lengths or tags do not lead through the stream; its words are ours."""


class Readable(Protocol):
    """Whatever bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


class Reader:
    """A stream with its offset, and reads that end early only where the stream does."""

    def __init__(self, stream: Readable, piece_bytes: int) -> None:
        self._stream = stream
        self.piece_bytes = piece_bytes
        self.offset = 0

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end of the stream."""
        parts: list[bytes] = []
        missing = size
        while missing > 0:
            part = self._stream.read(min(missing, _READ_BYTES))
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        self.offset += size - missing
        return b"".join(parts)

    def varint(self) -> tuple[int, bytes] | None:
        """The next varint and its bytes; None at the end of the stream. Raises ValueError if cut off."""
        raw = b""
        while len(raw) < _VARINT_BYTES:
            byte = self.read(1)
            if not byte and not raw:
                return None
            raw += byte
            if not byte or byte[0] < 0x80:
                break
        if not raw or raw[-1] >= 0x80:
            raise _FramingError("a length ends before its last byte")
        return varint_value(raw), raw


def varint_value(raw: bytes) -> int:
    """The number in the bytes of a varint."""
    return sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(raw))


def varint_bytes(value: int) -> bytes:
    """The varint of a number."""
    raw = bytearray()
    while value > 0x7F:
        raw.append(value & 0x7F | 0x80)
        value >>= 7
    raw.append(value)
    return bytes(raw)


def messages(stream: BinaryIO, framing: Framing, *, piece_bytes: int = PIECE_BYTES) -> Iterator[Message]:
    """The messages in the stream, each at most some megabytes; the last may have a problem.

    piece_bytes: longer messages are cut.
    """
    reader = Reader(stream, piece_bytes)
    try:
        if framing == "one":
            yield from _pieces(reader, None, 0)
        else:
            yield from _framed(reader, framing)
    except _FramingError as error:
        yield Message(b"", reader.offset, str(error))
    except (ValueError, zstandard.ZstdError):
        yield Message(b"", reader.offset, "its packed data are corrupt")


def _framed(reader: Reader, framing: Framing) -> Iterator[Message]:
    while (length := _length(reader, framing)) is not None:
        if length > reader.piece_bytes:
            first = reader.read(len(ZSTD_MAGIC))
            yield from _long_message(reader, length, first)
            continue
        offset = reader.offset
        data = _exactly(reader, length)
        yield from (
            _decompressed(data, offset, reader.piece_bytes)
            if data.startswith(ZSTD_MAGIC)
            else [Message(data, offset)]
        )


def _long_message(reader: Reader, length: int, first: bytes) -> Iterator[Message]:
    """A message too long to hold: cut as it is read, after decompression where it is compressed."""
    if first == ZSTD_MAGIC:
        offset = reader.offset - len(first)
        yield from _decompressed(first + _exactly(reader, length - len(first)), offset, reader.piece_bytes)
        return
    inner = Reader(_Rest(first, reader, length - len(first)), reader.piece_bytes)
    inner.offset = reader.offset - len(first)
    yield from _pieces(inner, None, 0)


class _Rest:
    """The first bytes of a message and, after them, the rest of it from the reader."""

    def __init__(self, first: bytes, reader: Reader, length: int) -> None:
        self._first = BytesIO(first)
        self._reader = reader
        self._length = length

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes of the message, none at its end."""
        data = self._first.read(size)
        if data:
            return data
        data = self._reader.read(min(size, self._length))
        self._length -= len(data)
        return data


def _length(reader: Reader, framing: Framing) -> int | None:
    if framing == "varint":
        found = reader.varint()
        return None if found is None else found[0]
    raw = reader.read(4)
    if not raw:
        return None
    if len(raw) < 4:
        raise _FramingError("the stream ends inside a length")
    return int.from_bytes(raw, "big")


def _exactly(reader: Reader, size: int) -> bytes:
    data = reader.read(size)
    if len(data) < size:
        raise _FramingError(f"the stream ends {size - len(data)} bytes before the message does")
    return data


def _decompressed(data: bytes, offset: int, piece_bytes: int) -> Iterator[Message]:
    """A zstd message, decompressed; where that is long, cut as it is decompressed."""
    with zstandard.ZstdDecompressor().stream_reader(BytesIO(data)) as stream:
        head = stream.read(piece_bytes)
        if len(head) < piece_bytes or head[:1] in (b"{", b"["):
            rest = stream.read(LONGEST_DECOMPRESSED_BYTES) if len(head) == piece_bytes else b""
            yield Message(head + rest, offset)
            return
    with zstandard.ZstdDecompressor().stream_reader(BytesIO(data)) as stream:
        for piece in _pieces(Reader(stream, piece_bytes), None, 0):
            yield Message(piece.data, offset, piece.problem)


def _pieces(reader: Reader, length: int | None, level: int) -> Iterator[Message]:
    """The message at this level of nesting, of ``length`` bytes, as messages of the outermost kind."""
    end = None if length is None else reader.offset + length
    gathered = _Gathered(level, reader.offset)
    try:
        while (field := _next_field(reader, end)) is not None:
            number, head, size = field
            is_nested = number == _NESTING[level]
            if is_nested and size > reader.piece_bytes and level + 1 < len(_NESTING):
                for inner in _pieces(reader, size, level + 1):
                    yield Message(_wrapped(gathered.own + inner.data, level), inner.offset)
                continue
            data = head + _exactly(reader, size)
            if not is_nested:
                gathered.own += data
                continue
            gathered.add(data)
            if gathered.size >= reader.piece_bytes:
                yield gathered.message(reader.offset)
    except ValueError:
        if gathered.size:
            yield gathered.message(reader.offset)
        raise
    if gathered.size:
        yield gathered.message(reader.offset)


class _Gathered:
    """Fields of one message that are waiting to become a message of their own.

    own: the fields that are not nested, such as the resource, which every message repeats.
    """

    def __init__(self, level: int, begin: int) -> None:
        self.own = b""
        self.size = 0
        self._level = level
        self._begin = begin
        self._nested: list[bytes] = []

    def add(self, field: bytes) -> None:
        """Takes one nested field."""
        self._nested.append(field)
        self.size += len(field)

    def message(self, offset: int) -> Message:
        """What was gathered, as a message of the outermost kind; the next begins at the offset."""
        data = _wrapped(self.own + b"".join(self._nested), self._level)
        message = Message(data, self._begin)
        self._nested, self.size, self._begin = [], 0, offset
        return message


def _next_field(reader: Reader, end: int | None) -> tuple[int, bytes, int] | None:
    """Number, the bytes before the value, and the value's length, of the next field; None at the end."""
    if end is not None and reader.offset >= end:
        return None
    tag = reader.varint()
    if tag is None:
        return None
    number, wire = tag[0] >> 3, tag[0] & 7
    if wire == _LENGTH_DELIMITED:
        length = reader.varint()
        if length is None:
            raise _FramingError("the stream ends inside a field")
        return number, tag[1] + length[1], length[0]
    if wire not in _FIXED_BYTES:
        raise _FramingError(f"a field of wire type {wire}, which no OTLP message has there")
    return number, tag[1], _FIXED_BYTES[wire]


def _wrapped(data: bytes, level: int) -> bytes:
    """The fields of a message at this level as a field of the message around; the outermost as they are."""
    if level == 0:
        return data
    return varint_bytes(_NESTING[level - 1] << 3 | _LENGTH_DELIMITED) + varint_bytes(len(data)) + data
