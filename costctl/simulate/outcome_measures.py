"""How busy were the replicas, and how long did calls take? An outcome in; seconds and ratios out."""

from __future__ import annotations

import numpy as np

from costctl.arrays import Bools, Floats
from costctl.simulate.workload import CallStatus, Outcome
from costctl.stats.quantiles import quantile


def utilisation(outcome: Outcome, from_s: float = 0.0) -> float:
    """Busy seconds over replica seconds between ``from_s`` and the last event; NaN where there are none.

    from_s: not after the first arrival, for busy seconds are not cut.
    """
    paid_s = outcome.busy_s.size * (outcome.horizon_s - from_s)
    return float(outcome.busy_s.sum() / paid_s) if paid_s > 0 else float("nan")


def is_served(outcome: Outcome) -> Bools:
    """Which calls were served."""
    return np.equal(outcome.status, int(CallStatus.SERVED))


def latency_s(outcome: Outcome) -> Floats:
    """Seconds from arrival to end of each call; NaN where it was not served."""
    return outcome.end_s - outcome.arrival_s


def wait_s(outcome: Outcome) -> Floats:
    """Seconds from arrival to the begin of prefill or of the batch; NaN where the call was not served."""
    return outcome.begin_s - outcome.arrival_s


def ttft_s(outcome: Outcome) -> Floats:
    """Seconds from arrival to the first token; NaN where the call was not served."""
    return outcome.first_token_s - outcome.arrival_s


def quantile_s(seconds: Floats, level: float) -> float:
    """The quantile of those that are not NaN, an observed value (nearest rank); NaN where all are."""
    return quantile(seconds[~np.isnan(seconds)], level)


def status_counts(outcome: Outcome) -> dict[CallStatus, int]:
    """How many calls left the replay in each way."""
    return {status: int(np.count_nonzero(outcome.status == status)) for status in CallStatus}
