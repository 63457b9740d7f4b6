"""The smallest replays: run for what is compiled on the way, not for what comes out."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Final

import numpy as np

from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Outage, Pool, PoolSetup, ServiceModel, Workload

# Capacity that stays and that changes, memory that counts and that does not: the loop is compiled for each, and for
# calls that are broken off.
_CAPACITIES: Final = ((), (Outage(0, 1.0, 2.0),))
_MEMORIES: Final = (None, 1_600)


def warm_up() -> None:
    """One call, replayed in each way that is compiled apart."""
    one, none = np.zeros(1), np.full(1, -1)
    workload = Workload(one, none, one, np.ones(1, int), np.zeros(1, int), np.zeros(1, int), none)
    model = ServiceModel("continuous", alpha_s=0.1, beta_s=0.1, gamma_s=0.1)
    for outages, kv_tokens, timeout_s in (*product(_CAPACITIES, _MEMORIES, (np.inf,)), ((), None, 1.0)):
        lanes = replace(Lanes.plain(1), timeout_s=np.full(1, timeout_s))
        setup = PoolSetup(1, 1, "round_robin", 0.0, lanes, outages=outages, kv_tokens=kv_tokens)
        replay_network(workload, np.zeros(1, int), [Pool(model, setup)])
