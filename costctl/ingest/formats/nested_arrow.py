"""How are nested Arrow columns taken apart without a Python object for each row?

Shape in: struct and list arrays, as a JSON or a protobuf reader makes them.  Shape out: their fields, and
the elements of their lists beside the index of the row that each belongs to. The same field is spelt
``traceId`` in JSON and ``trace_id`` in protobuf; both are found.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools, Ints


@cache
def snake_case(name: str) -> str:
    """``startTimeUnixNano`` as ``start_time_unix_nano``."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def child(struct: pa.StructArray, name: str) -> pa.Array:
    """The field of that name, given in camelCase; NULL where the struct itself is NULL."""
    index = struct.type.get_field_index(name)
    if index < 0:
        index = struct.type.get_field_index(snake_case(name))
    if struct.null_count == 0:
        return struct.field(index)
    return pc.struct_field(struct, [index])


def explode(lists: pa.ListArray) -> tuple[pa.Array, Ints]:
    """Elements of all lists, and for each the index of the row whose list it was in, ascending."""
    return lists.flatten(), pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)


def one_chunk(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The column as a single array."""
    if isinstance(column, pa.ChunkedArray):
        return (
            column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [_empty(column)])
        )
    return column


def _empty(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([], column.type)


def is_present(array: pa.Array) -> Bools:
    """True where the value is not NULL."""
    if array.null_count == 0:
        return np.ones(len(array), dtype=np.bool_)
    present: Bools = array.is_valid().to_numpy(zero_copy_only=False)
    return present


def integers(array: pa.Array) -> Ints:
    """The integers as int64, 0 where NULL."""
    filled = array.cast(pa.int64(), safe=True).fill_null(0)
    values: Ints = filled.to_numpy(zero_copy_only=False)
    return values
