"""How many calls of a lane may be there, and come in a minute: by hand, and at every instant."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.simulate.lanes import Fallback, FallbackCause
from costctl.simulate.network import replay_network
from costctl.simulate.workload import CallStatus, Pool, ServiceModel
from tests.oracles.one_pool import replay
from tests.oracles.small_replays import plain_workload, pool_setup
from tests.thoroughness import how_many

ONE_SECOND_A_TOKEN = ServiceModel("continuous", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)
SERVED, REJECTED = CallStatus.SERVED, CallStatus.REJECTED


def test_a_lane_has_so_many_waiting_and_in_progress_and_no_more() -> None:
    # Two of lane 0 may be there: a, served in [0, 4), and b, which waits. c finds both and is refused, d is of lane 1.
    # e comes at the instant at which a ends and finds it still there; f does not.
    workload = plain_workload(
        [0.0, 1.0, 2.0, 3.0, 4.0, 4.5], tokens=[4, 1, 1, 1, 1, 1], lane=[0, 0, 0, 1, 0, 0]
    )
    setup = pool_setup(max_num_seqs=1, lane_rank=(0, 0), concurrency=(2, -1))
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.status.tolist() == [SERVED, SERVED, REJECTED, SERVED, REJECTED, SERVED]
    assert outcome.replica.tolist() == [0, 0, -1, 0, -1, 0]
    assert outcome.end_s[[0, 1, 3, 5]].tolist() == [4.0, 5.0, 6.0, 7.0]


def test_so_many_come_in_a_minute_and_those_refused_do_not_count() -> None:
    workload = plain_workload([0.0, 1.0, 2.0, 59.0, 60.0, 61.0, 62.0, 120.0], tokens=1)
    outcome = replay(workload, ONE_SECOND_A_TOKEN, pool_setup(per_minute=2))
    taken = [SERVED, SERVED, REJECTED, REJECTED, SERVED, SERVED, REJECTED, SERVED]
    assert outcome.status.tolist() == taken


def test_a_call_that_was_let_in_is_not_counted_again_where_it_falls_back() -> None:
    # Both pools are of one class that one call a minute may come of. a falls back from a full queue and is let through.
    workload = plain_workload([0.0, 1.0, 2.0], tokens=[5, 2, 1], lane=[1, 0, 0])
    rules = {"max_num_seqs": 1, "lane_rank": (0, 0), "per_minute": (1, -1), "queue_limit": 0}
    fallbacks = ((Fallback(1, FallbackCause.OVERLOAD),), ())
    first = Pool(ONE_SECOND_A_TOKEN, pool_setup(**rules, fallbacks=fallbacks))
    outcome = replay_network(
        workload, np.zeros(3, np.int64), [first, Pool(ONE_SECOND_A_TOKEN, pool_setup(**rules))]
    )
    assert outcome.status.tolist() == [
        SERVED,
        SERVED,
        REJECTED,
    ]  # c: neither is it let in, nor has pool 1 room
    assert outcome.pool.tolist() == [0, 1, 1]
    assert outcome.attempts.tolist() == [1, 2, 2]


@given(st.integers(0, 1_000_000), st.integers(1, 5), st.integers(1, 12))
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_at_no_instant_are_more_there_and_in_no_minute_do_more_come(
    seed: int, concurrency: int, per_minute: int
) -> None:
    draw = np.random.default_rng(seed)
    n = 80
    workload = plain_workload(np.sort(draw.integers(0, 8 * 240, n)) / 8, tokens=draw.integers(1, 20, n))
    setup = pool_setup(max_num_seqs=2, concurrency=concurrency, per_minute=per_minute)
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    served = outcome.status == SERVED
    arrival_s, end_s = outcome.arrival_s[served], outcome.end_s[served]
    there = (arrival_s[:, None] >= arrival_s) & (arrival_s[:, None] <= end_s)
    there &= np.arange(arrival_s.size)[:, None] >= np.arange(
        arrival_s.size
    )  # of one instant the later come after
    assert there.sum(axis=1).max(initial=0) <= concurrency
    assert np.bincount((arrival_s // 60).astype(int)).max(initial=0) <= per_minute
    free = dataclasses.replace(setup, lanes=pool_setup().lanes)
    assert (replay(workload, ONE_SECOND_A_TOKEN, free).status == SERVED).all()
