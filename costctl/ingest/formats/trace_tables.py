"""Which spans does a table of a tracing backend hold: CSV or Parquet, a row a span?

Shape in: a stream of CSV with a header, or a Parquet file, of observations of Langfuse or of ClickHouse's OpenTelemetry
tables.  Shape out: ``Batch`` after ``Batch``. Each row becomes the JSON object that the same backend writes as JSON,
and goes the way of those. Cells hold texts of any length with line ends inside, so that the CSV is read as such and not
by lines.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from costctl.errors import InputError
from costctl.ingest.batch import Batch
from costctl.ingest.dialect import Translation
from costctl.ingest.formats.clickhouse import collect_clickhouse, is_clickhouse_table
from costctl.ingest.formats.found import Found, Json
from costctl.ingest.formats.langfuse import collect_langfuse, is_langfuse_table
from costctl.ingest.formats.logs import LONGEST_LINE_BYTES, PARQUET_ERRORS, csv_header
from costctl.ingest.formats.otlp_json import batch_of

Collect = Callable[[Json, Found], bool]

_TABLES: Final[tuple[tuple[str, Callable[[Iterable[str]], bool], Collect], ...]] = (
    ("langfuse", is_langfuse_table, collect_langfuse),
    ("clickhouse", is_clickhouse_table, collect_clickhouse),
)
_ROWS: Final = 2_000
_BLOCK_CHARACTERS: Final = 8 * 2**20
_NOTHING: Final = frozenset({"", "\\N"})  # how CSV writes that there is no value
_CONTENT: Final = ("input", "output")  # what was said, of which nothing is kept
csv.field_size_limit(LONGEST_LINE_BYTES)


def table_format_of(columns: Iterable[str]) -> str | None:
    """Whose table the columns are of; None for a request log."""
    names = list(columns)
    return next((name for name, is_one, _ in _TABLES if is_one(names)), None)


def csv_format_of(head: bytes) -> str | None:
    """Whose table a CSV is of, by its first line."""
    return table_format_of(csv_header(head.split(b"\n", 1)[0]))


def _collector(kind: str) -> Collect:
    return next(collect for name, _, collect in _TABLES if name == kind)


def read_trace_csv(stream: BinaryIO, kind: str, *, translation: Translation) -> Iterator[Batch]:
    """Batches of canonical spans. kind: as ``csv_format_of`` says it."""
    collect = _collector(kind)
    rows = csv.reader(_lines(stream))
    names = next(rows, [])
    names[:1] = [name.removeprefix("\ufeff") for name in names[:1]]
    block: list[Found] = []
    size = 0
    while True:
        found = Found(rows.line_num + 1)
        try:
            cells = next(rows)
        except StopIteration:
            break
        except csv.Error:
            found.reject(
                "too_long", "A cell is longer than any that could be read, or its quotes do not close.", ""
            )
            cells = []
        if len(cells) == len(names):
            row = {name: None if cell in _NOTHING else cell for name, cell in zip(names, cells, strict=True)}
            collect(row, found)
        elif cells:
            message = f"the row has {len(cells)} cells where the header has {len(names)}"
            found.reject("bad_columns", message, "")
        block.append(found)
        size += sum(map(len, cells))
        if len(block) >= _ROWS or size >= _BLOCK_CHARACTERS:
            yield batch_of(block, translation=translation)
            block, size = [], 0
    if block:
        yield batch_of(block, translation=translation)


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Lines with their ends; one that is longer than any row could be comes in pieces."""
    lines: io.BufferedReader[Any] = io.BufferedReader(stream, LONGEST_LINE_BYTES)
    while line := lines.readline(LONGEST_LINE_BYTES):
        yield line.decode("utf-8", "replace")


def read_trace_parquet(
    file: pq.ParquetFile, uri: str, kind: str, *, translation: Translation
) -> Iterator[Batch]:
    """Batches of canonical spans; positions count the rows from 1. Raises InputError where the data are damaged."""
    collect = _collector(kind)
    position = 1
    try:
        wanted = [name for name in file.schema_arrow.names if name not in _CONTENT]
        for part in file.iter_batches(_ROWS, columns=wanted):
            block = []
            for row in pa.table({name: _plain(part[name]) for name in part.schema.names}).to_pylist():
                found = Found(position)
                collect({name: _value(each) for name, each in row.items()}, found)
                block.append(found)
                position += 1
            yield batch_of(block, translation=translation)
    except PARQUET_ERRORS as error:
        raise InputError(
            f"Cannot read {uri}.",
            why="Its Parquet data are damaged.",
            next_step="Export it again; nothing of it was loaded.",
        ) from error


def _plain(column: pa.Array) -> pa.Array:
    """Times as texts that lose no nanosecond; everything else as it is."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.string())
    if pa.types.is_list(column.type) and pa.types.is_timestamp(column.type.value_type):
        return column.cast(pa.list_(pa.timestamp("ns", column.type.value_type.tz))).cast(
            pa.list_(pa.string())
        )
    return column


def _value(value: Any) -> Any:
    """A cell as JSON would hold it: maps as objects, bytes and decimals as texts."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {str(_value(key)): _value(each) for key, each in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(each, tuple) for each in value):
            return {str(_value(key)): _value(each) for key, each in value}
        return [_value(each) for each in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)
