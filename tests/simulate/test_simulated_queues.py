"""The replay against simpy, ciw and a recursion, on the same arrivals and services, call by call."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.arrays import Floats, Ints
from costctl.simulate.outcome_measures import wait_s
from costctl.simulate.workload import ServiceModel
from tests.oracles.one_pool import replay
from tests.oracles.simulated_queues import ciw_waits_s, kiefer_wolfowitz_waits_s, simpy_waits_s
from tests.oracles.small_replays import plain_workload, pool_setup
from tests.thoroughness import how_many

CALLS = 400
ONE_BY_ONE = ServiceModel("static", alpha_s=0.0, beta_s=0.0, gamma_s=1e-6)
STEP_S = 1 / 8
# A slot does not feel the others, and whatever happens does at a multiple of a step: c slots are c servers.
SLOTS = ServiceModel("continuous", alpha_s=STEP_S, beta_s=0.0, gamma_s=0.0)


def drawn(seed: int) -> tuple[Floats, Ints, Ints]:
    """Arrivals in seconds, services in microseconds, priorities."""
    draw = np.random.default_rng(seed)
    arrival_s = np.cumsum(draw.exponential(1.0, CALLS))
    return arrival_s, draw.exponential(0.8e6, CALLS).astype(np.int64), draw.integers(0, 3, CALLS)


def on_steps(seed: int, calls: int = CALLS) -> tuple[Floats, Ints]:
    """Arrivals in seconds at multiples of a step, services in steps."""
    draw = np.random.default_rng(seed)
    return np.cumsum(draw.geometric(0.2, calls)) * STEP_S, draw.geometric(1 / 14, calls)


@pytest.mark.parametrize("library_waits_s", [simpy_waits_s, ciw_waits_s])
@pytest.mark.parametrize("seed", range(3))
def test_first_come_first_served_waits_as_in_the_library(library_waits_s: object, seed: int) -> None:
    arrival_s, service_us, _ = drawn(seed)
    outcome = replay(plain_workload(arrival_s, tokens=service_us), ONE_BY_ONE, pool_setup(max_num_seqs=1))
    expected_s = library_waits_s(arrival_s, service_us * 1e-6, np.zeros(CALLS, np.int64), 1)
    np.testing.assert_allclose(wait_s(outcome), expected_s, rtol=0, atol=1e-9)


@pytest.mark.parametrize("library_waits_s", [simpy_waits_s, ciw_waits_s])
@pytest.mark.parametrize("seed", range(3))
def test_lanes_of_different_rank_wait_as_priorities_in_the_library(
    library_waits_s: object, seed: int
) -> None:
    arrival_s, service_us, priority = drawn(seed)
    workload = plain_workload(arrival_s, tokens=service_us, lane=priority)
    outcome = replay(workload, ONE_BY_ONE, pool_setup(max_num_seqs=1, lane_rank=(0, 1, 2)))
    expected_s = library_waits_s(arrival_s, service_us * 1e-6, priority, 1)
    np.testing.assert_allclose(wait_s(outcome), expected_s, rtol=0, atol=1e-9)


@pytest.mark.parametrize("library_waits_s", [simpy_waits_s, ciw_waits_s])
@pytest.mark.parametrize("servers", [2, 3, 8])
def test_slots_wait_as_servers_in_the_library(library_waits_s: object, servers: int) -> None:
    arrival_s, steps = on_steps(servers)
    arrival_s = np.round(arrival_s / servers / STEP_S) * STEP_S
    outcome = replay(plain_workload(arrival_s, steps=steps), SLOTS, pool_setup(max_num_seqs=servers))
    expected_s = library_waits_s(arrival_s, steps * STEP_S, np.zeros(CALLS, np.int64), servers)
    np.testing.assert_allclose(wait_s(outcome), expected_s, rtol=0, atol=1e-9)


@given(st.integers(0, 1_000_000), st.integers(1, 6))
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_more_servers_delay_nobody_who_comes_first_and_is_served_first(seed: int, servers: int) -> None:
    # A theorem for one queue before c servers whose services belong to the calls and not to the servers:
    # by induction over arrivals, no server is free later (Kiefer and Wolfowitz's vector is monotone in c).
    # It is none where a call is sent to a replica on arrival, or where calls in progress slow each other.
    arrival_s, steps = on_steps(seed, calls=60)
    arrival_s = np.floor(arrival_s / servers / STEP_S) * STEP_S
    few, more = (
        wait_s(replay(plain_workload(arrival_s, steps=steps), SLOTS, pool_setup(max_num_seqs=slots)))
        for slots in (servers, servers + 1)
    )
    np.testing.assert_array_equal(few, kiefer_wolfowitz_waits_s(arrival_s, steps * STEP_S, servers))
    assert (more <= few).all()
    assert more.sum() <= few.sum()
