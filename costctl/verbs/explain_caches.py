"""What ``explain`` adds of prompt caches: to the calls of a request, and to a class.

Whether a prompt could have been read depends on all calls before it, so all that are bought are played. Where no prompt
is known nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from costctl.documents.cache_misses import CallCache
from costctl.documents.explanation import ClassExplanation, RequestExplanation
from costctl.engine.protocol import Engine
from costctl.observation import Observation
from costctl.progress import Progress
from costctl.verbs.bought import missed_calls_in

if TYPE_CHECKING:
    from costctl.rebill.calls import BoughtCalls
    from costctl.rebill.misses import Misses

MOST_CALLS: Final = 10  # of a class that are shown


def with_caches_of_requests(
    observation: Observation, progress: Progress, requests: Sequence[RequestExplanation], keys: Sequence[Any]
) -> tuple[RequestExplanation, ...]:
    """The requests with what their calls read. keys: of the requests, in their order."""
    found = missed_calls_in(observation, progress) if keys else None
    if found is None:
        return tuple(requests)
    calls, misses = found
    explained = []
    for request, key in zip(requests, keys, strict=True):
        rows = (calls.frame["request_id"] == key).arg_true().to_list()
        caches = {each.call_id: each for each in _caches(observation.engine, calls, misses, rows)}
        listed = [caches[each.call_id] for each in request.calls if each.call_id in caches]
        explained.append(replace(request, caches=tuple(listed)))
    return tuple(explained)


def with_caches_of_class(
    observation: Observation, progress: Progress, explained: ClassExplanation
) -> ClassExplanation:
    """The class with what its calls did not read, and the calls that cost most for it."""
    found = missed_calls_in(observation, progress)
    if found is None:
        return explained
    from costctl.rebill.miss_report import missed_of, worst_calls

    calls, misses = found
    own = calls.of_class(explained.request_class)
    if not (own & misses.is_used).any():
        return explained
    rows = worst_calls(misses, own, MOST_CALLS).tolist()
    return replace(
        explained,
        missed=missed_of(calls, misses, own),
        missed_calls=tuple(_caches(observation.engine, calls, misses, rows)),
    )


def _caches(engine: Engine, calls: BoughtCalls, misses: Misses, rows: list[int]) -> Iterable[CallCache]:
    from costctl.rebill.miss_report import call_caches

    frame = calls.frame
    requests = frame["request_id"].gather(rows).unique().to_list()
    spans = engine.fetch_where("span_ids", "request_id", requests)
    names = {
        row["span_key"]: (f"{row['trace_id']}:{row['span_id']}", str(row["trace_id"]))
        for row in spans.iter_rows(named=True)
    }
    return call_caches(calls, misses, rows, lambda row: names[frame["call_id"][row]])
