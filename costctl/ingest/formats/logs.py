"""Which rows does a request log hold? CSV, JSON in any layout, and Parquet, in bounded blocks.

Shape in: a stream of decompressed bytes, or the path of a Parquet file, and a mapping or None to choose by
the columns. Shape out: ``Batch`` after ``Batch``. A line that cannot be read is rejected, with its number;
the others are kept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from costctl.errors import InputError
from costctl.ingest.batch import Batch, Reject
from costctl.ingest.formats.json_blocks import JsonBlock, json_blocks
from costctl.ingest.formats.json_documents import json_values
from costctl.ingest.formats.json_pieces import LOG_LAYOUT
from costctl.ingest.formats.log_columns import columns_of_objects, columns_of_table
from costctl.ingest.formats.log_rows import LogRows, RowIds, log_batch
from costctl.ingest.mapping import Mapping, mapping_for, require_columns
from costctl.ingest.privacy import cells_skeleton, skeleton

BLOCK_BYTES: Final = 16 * 2**20
LONGEST_LINE_BYTES: Final = 16 * 2**20
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
    chosen = mapping_for(names, uri) if mapping is None else mapping
    require_columns(chosen, names, uri)
    row_ids = row_ids or RowIds()
    row_ids.begin(",".join(names).encode())
    for first_line, block in _blocks_of_lines(lines, 2):
        rows, positions, rejects = _well_formed(block, first_line, len(names))
        table = columns_of_table(csv_table(names, rows), chosen)
        yield _with_rejects(log_batch(LogRows(table, positions, row_ids.of(rows)), chosen), rejects)


def csv_header(line: bytes) -> list[str]:
    """The names in the first line of a CSV."""
    return _cells(line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n"))


def _blocks_of_lines(
    lines: io.BufferedReader[Any], first_line: int
) -> Iterator[tuple[int, list[bytes | None]]]:
    """Lines without their ends, some megabytes at once; None for one that is too long to be a row."""
    block: list[bytes | None] = []
    size = 0
    while line := lines.readline(LONGEST_LINE_BYTES):
        is_cut = len(line) == LONGEST_LINE_BYTES and not line.endswith(b"\n")
        while is_cut and (rest := lines.readline(LONGEST_LINE_BYTES)) and not rest.endswith(b"\n"):
            continue
        block.append(None if is_cut else line.rstrip(b"\r\n"))
        size += len(line)
        if size >= BLOCK_BYTES:
            yield first_line, block
            first_line, block, size = first_line + len(block), [], 0
    if block:
        yield first_line, block


def _well_formed(
    block: list[bytes | None], first_line: int, columns: int
) -> tuple[list[bytes], np.ndarray, list[Reject]]:
    """The lines with as many cells as the header, their numbers, and a reject for each other line that is not
    empty.
    """
    rows, positions, rejects = [], [], []
    for number, line in enumerate(block, first_line):
        if line is None:
            why = f"the line is longer than {LONGEST_LINE_BYTES:,} bytes"
            rejects.append(Reject(number, "too_long", why, ""))
            continue
        if not line.strip():
            continue
        cells = line.count(b",") + 1 if b'"' not in line else len(_cells(line))
        if cells == columns:
            rows.append(line)
            positions.append(number)
        else:
            why = f"the line has {cells} cells where the header has {columns}"
            rejects.append(
                Reject(number, "bad_columns", why, cells_skeleton(line.decode("utf-8", "replace")))
            )
    return rows, np.array(positions, np.int64), rejects


def _cells(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode("utf-8", "replace")]), [])
    except csv.Error:
        return []


def csv_table(names: list[str], rows: list[bytes]) -> pa.Table:
    """The cells of rows as text; bytes that are no UTF-8 are replaced."""
    if not rows:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    data = b"\n".join(rows)
    try:
        return _csv_table(names, data)
    except pa.ArrowInvalid:
        cells = [_cells(row) for row in rows]  # quotes that open and do not close as arrow expects
        padded = [[*row, *[None] * len(names)] for row in cells]
        return pa.table(
            {name: pa.array([row[at] for row in padded], pa.string()) for at, name in enumerate(names)}
        )


def _csv_table(names: list[str], data: bytes) -> pa.Table:
    return pa_csv.read_csv(
        pa.BufferReader(data.decode("utf-8", "replace").encode()),
        read_options=pa_csv.ReadOptions(column_names=names),
        convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def read_json_log(
    stream: BinaryIO, uri: str, mapping: Mapping | None, row_ids: RowIds | None = None
) -> Iterator[Batch]:
    """Batches of a log of JSON objects: one a line, one after another, in a list, or as the values of an object.

    row_ids: where rows before these were read already.

    Raises InputError where their keys fit no mapping.
    """
    chosen, row_ids = mapping, row_ids or RowIds()
    is_checked = False
    for block in json_blocks(stream, BLOCK_BYTES, LOG_LAYOUT):
        objects, positions, rejects = _json_objects(block)
        if chosen is None and objects:
            chosen = mapping_for(objects[0], uri)
        if chosen is None:
            raise _no_objects(uri)
        if objects and not is_checked:
            require_columns(chosen, objects[0], uri)
            is_checked = True
        texts = [msgspec.json.encode(row, order="sorted") for row in objects]
        rows = LogRows(columns_of_objects(objects, chosen), positions, row_ids.of(texts))
        yield _with_rejects(log_batch(rows, chosen), rejects)


def _json_objects(block: JsonBlock) -> tuple[list[dict[str, Any]], np.ndarray, list[Reject]]:
    """The rows of a block, the line of each, and rejects."""
    objects: list[dict[str, Any]] = []
    positions: list[int] = []
    rejects = []
    for line, number in zip(block.lines(), block.positions.tolist(), strict=True):
        text = line.decode("utf-8", "replace")
        try:
            found = [row for value in json_values(text) for row in rows_of_value(value)]
        except (ValueError, RecursionError) as error:
            why = "nested deeper than can be read" if isinstance(error, RecursionError) else f"{error}"
            rejects.append(Reject(number, "bad_json", why.split("\n")[0], skeleton(text)))
            continue
        objects.extend(row for row in found if isinstance(row, dict))
        positions.extend(number for row in found if isinstance(row, dict))
        rejects.extend(
            Reject(number, "bad_json", "A row that is no object.", "")
            for row in found
            if not isinstance(row, dict)
        )
    return objects, np.array(positions, np.int64), rejects


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
    paths = {path for source in chosen.columns.values() for path in source.all_paths}
    paths |= {path.split(".", 1)[0] for path in paths}
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
        raise InputError(
            f"Cannot read {uri}.",
            why=f"Its Parquet data are damaged: {error}.",
            next_step="Export it again; nothing of it was loaded.",
        ) from error


def _with_rejects(batch: Batch, rejects: list[Reject]) -> Batch:
    every = tuple(sorted((*rejects, *batch.rejects), key=lambda reject: reject.position))
    return Batch(spans=batch.spans, rejects=every)


def _no_objects(uri: str) -> InputError:
    return InputError(
        f"{uri} holds no JSON object that could be read.",
        why="Neither an export of traces nor a log of JSON objects was found in it.",
        next_step="Check that it is the export that you mean; docs/reference/formats.md lists what can be read.",
    )
