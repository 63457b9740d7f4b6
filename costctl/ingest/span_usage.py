"""How many tokens did each span's call take in and give out?

Shape in: the claims that a span's attributes make, and its operation. Shape out: the counts that the record's own
arithmetic allows, and the keys that contradict each other.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools
from costctl.ingest.attribute_columns import TakenColumns
from costctl.ingest.record_limits import add_conflict
from costctl.ingest.token_algebra import resolved_usage

OUTPUTLESS_OPERATIONS = ("embeddings", "rerank")


def count_tokens(columns: dict[str, pa.Array], taken: TakenColumns, rows: int) -> None:
    """Sets the counts; a cap below zero is none. Changes the columns in place."""
    if "max_tokens" in columns:
        cap = columns["max_tokens"]
        columns["max_tokens"] = pc.if_else(pc.less(cap, 0), pa.scalar(None, cap.type), cap)
    usage = resolved_usage(taken.claims, rows, without_output(columns, rows))
    for name, counts in usage.columns.items():
        columns[name] = counts
        taken.use_up(name, counts)
    if usage.conflict is not None:
        add_conflict(columns, usage.conflict)


def without_output(columns: dict[str, pa.Array], rows: int) -> Bools:
    """Records of calls that give no tokens out."""
    operation = columns.get("operation")
    if operation is None:
        return np.zeros(rows, dtype=np.bool_)
    return np.asarray(pc.fill_null(pc.is_in(operation, pa.array(OUTPUTLESS_OPERATIONS)), False))
