"""Which lines of a file are ours? Those between two comments, which say so and how the file was without them.

In: a text. Out: the text without our lines, byte for byte what it was before they were written; or the text with them.
A marked block has a digest of its lines, so that one that somebody edited is noticed. A line that ours stand in place
of is kept in the block as a comment, and comes back when the block is taken out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_BEGIN: Final = re.compile(
    r"[ \t]*# >>> costctl ([0-9a-f]{12})(, at the end of a line)?(, instead of one)?: .*"
)
_END: Final = re.compile(r"[ \t]*# <<< costctl[ \t]*\r?\n?")
# A text may end without the end of a line, which a block that follows, or stands in place of it, gives it.
_WORDS: Final = "written by costctl emit; what is changed between these marks is lost"
_KEPT: Final = "#| "


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines to write before a line of a text. at: its number, from 0.  column: of the lines.  instead_of: how many
    lines from there on they stand in place of.
    """

    at: int
    column: int
    lines: tuple[str, ...]
    instead_of: int = 0


@dataclass(frozen=True, slots=True)
class Unmarked:
    """A text without what was ours. blocks: how many there were.  edited: numbers of the first and the last line, from
    1, of those that somebody changed.
    """

    text: str
    blocks: int
    edited: tuple[tuple[int, int], ...]


def lines_of(text: str) -> list[str]:
    """The lines with their ends."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def unmarked(text: str, is_text: Callable[[int], bool] = lambda _: False) -> Unmarked:
    """The text without our blocks. is_text: whether a line, by its number from 0, is part of a longer value, where a
    mark is no comment. Raises ValueError, which quotes nothing, where a mark has no other to go with it.
    """
    kept: list[str] = []
    edited = []
    begin: int | None = None
    blocks = 0
    lines = lines_of(text)
    for at, line in enumerate(lines):
        found = None if is_text(at) else _BEGIN.fullmatch(line.rstrip("\r\n"))
        is_end = not is_text(at) and _END.fullmatch(line) is not None
        if found is not None and begin is not None:
            raise ValueError(f"the mark in line {begin + 1} has no end before the next in line {at + 1}")
        if found is not None:
            begin = at
        elif is_end and begin is None:
            raise ValueError(f"the mark in line {at + 1} ends nothing")
        elif is_end and begin is not None:
            inner, first = lines[begin + 1 : at], _BEGIN.fullmatch(lines[begin].rstrip("\r\n"))
            if first is not None and first[1] != _digest(inner):
                edited.append((begin + 2, at))
            if first is not None and first[2] and kept:
                kept[-1] = kept[-1].rstrip("\r\n")
            kept += [each.removeprefix(_KEPT) for each in inner if each.startswith(_KEPT)]
            if first is not None and first[3] and kept:
                kept[-1] = kept[-1].rstrip("\r\n")
            begin, blocks = None, blocks + 1
        elif begin is None:
            kept.append(line)
    if begin is not None:
        raise ValueError(f"the mark in line {begin + 1} has no end")
    return Unmarked("".join(kept), blocks, tuple(edited))


def marked(text: str, edits: Iterable[Edit], head: Sequence[str] = ()) -> str:
    """The text with our lines, each edit in a block of its own. head: comments for the first of them."""
    lines = lines_of(text)
    ends = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    found: list[str] = []
    done = 0
    # What is added before a line ends what stands above it, the innermost first; then comes what replaces the line.
    for number, edit in enumerate(
        sorted(edits, key=lambda each: (each.at, each.instead_of > 0, -each.column))
    ):
        found += lines[done : edit.at]
        replaced = lines[edit.at : edit.at + edit.instead_of]
        done = edit.at + edit.instead_of
        where = ""
        if found and not found[-1].endswith("\n"):
            found[-1] += ends
            where = ", at the end of a line"
        if replaced and not replaced[-1].endswith("\n"):
            replaced[-1] += ends
            where = ", instead of one"
        indent = " " * edit.column
        comments = [f"{indent}# {each}{ends}" for each in (head if number == 0 else ())]
        inner = [*comments, *(f"{_KEPT}{each}" for each in replaced)]
        inner += [f"{indent}{each}{ends}" if each else ends for each in edit.lines]
        found.append(f"{indent}# >>> costctl {_digest(inner)}{where}: {_WORDS}{ends}")
        found += [*inner, f"{indent}# <<< costctl{ends}"]
    return "".join((*found, *lines[done:]))


def _digest(lines: Iterable[str]) -> str:
    """Of what the lines say: how they are indented and ended does not count."""
    return hashlib.sha256("\n".join(each.strip() for each in lines).encode()).hexdigest()[:12]
