"""The bytes of a source, unpacked as they are read.

In: a file or standard input, plain or packed with gzip, zstd, bzip2 or xz (told by its first bytes, not by
its name). Out: a stream of unpacked bytes that raises InputError where the packed data end too early, are
damaged, or unpack to more than anyone's traces would, and that knows how many stored bytes were read and their
SHA-256.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from costctl.errors import InputError
from costctl.ingest.unpacking import PACKINGS, UNPACK_ERRORS, Unpacker

CHUNK_BYTES: Final = 2**20
_BOMB_BYTES: Final = 2**30
_BOMB_RATIO: Final = 300  # traces pack to a tenth or a fiftieth


class SourceStream(io.RawIOBase):
    """A readable stream of unpacked bytes. uri: for messages.  compression: gzip, zstd, bzip2, xz or None."""

    def __init__(self, raw: BinaryIO | io.FileIO, uri: str) -> None:
        super().__init__()
        self._raw = raw
        self._uri = uri
        self._digest = hashlib.sha256()
        self.bytes_read = 0
        self.bytes_unpacked = 0
        first = self._stored()
        packing = next((found for magic, found in PACKINGS.items() if first.startswith(magic)), None)
        self.compression = packing[0] if packing else None
        self._unpacker = Unpacker(packing[1]) if packing else None
        self._ready = memoryview(b"")
        self._pieces = self._unpacked(first)

    @property
    def sha256(self) -> str:
        """Digest of the stored bytes read so far."""
        return self._digest.hexdigest()

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the next piece reaches; 0 at the end."""
        while not self._ready:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._ready = memoryview(piece)
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        """Close the source as well."""
        self._raw.close()
        super().close()

    def _stored(self) -> bytes:
        data = self._raw.read(CHUNK_BYTES) or b""
        self._digest.update(data)
        self.bytes_read += len(data)
        return data

    def _unpacked(self, stored: bytes) -> Iterator[bytes]:
        """The stream, unpacked, in pieces of some megabytes."""
        while stored:
            if self._unpacker is None:
                yield stored
            else:
                yield from self._unpacked_pieces(self._unpacker, stored)
            stored = self._stored()
        if self._unpacker is not None and not self._unpacker.is_complete:
            raise InputError(
                f"{self._uri} is truncated.",
                why=f"Its {self.compression} data end after {self.bytes_read:,} bytes, too early.",
                next_step="Fetch or export it again; nothing of it was loaded.",
            )

    def _unpacked_pieces(self, unpacker: Unpacker, stored: bytes) -> Iterator[bytes]:
        try:
            for piece in unpacker.pieces(stored):
                self.bytes_unpacked += len(piece)
                self._refuse_bomb()
                yield piece
        except UNPACK_ERRORS as error:
            raise InputError(
                f"Cannot unpack {self._uri}.",
                why=f"Its {self.compression} data are corrupt near byte {self.bytes_read:,} ({type(error).__name__}).",
                next_step="Fetch or export it again; nothing of it was loaded.",
            ) from error

    def _refuse_bomb(self) -> None:
        if self.bytes_unpacked > max(_BOMB_BYTES, _BOMB_RATIO * self.bytes_read):
            raise InputError(
                f"{self._uri} unpacks to far more data than traces would.",
                why=f"{self.bytes_read:,} bytes of {self.compression} became more than {self.bytes_unpacked:,} bytes.",
                next_step="If that is intended, unpack it first and pass the result; nothing of it was loaded.",
            )
