"""Which files did the user mean?

In: files, folders, globs, or - for standard input. Out: the paths to read, each once, in a fixed order.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from costctl.errors import InputError

STDIN: Final = "-"
_ENDINGS: Final = (".json", ".jsonl", ".ndjson", ".csv", ".parquet", ".pb", ".bin", ".proto", ".otlp")
_COMPRESSED: Final = (".gz", ".zst", ".bz2")


def discover(arguments: Sequence[str]) -> tuple[str, ...]:
    """Paths in the order of the arguments; the files of a folder, and of those below it, sorted by name.

    Raises InputError where an argument names nothing, or a folder holds nothing that looks like a trace or
    log.
    """
    if not arguments:
        raise InputError(
            "There is nothing to read.",
            why="No path was given.",
            next_step="Give a file, a folder, a glob, or - for standard input.",
        )
    found: dict[str, None] = {}
    for argument in arguments:
        found.update(dict.fromkeys(_expanded(argument)))
    return tuple(found)


def _expanded(argument: str) -> list[str]:
    path = Path(argument)
    if argument == STDIN or path.is_file():
        return [argument]
    if path.is_dir():
        return _in_folder(path)
    # As in a shell: absolute patterns, * without hidden files, and **x, which Path.glob refuses or reads otherwise.
    found = glob.iglob(argument, recursive=True)  # noqa: PTH207
    matches = sorted(match for match in found if Path(match).is_file())
    if not matches:
        raise InputError(
            f"Cannot read {argument}.",
            why="No file, folder or glob of that name matches anything.",
            next_step="Check the spelling and the folder that you are in.",
        )
    return matches


def _in_folder(folder: Path) -> list[str]:
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file() and _looks_readable(path.name))
    if not files:
        raise InputError(
            f"There is nothing to read in {folder}.",
            why=f"No file below it ends in {', '.join(_ENDINGS)}, or in one of these with {', '.join(_COMPRESSED)}.",
            next_step="Name the files themselves: those are read whatever their ending.",
        )
    return files


def _looks_readable(name: str) -> bool:
    stem = name.lower()
    for ending in _COMPRESSED:
        stem = stem.removesuffix(ending)
    return stem.endswith(_ENDINGS)
