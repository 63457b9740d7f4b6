"""How well does a replay of today reproduce what was observed?

In: the calls, and the outcome of their replay. Out: a ``Calibration`` for each pool.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.service_model.pool_calls import PoolCalls
from costctl.simulate.outcome_measures import quantile_s
from costctl.simulate.replicas import busy_s_of_pool
from costctl.simulate.workload import Outcome, Pool

TRUSTED_ERROR_RATIO: Final = 0.10  # beyond this a replay is no ground to act on


@dataclass(frozen=True, slots=True)
class Calibration:
    """A replay of today against what was observed: replayed / observed − 1, of latency quantiles and busy
    seconds.
    """

    p50_error_ratio: float
    p95_error_ratio: float
    utilisation_error_ratio: float

    @property
    def worst(self) -> float:
        """The largest error, without its sign."""
        return max(abs(self.p50_error_ratio), abs(self.p95_error_ratio), abs(self.utilisation_error_ratio))

    @property
    def untrusted(self) -> tuple[str, ...]:
        """The metrics that may not be acted on, in words, each with how far it is off."""
        errors = {
            "median latency": self.p50_error_ratio,
            "p95 latency": self.p95_error_ratio,
            "busy time": self.utilisation_error_ratio,
        }
        return tuple(
            f"{metric} ({error:+.0%})" if math.isfinite(error) else f"{metric} (not observed)"
            for metric, error in errors.items()
            if not abs(error) <= TRUSTED_ERROR_RATIO
        )

    @property
    def is_busy_time_trusted(self) -> bool:
        """Whether marginal cost, which rests on busy time, may be acted on."""
        return abs(self.utilisation_error_ratio) <= TRUSTED_ERROR_RATIO


def calibrations_of(
    calls: PoolCalls, which: Ints, pool: Ints, pools: list[Pool], outcome: Outcome
) -> list[Calibration]:
    """Of each of the pools, in their order. which: the calls that were replayed.  pool: for each its pool."""
    observed_s, replayed_s = calls.latency_s()[which], outcome.end_s - outcome.arrival_s
    found = []
    for number in range(len(pools)):
        here = pool == number
        is_told_apart = pools[number].setup.replicas == 1 or calls.is_replica_observed[which[here]].all()
        seen_busy_s = observed_busy_s(calls, which[here]) if is_told_apart else math.nan
        found.append(
            Calibration(
                _error_ratio(quantile_s(replayed_s[here], 0.5), quantile_s(observed_s[here], 0.5)),
                _error_ratio(quantile_s(replayed_s[here], 0.95), quantile_s(observed_s[here], 0.95)),
                _error_ratio(busy_s_of_pool(outcome, pools, number), seen_busy_s),
            )
        )
    return found


def observed_busy_s(calls: PoolCalls, which: Ints) -> float:
    """Seconds in which replicas had calls in progress, waiting left out where it was observed."""
    begin_s = np.fmax(calls.begin_s[which], calls.arrival_s[which])
    total_s = 0.0
    for server in np.unique(calls.server[which]):
        here = calls.server[which] == server
        total_s += _union_s(begin_s[here], calls.end_s[which][here])
    return total_s


def _union_s(begin_s: Floats, end_s: Floats) -> float:
    """Length of the union of intervals, in seconds."""
    order = np.argsort(begin_s, kind="stable")
    reached_s = np.maximum.accumulate(end_s[order])
    start_s = np.maximum(begin_s[order], np.concatenate([[-np.inf], reached_s[:-1]]))
    return float(np.maximum(reached_s - start_s, 0.0).sum())


def _error_ratio(replayed: float, observed: float) -> float:
    return replayed / observed - 1.0 if observed > 0 and math.isfinite(replayed) else math.inf
