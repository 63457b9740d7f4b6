"""How much of its replica's busy time does each call answer for?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.span_trees.occupancy import CallShares, OccupancyClock, occupancy

Call = tuple[int, int, int]  # replica, begin and end in whole seconds

calls_of_replicas = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(0, 9)).map(
        lambda drawn: (drawn[0], drawn[1], drawn[1] + drawn[2])
    ),
    max_size=15,
)


def occupied(calls: list[Call]) -> tuple[OccupancyClock, CallShares]:
    replica, begin, end = np.array(calls, np.int64).reshape(-1, 3).T
    return occupancy(replica, begin * 10**9, end * 10**9)


def beside(calls: list[Call], call: Call) -> list[int]:
    """In each second of the call, how many calls its replica had in progress."""
    return [
        sum(other[0] == call[0] and other[1] <= second < other[2] for other in calls)
        for second in range(call[1], call[2])
    ]


@given(calls_of_replicas)
def test_each_second_is_split_equally_among_those_in_progress(calls: list[Call]) -> None:
    _, shares = occupied(calls)
    for number, call in enumerate(calls):
        assert shares.share_s[number] == pytest.approx(sum(1 / each for each in beside(calls, call)))
        assert shares.alone_s[number] == pytest.approx(sum(each == 1 for each in beside(calls, call)))


@given(calls_of_replicas)
def test_shares_sum_to_busy_time_and_lie_between_time_alone_and_duration(calls: list[Call]) -> None:
    clock, shares = occupied(calls)
    busy = {(call[0], second) for call in calls for second in range(call[1], call[2])}
    assert shares.share_s.sum() == pytest.approx(len(busy))
    assert sum(
        clock.busy_s[clock.replica == replica].max() for replica in np.unique(clock.replica)
    ) == pytest.approx(len(busy))
    durations = np.array([call[2] - call[1] for call in calls])
    assert (shares.alone_s <= shares.share_s + 1e-9).all()
    assert (shares.share_s <= durations + 1e-9).all()


@given(calls_of_replicas, st.integers(0, 10**6))
def test_neither_the_order_of_calls_nor_the_hour_matters(calls: list[Call], later: int) -> None:
    _, shares = occupied(calls)
    _, turned = occupied(calls[::-1])
    _, moved = occupied([(replica, begin + later, end + later) for replica, begin, end in calls])
    assert turned.share_s[::-1] == pytest.approx(shares.share_s)
    assert moved.share_s == pytest.approx(shares.share_s)
