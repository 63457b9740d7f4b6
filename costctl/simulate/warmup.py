"""The smallest replays: run for what is compiled on the way, not for what comes out."""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Outage, Pool, PoolSetup, ServiceModel, Workload

_CAPACITIES: Final = (
    (),
    (Outage(0, 1.0, 2.0),),
)  # that stays, and that changes: the loop is compiled for each


def warm_up() -> None:
    """One call, replayed in each way that is compiled apart."""
    one, none = np.zeros(1), np.full(1, -1)
    workload = Workload(one, none, one, np.ones(1, int), np.zeros(1, int), np.zeros(1, int), none)
    model = ServiceModel("continuous", alpha_s=0.1, beta_s=0.1, gamma_s=0.1)
    for outages in _CAPACITIES:
        setup = PoolSetup(1, 1, "round_robin", 0.0, Lanes.plain(1), outages=outages)
        replay_network(workload, np.zeros(1, int), [Pool(model, setup)])
