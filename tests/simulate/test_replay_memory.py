"""How many bytes a replay takes for a call, besides those of its inputs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from costctl.simulate.initial_state import call_state, sim_state
from costctl.simulate.workload import Pool, ServiceModel
from tests.oracles.small_replays import plain_workload, pool_setup

CHAT = ServiceModel("continuous", alpha_s=0.02, beta_s=0.001, gamma_s=0.0001)
BYTES_OF_THE_STATE = 20_000  # replicas, lanes and queues, whatever the number of calls


@pytest.mark.parametrize("rules", [{}, {"retries": 3}])
@pytest.mark.parametrize("calls", [10_000, 100_000])
def test_a_call_takes_at_most_64_bytes_besides_its_inputs(rules: dict[str, int], calls: int) -> None:
    workload = dataclasses.replace(plain_workload(np.arange(calls)), after=np.arange(calls) - 1)
    pool_of, pools = np.zeros(calls, np.int64), [Pool(CHAT, pool_setup(replicas=8, **rules))]
    call_rows, sim = call_state(workload, pool_of, pools), sim_state(workload, pools)
    inputs = {id(getattr(workload, field.name)) for field in dataclasses.fields(workload)} | {id(pool_of)}
    arrays = {id(array): array for array in (*call_rows, *sim) if id(array) not in inputs}
    assert sum(array.nbytes for array in arrays.values()) <= 64 * calls + BYTES_OF_THE_STATE
