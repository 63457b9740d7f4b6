"""How do rows that a reader has brought into our own columns become spans?

Shape in: objects whose names are those of the stored columns, a span each, with the line of each.  Shape out: a
``Batch``, by the way that every request log goes, so that counts are checked and calls are known in one place.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

from costctl.ingest.batch import Batch, Reject
from costctl.ingest.canonical_spans import BATCH_SCHEMA
from costctl.ingest.formats.found import Json
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
