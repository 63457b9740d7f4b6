"""The answer of a query, in each format; values are printed as they are."""

from __future__ import annotations

import msgspec
import polars as pl

from costctl.render.cells import count
from costctl.render.forms import TabularFormat
from costctl.render.markdown import as_markdown
from costctl.render.sections import Table
from costctl.render.spreadsheet import as_csv
from costctl.render.terminal import as_terminal_text


def rendered(frame: pl.DataFrame, form: TabularFormat) -> str:
    """The frame as text: JSON is an array of objects; an empty CSV cell or a JSON null is an SQL NULL."""
    match form:
        case TabularFormat.JSON:
            # in the order of the columns
            return f"{msgspec.json.format(msgspec.json.encode(frame.to_dicts()), indent=2).decode()}\n"
        case TabularFormat.CSV:
            return as_csv(frame.columns, frame.rows())
        case TabularFormat.MARKDOWN:
            return as_markdown([_table(frame)])
        case TabularFormat.TABLE:
            return as_terminal_text([_table(frame)])


def _table(frame: pl.DataFrame) -> Table:
    texts = frozenset(name for name, kind in frame.schema.items() if not kind.is_numeric())
    cells = tuple(tuple("NULL" if cell is None else str(cell) for cell in row) for row in frame.rows())
    return Table(f"{count(frame.height)} rows", tuple(frame.columns), cells, texts)
