"""Which records tell of an execution of a model, whatever their operation is called?

Shape in: canonical columns of records. Shape out: a mask. A record is a call where its operation is one that executes a
model, and also where it names a model and counts tokens or names a cost: the next name of an operation must not lose a
token. Whether
a record repeats another (a wrapper, a roll-up, a twin) is settled later, where all records of a trace are known.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools
from costctl.ingest.formats.nested_arrow import is_present
from costctl.store.spans import MODEL_OPERATIONS

UNNAMED_OPERATION = "chat"  # of a call whose record says nothing of what it does
_MODELS = ("model_requested", "model_served")
_COUNTS = ("input_tokens", "output_tokens", "usage_conflict")


def are_model_calls(columns: dict[str, pa.Array], rows: int) -> Bools:
    """The records that are calls. rows: how many records there are."""
    said = _any_present(columns, _COUNTS, rows) | _have_cost(columns, rows)
    called: Bools = _any_present(columns, _MODELS, rows) & said
    if "operation" in columns:
        named = pc.is_in(columns["operation"], pa.array(MODEL_OPERATIONS))
        called |= named.to_numpy(zero_copy_only=False)
    return called


def mark_model_calls(columns: dict[str, pa.Array], rows: int) -> None:
    """Sets is_model_call, and the operation of a call that names none. Changes the columns in place."""
    called = pa.array(are_model_calls(columns, rows))
    columns["is_model_call"] = called
    operation = columns.get("operation", pa.nulls(rows, pa.string()))
    if pc.any(pc.and_(called, operation.is_null())).as_py():
        unnamed = pc.if_else(called, UNNAMED_OPERATION, pa.scalar(None, pa.string()))
        columns["operation"] = pc.coalesce(operation, unnamed)


def _have_cost(columns: dict[str, pa.Array], rows: int) -> Bools:
    """Records that name an amount: images and sound are sold by other counts than tokens."""
    if "recorded_usd" not in columns:
        return np.zeros(rows, dtype=np.bool_)
    return np.asarray(pc.fill_null(pc.greater(columns["recorded_usd"], 0.0), False))


def _any_present(columns: dict[str, pa.Array], names: tuple[str, ...], rows: int) -> Bools:
    found: Bools = np.zeros(rows, dtype=np.bool_)
    for name in names:
        if name in columns:
            found |= is_present(columns[name])
    return found
