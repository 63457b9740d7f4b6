"""The compiled loop against slow twins that share no code with it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.simulate.network import replay_network
from costctl.simulate.outcome_measures import status_counts
from costctl.simulate.workload import CallStatus, Outcome, Pool, PoolSetup, ServiceModel, Workload
from tests.oracles.heap_replay import heap_replay, stepwise_replay
from tests.oracles.one_pool import replay
from tests.oracles.replay_laws import broken_laws
from tests.oracles.simpy_replay import simpy_replay
from tests.oracles.small_replays import random_case, random_case_of_all_rules
from tests.thoroughness import how_many

SEEDS_AT_ONCE = how_many(20, thorough=100)


def assert_same(outcome: Outcome, twin: Outcome) -> None:
    np.testing.assert_array_equal(outcome.status, twin.status)
    np.testing.assert_array_equal(outcome.replica, twin.replica)
    np.testing.assert_array_equal(outcome.attempts, twin.attempts)
    np.testing.assert_array_equal(outcome.pool, twin.pool)
    for name in ("arrival_s", "begin_s", "first_token_s", "end_s", "busy_s", "horizon_s", "paid_s"):
        np.testing.assert_allclose(
            getattr(outcome, name), getattr(twin, name), rtol=1e-12, atol=1e-9, err_msg=name
        )


@pytest.mark.parametrize("on_grid", [True, False])
@pytest.mark.parametrize("first_seed", range(0, 6 * SEEDS_AT_ONCE, SEEDS_AT_ONCE))
def test_random_networks_equal_the_twin_that_passes_every_step(first_seed: int, on_grid: bool) -> None:
    for seed in range(first_seed, first_seed + SEEDS_AT_ONCE):
        case = random_case(seed, on_grid=on_grid)
        outcome = replay_network(case.workload, case.pool_of, case.pools)
        assert_same(outcome, stepwise_replay(case.workload, case.pool_of.tolist(), case.pools))
        assert broken_laws(case.workload, outcome) == (), f"seed {seed}"


@given(st.integers(0, 1_000_000), st.booleans(), st.booleans())
@settings(max_examples=how_many(300, thorough=1500), deadline=None)
def test_random_networks_with_all_rules_equal_the_plain_twins(
    seed: int, on_grid: bool, is_jumping: bool
) -> None:
    case = random_case_of_all_rules(seed, on_grid=on_grid)
    outcome = replay_network(case.workload, case.pool_of, case.pools, case.until_s)
    twin = heap_replay if is_jumping else stepwise_replay
    assert_same(outcome, twin(case.workload, case.pool_of.tolist(), case.pools, case.until_s))


@given(st.integers(0, 1_000_000))
@settings(max_examples=how_many(60, thorough=300), deadline=None)
def test_on_a_grid_of_times_continuous_batching_equals_its_steps_passed_one_by_one_exactly(seed: int) -> None:
    case = random_case_of_all_rules(seed, on_grid=True)
    pools = [
        Pool(dataclasses.replace(pool.model, discipline="continuous"), pool.setup) for pool in case.pools
    ]
    outcome = replay_network(case.workload, case.pool_of, pools)
    twin = stepwise_replay(case.workload, case.pool_of.tolist(), pools)
    for field in dataclasses.fields(Outcome):
        np.testing.assert_array_equal(getattr(outcome, field.name), getattr(twin, field.name))


@pytest.mark.parametrize("on_grid", [True, False])
def test_random_networks_equal_the_twin_that_jumps(on_grid: bool) -> None:
    for seed in range(1000, 1000 + SEEDS_AT_ONCE):
        case = random_case(seed, on_grid=on_grid)
        outcome = replay_network(case.workload, case.pool_of, case.pools)
        assert_same(outcome, heap_replay(case.workload, case.pool_of.tolist(), case.pools))


def test_the_random_networks_use_every_status_and_rule() -> None:
    without_timeouts = [each for each in CallStatus if each != CallStatus.TIMED_OUT]
    totals, again, elsewhere, scaled = dict.fromkeys(without_timeouts, 0), 0, 0, 0
    for seed in range(200):
        case = random_case_of_all_rules(seed, on_grid=True)
        outcome = replay_network(case.workload, case.pool_of, case.pools, case.until_s)
        counts = status_counts(outcome)
        for status in without_timeouts:
            totals[status] += counts[status]
        again += int((outcome.attempts > 1).sum())
        elsewhere += int((outcome.pool != case.pool_of).sum())
        scaled += int((outcome.paid_s < outcome.horizon_s).sum())
    assert min(*totals.values(), again, elsewhere, scaled) > 20


def simpy_case(seed: int) -> tuple[Workload, ServiceModel, PoolSetup]:
    """One pool, least outstanding, prefill that stalls, and no two events at one instant."""
    case, draw = random_case(seed, on_grid=False), np.random.default_rng(seed)
    model, setup = case.pools[0].model, case.pools[0].setup
    model = dataclasses.replace(model, is_prefill_stalling=True, alpha_s=model.alpha_s + 0.01)
    setup = dataclasses.replace(setup, dispatch="least_outstanding")
    think_s = np.where(case.workload.after >= 0, draw.uniform(0.01, 2.0, case.workload.size), 0.0)
    return dataclasses.replace(case.workload, think_s=think_s), model, setup


@pytest.mark.parametrize("first_seed", range(0, 2 * SEEDS_AT_ONCE, SEEDS_AT_ONCE))
def test_random_pools_equal_processes_in_simpy(first_seed: int) -> None:
    for seed in range(first_seed, first_seed + SEEDS_AT_ONCE):
        workload, model, setup = simpy_case(seed)
        outcome, twin = replay(workload, model, setup), simpy_replay(workload, model, setup)
        # A window that closes behind the last call is an event of simpy's and none of the replay's.
        assert_same(
            dataclasses.replace(outcome, horizon_s=0.0, paid_s=twin.paid_s),
            dataclasses.replace(twin, horizon_s=0.0),
        )
