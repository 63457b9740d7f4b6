"""Time-outs: which calls are broken off, and when their place is free: by hand, by laws, against the slow twin."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.simulate.network import replay_network
from costctl.simulate.outcome_measures import latency_s, status_counts
from costctl.simulate.workload import CallStatus, Outcome, Pool, ServiceModel
from tests.oracles.heap_replay import heap_replay, stepwise_replay
from tests.oracles.one_pool import replay
from tests.oracles.queueing_formulas import mm1_ended_in_time
from tests.oracles.replay_laws import broken_laws
from tests.oracles.small_replays import (
    Case,
    plain_workload,
    pool_setup,
    random_case_of_crowded_memory,
    random_case_of_timeouts,
)
from tests.thoroughness import how_many

SEEDS = st.integers(0, 1_000_000)
ONE_SECOND_A_TOKEN = ServiceModel("continuous", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)
ONE_SECOND_A_STEP = ServiceModel("continuous", alpha_s=1.0, beta_s=0.0, gamma_s=0.0)
FOUR_SECONDS_A_BATCH = ServiceModel("static", alpha_s=4.0, beta_s=0.0, gamma_s=0.0)
SERVED, TIMED_OUT, REJECTED = CallStatus.SERVED, CallStatus.TIMED_OUT, CallStatus.REJECTED
NEVER = np.inf


def outcome_of(case: Case) -> Outcome:
    return replay_network(case.workload, case.pool_of, case.pools, case.until_s)


def test_a_call_that_waits_leaves_its_queue_at_its_timeout() -> None:
    # a is served in [0, 5). b waits from 1 and leaves at 3; c finds one waiting at 2.5, d finds none at 3.5.
    workload = plain_workload([0.0, 1.0, 2.5, 3.5], tokens=[5, 1, 1, 1], lane=[0, 1, 1, 1])
    setup = pool_setup(max_num_seqs=1, lane_rank=(0, 0), queue_limit=1, timeout_s=(NEVER, 2.0))
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.status.tolist() == [SERVED, TIMED_OUT, REJECTED, TIMED_OUT]
    longer = dataclasses.replace(
        setup, lanes=dataclasses.replace(setup.lanes, timeout_s=np.array([NEVER, 2.75]))
    )
    outcome = replay(workload, ONE_SECOND_A_TOKEN, longer)
    assert outcome.status.tolist() == [SERVED, TIMED_OUT, REJECTED, REJECTED]  # b waits until 3.75


def test_a_call_that_has_begun_gives_its_place_back_at_the_next_step() -> None:
    # a decodes from 0 in steps of 1 s and leaves its caller at 3.5: b, which waits since 1, begins at 4.
    workload = plain_workload([0.0, 1.0], steps=[10, 2], lane=[0, 1])
    setup = pool_setup(max_num_seqs=1, lane_rank=(0, 0), timeout_s=(3.5, NEVER))
    outcome = replay(workload, ONE_SECOND_A_STEP, setup)
    assert outcome.status.tolist() == [TIMED_OUT, SERVED]
    assert (outcome.begin_s[1], outcome.end_s[1]) == (4.0, 6.0)
    assert np.isnan([outcome.begin_s[0], outcome.first_token_s[0], outcome.end_s[0]]).all()
    assert outcome.busy_s.tolist() == [6.0]  # four seconds of it were for nothing


def test_a_prefill_that_is_under_way_goes_on_to_its_end() -> None:
    workload = plain_workload([0.0, 1.0], tokens=[5, 2], lane=[0, 1])
    setup = pool_setup(max_num_seqs=1, lane_rank=(0, 0), timeout_s=(2.0, NEVER))
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.status.tolist() == [TIMED_OUT, SERVED]
    assert (outcome.begin_s[1], outcome.end_s[1]) == (5.0, 7.0)


def test_a_static_batch_goes_on_without_the_caller_who_left() -> None:
    # a and b are served as one batch in [0, 4). a leaves at 1, comes again at 1.5, and waits behind what is left of
    # itself until 2.5; c waits from 2 and is served in [4, 8).
    workload = plain_workload([0.0, 0.0, 2.0], lane=[0, 1, 1])
    setup = pool_setup(
        max_num_seqs=2, lane_rank=(0, 0), timeout_s=(1.0, NEVER), retries=(1, 0), backoff_s=0.5
    )
    outcome = replay(workload, FOUR_SECONDS_A_BATCH, setup)
    assert outcome.status.tolist() == [TIMED_OUT, SERVED, SERVED]
    assert outcome.attempts.tolist() == [2, 1, 1]
    assert outcome.end_s[1:].tolist() == [4.0, 8.0]
    assert outcome.busy_s.tolist() == [8.0]


def test_the_clock_of_a_timeout_starts_anew_with_each_attempt() -> None:
    # a is served in [0, 3). b leaves at 2, comes again at 2.5, begins at 3 and ends at 4, within 2 s of that.
    workload = plain_workload([0.0, 0.0], tokens=[3, 1], lane=[0, 1])
    setup = pool_setup(
        max_num_seqs=1, lane_rank=(0, 0), timeout_s=(NEVER, 2.0), retries=(0, 1), backoff_s=0.5
    )
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.status.tolist() == [SERVED, SERVED]
    assert outcome.attempts.tolist() == [1, 2]
    assert outcome.end_s.tolist() == [3.0, 4.0]


@pytest.mark.parametrize(("timeout_s", "status"), [(3.0, TIMED_OUT), (3.125, SERVED)])
def test_a_call_that_has_not_ended_before_its_timeout_is_late(timeout_s: float, status: CallStatus) -> None:
    setup = pool_setup(max_num_seqs=1, timeout_s=timeout_s)
    assert replay(plain_workload([0.0], tokens=[3]), ONE_SECOND_A_TOKEN, setup).status[0] == status


def test_what_a_broken_off_call_held_of_kv_memory_is_free_from_the_next_step_on() -> None:
    # Three blocks of 16 tokens. a, of 30 tokens, holds two and takes the third as it grows; b needs two and waits.
    # a leaves its caller at 4.5, and b begins at 5.
    workload = plain_workload([0.0, 1.0], tokens=[30, 20], steps=[12, 2], lane=[0, 1])
    setup = pool_setup(lane_rank=(0, 0), timeout_s=(4.5, NEVER), kv_tokens=48)
    outcome = replay(workload, ONE_SECOND_A_STEP, setup)
    assert outcome.status.tolist() == [TIMED_OUT, SERVED]
    assert (outcome.begin_s[1], outcome.end_s[1]) == (5.0, 7.0)
    assert outcome.preemptions is not None
    assert outcome.preemptions.sum() == 0


def test_what_follows_a_call_that_timed_out_never_comes() -> None:
    workload = dataclasses.replace(plain_workload([0.0, 1.0], tokens=[5, 1]), after=np.array([-1, 0]))
    outcome = replay(workload, ONE_SECOND_A_TOKEN, pool_setup(timeout_s=2.0))
    assert outcome.status.tolist() == [TIMED_OUT, CallStatus.NEVER_ARRIVED]


@given(SEEDS)
@settings(max_examples=how_many(120, thorough=600), deadline=None)
def test_on_a_grid_of_times_timeouts_equal_the_twin_that_passes_every_step_exactly(seed: int) -> None:
    case = random_case_of_timeouts(seed, on_grid=True)
    outcome = outcome_of(case)
    twin = stepwise_replay(case.workload, case.pool_of.tolist(), case.pools, case.until_s)
    for field in dataclasses.fields(Outcome):
        np.testing.assert_array_equal(
            getattr(outcome, field.name), getattr(twin, field.name), err_msg=field.name
        )
    assert broken_laws(case.workload, outcome) == ()
    assert sum(status_counts(outcome).values()) == case.workload.size


def test_in_crowded_memory_each_block_is_counted_also_of_those_who_left() -> None:
    # A sequence that was pre-empted reads again what others have taken since: each block counts, also of who left.
    preempted = 0
    for seed in range(how_many(100, thorough=600)):
        case = random_case_of_crowded_memory(seed)
        outcome = outcome_of(case)
        twin = stepwise_replay(case.workload, case.pool_of.tolist(), case.pools)
        for field in dataclasses.fields(Outcome):
            np.testing.assert_array_equal(
                getattr(outcome, field.name), getattr(twin, field.name), err_msg=f"{seed}: {field.name}"
            )
        assert outcome.preemptions is not None
        preempted += int(outcome.preemptions.sum())
    assert preempted > 200


@given(SEEDS, st.booleans())
@settings(max_examples=how_many(80, thorough=600), deadline=None)
def test_at_any_times_timeouts_equal_the_twins(seed: int, is_jumping: bool) -> None:
    case = random_case_of_timeouts(seed, on_grid=False)
    outcome = outcome_of(case)
    twin_of = heap_replay if is_jumping else stepwise_replay
    twin = twin_of(case.workload, case.pool_of.tolist(), case.pools, case.until_s)
    for name in ("status", "replica", "attempts", "pool"):
        np.testing.assert_array_equal(getattr(outcome, name), getattr(twin, name), err_msg=name)
    for name in ("arrival_s", "begin_s", "first_token_s", "end_s", "busy_s", "horizon_s", "paid_s"):
        np.testing.assert_allclose(
            getattr(outcome, name), getattr(twin, name), rtol=1e-12, atol=1e-9, err_msg=name
        )


@given(SEEDS)
@settings(max_examples=how_many(40, thorough=200), deadline=None)
def test_a_timeout_that_nothing_reaches_changes_nothing_to_the_bit(seed: int) -> None:
    case = random_case_of_timeouts(seed, on_grid=True)
    never, in_years = (
        outcome_of(dataclasses.replace(case, pools=[with_timeout(pool, timeout_s) for pool in case.pools]))
        for timeout_s in (NEVER, 2.0**30)
    )
    for field in dataclasses.fields(Outcome):
        np.testing.assert_array_equal(getattr(in_years, field.name), getattr(never, field.name))


@given(SEEDS)
@settings(max_examples=how_many(40, thorough=200), deadline=None)
def test_nothing_is_served_later_than_its_timeout(seed: int) -> None:
    case = random_case_of_timeouts(seed, on_grid=True)
    outcome = outcome_of(case)
    served = (outcome.status == SERVED) & (outcome.attempts == 1)
    timeouts_s = np.array([pool.setup.lanes.timeout_s for pool in case.pools])
    assert (latency_s(outcome) < timeouts_s[case.pool_of, case.workload.lane])[served].all()


def test_the_random_systems_break_off_what_waits_decodes_and_is_read_and_some_come_again() -> None:
    timed_out = worked = again = 0
    for seed in range(60):
        case = random_case_of_timeouts(seed, on_grid=True)
        outcome = outcome_of(case)
        timed_out += int((outcome.status == TIMED_OUT).sum())
        served_s = np.nansum(outcome.end_s - outcome.begin_s)
        worked += int(outcome.busy_s.sum() > served_s)
        again += int(((outcome.attempts > 1) & (outcome.status == SERVED)).sum())
    assert min(timed_out, worked, again) > 20


@pytest.mark.parametrize(("load", "timeout_s"), [(0.7, 3.0), (1.2, 2.0), (0.9, 8.0)])
def test_callers_who_leave_one_server_are_as_many_as_barrer_says(load: float, timeout_s: float) -> None:
    # A prefill goes on to its end without its caller: what waits leaves, and what is served is not shortened.
    calls, blocks = 200_000, 40
    draw = np.random.default_rng(12)
    arrival_s = np.cumsum(draw.exponential(1 / load, calls))
    workload = plain_workload(arrival_s, tokens=draw.exponential(1e6, calls).round())
    model = ServiceModel("continuous", alpha_s=0.0, beta_s=0.0, gamma_s=1e-6)
    outcome = replay(workload, model, pool_setup(max_num_seqs=1, timeout_s=timeout_s))
    served = np.array([each.mean() for each in np.array_split(outcome.status == SERVED, blocks)])
    error = served.std(ddof=1) / np.sqrt(blocks)
    assert error < 0.005
    assert abs(served.mean() - mm1_ended_in_time(load, 1.0, timeout_s)) < 4 * error


def with_timeout(pool: Pool, timeout_s: float) -> Pool:
    lanes = dataclasses.replace(pool.setup.lanes, timeout_s=np.full(pool.setup.lanes.count, timeout_s))
    return Pool(pool.model, dataclasses.replace(pool.setup, lanes=lanes))
