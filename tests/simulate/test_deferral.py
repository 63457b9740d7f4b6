"""Calls that may wait are moved into slack, whole requests at a time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.simulate.deferral import deferred
from tests.oracles.small_replays import plain_workload, random_case
from tests.thoroughness import how_many

SEEDS = st.integers(0, 1_000_000)


def test_calls_that_may_wait_are_spread_over_the_next_window_within_their_deadline() -> None:
    workload = plain_workload([0.0, 1.0, 2.0, 12.0, 20.0], tokens=[1, 2, 3, 4, 5])
    may_wait = np.array([True, False, True, True, True])
    later, origin = deferred(workload, may_wait, 30.0, np.array([[10.0, 14.0], [60.0, 70.0]]))
    assert later.arrival_s.tolist() == [1.0, 11.0, 12.0, 13.0, 20.0]  # 12 is in slack, 60 is too late for 20
    assert origin.tolist() == [1, 0, 3, 2, 4]
    assert later.uncached_tokens.tolist() == [2, 1, 4, 3, 5]


def test_no_call_arrives_after_its_deadline_although_its_window_is_longer() -> None:
    later, _ = deferred(plain_workload([0.0, 0.0]), np.ones(2, np.bool_), 11.0, np.array([[10.0, 20.0]]))
    assert later.arrival_s.tolist() == [11.0, 11.0]


def test_followers_come_along_with_the_call_at_the_head_of_their_request() -> None:
    chain = dataclasses.replace(plain_workload([0.0, 1.0, 3.0]), after=np.array([-1, 0, -1]))
    later, origin = deferred(chain, np.array([True, True, False]), 9.0, np.array([[5.0, 7.0]]))
    assert origin.tolist() == [2, 0, 1]
    assert later.arrival_s.tolist() == [3.0, 6.0, 7.0]
    assert later.after.tolist() == [-1, -1, 1]


def test_half_a_request_is_not_deferred_and_windows_do_not_overlap() -> None:
    chain = dataclasses.replace(plain_workload([0.0, 1.0]), after=np.array([-1, 0]))
    with pytest.raises(ValueError, match="whole requests"):
        deferred(chain, np.array([True, False]), 9.0, np.array([[5.0, 7.0]]))
    with pytest.raises(ValueError, match="overlap"):
        deferred(chain, np.array([True, True]), 9.0, np.array([[5.0, 7.0], [6.0, 8.0]]))


@given(SEEDS)
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_no_call_is_lost_none_comes_earlier_and_none_that_may_not_wait_is_moved(seed: int) -> None:
    workload, draw = random_case(seed, on_grid=False).workload, np.random.default_rng(seed)
    head = np.arange(workload.size)
    for call, before in enumerate(workload.after.tolist()):
        head[call] = call if before < 0 else head[before]
    may_wait = (draw.random(workload.size) < 0.5)[head]
    edges_s = np.sort(draw.uniform(0, 60, 6)).reshape(3, 2)
    later, origin = deferred(workload, may_wait, 15.0, edges_s)
    shift_s = later.arrival_s - workload.arrival_s[origin]
    assert sorted(origin.tolist()) == list(range(workload.size))
    assert (np.diff(later.arrival_s) >= 0).all()
    assert (shift_s >= 0).all()
    assert (shift_s <= 15.0 + 1e-9).all()
    assert (shift_s[~may_wait[origin]] == 0).all()
    is_moved = (shift_s > 0) & (later.after < 0)
    inside = (later.arrival_s[:, None] >= edges_s[:, 0]) & (later.arrival_s[:, None] <= edges_s[:, 1])
    assert inside.any(axis=1)[is_moved].all()
