"""What a format hands to the loader: canonical spans, their emitters, what engines said of themselves, and the records
that could not be read.

Every module in ``formats/`` turns one wire format into an iterator of these; the loader neither knows
nor asks which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costctl.store.engine_readings import READINGS
from costctl.store.spans import RESOURCES

EXCERPT_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Reject:
    """One record that could not be read. A value, not an exception: rejects are collected and kept.

    position: line number from 1 for text, byte offset for binary.  code: a short stable name such as
    ``bad_json``, ``no_span_id``, ``negative_uncached_tokens``.  message: what was wrong.  excerpt: at
    most 200 characters, content removed.  records: how many it stands for.
    """

    position: int
    code: str
    message: str
    excerpt: str
    records: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "excerpt", self.excerpt[:EXCERPT_CHARACTERS])


@dataclass(frozen=True, slots=True)
class Batch:
    """A bounded part of one source.

    spans: the columns of ``SPANS`` and, last, source_position (int64: line or record from 1).
    resources: ``RESOURCES``, possibly repeated between batches.  rejects: what was refused in this part.
    doubts: spans that were kept although something about them is in doubt, by code, such as
    ``ends_before_start``.  readings: ``READINGS``, of engines.  records: spans + readings + rejects, as the source
    counts them.
    """

    spans: pa.Table
    rejects: tuple[Reject, ...] = ()
    resources: pa.Table = field(default_factory=RESOURCES.empty_table)
    doubts: Mapping[str, int] = field(default_factory=dict)
    readings: pa.Table = field(default_factory=READINGS.empty_table)

    @property
    def records(self) -> int:
        """Records that the source held in this part: those read and those refused."""
        rows = self.spans.num_rows + self.readings.num_rows
        return int(rows) + sum(reject.records for reject in self.rejects)


def counted_doubts(masks: Mapping[str, npt.NDArray[np.bool_]]) -> dict[str, int]:
    """How many spans each doubt is about; those about none are left out."""
    counts = {code: int(mask.sum()) for code, mask in masks.items()}
    return {code: count for code, count in counts.items() if count}
