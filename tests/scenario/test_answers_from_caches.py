"""Calls that a cache answers: they take no replica, what followed them still does, and their chains stay whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from costctl.arrays import Bools
from costctl.scenario.caches import replay_with_answers
from costctl.simulate.counterfactual import answered
from costctl.simulate.network import replay_network
from costctl.simulate.workload import CallStatus, Outcome, Pool, ServiceModel, Workload
from tests.oracles.small_replays import pool_setup

POOLS = [Pool(ServiceModel("continuous", 0.5, 0.25, 0.125), pool_setup(replicas=2))]
TOOK_S = 0.0625


def chains(seed: int, size: int = 24) -> Workload:
    """Some calls that come by themselves, each followed by some that follow one another."""
    draw = np.random.default_rng(seed)
    arrival_s = np.sort(draw.integers(0, 160, size) / 8.0)
    after = np.where(draw.random(size) < 0.6, (draw.random(size) * np.arange(size)).astype(np.int64), -1)
    after[0] = -1
    return Workload(
        arrival_s=arrival_s,
        after=after,
        think_s=np.where(after >= 0, draw.integers(0, 16, size) / 8.0, 0.0),
        uncached_tokens=draw.integers(1, 9, size),
        decode_steps=draw.integers(0, 9, size),
        lane=np.zeros(size, np.int64),
        replica=np.full(size, -1),
    )


def with_answers(workload: Workload, is_answered: Bools) -> Outcome:
    took_s = np.full(workload.size, TOOK_S)
    return replay_with_answers(workload, np.zeros(workload.size, np.int64), POOLS, is_answered, took_s)


@given(st.integers(0, 500))
def test_without_hits_nothing_changes(seed: int) -> None:
    workload = chains(seed)
    plain = replay_network(workload, np.zeros(workload.size, np.int64), POOLS)
    found = with_answers(workload, np.zeros(workload.size, np.bool_))
    np.testing.assert_array_equal(found.end_s, plain.end_s)
    np.testing.assert_array_equal(found.busy_s, plain.busy_s)


@given(st.integers(0, 500))
def test_where_everything_is_answered_no_replica_is_busy(seed: int) -> None:
    workload = chains(seed)
    found = with_answers(workload, np.ones(workload.size, np.bool_))
    assert found.busy_s.sum() == 0.0
    assert (found.status == CallStatus.SERVED).all()
    np.testing.assert_allclose(found.end_s, found.arrival_s + TOOK_S)


@given(st.integers(0, 500))
def test_every_call_comes_its_time_after_the_end_of_the_one_that_it_follows(seed: int) -> None:
    workload = chains(seed)
    is_answered = np.random.default_rng([seed, 1]).random(workload.size) < 0.4
    found = with_answers(workload, is_answered)
    follows = workload.after >= 0
    came_s = np.where(follows, found.end_s[workload.after] + workload.think_s, workload.arrival_s)
    np.testing.assert_allclose(found.arrival_s, came_s)
    np.testing.assert_allclose((found.end_s - found.arrival_s)[is_answered], TOOK_S)
    assert (found.replica[is_answered] == -1).all()
    assert (found.replica[~is_answered] >= 0).all()


def test_a_follower_of_an_answered_call_follows_the_one_before_it() -> None:
    workload = Workload(
        arrival_s=np.array([0.0, 1.0, 2.0]),
        after=np.array([-1, 0, 1]),
        think_s=np.array([0.0, 0.5, 0.25]),
        uncached_tokens=np.ones(3, np.int64),
        decode_steps=np.zeros(3, np.int64),
        lane=np.zeros(3, np.int64),
        replica=np.full(3, -1),
    )
    took_s = np.full(3, TOOK_S)
    middle, which = answered(workload, np.array([False, True, False]), took_s)
    assert which.tolist() == [0, 2]
    assert middle.after.tolist() == [-1, 0]
    assert middle.think_s.tolist() == [0.0, 0.5 + TOOK_S + 0.25]
    last, which = answered(workload, np.array([True, True, False]), took_s)
    assert which.tolist() == [2]
    assert (last.after.tolist(), last.think_s.tolist()) == ([-1], [0.0])
    assert last.arrival_s.tolist() == [TOOK_S + 0.5 + TOOK_S + 0.25]
