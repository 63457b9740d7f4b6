"""How much of its replica's busy time does each call answer for?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.span_trees.occupancy import NONE, CallShares, HeldTimes, OccupancyClock, occupancy

Call = tuple[int, int, int]  # replica, begin and end in whole seconds

calls_of_replicas = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(1, 9)).map(
        lambda drawn: (drawn[0], drawn[1], drawn[1] + drawn[2])
    ),
    max_size=15,
)


def occupied(calls: list[Call], first: int = 1000) -> tuple[OccupancyClock, CallShares]:
    """Calls that weigh ``first`` thousandths before the middle of their time and 1 after it."""
    replica, begin, end = np.array(calls, np.int64).reshape(-1, 3).T
    weights = np.full(replica.size, first), np.full(replica.size, 1000)
    middle = (begin + end) * 5 * 10**8 if first != 1000 else np.full(replica.size, NONE)
    return occupancy(HeldTimes(replica, begin * 10**9, middle, end * 10**9, *weights))


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


@given(calls_of_replicas, st.sampled_from([500, 1000, 3000]))
def test_shares_sum_to_busy_time_and_lie_between_time_alone_and_duration(
    calls: list[Call], first: int
) -> None:
    clock, shares = occupied(calls, first)
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


def test_a_call_that_reads_its_prompt_answers_for_more_where_that_weighs_more() -> None:
    # Both are there for two seconds; the first reads in the first of them, the second decodes throughout.
    calls = HeldTimes(
        replica=np.zeros(2, np.int64),
        begin_ns=np.zeros(2, np.int64),
        first_token_ns=np.array([10**9, NONE]),
        end_ns=np.full(2, 2 * 10**9),
        first_weight=np.array([3000, 1000]),
        last_weight=np.array([1000, 1000]),
    )
    _, shares = occupancy(calls)
    assert shares.share_s.tolist() == pytest.approx([0.75 + 0.5, 0.25 + 0.5])
