"""Each replica of an outcome belongs to one pool, also where pools scale."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.simulate.network import replay_network
from costctl.simulate.replicas import busy_s_of_pool, replicas_by_pool, replicas_of_pool
from costctl.simulate.workload import Pool, Scaling, ServiceModel
from tests.oracles.small_replays import plain_workload, pool_setup

ONE_SECOND_A_TOKEN = ServiceModel("continuous", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)
SCALING = Scaling(least=1, most=3, target_outstanding=2.0, interval_s=1.0, delay_s=2.0, idle_s=3.0)
POOLS = [
    Pool(ONE_SECOND_A_TOKEN, pool_setup(max_num_seqs=1, scaling=SCALING)),
    Pool(ONE_SECOND_A_TOKEN, pool_setup(replicas=2, max_num_seqs=1)),
]


def test_a_pool_that_scales_holds_as_many_numbers_as_it_may_have_replicas() -> None:
    assert replicas_by_pool(POOLS) == [3, 2]
    assert [replicas_of_pool(POOLS, number) for number in (0, 1)] == [slice(0, 3), slice(3, 5)]


def test_busy_time_behind_a_pool_that_scales_is_that_of_the_pool_that_worked() -> None:
    workload = plain_workload([0.0, 0.0, 0.5], tokens=[2, 4, 3])
    outcome = replay_network(workload, np.array([0, 1, 1]), POOLS)
    assert busy_s_of_pool(outcome, POOLS, 0) == pytest.approx(2.0)
    assert busy_s_of_pool(outcome, POOLS, 1) == pytest.approx(4.0 + 3.0)
