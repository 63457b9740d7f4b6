"""The lines for finance as files: CSV as FOCUS wants it, and Parquet with decimals."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from costctl.documents.analysis import Analysis
from costctl.render import class_rows
from costctl.render.spreadsheet import as_csv

if TYPE_CHECKING:
    import polars as pl

    from costctl.finance.export import FocusExport
    from costctl.finance.focus_column import FocusVersion, Kind

NULL: Final = "NULL"  # of FOCUS: a null is NULL, and no cell is an empty text


def focus_csv(export: FocusExport, version: FocusVersion) -> str:
    """The lines under the columns of that version of FOCUS; numbers keep every digit."""
    from costctl.finance.focus import columns_of, focus_rows

    rows = (
        [NULL if cell is None else cell for cell in row]
        for row in focus_rows(export.lines, export.common, version)
    )
    return as_csv([column.name for column in columns_of(version)], rows)


def focus_columns(export: FocusExport, version: FocusVersion) -> pl.DataFrame:
    """The lines as a frame: instants, decimals and texts as such."""
    import polars as pl

    from costctl.finance.focus import columns_of, focus_rows

    rows = list(focus_rows(export.lines, export.common, version))
    series = [
        _series(column.name, column.kind, [row[place] for row in rows])
        for place, column in enumerate(columns_of(version))
    ]
    return pl.DataFrame(series)


def _series(name: str, kind: Kind, cells: Sequence[object]) -> pl.Series:
    import polars as pl

    if kind == "whole":
        return pl.Series(name, cells, pl.Int64)
    if kind == "decimal":
        return pl.Series(name, cells, pl.Decimal(38, _places(cells)))
    texts = pl.Series(name, cells, pl.String)
    return texts.str.to_datetime(time_zone="UTC") if kind == "instant" else texts


def _places(cells: Sequence[object]) -> int:
    """Decimal places that the column needs to keep every digit."""
    exponents = (cell.as_tuple().exponent for cell in cells if isinstance(cell, Decimal))
    return max((-each for each in exponents if isinstance(each, int) and each < 0), default=0)


def class_columns(document: Analysis) -> pl.DataFrame:
    """The classes, and what no class is charged, as a frame: the columns of ``analyze --format csv``."""
    import polars as pl

    columns, rows = class_rows.rows(document)
    return pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None)


def parquet(frame: pl.DataFrame) -> bytes:
    """The frame as a Parquet file."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
