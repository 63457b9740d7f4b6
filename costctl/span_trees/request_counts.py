"""What do the spans of each request add up to?

Shape in: the spans of ``tree``, in its order.  Shape out: one row per request: when its entries begin and end, whether
they all failed, and how many spans of each kind it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from costctl.arrays import Bools, Ints, SmallInts
from costctl.compiled import compiled
from costctl.span_trees.tree import NO_TIME

KINDS: Final = ("", "retrieval", "tool", "agent")


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """One row per request. start_ns, end_ns: NO_TIME where no entry has one.  kinds: spans of each of KINDS."""

    start_ns: Ints
    end_ns: Ints
    has_failed: Bools
    spans: Ints
    kinds: npt.NDArray[np.int64]


def request_counts(
    request: SmallInts, depth: SmallInts, start_ns: Ints, end_ns: Ints, is_failed: Bools, kind: Any
) -> RequestCounts:
    """The counts. kind: index into KINDS; the times NO_TIME where not observed."""
    requests = int(request[-1]) + 1 if request.size else 0
    counts = RequestCounts(
        start_ns=np.full(requests, NO_TIME),
        end_ns=np.full(requests, NO_TIME),
        has_failed=np.ones(requests, np.bool_),
        spans=np.zeros(requests, np.int64),
        kinds=np.zeros((len(KINDS), requests), np.int64),
    )
    _count(
        request, depth, start_ns, end_ns, is_failed, kind, NO_TIME,
        counts.start_ns, counts.end_ns, counts.has_failed, counts.spans, counts.kinds,
    )  # fmt: skip
    return counts


@compiled
def _count(
    request: Any, depth: Any, start: Any, end: Any, is_failed: Any, kind: Any, no_time: int,
    out_start: Any, out_end: Any, out_failed: Any, out_spans: Any, out_kinds: Any,
) -> None:  # fmt: skip
    for span in range(request.size):
        number = request[span]
        out_spans[number] += 1
        out_kinds[kind[span], number] += 1
        if depth[span] == 0:
            out_failed[number] &= is_failed[span]
            out_start[number] = min(out_start[number], start[span])
            if end[span] != no_time:
                is_first = out_end[number] == no_time
                out_end[number] = end[span] if is_first else max(out_end[number], end[span])
