"""Sections of a document, and their forms for people: rich text and markdown; CSV of rows. ``records`` has the form
of a section for machines, from the same cells.

CSV cells that a spreadsheet would run as a formula are neutralised; numbers are left as they are.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar

from costctl.render.cells import Quantity, Row
from costctl.render.numbers import short

if TYPE_CHECKING:
    from rich.table import Table as RichTable

OFF_TERMINAL_WIDTH: Final = 100
_NAME_WIDTH: Final = 20
_NUMBER_WIDTH: Final = 8  # "observed" stays whole
_SHADES: Final = (" ", "░", "▒", "▓", "█")
_HEAT_STYLES: Final = ("dim", "", "yellow", "red", "bold red")
_QUOTED_ENDS: Final = "\r\n"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_NOTHING: Final = "·"
_INDENT: Final = "· "
_LEAST_NAME: Final = 16

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Table:
    """title, column names, rows of cells. Columns in ``left`` are text; the others are numbers, aligned
    right.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    left: frozenset[str] = frozenset()

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The rows as people read them."""
        return tuple(tuple(str(cell) for cell in row) for row in self.rows)


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


Section = Table | Notes | Listing | HeatMap


def as_terminal_text(sections: Iterable[Section]) -> str:
    """The sections as rich tables: coloured on a terminal, 100 columns wide and plain elsewhere."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    buffer = io.StringIO()
    is_terminal = _stdout_is_terminal()
    console = Console(
        file=buffer,
        force_terminal=is_terminal,
        no_color=None if is_terminal else True,
        width=None if is_terminal else OFF_TERMINAL_WIDTH,
        highlight=False,
    )
    for section in sections:
        console.print(Text(section.title, style="bold"))
        match section:
            case Notes():
                for line in section.lines:
                    console.print(Padding(Text("• " + line), (0, 0, 0, 2)))
                for line in section.code.splitlines():
                    console.print(Text("      " + line, style="cyan"), soft_wrap=True)  # copied, so never cut
                console.print()
            case Listing():
                console.print(Text(section.text), soft_wrap=True)  # lines of a file are never folded
            case Table():
                console.print(_rich_table(section))
            case HeatMap():
                console.print(Text(section.legend))
                for block in _blocks(section, console.width):
                    console.print(_rich_heat_map(block))
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _rich_table(section: Table) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, expand=False)
    rows = section.texts()
    for number, column in enumerate(section.columns):
        is_text = column in section.left
        longest = max((len(row[number]) for row in rows), default=0)
        table.add_column(
            column,
            justify="left" if is_text else "right",
            overflow="fold",
            no_wrap=is_text and longest <= _NAME_WIDTH,  # names are looked up, and copied
            min_width=None if is_text else _NUMBER_WIDTH,
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _rich_heat_map(section: HeatMap) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, expand=False)
    table.add_column(section.corner, no_wrap=True)
    for column in section.columns:
        table.add_column(column, justify="right", no_wrap=True)
    for name, cells in section.rows:
        table.add_row(
            Text(name),
            *(Text(_shaded(cell, section), style=_HEAT_STYLES[_level(cell, section)]) for cell in cells),
        )
    return table


def _blocks(section: HeatMap, width: int) -> Iterator[HeatMap]:
    """The map cut between columns so that each part fits into the width."""
    room = width - max(len(text) for text in (section.corner, *(name for name, _ in section.rows)))
    first, used = 0, 0
    for number, column in enumerate(section.columns):
        needed = 1 + max(
            len(text) for text in (column, *(_shaded(cells[number], section) for _, cells in section.rows))
        )
        if number > first and used + needed > room:
            yield _between(section, first, number)
            first, used = number, 0
        used += needed
    yield _between(section, first, len(section.columns))


def _between(section: HeatMap, first: int, end: int) -> HeatMap:
    rows = tuple((name, cells[first:end]) for name, cells in section.rows)
    return replace(section, columns=section.columns[first:end], rows=rows)


def _shaded(cell: Quantity, section: HeatMap) -> str:
    return heat_text(cell, section) + _SHADES[_level(cell, section)]


def heat_text(cell: Quantity, section: HeatMap) -> str:
    """A quantity in few characters; a dot where there is none."""
    if cell.value is None or (section.busiest is not None and not cell.value):
        return _NOTHING
    if section.busiest is None:
        return str(cell)
    return f"≥ {short(cell.value)}" if cell.bound == "at least" else short(cell.value)


def _level(cell: Quantity, section: HeatMap) -> int:
    """How dark: how many of the levels the quantity has reached."""
    part = (cell.value or 0.0) / (section.busiest or 1.0)
    return sum(part >= level for level in section.levels)


def _stdout_is_terminal() -> bool:
    if os.environ.get("FORCE_COLOR"):
        return True
    import sys

    return sys.stdout.isatty()


def as_markdown(sections: Iterable[Section]) -> str:
    """The sections as GitHub-flavoured markdown."""
    parts: list[str] = []
    for section in sections:
        parts.append(f"## {section.title}\n")
        if isinstance(section, Notes):
            parts.append("\n".join(f"- {line}" for line in section.lines) + "\n")
            if section.code:
                parts.append(f"```\n{section.code}\n```\n")
            continue
        if isinstance(section, Listing):
            parts.append(f"```{section.language}\n{section.text.rstrip()}\n```\n")
            continue
        if isinstance(section, HeatMap):
            parts.append(section.legend + "\n")
            section = _as_table(section)
        rule = ["---" if column in section.left else "---:" for column in section.columns]
        lines = [section.columns, tuple(rule), *section.texts()]
        parts.append(
            "\n".join("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in lines) + "\n"
        )
    return "\n".join(parts)


def _as_table(section: HeatMap) -> Table:
    rows = tuple((name, *(_shaded(cell, section).rstrip() for cell in cells)) for name, cells in section.rows)
    return Table(section.title, (section.corner, *section.columns), rows, frozenset({section.corner}))


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


def first(items: Sequence[Item], most: int) -> tuple[Sequence[Item], int]:
    """The items that there is room for, and how many more there are."""
    return items[:most], max(0, len(items) - most)


def indented(name: str, depth: int, width: int) -> str:
    """A name in a tree, its end where it is too long: that says more."""
    room = max(_LEAST_NAME, width - len(_INDENT) * depth)
    return _INDENT * depth + (name if len(name) <= room else "…" + name[1 - room :])


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 text with a header; None is an empty cell, floats and decimals keep every digit. Rows end with a line
    feed; a cell that has a line feed or a carriage return in it is quoted.
    """
    writer = csv.writer(_Echo(), lineterminator=_QUOTED_ENDS)
    lines: list[str] = [writer.writerow(columns)]
    for row in rows:
        lines.append(writer.writerow(["" if cell is None else _neutral(cell) for cell in row]))
    return "".join(line.removesuffix(_QUOTED_ENDS) + "\n" for line in lines)


class _Echo:
    """A file for csv.writer that hands each row back: what ends rows is what the writer quotes in cells."""

    def write(self, row: str) -> str:
        return row


def _neutral(cell: object) -> object:
    """The cell, with a quote in front where a spreadsheet would take text for a formula."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return "'" + cell
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return repr(cell) if isinstance(cell, float) else cell
