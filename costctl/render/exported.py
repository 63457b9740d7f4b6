"""The lines for finance as files: CSV as FOCUS wants it, and Parquet with decimals."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from costctl.documents.analysis import Analysis
from costctl.render import class_rows
from costctl.render.spreadsheet import as_csv

if TYPE_CHECKING:
    import polars as pl

    from costctl.finance.export import FocusExport
    from costctl.finance.focus_column import Cell, Column, FocusVersion, Kind, Row

NULL: Final = "NULL"  # of FOCUS: a null is NULL, and no cell is an empty text


def focus_csv(export: FocusExport, version: FocusVersion) -> str:
    """The lines under the columns of that version of FOCUS; numbers keep every digit."""
    from costctl.finance.focus import columns_of, focus_rows

    return _csv(columns_of(version), focus_rows(export.lines, export.common, version))


def focus_columns(export: FocusExport, version: FocusVersion) -> pl.DataFrame:
    """The lines as a frame: instants, decimals and texts as such."""
    from costctl.finance.focus import columns_of, focus_rows

    return _frame(columns_of(version), focus_rows(export.lines, export.common, version))


def invoice_csv(export: FocusExport) -> str:
    """The lines of the invoices, as FOCUS 1.4 wants Invoice Detail."""
    from costctl.finance.invoice_columns import INVOICE_COLUMNS, invoice_rows

    return _csv(INVOICE_COLUMNS, invoice_rows(export.invoices, export.common))


def invoice_columns(export: FocusExport) -> pl.DataFrame:
    """The same as a frame."""
    from costctl.finance.invoice_columns import INVOICE_COLUMNS, invoice_rows

    return _frame(INVOICE_COLUMNS, invoice_rows(export.invoices, export.common))


def _csv(columns: Sequence[Column[Row]], rows: Iterable[Sequence[Cell]]) -> str:
    written = ([NULL if cell is None else cell for cell in row] for row in rows)
    return as_csv([column.name for column in columns], written)


def _frame(columns: Sequence[Column[Row]], rows: Iterable[Sequence[Cell]]) -> pl.DataFrame:
    import polars as pl

    kept = list(rows)
    series = [
        _series(column.name, column.kind, [row[place] for row in kept])
        for place, column in enumerate(columns)
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
