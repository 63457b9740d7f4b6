"""Which rows does a request log hold? CSV, JSONL and Parquet, in bounded blocks.

Shape in: a stream of decompressed bytes, or the path of a Parquet file, and a mapping or None to choose by
the columns. Shape out: ``Batch`` after ``Batch``. A line that cannot be read is rejected, with its number;
the others are kept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from costctl.errors import InputError
from costctl.ingest.batch import Batch, Reject
from costctl.ingest.formats.log_rows import LogIdentity, log_batch
from costctl.ingest.mapping import Mapping, mapping_for, require_columns
from costctl.ingest.privacy import cells_skeleton, skeleton

BLOCK_BYTES: Final = 16 * 2**20
_PARQUET_ROWS: Final = 100_000


def read_csv(stream: BinaryIO, uri: str, mapping: Mapping | None) -> Iterator[Batch]:
    """Batches of a CSV log with a header line. Raises InputError where its columns fit no mapping."""
    lines: io.BufferedReader[Any] = io.BufferedReader(stream, BLOCK_BYTES)
    header = lines.readline().removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
    names = next(csv.reader([header.decode("utf-8", "replace")]), [])
    chosen = mapping_for(names, uri) if mapping is None else mapping
    require_columns(chosen, names, uri)
    identity: LogIdentity | None = None
    for first_line, block in _blocks_of_lines(lines, 2):
        rows, positions, rejects = _well_formed(block, first_line, len(names))
        if identity is None and rows:
            identity = _identity(header + b"\n" + rows[0])
        table = _csv_table(names, rows)
        yield _with_rejects(log_batch(table, positions, chosen, identity or _identity(header), rows), rejects)


def _blocks_of_lines(lines: io.BufferedReader[Any], first_line: int) -> Iterator[tuple[int, list[bytes]]]:
    while block := lines.readlines(BLOCK_BYTES):
        yield first_line, [line.rstrip(b"\r\n") for line in block]
        first_line += len(block)


def _well_formed(
    block: list[bytes], first_line: int, columns: int
) -> tuple[list[bytes], np.ndarray, list[Reject]]:
    """The lines with as many cells as the header, their numbers, and a reject for each other line that is not
    empty.
    """
    rows, positions, rejects = [], [], []
    for number, line in enumerate(block, first_line):
        if not line.strip():
            continue
        cells = (
            line.count(b",") + 1
            if b'"' not in line
            else len(next(csv.reader([line.decode("utf-8", "replace")])))
        )
        if cells == columns:
            rows.append(line)
            positions.append(number)
        else:
            why = f"the line has {cells} cells where the header has {columns}"
            rejects.append(
                Reject(number, "bad_columns", why, cells_skeleton(line.decode("utf-8", "replace")))
            )
    return rows, np.array(positions, np.int64), rejects


def _csv_table(names: list[str], rows: list[bytes]) -> pa.Table:
    if not rows:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pa_csv.read_csv(
        pa.BufferReader(b"\n".join(rows)),
        read_options=pa_csv.ReadOptions(column_names=names),
        convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def read_jsonl(stream: BinaryIO, uri: str, mapping: Mapping | None) -> Iterator[Batch]:
    """Batches of a log with one JSON object a line. Raises InputError where its keys fit no mapping."""
    lines: io.BufferedReader[Any] = io.BufferedReader(stream, BLOCK_BYTES)
    chosen, identity = mapping, None
    for first_line, block in _blocks_of_lines(lines, 1):
        rows, positions, rejects, objects = _json_objects(block, first_line)
        if chosen is None and objects:
            chosen = mapping_for(objects[0], uri)
        if chosen is None:
            raise _no_objects(uri)
        if identity is None and rows:
            require_columns(chosen, objects[0], uri)
            identity = _identity(rows[0])
        table = _json_table(objects, chosen)
        yield _with_rejects(log_batch(table, positions, chosen, identity or _identity(b""), rows), rejects)


def _json_objects(
    block: list[bytes], first_line: int
) -> tuple[list[bytes], np.ndarray, list[Reject], list[dict[str, object]]]:
    rows, positions, rejects, objects = [], [], [], []
    for number, line in enumerate(block, first_line):
        if not line.strip():
            continue
        try:
            objects.append(msgspec.json.decode(line, type=dict[str, object]))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            rejects.append(Reject(number, "bad_json", f"{error}", skeleton(line.decode("utf-8", "replace"))))
            continue
        rows.append(line)
        positions.append(number)
    return rows, np.array(positions, np.int64), rejects, objects


def _json_table(objects: list[dict[str, object]], mapping: Mapping) -> pa.Table:
    """The mapped keys as columns of text, lists as lists of text."""
    arrays = {}
    for target, source in mapping.columns.items():
        values = [row.get(source.from_) for row in objects]
        if target == "prefix_keys":
            arrays[source.from_] = pa.array([_texts(value) for value in values], pa.list_(pa.string()))
        else:
            arrays[source.from_] = pa.array([_text(value) for value in values], pa.string())
    return pa.table(arrays)


def _texts(value: object) -> list[str] | None:
    """A list as texts; anything else that is there is a list of one."""
    if value is None:
        return None
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return repr(value) if isinstance(value, int | float) else msgspec.json.encode(value).decode()


def read_parquet(path: Path, uri: str, mapping: Mapping | None) -> Iterator[Batch]:
    """Batches of a Parquet log; positions count its rows from 1. Raises InputError where its columns fit no
    mapping.
    """
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise InputError(
            f"Cannot read {uri}.", why=f"Its Parquet data are damaged: {error}.", next_step="Export it again."
        ) from error
    names = file.schema_arrow.names
    chosen = mapping_for(names, uri) if mapping is None else mapping
    require_columns(chosen, names, uri)
    wanted = [source.from_ for source in chosen.columns.values() if source.from_ in names]
    identity, first_row = None, 1
    for part in file.iter_batches(_PARQUET_ROWS, columns=wanted):
        table = pa.table(part)
        rows = [msgspec.json.encode([_text_of(value) for value in row.values()]) for row in table.to_pylist()]
        if identity is None and rows:
            identity = _identity(rows[0])
        positions = np.arange(first_row, first_row + table.num_rows, dtype=np.int64)
        first_row += table.num_rows
        yield log_batch(table, positions, chosen, identity or _identity(b""), rows)


def _text_of(value: object) -> str:
    return str(value)


def _identity(first_row: bytes) -> LogIdentity:
    return LogIdentity(blake2b(first_row, digest_size=32).digest())


def _with_rejects(batch: Batch, rejects: list[Reject]) -> Batch:
    every = tuple(sorted((*rejects, *batch.rejects), key=lambda reject: reject.position))
    return Batch(spans=batch.spans, rejects=every, dialects=batch.dialects)


def _no_objects(uri: str) -> InputError:
    return InputError(
        f"{uri} holds no JSON object that could be read.",
        why="Neither an OTLP export nor one object a line was found in it.",
        next_step="Give an OTLP export, or a log with one JSON object a line.",
    )
