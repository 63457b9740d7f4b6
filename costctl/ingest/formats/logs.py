"""Which rows does a request log hold? CSV, JSON in any layout, and Parquet, in bounded blocks.

Shape in: a stream of decompressed bytes, or the path of a Parquet file, and a mapping or None to choose by
the columns. Shape out: ``Batch`` after ``Batch``. A line that cannot be read is rejected, with its number;
the others are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from costctl.errors import InputError
from costctl.ingest.batch import Batch, Reject
from costctl.ingest.canonical_spans import BATCH_SCHEMA
from costctl.ingest.formats.csv_cells import CsvForm
from costctl.ingest.formats.csv_records import BLOCK_BYTES, csv_blocks, csv_form
from costctl.ingest.formats.csv_table import csv_table
from costctl.ingest.formats.json_blocks import JsonBlock, is_json_line, json_blocks
from costctl.ingest.formats.json_documents import TOO_DEEP, fault_reject, nuls_message
from costctl.ingest.formats.json_pieces import LOG_LAYOUT
from costctl.ingest.formats.json_resync import Fault, nuls_in, values_and_faults
from costctl.ingest.formats.log_columns import columns_of_objects, columns_of_table
from costctl.ingest.formats.log_envelopes import WRAPPED_TEXTS, unwrapped
from costctl.ingest.formats.log_rows import LogRows, RowIds, log_batch
from costctl.ingest.mapping import (
    Mapping,
    best_fitting,
    fitting_mapping,
    has_time,
    mapping_for,
    require_columns,
    unknown_log,
)
from costctl.ingest.privacy import are_column_names, skeleton
from costctl.ingest.unread_usage import looks_like_usage

PARQUET_ERRORS: Final = (pa.ArrowException, OSError, ValueError)  # damaged names are no UTF-8
_HEAD_BYTES: Final = 2**20
_PARQUET_ROWS: Final = 100_000


def read_csv(
    stream: BinaryIO, uri: str, mapping: Mapping | None, row_ids: RowIds | None = None, salt: str = ""
) -> Iterator[Batch]:
    """Batches of a CSV log with a header. row_ids: where rows before these were read already.  salt: of the hashes of
    prompts.

    Raises InputError where its columns fit no mapping.
    """
    head = stream.read(_HEAD_BYTES)
    form = csv_form(head) or CsvForm(())
    names = form.names
    wraps_rows = mapping is None and best_fitting(names) is None and not {*WRAPPED_TEXTS}.isdisjoint(names)
    chosen = mapping
    if not wraps_rows:
        known = fitting_mapping(names) if mapping is None else mapping
        if (known is None or not has_time(known, names)) and not are_column_names(names):
            raise _no_header(uri, len(names))
        chosen = mapping_for(names, uri) if mapping is None else mapping
        require_columns(chosen, names, uri)
    row_ids = row_ids or RowIds()
    row_ids.begin(",".join(names).encode())
    for records in csv_blocks(stream, head, form):
        table = csv_table(records, form)
        if chosen is None or wraps_rows:
            table, chosen = _unwrapped_table(table, chosen, uri)
        positions = np.array(records.positions, np.int64)
        rows = LogRows(columns_of_table(table, chosen), positions, row_ids.of(records.rows), salt)
        yield with_rejects(log_batch(rows, chosen), records.rejects)


def _no_header(uri: str, cells: int) -> InputError:
    return InputError(
        f"{uri} has no header.",
        why=f"The first line of a CSV names its columns; {'this one is a row' if cells > 1 else 'this one does not'}, "
        "as where a longer file was cut or rotated.",
        next_step="Add the header of the file that it was cut from.",
    )


def _unwrapped_table(table: pa.Table, mapping: Mapping | None, uri: str) -> tuple[pa.Table, Mapping]:
    """The columns of rows that stand as JSON texts in one column, a row for each, and the mapping that fits."""
    found = [(unwrapped(row, mapping) or [row])[0] for row in table.to_pylist()]
    chosen = _mapping_of_rows(found, uri, mapping)
    names = {name: None for row in found for name in row}
    texts = {name: [_cell(row.get(name)) for row in found] for name in names}
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in texts.items()}), chosen


def _cell(value: Any) -> str | None:
    """A value as a table has it: a text as it is, all else as JSON."""
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


def read_json_log(
    stream: BinaryIO, uri: str, mapping: Mapping | None, row_ids: RowIds | None = None, salt: str = ""
) -> Iterator[Batch]:
    """Batches of a log of JSON objects: one a line, one after another, in a list, or as the values of an object.

    row_ids: where rows before these were read already.  salt: of the hashes of prompts.

    Raises InputError where the keys of its rows fit no mapping. What stands before the first row that fits is told of
    by rejects, as what stands after it.
    """
    row_ids = row_ids or RowIds()
    chosen = row_ids.mapping or mapping
    is_checked = row_ids.mapping is not None
    for block in json_blocks(stream, BLOCK_BYTES, LOG_LAYOUT):
        objects, positions, rejects = json_objects(block, chosen)
        if objects and not is_checked:
            chosen = _mapping_of_rows(objects, uri, chosen)
            row_ids.mapping, is_checked = chosen, True
        if chosen is None or not objects:
            yield Batch(BATCH_SCHEMA.empty_table(), tuple(rejects))
            continue
        texts = [msgspec.json.encode(row, order="sorted") for row in objects]
        rows = LogRows(columns_of_objects(objects, chosen), positions, row_ids.of(texts), salt)
        yield with_rejects(log_batch(rows, chosen), rejects)


def _mapping_of_rows(objects: list[dict[str, Any]], uri: str, mapping: Mapping | None) -> Mapping:
    """The mapping that the first rows fit, or that was given: a log may begin with a line about itself. Raises
    InputError where none of them fits one.
    """
    first = objects[:_ROWS_TO_JUDGE]
    keys = [key for row in first for key in row]
    if mapping is None:
        telling = next((row for row in first if best_fitting(row) is not None), None)
        telling = telling or next((row for row in first if fitting_mapping(row) is not None), None)
        if telling is None:
            raise unknown_log(keys, uri)
        mapping = mapping_for(telling, uri)
    require_columns(mapping, keys, uri)
    return mapping


_ROWS_TO_JUDGE: Final = 100  # rows of another kind that a log may begin with


def json_objects(
    block: JsonBlock, mapping: Mapping | None
) -> tuple[list[dict[str, Any]], np.ndarray, list[Reject]]:
    """The rows of a block, the line of each, and rejects."""
    objects: list[dict[str, Any]] = []
    positions: list[int] = []
    rejects: list[Reject] = []
    lines = block.lines()
    opener = _opener_of(lines[:_LINES_TO_JUDGE])
    for line, number in zip(lines, block.positions.tolist(), strict=True):
        is_unterminated = block.is_unterminated and line is lines[-1]
        rows, faults = _rows_of_line(line, number, opener, is_unterminated=is_unterminated)
        rows = [row for value in rows for row in unwrapped(value, mapping)]
        kept = [row for row in rows if isinstance(row, dict)]
        objects.extend(kept)
        positions.extend([number] * len(kept))
        rejects.extend(faults)
        rejects.extend(
            [Reject(number, "bad_json", "A row that is not an object.", "")] * (len(rows) - len(kept))
        )
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


def read_parquet(file: pq.ParquetFile, uri: str, mapping: Mapping | None, salt: str = "") -> Iterator[Batch]:
    """Batches of a Parquet log; positions count its rows from 1. salt: of the hashes of prompts.

    Raises InputError where its columns fit no mapping.
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
            LogRows(columns_of_table(table, chosen), positions, row_ids.of(texts), salt),
            chosen,
        )


