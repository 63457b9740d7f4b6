"""Do the files that a record names still have their digests?

In: the entries, and the folders from which their paths are meant. Out: what became of each file, by its last entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from costctl.documents.audit import AuditedFile, AuditLine
from costctl.progress import Progress

_STREAM: Final = "stdin"
_REMOTE: Final = "://"


def files_on_disk(
    lines: Iterable[AuditLine], folders: Sequence[Path], progress: Progress
) -> tuple[AuditedFile, ...]:
    """Each file that was read or written, sorted by its name; of one that both was, what was last.

    folders: where relative paths may begin, the likeliest first.
    """
    named = sorted(_named(lines).values(), key=lambda each: each.path)
    found = []
    for place, each in enumerate(named):
        progress("Reading the files that the record names", place / len(named))
        found.append(_looked_at(each, folders))
    return tuple(found)


def _named(lines: Iterable[AuditLine]) -> dict[str, AuditedFile]:
    """By its path, what the last entry says that names it."""
    named: dict[str, AuditedFile] = {}
    for line in lines:
        entry = line.entry
        for read in entry.inputs:
            if read.uri is not None and read.sha256 is not None:
                named[read.uri] = AuditedFile(read.uri, "input", entry.number, read.sha256, "not looked at")
        for written in entry.outputs:
            if written.role == "file":
                named[written.name] = AuditedFile(
                    written.name, "output", entry.number, written.sha256, "not looked at"
                )
    return named


def _looked_at(file: AuditedFile, folders: Sequence[Path]) -> AuditedFile:
    if file.path == _STREAM or _REMOTE in file.path:
        return file
    places = [folder / file.path for folder in folders]
    there = [place for place in places if place.is_file()]
    if not there:
        return replace(file, state="missing")
    return replace(file, state="same" if any(_digest(each) == file.sha256 for each in there) else "changed")


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
