"""Calls that a replay has served, as a fit of step times sees them."""

from __future__ import annotations

import numpy as np

from costctl.service_model.step_intervals import Decoding
from costctl.simulate.workload import Outcome, Workload


def decoding_of(workload: Workload, outcome: Outcome) -> Decoding:
    """Every call, all of its tokens known."""
    return Decoding(
        replica=outcome.replica.astype(np.int64),
        arrival_s=outcome.arrival_s,
        begin_s=outcome.begin_s,
        first_token_s=outcome.first_token_s,
        end_s=outcome.end_s,
        uncached_tokens=workload.uncached_tokens,
        steps=workload.decode_steps,
        is_exact=np.ones(workload.size, np.bool_),
    )
