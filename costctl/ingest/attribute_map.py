"""What of the attributes is kept that no column took?

Shape in: the attributes of spans, which of them columns used up, and those of their scopes.  Shape out: one
MAP of texts per span, keys unique, of each text what may be kept (``discretion``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools, Ints
from costctl.ingest.discretion import Discretion
from costctl.ingest.formats.otlp_values import Attributes
from costctl.store.spans import ATTRIBUTES

SCOPE_PREFIX: Final = "scope."
DROPPED_KEY: Final = "otel.dropped_attributes_count"


def rest_map(
    attributes: Attributes,
    omitted: Bools,
    extras: list[tuple[Ints, pa.StringArray, pa.StringArray]],
    spans: int,
    discretion: Discretion,
) -> pa.MapArray:
    """One MAP a span.

    omitted: attributes that are left out.  extras: further entries, as rows of spans, keys and values; an
    extra entry gives way to an attribute of the same key in the block.
    """
    rows = np.flatnonzero(~omitted)
    owner = attributes.owner[rows]
    shown = discretion.shown_keys(attributes.keys)
    keys = pa.array(shown, pa.string()).take(pa.array(attributes.codes[rows]))
    values = discretion.texts(attributes, rows)
    if extras:
        owner, keys, values = _merged(owner, keys, values, extras, shown)
    offsets = np.zeros(spans + 1, dtype=np.int32)
    np.cumsum(np.bincount(owner, minlength=spans), out=offsets[1:])
    return pa.MapArray.from_arrays(pa.array(offsets), keys, values).cast(ATTRIBUTES)


def _merged(
    owner: Ints,
    keys: pa.StringArray,
    values: pa.StringArray,
    extras: list[tuple[Ints, pa.StringArray, pa.StringArray]],
    taken_keys: list[str],
) -> tuple[Ints, pa.StringArray, pa.StringArray]:
    owners, key_parts, value_parts = [owner], [keys], [values]
    taken = pa.array(taken_keys, pa.string())
    for extra_owner, extra_keys, extra_values in extras:
        free = pc.invert(pc.is_in(extra_keys, taken))
        owners.append(extra_owner[np.asarray(free)])
        key_parts.append(extra_keys.filter(free))
        value_parts.append(extra_values.filter(free))
    together = np.concatenate(owners)
    order = np.argsort(together, kind="stable")
    indices = pa.array(order)
    return (
        together[order],
        pa.concat_arrays(key_parts).take(indices),
        pa.concat_arrays(value_parts).take(indices),
    )


def scope_entries(
    attributes: Attributes, scope_of_span: Ints, discretion: Discretion
) -> tuple[Ints, pa.StringArray, pa.StringArray] | None:
    """Attributes of scopes as entries of their spans, ``scope.`` before the key; None if there are none."""
    if len(attributes) == 0:
        return None
    unique = _last_of_each_key(attributes)
    first = np.searchsorted(attributes.owner[unique], scope_of_span, side="left")
    last = np.searchsorted(attributes.owner[unique], scope_of_span, side="right")
    counts = last - first
    spans = np.repeat(np.arange(len(scope_of_span)), counts)
    within = np.arange(len(spans)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = unique[np.repeat(first, counts) + within]
    prefixed = pa.array([SCOPE_PREFIX + key for key in discretion.shown_keys(attributes.keys)], pa.string())
    keys = prefixed.take(pa.array(attributes.codes[rows]))
    return spans, keys, discretion.texts(attributes, rows)


def _last_of_each_key(attributes: Attributes) -> Ints:
    """Rows without those that a later row of the same owner and key replaces."""
    last = {
        pair: row
        for row, pair in enumerate(zip(attributes.owner.tolist(), attributes.codes.tolist(), strict=True))
    }
    return np.array(sorted(last.values()), dtype=np.int64)


def dropped_entries(dropped: pa.Array) -> tuple[Ints, pa.StringArray, pa.StringArray] | None:
    """How many attributes spans lost to the limit of their SDK: the only trace that these leave."""
    rows = np.flatnonzero(np.asarray(dropped.fill_null(0)) > 0)
    if len(rows) == 0:
        return None
    values = dropped.take(pa.array(rows)).cast(pa.string())
    return rows, pa.array([DROPPED_KEY] * len(rows), pa.string()), values
