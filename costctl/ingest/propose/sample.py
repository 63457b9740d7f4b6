"""What do the first rows of a log say, column by column?

In: a path. Out: a ``Sample``: each column, nested ones with dots between and JSON inside texts taken apart, with what
each row says in it. Files that are read without a mapping are told apart first, by the reader itself.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow.parquet as pq

from costctl.errors import InputError
from costctl.ingest.attribute_text import ns_from_instant, parsed_json
from costctl.ingest.detect import detect
from costctl.ingest.dialect import Translation, shipped_vocabulary
from costctl.ingest.formats.csv_records import csv_blocks, csv_form
from costctl.ingest.formats.csv_table import csv_table
from costctl.ingest.formats.json_blocks import json_blocks
from costctl.ingest.formats.json_pieces import LOG_LAYOUT
from costctl.ingest.formats.logs import PARQUET_ERRORS, json_objects
from costctl.ingest.mapping import mapping_for
from costctl.ingest.source import local_source
from costctl.ingest.stream import SourceStream

HEAD_BYTES: Final = 4 * 2**20
MOST_ROWS: Final = 500
_DEEPEST: Final = 6
_LOGS: Final = ("json_log", "csv", "parquet")
_IDENTIFIER: Final = re.compile(r"[^\W\d][\w.\-$@:/#\[\]()% =]{0,99}")
_MOST_WORDS: Final = 4


@dataclass(slots=True)
class Sample:
    """The first rows. format: of the file.  rows: how many.  cells: by column, one value a row, None where the row says
    nothing.  tops: the log's own columns, which every row has.  known_as: the mapping that reads such a log without
    being asked, if there is one.
    """

    format: str
    rows: int
    cells: dict[str, list[Any]] = field(default_factory=dict)
    tops: frozenset[str] = frozenset()
    known_as: str | None = None

    def said(self, path: str) -> list[Any]:
        """What the rows say that say something."""
        return [value for value in self.cells[path] if value is not None]


def first_rows(path: str) -> Sample:
    """The sample of a file. Raises InputError where no rows are in it, or it is an export of traces."""
    source = local_source(path)
    with SourceStream(source.opened(), path) as stream:
        head = io.BufferedReader(stream).read(HEAD_BYTES)
    form = _format(path, head)
    if form == "parquet":
        rows = _parquet_rows(path)
    elif form == "csv":
        rows = _csv_rows(head, path)
    else:
        rows = _json_rows(head)
    rows = [row for row in rows if row][:MOST_ROWS]
    if not rows:
        raise InputError(
            f"{path} has no readable rows.",
            why="It is neither JSON objects, nor a CSV with a header and rows of equal length, nor Parquet.",
            next_step="Check that it is a log with one request per row.",
        )
    tops = frozenset(rows[0]).intersection(*rows)
    return Sample(form, len(rows), _cells(rows), tops, _known_as(rows[0], path))


def _format(path: str, head: bytes) -> str:
    """What the reader takes it for. Raises InputError where it reads it without a mapping in any case."""
    source = local_source(path)
    stream = SourceStream(io.BytesIO(head), path)
    reading = detect(stream, source, Translation(shipped_vocabulary()), None)
    if reading.format in _LOGS:
        return reading.format
    raise InputError(
        f"{path} needs no mapping.",
        why=f"It is a trace export ({reading.format}), which needs none.",
        next_step=f"`costctl ingest {path}` loads it.",
    )


def _known_as(row: dict[str, Any], path: str) -> str | None:
    try:
        return mapping_for(row, path).name
    except InputError:
        return None


def _parquet_rows(path: str) -> list[dict[str, Any]]:
    try:
        batch = next(pq.ParquetFile(path).iter_batches(MOST_ROWS), None)
    except PARQUET_ERRORS as error:
        raise InputError(
            f"Cannot read {path}.", why="Its Parquet data are corrupt.", next_step="Export it again."
        ) from error
    return [] if batch is None else [dict(_plain(row)) for row in batch.to_pylist()]


def _plain(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Maps of Arrow, which are lists of pairs, as objects."""
    for key, value in row.items():
        is_map = isinstance(value, list) and value and all(isinstance(each, tuple) for each in value)
        yield key, dict(value) if is_map else value


def _csv_rows(head: bytes, path: str) -> list[dict[str, Any]]:
    form = csv_form(head)
    if form is None:
        return []
    _require_names(form.names, path)
    rows: list[dict[str, Any]] = []
    for records in csv_blocks(io.BytesIO(b""), head, form):
        records.rows = records.rows[:MOST_ROWS]
        rows += csv_table(records, form).to_pylist()
    return rows


def _require_names(names: tuple[str, ...], path: str) -> None:
    values = [name for name in names if ns_from_instant(name) is not None or _is_number(name)]
    if values and len(values) * 4 >= len(names):
        raise InputError(
            f"{path} has no header.",
            why=f"{len(values)} of the {len(names)} names in its first line are times or numbers.",
            next_step="Add a header line with the column names, with the same delimiter.",
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _json_rows(head: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for block in json_blocks(io.BytesIO(head), HEAD_BYTES, LOG_LAYOUT):
        rows += json_objects(block, None)[0]
        if len(rows) >= MOST_ROWS:
            break
    return rows


def _cells(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    cells: dict[str, list[Any]] = {}

    def visit(value: Any, path: str, row: int, depth: int) -> None:
        inner = parsed_json(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
        inside = _members(inner) if depth < _DEEPEST else []
        for key, each in inside:
            visit(each, f"{path}.{key}" if path else key, row, depth + 1)
        if path and not inside:
            column = cells.setdefault(path, [None] * len(rows))
            if value not in (None, "", [], {}):
                column[row] = value

    for number, each in enumerate(rows):
        visit(each, "", number, 0)
    return cells


def _members(value: Any) -> list[tuple[str, Any]]:
    """The members of an object, and of a list of objects, or of one element, the first."""
    if isinstance(value, dict):
        return [(str(key), each) for key, each in value.items()]
    if isinstance(value, list) and value and (len(value) == 1 or isinstance(value[0], dict)):
        return [("0", value[0])]
    return []


def is_name(path: str) -> bool:
    """Whether a column's name is like an identifier, and not like something that someone said."""
    return _IDENTIFIER.fullmatch(path) is not None and len(path.split()) <= _MOST_WORDS


def shown_names(sample: Sample, besides: frozenset[str] = frozenset()) -> tuple[list[str], int]:
    """Names of columns that may be shown, and how many others there are: those that are no identifiers, and keys that
    few rows have, which may be values.
    """
    others = [path for path in sample.cells if path not in besides]
    shown = [path for path in others if is_name(path) and _is_common(sample, path)]
    return shown, len(others) - len(shown)


def _is_common(sample: Sample, path: str) -> bool:
    said = sum(value is not None for value in sample.cells[path])
    return sample.format == "csv" or said * 20 >= sample.rows