def _parts(file: pq.ParquetFile, columns: list[str], uri: str) -> Iterator[pa.RecordBatch]:
    try:
        for part in file.iter_batches(_PARQUET_ROWS, columns=columns):
            yield _with_sound_texts(part)
    except PARQUET_ERRORS as error:
        raise damaged_parquet(uri, error) from error


def _with_sound_texts(part: pa.RecordBatch) -> pa.RecordBatch:
    """The part with what is no UTF-8 in its texts replaced, which Arrow does not look for. Raises pa.ArrowInvalid where
    a column is damaged in another way.
    """
    columns = []
    for column in part.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column.validate()
            columns.append(_sound_texts(column))
        else:
            column.validate(full=True)
            columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=part.schema.names)


def _sound_texts(texts: pa.Array) -> pa.Array:
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        raw = texts.cast(pa.binary()).to_pylist()
        return pa.array(
            [None if each is None else each.decode("utf-8", "replace") for each in raw], pa.string()
        )
    return texts


def damaged_parquet(uri: str, error: Exception) -> InputError:
    """What is said of Parquet that cannot be read; not what Arrow says, which may quote the data."""
    return InputError(
        f"Cannot read {uri}.",
        why=f"Its Parquet data are corrupt or truncated ({type(error).__name__}).",
        next_step="Export it again; nothing of it was loaded.",
    )


def with_rejects(batch: Batch, rejects: list[Reject]) -> Batch:
    """The batch with further rejects, in the order of the source."""
    every = tuple(sorted((*rejects, *batch.rejects), key=lambda reject: reject.position))
    return replace(batch, rejects=every)
