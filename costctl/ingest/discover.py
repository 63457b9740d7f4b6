"""Which sources did the user mean?

In: files, folders, globs, URIs of objects, or - for standard input. Out: the sources to read, each once, in a
fixed order.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from operator import not_
from pathlib import Path
from typing import Final

from costctl.errors import InputError
from costctl.ingest.own_files import is_own
from costctl.ingest.source import STDIN, Source, is_remote, local_source, remote_objects, without_secrets

_ENDINGS: Final = (
    ".json", ".jsonl", ".ndjson", ".csv", ".parquet", ".pb", ".bin", ".proto", ".otlp", ".prom", ".log",
)  # fmt: skip
_COMPRESSED: Final = (".gz", ".zst", ".bz2", ".xz")
# A rotated file has a number or a date at its end: traces.jsonl.1, traces.jsonl-20261124, traces.jsonl.2.gz.
_READABLE: Final = re.compile(
    rf".*(?:{'|'.join(map(re.escape, _ENDINGS))})(?:[.-]\d[\d.T:_-]*)?(?:{'|'.join(map(re.escape, _COMPRESSED))})?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Discovered:
    """sources: to be read, each once.  passed_over: found beside them, under names that no export has."""

    sources: tuple[Source, ...]
    passed_over: tuple[Source, ...] = ()


def discover(arguments: Sequence[str]) -> Discovered:
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
    parts = [_expanded(argument) for argument in arguments]
    sources: dict[str, Source] = {}
    for source in (source for part in parts for source in part.sources):
        if source.is_named or source.uri not in sources:
            sources[source.uri] = source
    others = {source.uri: source for part in parts for source in part.passed_over}
    return Discovered(
        tuple(sources.values()), tuple(source for uri, source in others.items() if uri not in sources)
    )


def _expanded(argument: str) -> Discovered:
    if is_remote(argument):
        return _remote(argument)
    path = Path(argument)
    if argument == STDIN or path.is_file() or path.is_fifo():
        return Discovered((local_source(argument),))
    if path.is_dir():
        return _in_folder(path)
    # As in a shell: absolute patterns, * without hidden files, and **x, which Path.glob refuses or reads otherwise.
    found = glob.iglob(argument, recursive=True)  # noqa: PTH207
    matches = sorted(match for match in found if Path(match).is_file() and not is_own(Path(match)))
    if not matches:
        raise InputError(
            f"Cannot read {argument}.",
            why="No such file or folder, and no file matches it as a glob.",
            next_step="Check the spelling and the current folder.",
        )
    return Discovered(tuple(local_source(match, is_named=False) for match in matches))


def _remote(argument: str) -> Discovered:
    objects = remote_objects(argument)
    if len(objects) == 1:
        return Discovered(tuple(objects))
    found = _by_name(objects, [each.key for each in objects])
    if not found.sources:
        raise InputError(
            f"There is nothing to ingest in {without_secrets(argument)}.",
            why=(
                f"No object below it ends in {', '.join(_ENDINGS)}, optionally followed by "
                f"{', '.join(_COMPRESSED)}."
            )
            if objects
            else "No object name begins with it.",
            next_step="Check the bucket and the prefix, or name the objects themselves.",
        )
    return found


def _in_folder(folder: Path) -> Discovered:
    paths = sorted(
        path
        for path in folder.rglob("*")
        if not _is_hidden(path.relative_to(folder)) and path.is_file() and not is_own(path)
    )
    found = _by_name(
        [local_source(str(path), is_named=False) for path in paths], [path.name for path in paths]
    )
    if not found.sources:
        raise InputError(
            f"There is nothing to ingest in {folder}.",
            why=(
                f"No file below it ends in {', '.join(_ENDINGS)}, optionally followed by "
                f"{', '.join(_COMPRESSED)}."
            ),
            next_step="Pass the files themselves: those are read whatever their ending.",
        )
    return found


def _by_name(sources: Sequence[Source], names: Sequence[str]) -> Discovered:
    """Those whose names are of exports, and the others."""
    readable = [looks_readable(name) for name in names]
    return Discovered(tuple(compress(sources, readable)), tuple(compress(sources, map(not_, readable))))


def _is_hidden(path: Path) -> bool:
    """Whether nobody means this by a folder of traces."""
    return any(part.startswith(".") for part in path.parts)


def looks_readable(name: str) -> bool:
    """Whether the name is one that exports of traces and logs have; named themselves, files are read anyway."""
    return _READABLE.fullmatch(name) is not None
