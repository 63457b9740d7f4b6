"""A replay of one pool, for tests that need no network of them. Workload, model, setup in; outcome out."""

from __future__ import annotations

import numpy as np

from costctl.simulate.network import replay_network
from costctl.simulate.workload import Outcome, Pool, PoolSetup, ServiceModel, Workload


def replay(workload: Workload, model: ServiceModel, setup: PoolSetup) -> Outcome:
    """The outcome of one pool's calls under the rules of `replay_network`, by the model's discipline."""
    return replay_network(workload, np.zeros(workload.size, np.int64), [Pool(model, setup)])
