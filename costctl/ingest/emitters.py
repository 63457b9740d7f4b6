"""Who emitted the spans?

Shape in: the attributes of every resource of a block, the same emitter often many times.  Shape out: each
distinct emitter once, with an id made from its attributes, the columns that it gives to its spans, and for
each resource which emitter it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Ints
from costctl.ingest.discretion import Discretion
from costctl.ingest.formats.otlp_values import Attributes, json_text
from costctl.store.spans import RESOURCES

_ID_HEX_DIGITS: Final = 16
_BETWEEN_KEY_AND_VALUE: Final = "\x1f"
_BETWEEN_PAIRS: Final = "\x1e"


@dataclass(frozen=True, slots=True)
class Emitters:
    """Distinct emitters. of_resource: for each resource of the block its emitter.

    columns: column → value per emitter, NULL where it says nothing.
    """

    table: pa.Table
    of_resource: Ints
    columns: dict[str, pa.StringArray]

    @property
    def ids(self) -> pa.StringArray:
        """resource_id of each emitter."""
        return self.table.column("resource_id").combine_chunks()


def distinct_emitters(
    attributes: Attributes,
    resources: int,
    keys_of: Mapping[str, tuple[str, ...]],
    discretion: Discretion,
) -> Emitters:
    """The emitters of a block. resources: how many there are.  keys_of: column → keys, the best first."""
    rows = np.arange(len(attributes))
    texts = discretion.texts(attributes, rows).fill_null("")
    keys = pa.array(discretion.shown_keys(attributes.keys), pa.string()).take(pa.array(attributes.codes))
    pairs = pc.binary_join_element_wise(keys, texts, _BETWEEN_KEY_AND_VALUE)
    offsets = np.searchsorted(attributes.owner, np.arange(resources + 1)).astype(np.int32)
    written = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), pairs), _BETWEEN_PAIRS)
    encoded = written.dictionary_encode()
    said = [_attributes_in(text) for text in encoded.dictionary.to_pylist()]
    ids = [resource_id(emitter) for emitter in said]
    table = pa.table(
        {"resource_id": ids, "attributes": [sorted(each.items()) for each in said]}, schema=RESOURCES
    )
    columns = {
        column: pa.array([_first_of(emitter, names) for emitter in said], pa.string())
        for column, names in keys_of.items()
    }
    return Emitters(table, np.asarray(encoded.indices).astype(np.int64), columns)


def resource_id(attributes: Mapping[str, str]) -> str:
    """A stable id: the first 16 hex digits of the SHA-256 of the sorted attributes as JSON."""
    said = json_text(sorted(attributes.items())).encode("utf-8")
    return hashlib.sha256(said).hexdigest()[:_ID_HEX_DIGITS]


def _attributes_in(written: str) -> dict[str, str]:
    if not written:
        return {}
    pairs = (pair.partition(_BETWEEN_KEY_AND_VALUE) for pair in written.split(_BETWEEN_PAIRS))
    return {key: value for key, _, value in pairs}


def _first_of(attributes: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((attributes[name] for name in names if attributes.get(name)), None)
