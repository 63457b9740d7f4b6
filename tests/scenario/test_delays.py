"""A request is delayed along the chains of its calls: one after the other adds up, side by side does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.scenario.delays import accumulated_s, calls_before, end_delays_s


def test_calls_one_after_the_other_add_up() -> None:
    # three calls in a row, each 1 s longer: the request ends 3 s later
    total_s = accumulated_s(np.ones(3), np.array([-1, 0, 1]))
    assert total_s.tolist() == [1.0, 2.0, 3.0]
    assert end_delays_s(total_s, np.array([1.0, 2.0, 3.0]), np.zeros(3, int), 1).tolist() == [3.0]


def test_calls_side_by_side_delay_by_the_one_that_ends_last() -> None:
    # one call until 1 s, another until 5 s; both 2 s longer: the request ends 2 s later, not 4
    total_s = accumulated_s(np.full(2, 2.0), np.array([-1, -1]))
    assert end_delays_s(total_s, np.array([1.0, 5.0]), np.zeros(2, int), 1).tolist() == [2.0]
    # 3 s more for the short one: it still ends first
    total_s = accumulated_s(np.array([3.0, 0.0]), np.array([-1, -1]))
    assert end_delays_s(total_s, np.array([1.0, 5.0]), np.zeros(2, int), 1).tolist() == [0.0]


def test_a_request_without_calls_is_not_delayed() -> None:
    assert end_delays_s(np.array([1.0]), np.array([2.0]), np.array([1]), 3).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.filterwarnings("error")
def test_a_request_that_today_does_not_serve_whole_is_not_delayed() -> None:
    # the second call of the first request is refused today; the other request is 1 s later
    end_s = np.array([2.0, np.nan, 3.0])
    assert end_delays_s(np.array([1.0, np.inf, 1.0]), end_s, np.array([0, 0, 1]), 2).tolist() == [0.0, 1.0]


def test_a_call_behind_one_that_is_not_replayed_follows_the_last_that_had_ended() -> None:
    # call 2 came when call 0 had ended; call 1 was still under way; call 3 is another request's
    before = calls_before(
        after=np.array([-1, -1, -1, -1]),
        request=np.array([0, 0, 0, 1]),
        arrival_s=np.array([0.0, 0.0, 2.0, 3.0]),
        end_s=np.array([1.0, 9.0, 4.0, 5.0]),
    )
    assert before.tolist() == [-1, -1, 0, -1]


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(-1, 1000)), min_size=1, max_size=60))
def test_pointers_doubled_are_the_sum_along_the_chain(calls: list[tuple[int, int]]) -> None:
    longer_s = np.array([float(each) for each, _ in calls])
    before = np.array([min(link, place - 1) for place, (_, link) in enumerate(calls)])
    plain = longer_s.copy()
    for place, link in enumerate(before):
        if link >= 0:
            plain[place] += plain[link]
    assert accumulated_s(longer_s, before).tolist() == plain.tolist()
