"""Replays of Poisson arrivals against what queueing theory says; the slack is the simulation's own error."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.arrays import Floats
from costctl.simulate.outcome_measures import latency_s, utilisation, wait_s
from costctl.simulate.workload import CallStatus, ServiceModel
from tests.oracles.one_pool import replay
from tests.oracles.queueing_formulas import (
    batch_service_mean_latency_bound_s,
    batch_service_mean_latency_s,
    cobham_mean_waits_s,
    erlang_b_blocking,
    mg1_mean_wait_s,
    mm1_wait_exceeds,
    mm1k_blocking,
    mmc_mean_wait_s,
    processor_sharing_mean_latency_s,
)
from tests.oracles.replay_laws import broken_laws
from tests.oracles.small_replays import plain_workload, pool_setup

CALLS = 400_000
BLOCKS = 40
MICROSECOND = 1e-6

# One call at a time, each for as many microseconds as it has tokens.
ONE_BY_ONE = ServiceModel("continuous", alpha_s=0.0, beta_s=0.0, gamma_s=MICROSECOND)


def poisson_s(rate: float, seed: int, calls: int = CALLS) -> Floats:
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate, calls))


def exponential_tokens(mean_s: float, seed: int, calls: int = CALLS) -> object:
    return np.random.default_rng(seed + 100).exponential(mean_s / MICROSECOND, calls).round()


def assert_mean(values: Floats, expected: float, precision: float = 0.05) -> None:
    """The mean is within four standard errors, by blocks of time, and those are small enough to tell."""
    blocks = np.array([block.mean() for block in np.array_split(values, BLOCKS)])
    error = blocks.std(ddof=1) / np.sqrt(BLOCKS)
    assert error < precision * expected, "the simulation is too short to tell"
    assert abs(blocks.mean() - expected) < 4 * error


@pytest.mark.parametrize("load", [0.3, 0.7, 0.85])
def test_exponential_service_waits_as_in_mm1(load: float) -> None:
    workload = plain_workload(poisson_s(load, seed=1), tokens=exponential_tokens(1.0, seed=1))
    outcome = replay(workload, ONE_BY_ONE, pool_setup(max_num_seqs=1))
    assert_mean(wait_s(outcome), mmc_mean_wait_s(load, 1.0, servers=1))
    assert_mean((wait_s(outcome) > 2.0).astype(float), mm1_wait_exceeds(load, 1.0, 2.0))
    assert utilisation(outcome) == pytest.approx(load, rel=0.02)
    assert broken_laws(workload, outcome) == ()


@pytest.mark.parametrize("servers", [2, 5, 20])
def test_sequence_slots_whose_step_time_is_constant_wait_as_in_mmc(servers: int) -> None:
    # With beta 0 a slot does not feel the others: c slots are c servers, but for a step's length of 1/2000.
    step_s, rate = 1 / 2000, 0.8 * servers
    steps = np.random.default_rng(102).exponential(1 / step_s, CALLS).round()
    workload = plain_workload(poisson_s(rate, seed=2), steps=steps)
    model = ServiceModel("continuous", alpha_s=step_s, beta_s=0.0, gamma_s=0.0)
    outcome = replay(workload, model, pool_setup(max_num_seqs=servers))
    half_a_step_s = step_s / 2  # the mean wait for a boundary while others decode
    assert_mean(wait_s(outcome) - half_a_step_s, mmc_mean_wait_s(rate, 1.0, servers))


def test_equal_service_waits_as_in_md1() -> None:
    workload = plain_workload(poisson_s(0.8, seed=3), tokens=1_000_000)
    outcome = replay(workload, ONE_BY_ONE, pool_setup(max_num_seqs=1))
    assert_mean(wait_s(outcome), mg1_mean_wait_s(0.8, 1.0, 1.0))


def test_mixed_service_waits_as_pollaczek_and_khinchine_say() -> None:
    # 90 % take 0.5 s, 10 % take 5.5 s: mean 1 s, second moment 3.25 s².
    is_long = np.random.default_rng(104).random(CALLS) < 0.1
    workload = plain_workload(poisson_s(0.6, seed=4), tokens=np.where(is_long, 5_500_000, 500_000))
    outcome = replay(workload, ONE_BY_ONE, pool_setup(max_num_seqs=1))
    assert_mean(wait_s(outcome), mg1_mean_wait_s(0.6, 1.0, 0.1 * 5.5**2 + 0.9 * 0.5**2))


def test_static_batches_of_one_wait_as_pollaczek_and_khinchine_say() -> None:
    workload = plain_workload(poisson_s(0.7, seed=5), tokens=exponential_tokens(0.5, seed=5))
    model = ServiceModel("static", alpha_s=0.3, beta_s=0.2, gamma_s=MICROSECOND)
    outcome = replay(workload, model, pool_setup(max_num_seqs=1))
    assert_mean(wait_s(outcome), mg1_mean_wait_s(0.7, 1.0, 1.0 + 0.25))


def test_lanes_wait_as_cobham_says() -> None:
    rates, services_s = np.array([0.2, 0.3, 0.4]), np.array([1.0, 0.5, 1.2])
    draw = np.random.default_rng(106)
    lane = draw.choice(3, CALLS, p=rates / rates.sum())
    tokens = draw.exponential(services_s[lane] / MICROSECOND).round()
    workload = plain_workload(poisson_s(rates.sum(), seed=6), tokens=tokens, lane=lane)
    outcome = replay(workload, ONE_BY_ONE, pool_setup(max_num_seqs=1, lane_rank=(0, 1, 2)))
    expected = cobham_mean_waits_s(rates.tolist(), services_s.tolist(), (2 * services_s**2).tolist())
    for each in range(3):
        assert_mean(wait_s(outcome)[lane == each], expected[each])


@pytest.mark.parametrize("limit", [0, 1, 4])
@pytest.mark.parametrize("load", [0.7, 1.0, 1.5])
def test_a_bounded_queue_turns_away_as_mm1k(limit: int, load: float) -> None:
    workload = plain_workload(poisson_s(load, seed=7), tokens=exponential_tokens(1.0, seed=7))
    outcome = replay(workload, ONE_BY_ONE, pool_setup(max_num_seqs=1, queue_limit=limit))
    rejected = (outcome.status == CallStatus.REJECTED).astype(float)
    assert_mean(rejected, mm1k_blocking(load, places=limit + 1))


@pytest.mark.parametrize("servers", [1, 4, 12])
@pytest.mark.parametrize("is_exponential", [True, False])
def test_replicas_without_a_queue_lose_calls_as_erlang_says(servers: int, is_exponential: bool) -> None:
    rate = 0.9 * servers
    tokens = exponential_tokens(1.0, seed=9) if is_exponential else 1_000_000
    workload = plain_workload(poisson_s(rate, seed=9), tokens=tokens)
    setup = pool_setup(replicas=servers, max_num_seqs=1, queue_limit=0)
    outcome = replay(workload, ONE_BY_ONE, setup)
    rejected = (outcome.status == CallStatus.REJECTED).astype(float)
    assert_mean(rejected, erlang_b_blocking(rate, servers))


@pytest.mark.parametrize("load", [0.4, 0.7])
@pytest.mark.parametrize("shape", ["equal", "exponential", "mixed"])
def test_sequences_that_slow_each_other_stay_as_in_processor_sharing(load: float, shape: str) -> None:
    # With alpha 0 a step takes beta for each sequence: all advance at 1/b of the speed of one alone.
    step_s, calls = 1 / 2000, CALLS // 4
    draw = np.random.default_rng(110)
    service_s = {
        "equal": np.ones(calls),
        "exponential": draw.exponential(1.0, calls),
        "mixed": np.where(draw.random(calls) < 0.1, 5.5, 0.5),
    }[shape]
    steps = np.maximum((service_s / step_s).round(), 1)
    workload = plain_workload(poisson_s(load, seed=10, calls=calls), steps=steps)
    model = ServiceModel("continuous", alpha_s=0.0, beta_s=step_s, gamma_s=0.0)
    outcome = replay(workload, model, pool_setup(max_num_seqs=calls))
    assert_mean(latency_s(outcome), processor_sharing_mean_latency_s(load, 1.0), precision=0.1)
    is_short = service_s < 0.75
    if 0 < is_short.sum() < calls:  # each is slowed alike, whatever it takes
        alone_s = float(service_s[is_short].mean())
        expected_s = processor_sharing_mean_latency_s(load, alone_s)
        assert_mean(latency_s(outcome)[is_short], expected_s, precision=0.1)


@pytest.mark.parametrize("load", [0.1, 0.3, 0.6, 0.8])
def test_batches_of_all_that_waits_take_what_the_chain_of_batches_says(load: float) -> None:
    alpha_s, beta_s = 0.005, 0.001
    rate = load / beta_s
    model = ServiceModel("static", alpha_s=alpha_s, beta_s=beta_s, gamma_s=0.0)
    outcome = replay(plain_workload(poisson_s(rate, seed=8)), model, pool_setup(max_num_seqs=CALLS))
    assert_mean(latency_s(outcome), batch_service_mean_latency_s(rate, alpha_s, beta_s), precision=0.01)
    assert latency_s(outcome).mean() < 1.005 * batch_service_mean_latency_bound_s(rate, alpha_s, beta_s)


@pytest.mark.parametrize("alpha_s", [0.0, 0.002, 0.02])
@pytest.mark.parametrize("load", [0.05, 0.3, 0.6, 0.8])
def test_the_closed_bound_of_batch_latency_is_above_the_exact_chain_by_at_most_a_tenth(
    alpha_s: float, load: float
) -> None:
    exact_s = batch_service_mean_latency_s(load / 0.001, alpha_s, 0.001)
    assert (
        exact_s * (1 - 1e-9)
        <= batch_service_mean_latency_bound_s(load / 0.001, alpha_s, 0.001)
        < 1.1 * exact_s
    )
