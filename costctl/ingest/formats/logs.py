"""Which rows does a request log hold? CSV, JSON in any layout, and Parquet, in bounded blocks.

Shape in: a stream of decompressed bytes, or the path of a Parquet file, and a mapping or None to choose by
the columns. Shape out: ``Batch`` after ``Batch``. A line that cannot be read is rejected, with its number;
the others are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from costctl.errors import InputError
from costctl.ingest.batch import Batch, Reject
from costctl.ingest.formats.csv_cells import CsvForm
from costctl.ingest.formats.csv_records import BLOCK_BYTES, csv_blocks, csv_form
from costctl.ingest.formats.csv_table import csv_table
from costctl.ingest.formats.json_blocks import JsonBlock, json_blocks
from costctl.ingest.formats.json_documents import json_values
from costctl.ingest.formats.json_pieces import LOG_LAYOUT
from costctl.ingest.formats.log_columns import columns_of_objects, columns_of_table
from costctl.ingest.formats.log_envelopes import WRAPPED_TEXTS, unwrapped
from costctl.ingest.formats.log_rows import LogRows, RowIds, log_batch
from costctl.ingest.mapping import Mapping, best_fitting, mapping_for, require_columns
from costctl.ingest.privacy import skeleton
from costctl.ingest.unread_usage import looks_like_usage

PARQUET_ERRORS: Final = (pa.ArrowException, OSError, ValueError)  # damaged names are no UTF-8
_HEAD_BYTES: Final = 2**20
_PARQUET_ROWS: Final = 100_000
_MOST_OTHERS: Final = 100  # rows of another kind that a log may begin with


def read_csv(
    stream: BinaryIO, uri: str, mapping: Mapping | None, row_ids: RowIds | None = None
) -> Iterator[Batch]:
    """Batches of a CSV log with a header. row_ids: where rows before these were read already.

    Raises InputError where its columns fit no mapping.
    """
    head = stream.read(_HEAD_BYTES)
    form = csv_form(head) or CsvForm(())
    names = form.names
    wraps_rows = mapping is None and best_fitting(names) is None and not {*WRAPPED_TEXTS}.isdisjoint(names)
    chosen = mapping
    if not wraps_rows:
        chosen = mapping_for(names, uri) if mapping is None else mapping
        require_columns(chosen, names, uri)
    row_ids = row_ids or RowIds()
    row_ids.begin(",".join(names).encode())
    for records in csv_blocks(stream, head, form):
        table = csv_table(records, form)
        if chosen is None or wraps_rows:
            table, chosen = _unwrapped_table(table, chosen, uri)
        positions = np.array(records.positions, np.int64)
        rows = LogRows(columns_of_table(table, chosen), positions, row_ids.of(records.rows))
        yield _with_rejects(log_batch(rows, chosen), records.rejects)


def _unwrapped_table(table: pa.Table, mapping: Mapping | None, uri: str) -> tuple[pa.Table, Mapping]:
    """The columns of rows that stand as JSON texts in one column, a row for each, and the mapping that fits."""
    found = [(unwrapped(row, mapping) or [row])[0] for row in table.to_pylist()]
    chosen = mapping_for(_telling(found), uri) if mapping is None else mapping
    names = {name: None for row in found for name in row}
    texts = {name: [_cell(row.get(name)) for row in found] for name in names}
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in texts.items()}), chosen


def _cell(value: Any) -> str | None:
    """A value as a table has it: a text as it is, all else as JSON."""
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


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
        objects, positions, rejects = json_objects(block, chosen)
        if chosen is None and objects:
            chosen = mapping_for(_telling(objects), uri)
        if chosen is None:
            raise _no_objects(uri)
        if objects and not is_checked:
            require_columns(chosen, _telling(objects), uri)
            is_checked = True
        texts = [msgspec.json.encode(row, order="sorted") for row in objects]
        rows = LogRows(columns_of_objects(objects, chosen), positions, row_ids.of(texts))
        yield _with_rejects(log_batch(rows, chosen), rejects)


def _telling(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The first of the rows that is of a known kind, else the first: a log may begin with a line about itself."""
    return next((row for row in objects[:_MOST_OTHERS] if best_fitting(row) is not None), objects[0])


def json_objects(
    block: JsonBlock, mapping: Mapping | None
) -> tuple[list[dict[str, Any]], np.ndarray, list[Reject]]:
    """The rows of a block, the line of each, and rejects."""
    objects: list[dict[str, Any]] = []
    positions: list[int] = []
    rejects = []
    for line, number in zip(block.lines(), block.positions.tolist(), strict=True):
        text = line.decode("utf-8", "replace")
        try:
            values = [row for value in json_values(text) for row in rows_of_value(value)]
            found = [row for value in values for row in unwrapped(value, mapping)]
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
    paths = chosen.read_paths | {path.split(".", 1)[0] for path in chosen.read_paths}
    wanted = [name for name in names if name in paths or looks_like_usage(name)]
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
