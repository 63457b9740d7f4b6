"""Which rows does a request log hold? CSV, JSON in any layout, and Parquet, in bounded blocks.

Shape in: a stream of decompressed bytes, or the path of a Parquet file, and a mapping or None to choose by
the columns. Shape out: ``Batch`` after ``Batch``. A line that cannot be read is rejected, with its number;
the others are kept.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from costctl.errors import InputError
from costctl.ingest.batch import Batch, Reject
from costctl.ingest.canonical_spans import BATCH_SCHEMA
from costctl.ingest.formats.csv_records import BLOCK_BYTES, LONGEST_LINE_BYTES, csv_blocks, csv_cells
from costctl.ingest.formats.json_blocks import JsonBlock, is_json_line, json_blocks
from costctl.ingest.formats.json_documents import TOO_DEEP, fault_reject, nuls_message
from costctl.ingest.formats.json_pieces import LOG_LAYOUT
from costctl.ingest.formats.json_resync import Fault, nuls_in, values_and_faults
from costctl.ingest.formats.log_columns import columns_of_objects, columns_of_table
from costctl.ingest.formats.log_rows import LogRows, RowIds, log_batch
from costctl.ingest.mapping import (
    Mapping,
    fitting_mapping,
    has_time,
    mapping_for,
    require_columns,
    unknown_log,
)
from costctl.ingest.privacy import are_column_names, skeleton

PARQUET_ERRORS: Final = (pa.ArrowException, OSError, ValueError)  # damaged names are no UTF-8
_PARQUET_ROWS: Final = 100_000


def read_csv(
    stream: BinaryIO, uri: str, mapping: Mapping | None, row_ids: RowIds | None = None
) -> Iterator[Batch]:
    """Batches of a CSV log with a header line. row_ids: where rows before these were read already.

    Raises InputError where its columns fit no mapping.
    """
    lines: io.BufferedReader[Any] = io.BufferedReader(stream, BLOCK_BYTES)
    names = csv_header(lines.readline(LONGEST_LINE_BYTES))
    chosen = fitting_mapping(names) if mapping is None else mapping
    if chosen is None or not has_time(chosen, names):
        if not are_column_names(names):
            raise _no_header(uri, len(names))
        if chosen is None:
            raise unknown_log(names, uri)
        require_columns(chosen, names, uri)
    row_ids = row_ids or RowIds()
    row_ids.begin(",".join(names).encode())
    for block in csv_blocks(lines, len(names), 2):
        table = columns_of_table(csv_table(names, block.records), chosen)
        rows = LogRows(table, block.positions, row_ids.of(block.records))
        yield with_rejects(log_batch(rows, chosen), block.rejects)


def _no_header(uri: str, cells: int) -> InputError:
    return InputError(
        f"{uri} has no header.",
        why=f"The first line of a CSV names its columns; {'this one is a row' if cells > 1 else 'this one does not'}, "
        "as where a longer file was cut or rotated.",
        next_step="Put the header of the file that it was cut from before it.",
    )


def csv_header(line: bytes) -> list[str]:
    """The names in the first line of a CSV."""
    return csv_cells(line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n"))


def csv_table(names: list[str], rows: list[bytes]) -> pa.Table:
    """The cells of rows as text; bytes that are no UTF-8 are replaced."""
    if not rows:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    data = b"\n".join(rows)
    try:
        return _csv_table(names, data)
    except pa.ArrowInvalid:
        cells = [csv_cells(row) for row in rows]  # quotes that open and do not close as arrow expects
        padded = [[*row, *[None] * len(names)] for row in cells]
        return pa.table(
            {name: pa.array([row[at] for row in padded], pa.string()) for at, name in enumerate(names)}
        )


def _csv_table(names: list[str], data: bytes) -> pa.Table:
    return pa_csv.read_csv(
        pa.BufferReader(data.decode("utf-8", "replace").encode()),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        read_options=pa_csv.ReadOptions(column_names=names),
        convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def read_json_log(
    stream: BinaryIO, uri: str, mapping: Mapping | None, row_ids: RowIds | None = None
) -> Iterator[Batch]:
    """Batches of a log of JSON objects: one a line, one after another, in a list, or as the values of an object.

    row_ids: where rows before these were read already.

    Raises InputError where the keys of its rows fit no mapping. What stands before the first row that fits is told of
    by rejects, as what stands after it.
    """
    row_ids = row_ids or RowIds()
    chosen = row_ids.mapping or mapping
    is_checked = row_ids.mapping is not None
    for block in json_blocks(stream, BLOCK_BYTES, LOG_LAYOUT):
        objects, positions, rejects = _json_objects(block)
        if objects and not is_checked:
            chosen = _mapping_of_rows(objects, uri, chosen)
            row_ids.mapping, is_checked = chosen, True
        if chosen is None or not objects:
            yield Batch(BATCH_SCHEMA.empty_table(), tuple(rejects))
            continue
        texts = [msgspec.json.encode(row, order="sorted") for row in objects]
        rows = LogRows(columns_of_objects(objects, chosen), positions, row_ids.of(texts))
        yield with_rejects(log_batch(rows, chosen), rejects)


def _mapping_of_rows(objects: list[dict[str, Any]], uri: str, mapping: Mapping | None) -> Mapping:
    """The mapping that the first rows fit, or that was given. Raises InputError where none of them fits one."""
    first = objects[:_ROWS_TO_JUDGE]
    keys = [key for row in first for key in row]
    fitting = mapping or next((found for row in first if (found := fitting_mapping(row)) is not None), None)
    if fitting is None:
        raise unknown_log(keys, uri)
    require_columns(fitting, keys, uri)
    return fitting


_ROWS_TO_JUDGE: Final = 50


def _json_objects(block: JsonBlock) -> tuple[list[dict[str, Any]], np.ndarray, list[Reject]]:
    """The rows of a block, the line of each, and rejects."""
    objects: list[dict[str, Any]] = []
    positions: list[int] = []
    rejects: list[Reject] = []
    lines = block.lines()
    opener = _opener_of(lines[:_LINES_TO_JUDGE])
    for line, number in zip(lines, block.positions.tolist(), strict=True):
        is_unterminated = block.is_unterminated and line is lines[-1]
        rows, faults = _rows_of_line(line, number, opener, is_unterminated=is_unterminated)
        kept = [row for row in rows if isinstance(row, dict)]
        objects.extend(kept)
        positions.extend([number] * len(kept))
        rejects.extend(faults)
        rejects.extend([Reject(number, "bad_json", "A row that is no object.", "")] * (len(rows) - len(kept)))
    return objects, np.array(positions, np.int64), rejects


def _rows_of_line(
    line: bytes, number: int, opener: re.Pattern[str] | None, *, is_unterminated: bool
) -> tuple[list[Any], list[Reject]]:
    """The rows of one line, and a reject for each part of it that is none."""
    rows: list[Any] = []
    rejects: list[Reject] = []
    try:
        for each in values_and_faults(line, opener):
            if isinstance(each, Fault):
                code, message = fault_reject(each, number, is_unterminated=is_unterminated)
                rejects.append(Reject(number, code, message, skeleton(each.text)))
            else:
                rows.extend(rows_of_value(each.value))
    except RecursionError:
        return [], [
            Reject(number, "too_deep", TOO_DEEP, skeleton(line[:_SHOWN_BYTES].decode("utf-8", "replace")))
        ]
    if (nuls := nuls_in(line)) and not rejects:
        rejects.append(Reject(number, "nul_bytes", nuls_message(nuls), ""))
    return rows, rejects


def _opener_of(lines: list[bytes]) -> re.Pattern[str] | None:
    """How a row of this log begins: with the first key of the first that stands alone on its line."""
    for line in lines:
        begin = _FIRST_KEY.match(line)
        if begin is not None and is_json_line(line):
            return re.compile(r"\{\s*" + re.escape(begin[1].decode("utf-8", "replace")) + r"\s*:")
    return None


_FIRST_KEY: Final = re.compile(rb'\s*\{\s*("[^"\\]{1,80}")\s*:')
_LINES_TO_JUDGE: Final = 20
_SHOWN_BYTES: Final = 4_000


def rows_of_value(value: Any) -> list[Any]:
    """The rows in one JSON value: an object is one, unless all its keys are numbers and its values objects."""
    if isinstance(value, list):
        return [row for element in value for row in rows_of_value(element)]
    if isinstance(value, dict) and value and all(key.isdecimal() for key in value):
        inner = list(value.values())
        if all(isinstance(row, dict) for row in inner):
            return inner
    return [value]


def read_parquet(file: pq.ParquetFile, uri: str, mapping: Mapping | None) -> Iterator[Batch]:
    """Batches of a Parquet log; positions count its rows from 1. Raises InputError where its columns fit no
    mapping.
    """
    names = file.schema_arrow.names
    chosen = mapping_for(names, uri) if mapping is None else mapping
    require_columns(chosen, names, uri)
    firsts = {path.split(".", 1)[0] for source in chosen.columns.values() for path in source.paths}
    paths = {path for source in chosen.columns.values() for path in source.paths} | firsts
    wanted = [name for name in names if name in paths or name in chosen.conditions]
    row_ids, first_row = RowIds(), 1
    for part in _parts(file, wanted, uri):
        table = pa.table(part)
        texts = [msgspec.json.encode([str(value) for value in row.values()]) for row in table.to_pylist()]
        positions = np.arange(first_row, first_row + table.num_rows, dtype=np.int64)
        first_row += table.num_rows
        yield log_batch(
            LogRows(columns_of_table(table, chosen), positions, row_ids.of(texts)),
            chosen,
        )


def _parts(file: pq.ParquetFile, columns: list[str], uri: str) -> Iterator[pa.RecordBatch]:
    try:
        yield from file.iter_batches(_PARQUET_ROWS, columns=columns)
    except PARQUET_ERRORS as error:
        raise damaged_parquet(uri, error) from error


def damaged_parquet(uri: str, error: Exception) -> InputError:
    """What is said of Parquet that cannot be read; not what Arrow says, which may quote the data."""
    return InputError(
        f"Cannot read {uri}.",
        why=f"Its Parquet data are damaged or cut off ({type(error).__name__}).",
        next_step="Export it again; nothing of it was loaded.",
    )


def with_rejects(batch: Batch, rejects: list[Reject]) -> Batch:
    """The batch with further rejects, in the order of the source."""
    every = tuple(sorted((*rejects, *batch.rejects), key=lambda reject: reject.position))
    return replace(batch, rejects=every)
