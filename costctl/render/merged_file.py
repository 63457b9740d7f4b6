"""A file that settings were merged into: what it keeps, what was added, and what to do next.

In: the documents. Out: sections for a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.file_changes import FileChanges, MergedFile
from costctl.render.file_changes import change_lines
from costctl.render.numbers import count, plural
from costctl.render.sections import Facts, Section

_MARKS: Final = "# >>> costctl and # <<< costctl"


def merged_sections(
    merged: MergedFile,
    changes: FileChanges,
    name: str,
    said: Sequence[tuple[str, str]],
    following: str,
) -> list[Section]:
    """What becomes of the file. name: its own.  said: what was written, and what it carries of the policy."""
    facts = [
        ("Keeps", _kept(merged, name)),
        ("Ours", _ours(merged)),
        *said,
        *(("In place of", f"{each.place}: {each.present} → {each.written} ") for each in merged.replaced),
    ]
    if changes.is_same:
        return [Facts((*facts, ("", f"{name} holds it already: nothing changes"), ("Next", following)))]
    lines = tuple(change_lines(changes, "taken out"))
    return [Facts(tuple(facts)), *([Facts(lines)] if lines else []), Facts((("Next", following),))]


def _kept(merged: MergedFile, name: str) -> str:
    """Every line of the file."""
    kept = f"{plural(merged.lines, 'line')} of {name}, byte for byte"
    if not merged.commented:
        return kept
    return f"{kept}, {count(merged.commented)} of them as comments, as they are written anew with ours"


def _ours(merged: MergedFile) -> str:
    before = (
        ""
        if not merged.taken_out
        else f", in place of {plural(merged.taken_out, 'block')} of an earlier merge"
    )
    if not merged.blocks:
        return f"no line{before}"
    where = f"{plural(merged.written, 'line')} in {plural(merged.blocks, 'block')}, between {_MARKS}"
    return f"{where}{before}"
