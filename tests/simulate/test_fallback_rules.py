"""Fallbacks: to which pool a call that would leave goes on, and on what. By hand, and by laws."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.simulate.lanes import Fallback, FallbackCause
from costctl.simulate.network import replay_network
from costctl.simulate.workload import CallStatus, Outage, Pool, ServiceModel
from tests.oracles.small_replays import plain_workload, pool_setup, random_case
from tests.thoroughness import how_many

ONE_SECOND_A_TOKEN = ServiceModel("continuous", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)
SERVED, REJECTED = CallStatus.SERVED, CallStatus.REJECTED
ERROR, TIMEOUT = FallbackCause.ERROR, FallbackCause.TIMEOUT
OVERLOAD, CONTEXT_WINDOW = FallbackCause.OVERLOAD, FallbackCause.CONTEXT_WINDOW


def pool(*fallbacks: Fallback, **rules: object) -> Pool:
    return Pool(ONE_SECOND_A_TOKEN, pool_setup(max_num_seqs=1, fallbacks=(fallbacks,), **rules))


def test_a_refused_call_goes_on_along_the_list_until_somebody_has_room() -> None:
    # a takes pool 0 and b pool 1; c finds both taken and begins in pool 2. d finds no room anywhere.
    workload = plain_workload([0.0, 0.1, 0.2, 0.3], tokens=5)
    first = pool(Fallback(1, OVERLOAD), Fallback(2, OVERLOAD), queue_limit=0)
    pools = [first, pool(queue_limit=0), pool(queue_limit=0)]
    outcome = replay_network(workload, np.zeros(4, np.int64), pools)
    assert outcome.status.tolist() == [SERVED, SERVED, SERVED, REJECTED]
    assert outcome.pool.tolist() == [0, 1, 2, 2]
    assert outcome.attempts.tolist() == [1, 2, 3, 3]
    assert outcome.fell_back is not None
    assert outcome.fell_back.tolist() == [0, 1, 2, 2]
    assert outcome.begin_s[:3].tolist() == [0.0, 0.1, 0.2]


def test_each_cause_goes_its_own_way() -> None:
    # a is broken off at 4 (timeout); b finds no room at 1 (overload); c does not fit into the KV memory (context
    # window); d is lost with its replica at 20, and e finds none up at 21 (error).
    workload = plain_workload([0.0, 1.0, 10.0, 19.0, 21.0], tokens=[6, 1, 200, 3, 1])
    first = pool(
        Fallback(1, OVERLOAD),
        Fallback(2, TIMEOUT),
        Fallback(3, ERROR),
        Fallback(4, CONTEXT_WINDOW),
        queue_limit=0,
        timeout_s=4.0,
        kv_tokens=160,
        outages=(Outage(0, 20.0, 30.0),),
    )
    outcome = replay_network(workload, np.zeros(5, np.int64), [first, pool(), pool(), pool(), pool()])
    assert outcome.pool.tolist() == [2, 1, 4, 3, 3]
    assert outcome.status.tolist() == [SERVED] * 5
    assert outcome.begin_s.tolist() == [4.0, 1.0, 10.0, 20.0, 23.0]
    assert outcome.end_s.tolist() == [10.0, 2.0, 210.0, 23.0, 24.0]
    assert outcome.busy_s.tolist() == [
        7.0,
        1.0,
        6.0,
        4.0,
        200.0,
    ]  # six seconds for a, one for d, and both lost


def test_a_cause_that_no_fallback_names_is_left_to_retries() -> None:
    # a is served in [0, 3). b finds no room at 1, comes again at 3.5, begins, and is broken off at 7: on that it goes
    # on to pool 1. c finds no room at 4, and none at 6.5, and nothing takes it on that.
    workload = plain_workload([0.0, 1.0, 4.0], tokens=[3, 5, 1])
    first = pool(Fallback(1, TIMEOUT), queue_limit=0, timeout_s=3.5, retries=1, backoff_s=2.5)
    outcome = replay_network(workload, np.zeros(3, np.int64), [first, pool()])
    assert outcome.status.tolist() == [SERVED, SERVED, REJECTED]
    assert outcome.pool.tolist() == [0, 1, 0]
    assert outcome.attempts.tolist() == [1, 3, 2]
    assert outcome.end_s[:2].tolist() == [3.0, 12.0]
    assert outcome.busy_s.tolist() == [8.0, 5.0]


def test_a_client_that_comes_again_comes_to_the_pool_where_it_was_last() -> None:
    workload = plain_workload([0.0, 1.0], tokens=[9, 1])
    first = pool(Fallback(1, OVERLOAD), queue_limit=0)
    second = pool(queue_limit=0, retries=1, backoff_s=2.0, outages=(Outage(0, 0.5, 2.0),))
    outcome = replay_network(workload, np.zeros(2, np.int64), [first, second])
    assert (outcome.pool[1], outcome.begin_s[1], outcome.attempts[1]) == (1, 3.0, 3)


@given(st.integers(0, 1_000_000), st.booleans())
@settings(max_examples=how_many(30, thorough=150), deadline=None)
def test_a_pool_that_is_down_and_falls_back_is_as_if_it_was_not_there(seed: int, on_grid: bool) -> None:
    case = random_case(seed, on_grid=on_grid)
    there = case.pools[0]
    alone = dataclasses.replace(case.workload, replica=np.full(case.workload.size, -1))
    lanes = dataclasses.replace(
        there.setup.lanes, fallbacks=((Fallback(1, ERROR),),) * there.setup.lanes.count
    )
    outages = tuple(Outage(replica, 0.0, np.inf) for replica in range(there.setup.replicas))
    down = Pool(there.model, dataclasses.replace(there.setup, lanes=lanes, outages=outages))
    nobody = np.zeros(case.workload.size, np.int64)
    fallen, straight = (replay_network(alone, nobody, pools) for pools in ([down, there], [there]))
    np.testing.assert_array_equal(fallen.status, straight.status)
    for name in ("arrival_s", "begin_s", "first_token_s", "end_s"):
        np.testing.assert_array_equal(getattr(fallen, name), getattr(straight, name))
