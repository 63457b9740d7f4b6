"""Sections on a terminal: rich tables, coloured there, and plain elsewhere."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from costctl.legible import in_one_line, legible
from costctl.render.numbers import plural
from costctl.render.sections import Facts, HeatMap, Listing, Notes, Section, Table, level, shaded

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

OFF_TERMINAL_WIDTH: Final = 100
_LEAST_WIDTH: Final = 40
_GAP: Final = "  "
_NAME_WIDTH: Final = 20
_NUMBER_WIDTH: Final = 8  # "observed" stays whole
_WARNING: Final = "bold red"
_HEAT_STYLES: Final = ("dim", "", "yellow", "red", "bold red")


def as_terminal_text(sections: Iterable[Section]) -> str:
    """The sections in colour on a terminal, as wide as it is; plain elsewhere, as wide as COLUMNS says, or 100."""
    buffer = io.StringIO()
    console = _console(buffer)
    for section in sections:
        _print(console, section)
    return "\n".join(line.rstrip() for line in buffer.getvalue().rstrip().splitlines()) + "\n"


def as_terminal_page(markdown: str) -> str:
    """A page of the documentation, laid out for a terminal."""
    from rich.markdown import Markdown

    buffer = io.StringIO()
    _console(buffer).print(Markdown(markdown, hyperlinks=False))
    return buffer.getvalue()


def width() -> int:
    """How many characters a line may have."""
    return _console(io.StringIO()).width


def _console(file: io.StringIO) -> Console:
    from rich.console import Console

    is_terminal = stdout_is_terminal()
    return Console(
        file=file,
        force_terminal=is_terminal,
        no_color=None if is_terminal else True,
        width=None if is_terminal else _width_off_a_terminal(),
        highlight=False,
    )


def _print(console: Console, section: Section) -> None:
    from rich.padding import Padding
    from rich.text import Text

    match section:
        case Facts():
            console.print(_rich_facts(section))
            console.print()
            return
        case Table(is_compact=True):
            _print_table(console, section)
            console.print()
            return
    console.print(Text(section.title, style="bold"))
    match section:
        case Notes():
            for line in section.lines:
                console.print(Padding(Text("• " + legible(line)), (0, 0, 0, 2)))
            for line in legible(section.code).splitlines():
                console.print(Text("      " + line, style="cyan"), soft_wrap=True)  # copied, so never cut
            console.print()
        case Listing():
            console.print(Text(legible(section.text)), soft_wrap=True)  # lines of a file are never folded
        case Table():
            _print_table(console, section)
        case HeatMap():
            console.print(Text(section.legend))
            for block in _blocks(section, console.width):
                console.print(_rich_heat_map(block))


def _print_table(console: Console, section: Table) -> None:
    """The table, without the columns that there is no room for, and a line that names them."""
    from rich.text import Text

    shown, hidden = fitting(section, console.width)
    console.print(_rich_compact_table(shown) if section.is_compact else _rich_table(shown))
    if hidden:
        console.print(
            Text(f"{plural(len(hidden), 'column')} hidden for want of room: {', '.join(hidden)}", style="dim")
        )


def fitting(section: Table, width: int) -> tuple[Table, tuple[str, ...]]:
    """The table with as many of its columns as fit side by side, and the names of those that are hidden."""
    hidden: list[str] = []
    for name in section.least:
        if _needed(section, hidden) <= width:
            break
        hidden.append(name)
    if not hidden:
        return section, ()
    kept = [place for place, name in enumerate(section.columns) if name not in hidden]
    rows = tuple(tuple(row[place] for place in kept) for row in section.rows)
    columns = tuple(section.columns[place] for place in kept)
    under = tuple(section.under[place] for place in kept) if section.under else ()
    return replace(section, columns=columns, rows=rows, under=under), tuple(
        name for name in section.columns if name in hidden
    )


def _needed(section: Table, hidden: Sequence[str]) -> int:
    """Columns of text that the table takes, unfolded, without those that are hidden."""
    lines = [_heads(section), *([section.under] if section.under else []), *section.texts()]
    widths = [
        max(len(line[place]) for line in lines)
        for place, name in enumerate(section.columns)
        if name not in hidden
    ]
    return sum(widths) + len(_GAP if section.is_compact else " ") * (len(widths) - 1)


def _heads(section: Table) -> tuple[str, ...]:
    """What stands above the columns: of a compact table the title above the first."""
    return (section.title, *section.columns[1:]) if section.is_compact else section.columns


def _rich_facts(section: Facts) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable.grid(padding=(0, len(_GAP), 0, 0))
    are_labelled = any(label for label, _ in section.lines)
    if are_labelled:
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, said in section.lines:
        is_warning = label in section.warnings
        cells = [Text(label, style=_WARNING if is_warning else "bold")] if are_labelled else []
        table.add_row(*cells, Text(legible(said)))
    return table


def _rich_compact_table(section: Table) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="bold")
    under = section.under or ("",) * len(section.columns)
    for head, kind, column in zip(_heads(section), under, section.columns, strict=True):
        is_text = column in section.left
        heads = Text(head) if not kind else Text.assemble(head, "\n", (kind, "not bold dim"))
        table.add_column(heads, justify="left" if is_text else "right", overflow="fold", no_wrap=not is_text)
    for place, row in enumerate(section.texts()):
        style = "red" if place in section.warnings else None
        table.add_row(*(Text(cell) for cell in row), style=style)
    return table


def _width_off_a_terminal() -> int:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) >= _LEAST_WIDTH else OFF_TERMINAL_WIDTH


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
            Text(in_one_line(name)),
            *(Text(shaded(cell, section), style=_HEAT_STYLES[level(cell, section)]) for cell in cells),
        )
    return table


def _blocks(section: HeatMap, width: int) -> Iterator[HeatMap]:
    """The map cut between columns so that each part fits into the width."""
    room = width - max(len(text) for text in (section.corner, *(name for name, _ in section.rows)))
    first, used = 0, 0
    for number, column in enumerate(section.columns):
        needed = 1 + max(
            len(text) for text in (column, *(shaded(cells[number], section) for _, cells in section.rows))
        )
        if number > first and used + needed > room:
            yield _between(section, first, number)
            first, used = number, 0
        used += needed
    yield _between(section, first, len(section.columns))


def _between(section: HeatMap, first: int, end: int) -> HeatMap:
    rows = tuple((name, cells[first:end]) for name, cells in section.rows)
    return replace(section, columns=section.columns[first:end], rows=rows)


def stdout_is_terminal() -> bool:
    """Whether a person reads it now; FORCE_COLOR says so too."""
    if os.environ.get("FORCE_COLOR"):
        return True
    import sys

    return sys.stdout is not None and sys.stdout.isatty()
