"""How do rows that a reader has brought into our own columns become spans?

Shape in: objects whose names are those of the stored columns, a span each, with the line of each.  Shape out: a
``Batch``, by the way that every request log goes, so that counts are checked and calls are known in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, BinaryIO, Final

import numpy as np

from costctl.ingest.batch import Batch, Reject
from costctl.ingest.canonical_spans import BATCH_SCHEMA
from costctl.ingest.formats.found import Json
from costctl.ingest.formats.json_lines import json_line_blocks
from costctl.ingest.formats.log_columns import columns_of_objects
from costctl.ingest.formats.log_rows import LogRows, log_batch
from costctl.ingest.mapping import ColumnSource, Mapping

_IN_NS: Final = ("start_ns", "end_ns")


@cache
def _mapping(name: str, columns: tuple[str, ...]) -> Mapping:
    """A mapping of columns to themselves."""
    sources = {column: ColumnSource(column, "ns" if column in _IN_NS else None) for column in columns}
    return Mapping(columns=sources, name=name)


def rows_batch(rows: list[Json], positions: list[int], name: str) -> Batch:
    """The rows as spans. name: of the format, which becomes their dialect.  positions: the line of each row.

    Every row has its trace_id and its span_id.
    """
    if not rows:
        return no_rows()
    mapping = _mapping(name, tuple(sorted({column for row in rows for column in row} | {"start_ns"})))
    ids = [str(row["trace_id"]) for row in rows]
    return log_batch(LogRows(columns_of_objects(rows, mapping), np.array(positions, np.int64), ids), mapping)


def line_batches(
    stream: BinaryIO, row_of: Callable[[Any, int], Json | None], name: str, code: str, why: str
) -> Iterator[Batch]:
    """Batches of the rows of JSON lines. row_of: of a value and its line; None where it is none, which is then rejected
    with this code and reason.
    """
    for block in json_line_blocks(stream):
        rows: list[Json] = []
        positions: list[int] = []
        rejects = [reject for line in block for reject in line.rejects]
        for line in block:
            for value in line.objects:
                row = row_of(value, line.number)
                if row is None:
                    rejects.append(Reject(line.number, code, why, ""))
                else:
                    rows.append(row)
                    positions.append(line.number)
        batch = rows_batch(rows, positions, name)
        every = tuple(sorted((*rejects, *batch.rejects), key=lambda reject: reject.position))
        yield Batch(batch.spans, every, batch.resources)


def no_rows(*rejects: Reject) -> Batch:
    """A batch without spans."""
    return Batch(BATCH_SCHEMA.empty_table(), rejects)


def count(value: Any) -> int | None:
    """A count, None where the value is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62 else None


def number(value: Any) -> float | None:
    """A finite number, None where the value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None  # also false of what is no number


def text(value: Any) -> str | None:
    """A text that says something, None for anything else."""
    return value if isinstance(value, str) and value else None
