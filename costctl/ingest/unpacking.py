"""How are packed bytes unpacked in pieces of bounded size, whatever they unpack to?

In: stored bytes, piece by piece. Out: unpacked bytes, some megabytes at once: a few kilobytes may unpack to many
gigabytes. Several packed members one after another are one stream, as ``cat`` of them is.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import zstandard

_PIECE_BYTES: Final = 4 * 2**20
_ZSTD_FEED_BYTES: Final = 4 * 2**10  # each unpacks to 128 MB at the very most

UNPACK_ERRORS: Final = (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError)


class Member(Protocol):
    """One packed member."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What came after its end."""
        ...

    def pieces(self, stored: bytes) -> Iterator[bytes]:
        """What the bytes unpack to."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def pieces(self, stored: bytes) -> Iterator[bytes]:
        is_more = True
        while is_more and not self._inner.eof:
            piece = self._inner.decompress(stored, _PIECE_BYTES)
            stored = self._inner.unconsumed_tail
            is_more = bool(stored) or len(piece) == _PIECE_BYTES
            yield piece


class _Buffered:
    """bzip2 and xz, whose decompressors keep what they have not unpacked yet."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    def pieces(self, stored: bytes) -> Iterator[bytes]:
        yield self._inner.decompress(stored, _PIECE_BYTES)
        while not self._inner.eof and not self._inner.needs_input:
            yield self._inner.decompress(b"", _PIECE_BYTES)


class _Zstd:
    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor().decompressobj()
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    def pieces(self, stored: bytes) -> Iterator[bytes]:
        for at in range(0, len(stored), _ZSTD_FEED_BYTES):
            yield self._inner.decompress(stored[at : at + _ZSTD_FEED_BYTES])
            if self._inner.eof:
                self.unused_data = self._inner.unused_data + stored[at + _ZSTD_FEED_BYTES :]
                return


PACKINGS: Final[dict[bytes, tuple[str, Callable[[], Member]]]] = {
    b"\x1f\x8b": ("gzip", _Gzip),
    b"\x28\xb5\x2f\xfd": ("zstd", _Zstd),
    b"BZh": ("bzip2", lambda: _Buffered(bz2.BZ2Decompressor())),
    b"\xfd7zXZ\x00": ("xz", lambda: _Buffered(lzma.LZMADecompressor())),
}


class Unpacker:
    """Members one after another. is_complete: the last one has ended."""

    def __init__(self, new_member: Callable[[], Member]) -> None:
        self._new_member = new_member
        self._member = new_member()
        self.is_complete = False

    def pieces(self, stored: bytes) -> Iterator[bytes]:
        """What the bytes unpack to. Raises one of UNPACK_ERRORS where they are damaged."""
        while stored:
            if self._member.eof:
                stored = stored.lstrip(b"\0")  # padding after the last member
                if not stored:
                    return
                self._member = self._new_member()
            yield from self._member.pieces(stored)
            self.is_complete = self._member.eof
            stored = self._member.unused_data if self._member.eof else b""
