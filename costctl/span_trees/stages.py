"""Where does the time of each request go? To the stage of whatever it waited for, back along its critical path.

Shape in: the spans of ``tree``, in its order, with their times and stages.  Shape out: rows (request, stage, ns) that
add up, for each request, to the time from its first start to its last end, to the nanosecond.

From a span's end backwards, each instant belongs to the child that was running then; of several, to the one that ended
last, for that one the span waited. Where none was running the time is the span's own. Children are cut to their
parents' time. So parallel work counts once, by its longest branch, and no gap is spread over what is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.span_trees.stage_loop import walk_requests
from costctl.span_trees.tree import Bools, Ints
from costctl.store.spans import STAGES

PHASES: Final = ("queue", "prefill", "decode")
UNINSTRUMENTED: Final = "uninstrumented"
ALL_STAGES: Final = (*PHASES, *(stage for stage in STAGES if stage not in PHASES), UNINSTRUMENTED)
# Their spans say who did the work, not what was done: once children tell of a part of it, the rest is a gap.
_WRAPPING: Final = ("gateway", "other")


@dataclass(frozen=True, slots=True)
class TimedSpans:
    """n spans in the order of a ``SpanTree``. stage: index into ALL_STAGES.

    phase_ends_ns: n × 3, where the queueing, prefill and decoding of a call ended; 0 where it has no such phase.
    """

    request: Ints
    parent: Ints
    start_ns: Ints
    end_ns: Ints
    is_timed: Bools
    stage: Ints
    phase_ends_ns: Ints


@dataclass(frozen=True, slots=True)
class StageTimes:
    """One row per (request, stage) with any time in it. stage: index into ALL_STAGES."""

    request: Ints
    stage: Ints
    self_ns: Ints


def stage_times(spans: TimedSpans) -> StageTimes:
    """The time of each request in each of its stages."""
    requests = int(spans.request.max(initial=-1)) + 1
    begins = np.searchsorted(spans.request, np.arange(requests + 1))
    largest = int(np.diff(begins).max(initial=0))
    gap = ALL_STAGES.index(UNINSTRUMENTED)
    with_children = np.where(
        np.isin(spans.stage, [ALL_STAGES.index(name) for name in _WRAPPING]), gap, spans.stage
    )
    # Each span adds at most its own stage, the gap, and what phases it has.
    room = 2 * spans.request.size + int(np.count_nonzero(spans.phase_ends_ns)) + requests
    out = np.empty((3, room), np.int64)
    written = walk_requests(
        begins, spans.parent, spans.start_ns, spans.end_ns, spans.is_timed,
        np.stack([spans.stage, with_children], axis=1), spans.phase_ends_ns, gap,
        np.empty(largest, np.int64), np.empty((largest + 1, 2), np.int64), np.empty((largest + 2, 4), np.int64),
        np.zeros(len(ALL_STAGES), np.int64), out[0], out[1], out[2],
    )  # fmt: skip
    return StageTimes(out[0, :written], out[1, :written], out[2, :written])


def phase_ends_ns(
    start_ns: Ints,
    end_ns: Ints,
    queue_s: np.ndarray,
    ttft_s: np.ndarray,
    is_call: Bools,
    is_generation: Bools,
) -> Ints:
    """Where the phases of calls end. queue_s, ttft_s: from the start, NaN where not observed."""
    has_queue = is_call & (queue_s >= 0)
    busy_from = np.where(has_queue, start_ns + _ns(queue_s), start_ns)
    busy_from = np.minimum(busy_from, end_ns)
    has_first = is_call & is_generation & (ttft_s >= 0)
    first_token = np.clip(start_ns + _ns(ttft_s), busy_from, end_ns)
    return np.stack(
        [
            np.where(has_queue, busy_from, 0),
            np.where(has_first, first_token, 0),
            np.where(has_first, end_ns, 0),
        ],
        axis=1,
    )


def _ns(seconds: np.ndarray) -> Ints:
    rounded: Ints = np.rint(np.nan_to_num(seconds) * 1e9).astype(np.int64)
    return rounded
