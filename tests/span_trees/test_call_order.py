"""What came before and after each call within its request."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.span_trees.call_order import NONE, CallOrder, call_order
from costctl.span_trees.tree import NO_TIME

Call = tuple[int, int, int, int]  # request, operation, start, end


def order_of(*calls: Call) -> CallOrder:
    return call_order(*(np.array(column, np.int64) for column in zip(*calls, strict=True)))


def test_a_call_comes_after_the_one_that_had_ended_last() -> None:
    order = order_of((0, 0, 0, 5), (0, 0, 1, 3), (0, 0, 6, 9), (1, 0, 20, 21))
    assert order.after.tolist() == [NONE, NONE, 0, NONE]
    assert order.place.tolist() == [1, 2, 3, 1]
    assert order.calls_in_request.tolist() == [3, 3, 3, 1]


def test_only_a_later_call_of_the_same_operation_follows() -> None:
    assert order_of((0, 1, 0, 5), (0, 2, 6, 7), (0, 1, 8, 9)).is_followed.tolist() == [True, False, False]


def test_a_call_without_a_time_comes_after_none_and_before_none() -> None:
    order = order_of((0, 0, 0, NO_TIME), (0, 0, 6, 7), (0, 0, NO_TIME, NO_TIME))
    assert order.after.tolist() == [NONE, NONE, NONE]


calls_of_requests = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 20), st.integers(0, 9)), min_size=1, max_size=30
).map(lambda drawn: [(request, kind, start, start + length) for request, kind, start, length in sorted(
    drawn, key=lambda call: (call[0], call[2]))])  # fmt: skip


@settings(deadline=None)  # what is compiled first takes longer
@given(calls_of_requests)
def test_it_is_what_looking_at_every_pair_finds(calls: list[Call]) -> None:
    order = order_of(*calls)
    for number, (request, kind, start, _) in enumerate(calls):
        before = [other for other in range(number) if calls[other][0] == request]
        ended = [other for other in before if calls[other][3] <= start]
        assert order.after[number] == max(ended, key=lambda other: (calls[other][3], other), default=NONE)
        later = [other for other in range(number + 1, len(calls)) if calls[other][0] == request]
        assert order.is_followed[number] == any(calls[other][1] == kind for other in later)
        assert order.calls_in_request[number] == len(before) + 1 + len(later)
