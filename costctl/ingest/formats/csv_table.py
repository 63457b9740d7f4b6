"""What do the cells of CSV records say? Read by Arrow, all at once.

Shape in: well-formed records, and the form in which they are written.  Shape out: a table of texts, a column for each
name of the header; bytes that are no UTF-8 are replaced.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.csv as pa_csv

from costctl.ingest.formats.arrow_memory import arrow_reader
from costctl.ingest.formats.csv_cells import CsvForm, cells_of, unquoted
from costctl.ingest.formats.csv_records import CsvRecords

_ARROW_BLOCK_BYTES: Final = 2**20


def csv_table(records: CsvRecords, form: CsvForm) -> pa.Table:
    """The cells of the records as texts."""
    if not records.rows:
        return pa.table({name: pa.array([], pa.string()) for name in form.names})
    data = _as_utf8(b"\n".join(records.rows))
    try:
        table = _read_by_arrow(data, records, form)
    except pa.ArrowInvalid:
        return _read_one_by_one(records, form)
    return table if table.num_rows == len(records.rows) else _read_one_by_one(records, form)


def _as_utf8(data: bytes) -> bytes:
    try:
        str(memoryview(data), "utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data


def _read_by_arrow(data: bytes, records: CsvRecords, form: CsvForm) -> pa.Table:
    longest = max(map(len, records.rows))
    return pa_csv.read_csv(
        arrow_reader(data),
        read_options=pa_csv.ReadOptions(
            column_names=form.names, block_size=max(_ARROW_BLOCK_BYTES, 2 * longest)
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=form.delimiter.decode(),
            escape_char="\\" if form.is_backslashed else False,
            newlines_in_values=records.is_multiline,
        ),
        convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(form.names, pa.string())),
    )


def _read_one_by_one(records: CsvRecords, form: CsvForm) -> pa.Table:
    """As Arrow reads them, where it would not."""
    rows = [[unquoted(cell, form) for cell in cells_of(row, form) or ()] for row in records.rows]
    return pa.table(
        {
            name: pa.array([row[at].decode("utf-8", "replace") for row in rows], pa.string())
            for at, name in enumerate(form.names)
        }
    )
