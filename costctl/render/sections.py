"""Of what is a document made, before it is laid out? Sections: tables, notes, facts, listings, heat maps.

In: cells. Out: sections, which ``terminal`` and ``markdown`` lay out for people, and ``records`` for machines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from costctl.legible import in_one_line
from costctl.render.cells import Quantity, Row
from costctl.render.numbers import short

_SHADES: Final = (" ", "░", "▒", "▓", "█")
_NOTHING: Final = "·"
_INDENT: Final = "· "
_LEAST_NAME: Final = 16
_LONGEST_PATH: Final = 44

Item = TypeVar("Item")


_SENTENCE_END: Final = re.compile(r"(?<=[.?])\s+(?=[A-Z0-9\[`-])")


def in_brief(text: str) -> str:
    """The first sentence, which says what is so; that there is more is said where there is."""
    sentence, *more = _SENTENCE_END.split(text, maxsplit=1)
    return f"{sentence} More: --detail" if more else sentence


@dataclass(frozen=True, slots=True)
class Table:
    """title, column names, rows of cells. Columns in ``left`` are text; the others are numbers, aligned right.

    is_compact: for a first screen: on a terminal the title is the head of the first column, and nothing is ruled.
    least: columns that may be hidden where there is no room for all, the least important first; they are then named.
    warnings: places of rows that are shown in the colour of a warning.
    under: of a compact table, a word below the head of each column, such as its type.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    left: frozenset[str] = frozenset()
    is_compact: bool = False
    least: tuple[str, ...] = ()
    warnings: frozenset[int] = frozenset()
    under: tuple[str, ...] = ()

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The rows as people read them."""
        return tuple(tuple(in_one_line(str(cell)) for cell in row) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Notes:
    """Sentences under a heading. code: text below them that is to be copied as it is."""

    title: str
    lines: tuple[str, ...]
    code: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The text of a file under a heading, as it is."""

    title: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Quantities under ``columns``; each row begins with its name. On a terminal too narrow for all columns they are
    shown in several blocks. The shade stands beside the number in every form; colour only repeats it.

    levels: where a darker shade begins, four of them.  busiest: the largest quantity, of which they are parts; None
    where the quantities are parts themselves.  legend: what a cell says.
    """

    title: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Quantity, ...]], ...]
    levels: tuple[float, ...]
    legend: str
    busiest: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Lines of a first screen, each a label and what it says: ("BY MODEL", "gpt-4.1 $10.18 (8%)"). Without labels,
    lines as they are.

    warnings: labels of lines that are shown in the colour of a warning.
    """

    lines: tuple[tuple[str, str], ...]
    warnings: frozenset[str] = frozenset()


Section = Table | Notes | Listing | HeatMap | Facts


def shaded(cell: Quantity, section: HeatMap) -> str:
    """A quantity in few characters, with the shade of its level."""
    return heat_text(cell, section) + _SHADES[level(cell, section)]


def heat_text(cell: Quantity, section: HeatMap) -> str:
    """A quantity in few characters; a dot where there is none."""
    if cell.value is None or (section.busiest is not None and not cell.value):
        return _NOTHING
    if section.busiest is None:
        return str(cell)
    return f"≥ {short(cell.value)}" if cell.bound == "at least" else short(cell.value)


def level(cell: Quantity, section: HeatMap) -> int:
    """How dark: how many of the levels the quantity has reached."""
    part = (cell.value or 0.0) / (section.busiest or 1.0)
    return sum(part >= level for level in section.levels)


def first(items: Sequence[Item], most: int) -> tuple[Sequence[Item], int]:
    """The items that there is room for, and how many more there are."""
    return items[:most], max(0, len(items) - most)


def joined(parts: Sequence[str], most: int, between: str = " · ") -> str:
    """The first of the parts in one line, and how many more there are."""
    shown, hidden = first(parts, most)
    return between.join([*shown, f"{hidden} more"] if hidden else shown)


def indented(name: str, depth: int, width: int) -> str:
    """A name in a tree, its end where it is too long: that says more."""
    room = max(_LEAST_NAME, width - len(_INDENT) * depth)
    return _INDENT * depth + (name if len(name) <= room else "…" + name[1 - room :])


def shortened_path(path: str) -> str:
    """A path that is easy to tell and to find: of a long one the middle of its folders is left out, and the name of the
    file stays whole, as does the beginning where there is room.
    """
    if len(path) <= _LONGEST_PATH:
        return path
    *folders, name = path.rstrip("/").split("/")
    end = f"/…/{name}{'/' if path.endswith('/') else ''}"
    kept = folders[:1]
    for folder in folders[1:]:
        if len("/".join([*kept, folder])) + len(end) > _LONGEST_PATH:
            break
        kept.append(folder)
    return "/".join(kept) + end
