"""How do readings of engines that a format has found become a batch?

Shape in: objects whose names are those of ``READINGS``, each with its position, and rejects.  Shape out: a ``Batch``
without spans. A value that can be none, such as a negative count, is set apart with its reason, and nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyarrow as pa

from costctl.ingest.batch import Batch, Reject
from costctl.ingest.canonical_spans import BATCH_SCHEMA
from costctl.instants import LATEST_NS
from costctl.store.engine_readings import READINGS, SETTINGS, VALUES

Reading = dict[str, Any]

ROWS_AT_A_TIME: Final = 20_000
_RATIOS: Final = ("kv_usage_ratio",)
_MOST_RATIO: Final = 1.01  # usage is a sum of blocks over their number; rounding may lead beyond 1
NO_TIME: Final = (
    "Engine statistics without a time. Let the scrape say when it was taken: write a line such as "
    "'# 2026-11-30T08:00:00Z' before it."
)
BAD_VALUE: Final = "Engine statistics with a value that is no number, or cannot be."


def readings_batch(
    rows: Iterable[Reading], rejects: Iterable[Reject] = (), doubts: Mapping[str, int] | None = None
) -> Batch:
    """The rows as a batch; of those that cannot be, the rejects."""
    kept, refused = [], list(rejects)
    for row in rows:
        fault = _fault(row)
        if fault is None:
            kept.append(row)
        else:
            refused.append(Reject(row["source_position"], *fault, ""))
    every = tuple(sorted(refused, key=lambda reject: reject.position))
    readings = pa.Table.from_pylist(kept, schema=READINGS)
    return Batch(BATCH_SCHEMA.empty_table(), every, doubts=doubts or {}, readings=readings)


def _fault(row: Reading) -> tuple[str, str] | None:
    """Code and message of what is wrong with a row."""
    at_ns = row.get("at_ns")
    if at_ns is None and not SETTINGS.issuperset(name for name in VALUES if row.get(name) is not None):
        return "no_time", NO_TIME
    if at_ns is not None and not 0 <= at_ns < LATEST_NS:
        return "no_time", NO_TIME
    values = [row[name] for name in VALUES if row.get(name) is not None]
    if any(not math.isfinite(value) or value < 0 for value in values):
        return "bad_value", BAD_VALUE
    if any(row[name] > _MOST_RATIO for name in _RATIOS if row.get(name) is not None):
        return "bad_value", BAD_VALUE
    return None


def number_in(text: str) -> float | None:
    """The number that a text writes; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
