"""The answer of a query, in each format; values are printed as they are.

On a screen it looks as in DuckDB's own shell: types under the names, the first rows of many, as many columns as fit,
and then how many there are. A few rows of more columns than fit are printed a line for each value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
import polars as pl

from costctl.render.forms import RowFormat
from costctl.render.markdown import as_markdown
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Listing, Section, Table
from costctl.render.spreadsheet import as_csv
from costctl.render.terminal import as_terminal_text, fitting, width

MOST_ROWS: Final = 40  # of a table on a screen, as in DuckDB's shell
_FEW_ROWS: Final = 3  # that are read better one value a line than without some of their columns
_LONGEST_TEXT: Final = 60  # characters of a cell of several columns
_PLAN: Final = ["explain_key", "explain_value"]
_NULL: Final = "NULL"
_JSON: Final = msgspec.json.Encoder(decimal_format="number")  # sums of whole numbers are DECIMAL or HUGEINT


def rendered(frame: pl.DataFrame, types: Sequence[str], form: RowFormat, *, is_whole: bool = False) -> str:
    """The frame as text: JSON is an array of objects; an empty CSV cell or a JSON null is an SQL NULL.

    types: of the columns, in SQL.  is_whole: a table has all rows and columns, folded where they do not fit.
    """
    match form:
        case RowFormat.JSON:
            # in the order of the columns
            return f"{msgspec.json.format(_JSON.encode(frame.to_dicts()), indent=2).decode()}\n"
        case RowFormat.CSV:
            return as_csv(frame.columns, frame.rows())
        case RowFormat.MARKDOWN:
            return as_markdown([_table(plural(frame.height, "row"), frame, _texts(frame))])
        case RowFormat.LINE:
            return as_terminal_text(_lines(frame))
        case RowFormat.TABLE:
            return as_terminal_text(_screen(frame, types, is_whole=is_whole))


def _screen(frame: pl.DataFrame, types: Sequence[str], *, is_whole: bool) -> list[Section]:
    if frame.columns == _PLAN:
        return [Listing(str(key), str(plan), "text") for key, plan in frame.rows()]
    if not frame.columns:
        return [Facts((("", "0 columns"),))]
    rows = frame if is_whole else frame.head(MOST_ROWS)
    texts = _texts(rows) if is_whole else tuple(_shortened(row) for row in _texts(rows))
    table = replace(_table(frame.columns[0], rows, texts), is_compact=True, under=tuple(types))
    if is_whole:
        return [table, _counted(frame, rows.height, frame.width)]
    shown, hidden = fitting(replace(table, least=tuple(frame.columns[:0:-1])), width())
    if hidden and frame.height <= _FEW_ROWS:
        return _lines(frame)
    return [shown, _counted(frame, rows.height, len(shown.columns))]


def _counted(frame: pl.DataFrame, rows: int, columns: int) -> Facts:
    """How many rows and columns there are, and how many of them are shown."""
    is_cut = rows < frame.height or columns < frame.width
    counted = f"{_of(frame.height, rows, 'row')}, {_of(frame.width, columns, 'column')}"
    return Facts((("", f"{counted}; all with --format csv, json or line" if is_cut else counted),))


def _of(number: int, shown: int, noun: str) -> str:
    return plural(number, noun) if shown == number else f"{plural(number, noun)} ({shown:d} shown)"


def _lines(frame: pl.DataFrame) -> list[Section]:
    """A line for each value, and an empty one after each row."""
    records = [Facts(tuple(zip(frame.columns, row, strict=True))) for row in _texts(frame)]
    return [*records, _counted(frame, frame.height, frame.width)]


def _table(title: str, frame: pl.DataFrame, texts: tuple[tuple[str, ...], ...]) -> Table:
    left = frozenset(name for name, kind in frame.schema.items() if not kind.is_numeric())
    return Table(title, tuple(frame.columns), texts, left)


def _texts(frame: pl.DataFrame) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_NULL if cell is None else str(cell) for cell in row) for row in frame.rows())


def _shortened(row: tuple[str, ...]) -> tuple[str, ...]:
    """Texts that would take a line for themselves end in "…"."""
    if len(row) == 1:
        return row
    return tuple(text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…" for text in row)
