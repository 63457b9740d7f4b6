"""What becomes of the calls of one pool of continuously batching replicas? Workload in, outcome out."""

from __future__ import annotations

from costctl.simulate.replay import replay
from costctl.simulate.workload import Outcome, PoolSetup, ServiceModel, Workload


def replay_continuous(workload: Workload, model: ServiceModel, setup: PoolSetup) -> Outcome:
    """The outcome under continuous batching, prefill stalling or chunked as the model says.

    The rules are those of `replay_network`. Raises ValueError where the model is of another discipline.
    """
    if model.discipline != "continuous":
        raise ValueError(f"a {model.discipline} model cannot be replayed as continuous batching")
    return replay(workload, model, setup)
