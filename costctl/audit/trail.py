"""Where is the record of a store, and how is an entry added to it? A folder beside the store, of two files.

In: the path of a store, and what is to be said. Out: the record with one line more. ``entries.jsonl`` is only appended
to; ``head.json`` says how many entries there are and the digest of the last, so that a record that ends early is found.

Whatever was done to the record, an entry that is added goes on from the head that is kept: a gap stays where it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from costctl.audit.chain import EMPTY, Head, digest, digest_in, head_text, line_of, read_head, read_line
from costctl.audit.lock import held
from costctl.documents.audit import AuditEntry

ENTRIES: Final = "entries.jsonl"
HEAD: Final = "head.json"
_WAIT_S: Final = 10.0  # an entry takes milliseconds
_TAIL_BYTES: Final = 65_536

# Makes the entry, given its number, the digest before it, and that of the torn line above it if there is one.
MakeEntry = Callable[[int, str, str | None], AuditEntry]


@dataclass(frozen=True, slots=True)
class Record:
    """The bytes of both files; None for one that is not there."""

    entries: bytes | None
    head: bytes | None


def folder_beside(store: Path) -> Path:
    """Where the record of a store is."""
    return store.with_name(f"{store.name}.audit")


def read_record(store: Path, wait_s: float = 0.0) -> Record:
    """The record as it is now. wait_s: how long to wait for who appends to it, if that is longer than usual.

    Raises OSError for files that are there and cannot be read.
    """
    folder = folder_beside(store)
    try:
        file = os.open(folder / ENTRIES, os.O_RDONLY)
    except FileNotFoundError:
        return Record(None, _content(folder / HEAD))
    try:
        with held(file, max(_WAIT_S, wait_s)):  # no entry without its head
            return Record((folder / ENTRIES).read_bytes(), _content(folder / HEAD))
    finally:
        os.close(file)


def append(store: Path, make: MakeEntry) -> Head:
    """Add an entry, after what other processes add meanwhile. The new end.

    Raises OSError where that cannot be written.
    """
    folder = folder_beside(store)
    folder.mkdir(exist_ok=True)
    file = os.open(folder / ENTRIES, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        with held(file, _WAIT_S):
            return _appended(file, folder / HEAD, make)
    finally:
        os.close(file)


def _appended(file: int, head_path: Path, make: MakeEntry) -> Head:
    if os.fstat(file).st_size == 0 and not head_path.exists():
        _keep(head_path, EMPTY)
    kept = read_head(_content(head_path) or b"")
    tail = _tail(file)
    before = _end(tail.last, kept)
    is_torn = bool(tail.after) and kept is not None and before == tail.last
    entry = make(before.entries + 1, before.sha256, digest(tail.after) if is_torn else None)
    line = line_of(entry)
    _write(file, (b"" if tail.is_ended else b"\n") + line + b"\n")
    end = Head(entry.number, digest_in(line))
    if kept is not None:  # what is missing or damaged stays so: it is found
        _keep(head_path, end)
    return end


def _end(last: Head, kept: Head | None) -> Head:
    """What the next entry follows: the last one, or the end that was kept where the record is not that any more."""
    if kept is None or last.entries > kept.entries or last == kept:
        return last
    return kept


@dataclass(frozen=True, slots=True)
class _Tail:
    """last: the end that the last line is that is an entry.  after: what stands below it.  is_ended: whether the last
    line is.
    """

    last: Head
    after: bytes
    is_ended: bool


def _tail(file: int) -> _Tail:
    """The end of the file."""
    size = os.fstat(file).st_size
    length = _TAIL_BYTES
    while True:
        start = max(0, size - length)
        os.lseek(file, start, os.SEEK_SET)
        content = _read(file, size - start)
        lines = content.removesuffix(b"\n").split(b"\n") if content else []
        if start:
            del lines[0]  # not all of it was read
        is_ended = not content or content.endswith(b"\n")
        for place in range(len(lines) - 1, -1, -1):
            found = read_line(lines[place])
            if found is not None:
                last = Head(found.entry.number, found.sha256)
                return _Tail(last, b"\n".join(lines[place + 1 :]), is_ended)
        if start == 0:
            return _Tail(EMPTY, content.removesuffix(b"\n"), is_ended)
        length *= 4


def _read(file: int, length: int) -> bytes:
    parts = []
    while length > 0 and (part := os.read(file, length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _write(file: int, content: bytes) -> None:
    """Append the content, and see it on the disk."""
    while content:
        content = content[os.write(file, content) :]
    os.fsync(file)


def _keep(path: Path, head: Head) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(head_text(head))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
