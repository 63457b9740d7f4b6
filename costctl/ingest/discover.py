"""Which sources did the user mean?

In: files, folders, globs, URIs of objects, or - for standard input. Out: the sources to read, each once, in a
fixed order.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from costctl.errors import InputError
from costctl.ingest.source import STDIN, Source, is_remote, local_source, remote_objects

_ENDINGS: Final = (".json", ".jsonl", ".ndjson", ".csv", ".parquet", ".pb", ".bin", ".proto", ".otlp")
_COMPRESSED: Final = (".gz", ".zst", ".bz2", ".xz")
# A rotated file has a number or a date at its end: traces.jsonl.1, traces.jsonl-20261124, traces.jsonl.2.gz.
_READABLE: Final = re.compile(
    rf".*(?:{'|'.join(map(re.escape, _ENDINGS))})(?:[.-]\d[\d.T:_-]*)?(?:{'|'.join(map(re.escape, _COMPRESSED))})?",
    re.IGNORECASE | re.DOTALL,
)


def discover(arguments: Sequence[str]) -> tuple[Source, ...]:
    """Sources in the order of the arguments; the files of a folder, and of those below it, sorted by name.

    Raises InputError where an argument names nothing, or a folder holds nothing that looks like a trace or
    log.
    """
    if not arguments:
        raise InputError(
            "No input was given.",
            why="ingest needs at least one path.",
            next_step="Pass a file, a folder, a glob, s3://bucket/prefix, or - for standard input.",
        )
    found: dict[str, Source] = {}
    for argument in arguments:
        for source in _expanded(argument):
            found.setdefault(source.uri, source)
    return tuple(found.values())


def _expanded(argument: str) -> list[Source]:
    if is_remote(argument):
        return _remote(argument)
    path = Path(argument)
    if argument == STDIN or path.is_file() or path.is_fifo():
        return [local_source(argument)]
    if path.is_dir():
        return [local_source(name) for name in _in_folder(path)]
    # As in a shell: absolute patterns, * without hidden files, and **x, which Path.glob refuses or reads otherwise.
    found = glob.iglob(argument, recursive=True)  # noqa: PTH207
    matches = sorted(match for match in found if Path(match).is_file())
    if not matches:
        raise InputError(
            f"Cannot read {argument}.",
            why="No such file or folder, and no file matches it as a glob.",
            next_step="Check the spelling and the current folder.",
        )
    return [local_source(match) for match in matches]


def _remote(argument: str) -> list[Source]:
    objects = remote_objects(argument)
    readable = objects if len(objects) == 1 else [each for each in objects if looks_readable(each.key)]
    if not readable:
        raise InputError(
            f"There is nothing to ingest in {argument}.",
            why=(
                f"No object below it ends in {', '.join(_ENDINGS)}, optionally followed by "
                f"{', '.join(_COMPRESSED)}."
            )
            if objects
            else "No object name begins with it.",
            next_step="Check the bucket and the prefix, or name the objects themselves.",
        )
    return readable


def _in_folder(folder: Path) -> list[str]:
    files = sorted(
        str(path)
        for path in folder.rglob("*")
        if looks_readable(path.name) and path.is_file() and not _is_hidden(path.relative_to(folder))
    )
    if not files:
        raise InputError(
            f"There is nothing to ingest in {folder}.",
            why=(
                f"No file below it ends in {', '.join(_ENDINGS)}, optionally followed by "
                f"{', '.join(_COMPRESSED)}."
            ),
            next_step="Pass the files themselves: those are read whatever their ending.",
        )
    return files


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def looks_readable(name: str) -> bool:
    """Whether the name is one that exports of traces and logs have; named themselves, files are read anyway."""
    return _READABLE.fullmatch(name) is not None
