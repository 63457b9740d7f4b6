"""Where does the time of each request go? To the stage of whatever it waited for, back along its critical path.

Shape in: the spans of ``tree``, in its order, with their times and stages.  Shape out: rows (request, stage, ns) that
add up, for each request, to the time from its first start to its last end, to the nanosecond.

From a span's end backwards, each instant belongs to the child that was running then; of several, to the one that ended
last, for that one the span waited. Where none was running the time is the span's own. Children are cut to their
parents' time, and one without children that does not say what it does takes no time from those that do. So parallel
work counts once, by its longest branch, and no gap is spread over what is known.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from costctl.arrays import Bools, Ints, SmallInts
from costctl.span_trees.stage_loop import walk_requests
from costctl.store.spans import STAGES

PHASES: Final = ("queue", "prefill", "decode")
UNINSTRUMENTED: Final = "uninstrumented"
MODEL_CALL: Final = "model_call"  # a generation without a time to first token: prefill and decode in one
ALL_STAGES: Final = (*PHASES, *(stage for stage in STAGES if stage not in PHASES), UNINSTRUMENTED, MODEL_CALL)
_GAP: Final = ALL_STAGES.index(UNINSTRUMENTED)
# Their spans say who did the work, not what was done: once children tell of a part of it, the rest is a gap.
WRAPPING: Final = ("gateway", "other")
_WITH_CHILDREN: Final = np.array([_GAP if name in WRAPPING else code for code, name in enumerate(ALL_STAGES)])
_SILENT: Final = ALL_STAGES.index("other")
UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class TimedSpans:
    """n spans in the order of a ``SpanTree``. stage: index into ALL_STAGES.

    queue_ns, ttft_ns: of a call, from its start to the end of its queueing and to its first token; UNKNOWN where not
    observed, and of every other span.
    """

    request: SmallInts
    parent: SmallInts
    start_ns: Ints
    end_ns: Ints
    is_timed: Bools
    stage: npt.NDArray[np.uint8]
    queue_ns: Ints
    ttft_ns: Ints


@dataclass(frozen=True, slots=True)
class StageTimes:
    """One row per (request, stage) with any time in it. stage: index into ALL_STAGES."""

    request: SmallInts
    stage: npt.NDArray[np.int8]
    self_ns: Ints


def stage_times(spans: TimedSpans) -> StageTimes:
    """The time of each request in each of its stages."""
    requests = int(spans.request[-1]) + 1 if spans.request.size else 0
    begins = np.searchsorted(spans.request, np.arange(requests + 1, dtype=spans.request.dtype))
    halves = [begins[: requests // 2 + 1], begins[requests // 2 :]]
    rooms = [_room(spans, half) for half in halves]
    columns: tuple[Any, Any, Any] = (
        np.empty(sum(rooms), spans.request.dtype),
        np.empty(sum(rooms), np.int8),
        np.empty(sum(rooms), np.int64),
    )

    def walked(half: int) -> int:
        at = 0 if half == 0 else rooms[0]
        return _walk(spans, halves[half], 0 if half == 0 else requests // 2, *(each[at:] for each in columns))

    with ThreadPoolExecutor(
        len(halves)
    ) as executor:  # requests share nothing, so that threads may take some each
        first, second = executor.map(walked, range(len(halves)))
    for column in columns:
        column[first : first + second] = column[rooms[0] : rooms[0] + second]
    request, stage, self_ns = (column[: first + second] for column in columns)
    return StageTimes(request, stage, self_ns)


def _room(spans: TimedSpans, begins: Ints) -> int:
    """How many rows these requests have at most: of each span its own stage, the gap, and the phases of a call."""
    part = slice(begins[0], begins[-1])
    phases = sum(np.count_nonzero(phase[part] != UNKNOWN) for phase in (spans.ttft_ns, spans.queue_ns))
    return int(2 * (begins[-1] - begins[0]) + 2 * phases + begins.size)


def _walk(spans: TimedSpans, begins: Ints, first: int, request: Any, stage: Any, self_ns: Any) -> int:
    """Write the rows of the requests that begin there, the first of which has that number; how many rows."""
    largest = int(np.diff(begins).max(initial=0))
    return walk_requests(
        first, begins, spans.parent, spans.start_ns, spans.end_ns, spans.is_timed, spans.stage, _WITH_CHILDREN,
        spans.queue_ns, spans.ttft_ns, _GAP, _SILENT,
        np.empty(largest, np.int64), np.empty((largest + 1, 3), np.int64), np.empty((largest + 2, 4), np.int64),
        np.zeros(len(ALL_STAGES), np.int64), request, stage, self_ns,
    )  # fmt: skip
