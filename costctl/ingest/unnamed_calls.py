"""Which ids has a model call whose export lost them?

Shape in: the batches of one source, in order; ids are NULL where the source has none that can be used.  Shape out:
the same batches, an id made for each such call from what it says and where it stands: reading the source again
gives the same ids, and two equal calls of one source stay two.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import blake2b
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.ingest.batch import Batch
from costctl.ingest.formats.otlp_values import json_text
from costctl.ingest.span_identity import SPAN_ID_DIGITS, TRACE_ID_DIGITS

_DIGITS: Final = {"trace_id": TRACE_ID_DIGITS, "span_id": SPAN_ID_DIGITS}


class UnnamedCalls:
    """Makes the ids of one source's calls. It remembers what it has seen, so that equal calls are told apart."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def named(self, batch: Batch) -> Batch:
        """The batch with no id NULL."""
        spans = batch.spans
        lacking = pc.or_(pc.is_null(spans["trace_id"]), pc.is_null(spans["span_id"]))
        rows = np.flatnonzero(lacking.to_numpy())
        if len(rows) == 0:
            return batch
        digests = [self._digest(json_text([*map(str, row.values())])) for row in spans.take(rows).to_pylist()]
        for name, digits in _DIGITS.items():
            made = np.full(spans.num_rows, None, dtype=object)
            made[rows] = [digest[:digits] for digest in digests]
            ids = pc.coalesce(spans[name], pa.array(made, pa.string()))
            spans = spans.set_column(spans.schema.get_field_index(name), name, ids)
        return replace(batch, spans=spans)

    def _digest(self, said: str) -> str:
        self._seen[said] += 1
        return blake2b(f"{said} {self._seen[said]}".encode("utf-8", "replace"), digest_size=16).hexdigest()
