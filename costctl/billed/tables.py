"""Whose cost export is this table, and what does it say?

In: the name of each column, and the lines as dicts. Out: what was read; None where no export has such columns.
Columns tell, never the name of the file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from costctl.billed import aws_cur, azure, focus, openai
from costctl.billed.reading import Reading, UnreadableError, span_ns
from costctl.billed.row import Read
from costctl.billed.values import text
from costctl.documents.reconciliation import BillFormat

Line = Mapping[str, Any]
Reader = Callable[[Line, Reading], None]
PARQUET_MAGIC = b"PAR1"
_BATCH_ROWS = 65_536
_DELIMITERS = ",;\t"


def read_table(data: bytes) -> Read | None:
    """What the table says: Parquet, or CSV with a header. Raises ValueError where it is neither."""
    columns, lines = _parquet(data) if data.startswith(PARQUET_MAGIC) else _csv(data)
    found = _reader(columns)
    if found is None:
        return None
    form, read, names = found
    reading = Reading(form)
    for cells in lines:
        if cells is None:
            reading.fault("shape")
            continue
        try:
            read({names[name]: cell for name, cell in cells.items() if name in names}, reading)
        except UnreadableError as error:
            reading.fault(error.fault)
    return reading.read()


def _reader(columns: Sequence[str]) -> tuple[BillFormat, Reader, dict[str, str]] | None:
    """The format, what reads a line of it, and column → name that the reader knows it by."""
    same = {name: name.strip() for name in columns}
    lower = {name: name.strip().lower().replace("_", "").replace(" ", "") for name in columns}
    cur = {name: aws_cur.plain_name(name.strip()) for name in columns}
    if set(cur.values()) >= aws_cur.NEEDED:
        return "aws_cur", aws_cur.line, cur
    if set(same.values()) >= focus.NEEDED:
        return "focus", focus.line, same
    if azure.is_export(frozenset(lower.values())):
        return "azure", azure.line, lower
    names = set(same.values())
    if {"amount_value"} <= names and names & {"start_time", "start_time_iso"}:
        return "openai_costs", _openai_costs, same
    if {"num_model_requests", "input_tokens"} <= names and names & {"start_time", "start_time_iso"}:
        return "openai_usage", _openai_usage, same
    return None


def _bucket(cells: Line) -> tuple[int, int]:
    start = text(cells.get("start_time")) or cells.get("start_time_iso")
    return span_ns(start, text(cells.get("end_time")) or cells.get("end_time_iso"))


def _openai_costs(cells: Line, reading: Reading) -> None:
    """A line without an amount says that nothing was billed on that day."""
    between = _bucket(cells)
    reading.cover(*between)
    if text(cells.get("amount_value")) is not None:
        reading.line(lambda: openai.cost_rows(cells, between))


def _openai_usage(cells: Line, reading: Reading) -> None:
    between = _bucket(cells)
    reading.cover(*between)
    if text(cells.get("input_tokens")) is not None:
        reading.line(lambda: openai.usage_rows(cells, between, "organization.usage.completions.result"))


def _parquet(data: bytes) -> tuple[list[str], Iterator[Line | None]]:
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
    except pa.ArrowException as error:
        raise ValueError("no Parquet file") from error
    names = list(file.schema_arrow.names)
    rows = (row for batch in file.iter_batches(_BATCH_ROWS) for row in batch.to_pylist())
    return names, rows


def _csv(data: bytes) -> tuple[list[str], Iterator[Line | None]]:
    said = data.decode("utf-8-sig", errors="replace")
    head = said.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    records = csv.reader(io.StringIO(said, newline=""), delimiter=delimiter)
    try:
        names = next(records, [])
    except csv.Error as error:
        raise ValueError("no CSV") from error
    return names, _lines(names, records)


def _lines(names: Sequence[str], records: Iterable[list[str]]) -> Iterator[Line | None]:
    """The records by the names of the header; None for one that does not fit it."""
    try:
        for cells in records:
            if cells:
                yield dict(zip(names, cells, strict=True)) if len(cells) == len(names) else None
    except csv.Error:
        yield None
