"""Answers that were computed once: a folder of files beside the store, one an answer.

In: the path of a store, a key (the digest of all that an answer rests on) and bytes. Out: the same bytes, or None. The
folder is bounded: the answers that were asked for longest ago go first. What cannot be read, or was damaged, counts as
not kept, and a folder that cannot be written keeps nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

_MOST_ANSWERS: Final = 24
_MOST_BYTES: Final = 64 * 2**20
_DIGEST_BYTES: Final = 32  # of the content, before it
_SAME: Final = ".same"  # no answer: which state of the file has the traces of which

State = tuple[tuple[int, ...], ...]


class _Same(msgspec.Struct, frozen=True):
    """file: the state of the file.  traces: the state in which it was when it got its traces."""

    file: State
    traces: State


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept beside a store. bytes: on disk."""

    answers: int
    bytes: int


def folder_beside(store: Path) -> Path:
    """Where the answers of a store are kept."""
    return store.with_name(f"{store.name}.kept")


def state_of(store: Path) -> State:
    """What tells this state of the traces from any other: that of the file, and of the log that is not yet merged into
    it; or that which ``same_traces`` says has the same traces.

    To be asked while the store is open: no other process can write to it then. A file that was copied or put back is
    another one: its inode or its time of change, which nothing but the file system sets, differs.
    """
    now = _file_state(store)
    try:
        written = msgspec.json.decode((folder_beside(store) / _SAME).read_bytes(), type=_Same)
    except (OSError, msgspec.MsgspecError):
        return now
    return written.traces if written.file == now else now


def same_traces(store: Path, before: State) -> bool:
    """Answers that were kept for a state still hold: what was written since is none of the traces. Whether that could
    be noted. To be called while the store is open, and nothing waits to be merged into it.
    """
    noted = msgspec.json.encode(_Same(_file_state(store), before))
    partial = folder_beside(store) / f"{_SAME}.{os.getpid()}.partial"
    try:
        folder_beside(store).mkdir(exist_ok=True)
        partial.write_bytes(noted)
        partial.replace(folder_beside(store) / _SAME)
    except OSError:
        return False
    return True


def _file_state(store: Path) -> State:
    files = [store, store.with_name(f"{store.name}.wal")]
    stats = [file.stat() for file in files if file.exists()]
    return tuple((each.st_ino, each.st_size, each.st_mtime_ns, each.st_ctime_ns) for each in stats)


def read(store: Path, key: str) -> bytes | None:
    """The answer under the key; None where none is kept."""
    path = folder_beside(store) / key
    try:
        content = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    digest, answer = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return answer if hashlib.sha256(answer).digest() == digest else None


def write(store: Path, key: str, answer: bytes) -> bool:
    """Keep the answer; whether that was possible."""
    folder = folder_beside(store)
    partial = folder / f".{key}.{os.getpid()}.partial"
    try:
        folder.mkdir(exist_ok=True)
        partial.write_bytes(hashlib.sha256(answer).digest() + answer)
        partial.replace(folder / key)
        _drop_oldest(_files(store))
    except OSError:
        return False
    return True


def clear(store: Path) -> None:
    """Drop every answer."""
    shutil.rmtree(folder_beside(store), ignore_errors=True)


def kept(store: Path) -> Kept:
    """What is kept."""
    sizes = [file.stat().st_size for file in _files(store)]
    return Kept(len(sizes), sum(sizes))


def _files(store: Path) -> list[Path]:
    """The one asked for last first."""
    files = [file for file in folder_beside(store).glob("*") if not file.name.startswith(".")]
    return sorted(files, key=lambda file: (-file.stat().st_mtime_ns, file.name))


def _drop_oldest(files: Sequence[Path]) -> None:
    total = 0
    for place, file in enumerate(files):
        total += file.stat().st_size
        if place >= _MOST_ANSWERS or (place > 0 and total > _MOST_BYTES):
            file.unlink(missing_ok=True)
