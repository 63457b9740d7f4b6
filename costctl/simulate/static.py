"""What becomes of the calls of one pool of replicas that serve whole batches? Workload in, outcome out."""

from __future__ import annotations

from costctl.simulate.replay import replay
from costctl.simulate.workload import Outcome, PoolSetup, ServiceModel, Workload


def replay_static(workload: Workload, model: ServiceModel, setup: PoolSetup) -> Outcome:
    """The outcome under static batches with a window and a size.

    The rules are those of `replay_network`. Raises ValueError where the model is of another discipline.
    """
    if model.discipline != "static":
        raise ValueError(f"a {model.discipline} model cannot be replayed in static batches")
    return replay(workload, model, setup)
