"""Lanes that share, and refused calls: demoted, shed, retried."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from costctl.simulate.lanes import Fallback, FallbackCause, RefusalAction
from costctl.simulate.network import replay_network
from costctl.simulate.outcome_measures import status_counts, wait_s
from costctl.simulate.workload import CallStatus, ServiceModel
from tests.oracles.one_pool import replay
from tests.oracles.replay_laws import broken_laws
from tests.oracles.small_replays import plain_workload, pool_setup, random_case, random_case_of_all_rules
from tests.thoroughness import how_many

SEEDS = st.integers(0, 1_000_000)
ONE_SECOND_A_TOKEN = ServiceModel("static", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)
DEMOTE = int(RefusalAction.DEMOTE)
SERVED, REJECTED, EXPIRED = CallStatus.SERVED, CallStatus.REJECTED, CallStatus.EXPIRED


@given(SEEDS, st.booleans())
@example(seed=146, on_grid=False)  # a call whose replica failed has not begun again when the replay ends
@settings(max_examples=how_many(60, thorough=300), deadline=None)
def test_no_law_is_broken_with_all_rules_at_once(seed: int, on_grid: bool) -> None:
    case = random_case_of_all_rules(seed, on_grid=on_grid)
    outcome = replay_network(case.workload, case.pool_of, case.pools, case.until_s)
    assert broken_laws(case.workload, outcome) == ()
    assert sum(status_counts(outcome).values()) == case.workload.size
    assert (outcome.paid_s >= outcome.busy_s - 1e-9).all()
    assert (outcome.paid_s <= outcome.horizon_s + 1e-9).all()
    fell_back = np.zeros(case.workload.size) if outcome.fell_back is None else outcome.fell_back
    most = 1 + max(int(pool.setup.lanes.retries.max()) for pool in case.pools)
    assert (outcome.attempts - fell_back <= most).all()
    assert (fell_back < len(case.pools)).all()


@given(SEEDS)
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_a_replay_ended_early_is_the_beginning_of_the_whole_one(seed: int) -> None:
    case = random_case_of_all_rules(seed, on_grid=True)
    whole = replay_network(case.workload, case.pool_of, case.pools)
    until_s = float(np.random.default_rng(seed).uniform(0, 40))
    part = replay_network(case.workload, case.pool_of, case.pools, until_s)
    for name in ("arrival_s", "end_s"):
        cut = np.where(getattr(whole, name) <= until_s, getattr(whole, name), np.nan)
        np.testing.assert_array_equal(getattr(part, name), cut)
    assert (part.status[whole.end_s <= until_s] == SERVED).all()


@given(SEEDS)
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_at_one_replica_a_lane_is_first_come_first_served(seed: int) -> None:
    case = random_case(seed, on_grid=True)
    setup = dataclasses.replace(case.pools[0].setup, replicas=1)
    outcome = replay(case.workload, case.pools[0].model, setup)
    for lane in range(setup.lanes.count):
        here = np.flatnonzero((case.workload.lane == lane) & (outcome.status == SERVED))
        in_order = here[np.lexsort((outcome.begin_s[here], outcome.arrival_s[here]))]
        assert (np.diff(outcome.begin_s[in_order]) >= 0).all()


@given(SEEDS)
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_a_lane_served_before_more_others_waits_no_longer_call_by_call(seed: int) -> None:
    # A theorem for one replica that serves one call at a time, all of equal length, without limits: the
    # instants at which a call begins do not depend on the order, and the lane has had as many or more of
    # them. Where lengths differ, a long call of another lane may begin just before one of the lane comes.
    draw = np.random.default_rng(seed)
    workload = plain_workload(np.sort(draw.integers(0, 400, 50)) / 8, tokens=1, lane=draw.integers(0, 3, 50))
    rank = draw.integers(0, 4, 3)
    before = replay(workload, ONE_SECOND_A_TOKEN, pool_setup(max_num_seqs=1, lane_rank=rank))
    rank[1] -= draw.integers(1, 4)
    after = replay(workload, ONE_SECOND_A_TOKEN, pool_setup(max_num_seqs=1, lane_rank=rank))
    assert (wait_s(after) <= wait_s(before))[workload.lane == 1].all()
    np.testing.assert_array_equal(np.sort(after.begin_s), np.sort(before.begin_s))


@given(SEEDS, st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_lanes_that_always_wait_are_served_by_weight(seed: int, weight: int, other: int) -> None:
    # Goyal, Vin and Cheng 1996: |W1/w1 - W2/w2| is at most the largest work of each over its weight.
    draw = np.random.default_rng(seed)
    tokens, lane = draw.integers(1, 9, 200), draw.integers(0, 2, 200)
    setup = pool_setup(max_num_seqs=1, lane_rank=(0, 0), weight=(weight, other))
    outcome = replay(plain_workload(np.zeros(200), tokens=tokens, lane=lane), ONE_SECOND_A_TOKEN, setup)
    order = np.argsort(outcome.begin_s)
    work = np.array([np.cumsum(np.where(lane == each, tokens, 0)[order]) for each in (0, 1)])
    both_wait = (work < work[:, -1:] - 9).all(axis=0)
    ahead = np.abs(work[0] / weight - work[1] / other)[both_wait]
    assert (ahead <= 8 / weight + 8 / other + 1e-9).all()


@given(SEEDS, st.sampled_from([0.125, 0.25, 0.5]))
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_a_lane_gets_its_minimum_share_although_others_go_first(seed: int, share: float) -> None:
    draw = np.random.default_rng(seed)
    tokens, lane = draw.integers(1, 9, 200), draw.integers(0, 2, 200)
    setup = pool_setup(max_num_seqs=1, lane_rank=(0, 1), min_share=(0.0, share))
    outcome = replay(plain_workload(np.zeros(200), tokens=tokens, lane=lane), ONE_SECOND_A_TOKEN, setup)
    order = np.argsort(outcome.begin_s)
    own, every = np.cumsum(np.where(lane == 1, tokens, 0)[order]), np.cumsum(tokens[order])
    others_wait = every - own < tokens[lane == 0].sum()
    waits = own < tokens[lane == 1].sum()
    assert (own >= share * every - 8 * (1 + share))[waits].all()
    assert (own <= share * every + 8 * (1 + share))[
        others_wait
    ].all()  # no more either, by rank it comes last


def test_a_call_that_finds_its_lane_full_waits_in_the_lane_it_is_demoted_to() -> None:
    workload = plain_workload([0.0, 0.1, 0.2, 0.3, 0.4], tokens=1, lane=[0, 0, 0, 1, 0])
    setup = pool_setup(
        max_num_seqs=1, lane_rank=(0, 1), queue_limit=(1, 2), on_refusal=(DEMOTE, 0), demote_to=(1, -1)
    )
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.begin_s[:4].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert outcome.status.tolist() == [SERVED] * 4 + [REJECTED]  # lane 1 has two waiting by then


def test_a_call_that_waited_too_long_waits_on_in_the_lane_it_is_demoted_to() -> None:
    workload = plain_workload([0.0, 0.5, 0.6], tokens=[3, 1, 1], lane=[0, 0, 1])
    setup = pool_setup(
        max_num_seqs=1,
        lane_rank=(0, 1),
        time_to_live_s=(1.0, np.inf),
        on_expiry=(DEMOTE, 0),
        demote_to=(1, -1),
    )
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.begin_s.tolist() == [0.0, 4.0, 3.0]


def test_a_lane_is_shed_while_more_wait_in_the_pool_than_it_bears() -> None:
    workload = plain_workload([0.0, 0.1, 0.2, 0.3, 0.4], tokens=1, lane=[0, 0, 0, 1, 0])
    setup = pool_setup(max_num_seqs=1, lane_rank=(0, 1), shed_above=(np.inf, 1.0))
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.status.tolist() == [SERVED, SERVED, SERVED, REJECTED, SERVED]
    assert outcome.replica[3] == -1


def test_a_client_tries_again_later_and_later_and_its_latency_counts_from_the_first_time() -> None:
    workload = plain_workload([0.0, 0.5], tokens=[6, 1])
    setup = pool_setup(max_num_seqs=1, queue_limit=0, retries=3, backoff_s=1.0, backoff_factor=2.0)
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.attempts.tolist() == [1, 4]  # at 0.5, 1.5, 3.5 and 7.5
    assert outcome.arrival_s[1] == 0.5
    assert outcome.begin_s[1] == 7.5
    gone = replay(workload, ONE_SECOND_A_TOKEN, pool_setup(max_num_seqs=1, queue_limit=0, retries=2))
    assert gone.status[1] == REJECTED
    assert gone.attempts[1] == 3


def test_rules_that_contradict_each_other_are_refused() -> None:
    workload = plain_workload([0.0])
    for match, rules in {
        "demotes": {"on_refusal": DEMOTE, "demote_to": 0},
        "falls back to a pool that": {"fallbacks": ((Fallback(0, FallbackCause.ERROR),),)},
        "time-out": {"timeout_s": 0.0},
        "weight": {"weight": 0.0},
        "minimum shares": {"min_share": 1.5},
        "retries": {"retries": 101},
        "back-off": {"backoff_s": np.inf},
        "sheds": {"shed_above": -1.0},
        "unknown action": {"on_refusal": 7},
    }.items():
        with pytest.raises(ValueError, match=match):
            replay(workload, ONE_SECOND_A_TOKEN, pool_setup(**rules))
