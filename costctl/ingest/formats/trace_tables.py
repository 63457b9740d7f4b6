"""Which spans does a table of a tracing backend hold: CSV or Parquet, a row a span?

Shape in: a stream of CSV with a header, or a Parquet file, of observations of Langfuse or of ClickHouse's OpenTelemetry
tables.  Shape out: ``Batch`` after ``Batch``. Each row becomes the JSON object that the same backend writes as JSON,
and goes the way of those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from costctl.errors import InputError
from costctl.ingest.batch import Batch
from costctl.ingest.dialect import Translation
from costctl.ingest.formats.clickhouse import collect_clickhouse, is_clickhouse_table
from costctl.ingest.formats.csv_cells import CsvForm
from costctl.ingest.formats.csv_records import csv_blocks, csv_form
from costctl.ingest.formats.csv_table import csv_table
from costctl.ingest.formats.found import Found, Json
from costctl.ingest.formats.langfuse import collect_langfuse, is_langfuse_table
from costctl.ingest.formats.logs import PARQUET_ERRORS
from costctl.ingest.formats.otlp_json import batch_of

Collect = Callable[[Json, Found], bool]

_TABLES: Final[tuple[tuple[str, Callable[[Iterable[str]], bool], Collect], ...]] = (
    ("langfuse", is_langfuse_table, collect_langfuse),
    ("clickhouse", is_clickhouse_table, collect_clickhouse),
)
_ROWS: Final = 2_000
_HEAD_BYTES: Final = 2**20
_NOTHING: Final = frozenset({"", "\\N"})  # how CSV writes that there is no value
_CONTENT: Final = ("input", "output")  # what was said, of which nothing is kept


def table_format_of(columns: Iterable[str]) -> str | None:
    """Whose table the columns are of; None for a request log."""
    names = list(columns)
    return next((name for name, is_one, _ in _TABLES if is_one(names)), None)


def csv_format_of(head: bytes) -> str | None:
    """Whose table a CSV is of, by its header."""
    form = csv_form(head) if head.strip() else None
    return None if form is None else table_format_of(form.names)


def _collector(kind: str) -> Collect:
    return next(collect for name, _, collect in _TABLES if name == kind)


def read_trace_csv(stream: BinaryIO, kind: str, *, translation: Translation) -> Iterator[Batch]:
    """Batches of canonical spans. kind: as ``csv_format_of`` says it."""
    collect = _collector(kind)
    head = stream.read(_HEAD_BYTES)
    form = csv_form(head) or CsvForm(())
    for records in csv_blocks(stream, head, form):
        block = [Found(reject.position, rejects=[reject]) for reject in records.rejects]
        rows = csv_table(records, form).to_pylist()
        for position, row in zip(records.positions, rows, strict=True):
            found = Found(position)
            collect({name: None if cell in _NOTHING else cell for name, cell in row.items()}, found)
            block.append(found)
            if len(block) >= _ROWS:
                yield batch_of(block, translation=translation)
                block = []
        if block:
            yield batch_of(block, translation=translation)


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
            why="Its Parquet data are corrupt.",
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
