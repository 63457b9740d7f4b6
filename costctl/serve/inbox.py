"""Where is kept what was received and is not in the store yet? In files that survive a crash, loaded as any others.

In: bodies of OTLP requests. Out: files of whole messages, as the Collector's file exporter writes them: JSON a line
each, protobuf with its length before it (4 bytes, big-endian). ``add`` returns once its body is on disk: what is
acknowledged is never lost. Bodies that come together share one flush (group commit; DeWitt et al., SIGMOD 1984).
"""

from __future__ import annotations

import os
import struct
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

Signal = Literal["traces", "logs"]
Encoding = Literal["protobuf", "json"]

_OPEN: Final = ".open"  # of a file that is still written to
_SUFFIX: Final[dict[Encoding, str]] = {"protobuf": ".binpb", "json": ".jsonl"}
_LENGTH: Final = struct.Struct(">I")
_MODE: Final = 0o600  # what was received may hold prompts; the store keeps none of them
REFUSED: Final = "refused"  # the folder of files that could not be loaded


class InboxFullError(Exception):
    """There is no room: what was received has not been loaded yet."""


@dataclass(slots=True)
class _Segment:
    """A file that is written to. written, flushed: how many bodies are in it, and how many of these are on disk."""

    path: Path
    handle: int
    written: int = 0
    flushed: int = 0
    flushing: threading.Lock = field(default_factory=threading.Lock)

    def flush(self, number: int) -> None:
        """Return when the body of this number is on disk; whoever comes first flushes for all that were written."""
        with self.flushing:
            if self.flushed < number:
                covered = self.written
                os.fsync(self.handle)
                self.flushed = covered


class Inbox:
    """A folder of what was received. most_bytes: more waits nowhere: ``add`` then raises InboxFullError."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._most_bytes = folder, most_bytes
        self._writing = threading.Lock()
        self._open: dict[tuple[Signal, Encoding], _Segment] = {}
        for path in sorted(folder.glob(f"*{_OPEN}")):
            _mend(path)
        self._bytes = sum(path.stat().st_size for path in self._sealed())

    @property
    def waiting_bytes(self) -> int:
        """What is not in the store yet."""
        return self._bytes

    def add(self, signal: Signal, encoding: Encoding, body: bytes) -> None:
        """Keep a body; it is on disk when this returns. Raises InboxFullError, OSError."""
        framed = (
            _LENGTH.pack(len(body)) + body if encoding == "protobuf" else body.replace(b"\n", b" ") + b"\n"
        )
        with self._writing:
            if self._bytes + len(framed) > self._most_bytes:
                raise InboxFullError
            segment = self._segment(signal, encoding)
            _write(segment.handle, framed)
            segment.written += 1
            number = segment.written
            self._bytes += len(framed)
        segment.flush(number)

    def seal(self) -> tuple[Path, ...]:
        """Close what is written to, and give all files that wait, the oldest first; later bodies go into new ones."""
        with self._writing:
            closed, self._open = self._open, {}
        for segment in closed.values():
            segment.flush(segment.written)
            with segment.flushing:
                os.close(segment.handle)
            segment.path.rename(segment.path.with_suffix(""))
        return tuple(self._sealed())

    def forget(self, paths: Iterator[Path] | tuple[Path, ...]) -> None:
        """These are in the store."""
        for path in paths:
            size = path.stat().st_size
            path.unlink()
            with self._writing:
                self._bytes -= size

    def set_aside(self, path: Path) -> Path:
        """This could not be loaded: it stays, where it is in nobody's way."""
        folder = self._folder / REFUSED
        folder.mkdir(exist_ok=True, mode=0o700)
        size = path.stat().st_size
        kept = path.rename(folder / path.name)
        with self._writing:
            self._bytes -= size
        return kept

    def _segment(self, signal: Signal, encoding: Encoding) -> _Segment:
        found = self._open.get((signal, encoding))
        if found is None:
            name = f"{signal}-{uuid.uuid4().hex}{_SUFFIX[encoding]}{_OPEN}"
            path = self._folder / name
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, _MODE)
            _flush_folder(self._folder)
            found = self._open[signal, encoding] = _Segment(path, handle)
        return found

    def _sealed(self) -> list[Path]:
        found = [path for path in self._folder.iterdir() if path.suffix in _SUFFIX.values()]
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))


def _write(handle: int, data: bytes) -> None:
    """All of it: a write may take a part."""
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _flush_folder(folder: Path) -> None:
    """The name of a new file is on disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mend(path: Path) -> None:
    """Close a file that a crash left open: a message that is not whole was never acknowledged, and goes."""
    data = path.read_bytes()
    whole = _whole_json(data) if path.with_suffix("").suffix == _SUFFIX["json"] else _whole_protobuf(data)
    if whole == 0:
        path.unlink()
        return
    with path.open("r+b") as file:
        file.truncate(whole)
        os.fsync(file.fileno())
    path.rename(path.with_suffix(""))


def _whole_json(data: bytes) -> int:
    return data.rfind(b"\n") + 1


def _whole_protobuf(data: bytes) -> int:
    at = 0
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        if at + _LENGTH.size + length > len(data):
            break
        at += _LENGTH.size + length
    return at
