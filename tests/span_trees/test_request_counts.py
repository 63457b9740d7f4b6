"""What do the spans of each request add up to?"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.span_trees.gather import gathered
from costctl.span_trees.request_counts import KINDS, RequestCounts, request_counts
from costctl.span_trees.tree import NO_TIME

Span = tuple[int, int, int, int, bool, int]  # request, depth, start, end, whether it failed, kind

spans_of_requests = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 2),
        st.integers(0, 50) | st.just(NO_TIME),
        st.integers(50, 90) | st.just(NO_TIME),
        st.booleans(),
        st.integers(0, len(KINDS) - 1),
    ),
    min_size=1,
    max_size=30,
).map(lambda drawn: sorted(drawn, key=lambda span: span[0]))


def counts_of(spans: list[Span]) -> RequestCounts:
    request, depth, start, end, failed, kind = (np.array(column) for column in zip(*spans, strict=True))
    return request_counts(request, depth, start, end, failed, kind.astype(np.uint8))


@settings(deadline=None)  # what is compiled first takes longer
@given(spans_of_requests)
def test_it_is_what_a_list_of_the_spans_gives(spans: list[Span]) -> None:
    counts = counts_of(spans)
    for number in range(counts.spans.size):
        own = [span for span in spans if span[0] == number]
        entries = [span for span in own if span[1] == 0]
        ends = [span[3] for span in entries if span[3] != NO_TIME]
        assert counts.spans[number] == len(own)
        assert counts.start_ns[number] == min((span[2] for span in entries), default=NO_TIME)
        assert counts.end_ns[number] == max(ends, default=NO_TIME)
        assert counts.has_failed[number] == all(span[4] for span in entries)
        assert [counts.kinds[kind, number] for kind in range(len(KINDS))] == [
            sum(span[5] == kind for span in own) for kind in range(len(KINDS))
        ]


@settings(deadline=None)  # what is compiled first takes longer
@given(st.lists(st.integers(0, 9), max_size=20))
def test_values_are_gathered_by_their_places(places: list[int]) -> None:
    values = np.arange(10) ** 2
    for width in (np.int32, np.int64):
        assert gathered(values, np.array(places, width)).tolist() == [place**2 for place in places]
