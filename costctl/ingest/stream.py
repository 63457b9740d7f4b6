"""The bytes of a source, decompressed as they are read.

In: a file or standard input, plain or compressed with gzip, zstd or bzip2 (told by its first bytes, not by
its name). Out: a stream of decompressed bytes that raises InputError where the compressed data end too early
or are damaged, and that knows how many stored bytes were read and their SHA-256.
"""

from __future__ import annotations

import bz2
import hashlib
import io
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Final

import zstandard

from costctl.errors import InputError

CHUNK_BYTES: Final = 2**20

_MAGIC: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2"}
_LONGEST_MAGIC: Final = max(map(len, _MAGIC))


class SourceStream(io.RawIOBase):
    """A readable stream of decompressed bytes. uri: for messages.  compression: gzip, zstd, bzip2 or None."""

    def __init__(self, raw: BinaryIO | io.FileIO, uri: str) -> None:
        super().__init__()
        self._raw = raw
        self._uri = uri
        self._digest = hashlib.sha256()
        self.bytes_read = 0
        first = self._stored(CHUNK_BYTES)
        self.compression = next((name for magic, name in _MAGIC.items() if first.startswith(magic)), None)
        self._new_decompressor = _DECOMPRESSORS.get(self.compression or "")
        self._decompressor: Any = self._new_decompressor() if self._new_decompressor else None
        self._ready = memoryview(self._decompressed(first))
        self._is_exhausted = not first

    @property
    def sha256(self) -> str:
        """Digest of the stored bytes read so far."""
        return self._digest.hexdigest()

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the next piece reaches; 0 at the end."""
        while not self._ready and not self._is_exhausted:
            stored = self._stored(CHUNK_BYTES)
            self._is_exhausted = not stored
            self._ready = memoryview(self._decompressed(stored) if stored else b"")
        if not self._ready:
            self._refuse_truncated()
            return 0
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        """Close the source as well."""
        self._raw.close()
        super().close()

    def _stored(self, size: int) -> bytes:
        data = self._raw.read(size) or b""
        self._digest.update(data)
        self.bytes_read += len(data)
        return data

    def _decompressed(self, stored: bytes) -> bytes:
        """The stored bytes, decompressed; several compressed members one after another are one stream."""
        if self._decompressor is None or self._new_decompressor is None:
            return stored
        parts = []
        try:
            while stored:
                if self._decompressor.eof:
                    stored = stored.lstrip(b"\0")  # padding after the last member
                    if not stored:
                        break
                    self._decompressor = self._new_decompressor()
                parts.append(self._decompressor.decompress(stored))
                stored = self._decompressor.unused_data if self._decompressor.eof else b""
        except (zlib.error, OSError, zstandard.ZstdError) as error:
            raise InputError(
                f"Cannot decompress {self._uri}.",
                why=f"Its {self.compression} data are damaged near byte {self.bytes_read:,}: {error}.",
                next_step="Fetch or export it again; nothing of it was loaded.",
            ) from error
        return b"".join(parts)

    def _refuse_truncated(self) -> None:
        if self._decompressor is not None and not self._decompressor.eof:
            raise InputError(
                f"{self._uri} is cut off.",
                why=f"Its {self.compression} data end after {self.bytes_read:,} bytes, too early.",
                next_step="Fetch or export it again; nothing of it was loaded.",
            )


_DECOMPRESSORS: Final[dict[str, Callable[[], Any]]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    "bzip2": bz2.BZ2Decompressor,
}
