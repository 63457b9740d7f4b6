"""Which dialect was each span written in?

Shape in: attributes grouped by key, and the marks of the dialects.  Shape out: for each span the name of the most
specific dialect of which it carries a mark, NULL where it carries none.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from costctl.ingest.attribute_columns import Grouped
from costctl.ingest.dialect import Vocabulary


def span_dialects(grouped: Grouped, vocabulary: Vocabulary) -> pa.StringArray:
    """The dialect of each span. The more specific ones are asked last and overwrite."""
    names = [name for name, _ in vocabulary.marks]
    dialect = np.full(grouped.spans, -1, dtype=np.int32)
    for number, (_, mark) in enumerate(vocabulary.marks):
        for key in filter(mark.fullmatch, grouped.rows_by_key):
            dialect[grouped.attributes.owner[grouped.rows(key)]] = number
    return pa.array(names, pa.string()).take(pa.array(dialect, mask=dialect < 0))
