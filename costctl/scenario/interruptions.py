"""What do interruptions of spot replicas cost? Work that is lost and done again, and time without the replica.

In: how long calls are in service, how often a replica is taken away. Out: busy time beside what one run would take, and
the part of the time for which a replica is there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from costctl.arrays import Bools, Floats
from costctl.documents.settings import Pool as PoolSettings
from costctl.simulate.replicas import replicas_of_pool
from costctl.simulate.workload import Outcome, Pool
from costctl.units import S_PER_HOUR


def done_again_ratio(service_s: Floats, interruptions_per_s: float) -> float:
    """Time that calls spend on what is done again, over the time that one run of each would take.

        E[T] = (e^{ν·s} − 1) / ν          ratio = Σ (E[T] − s) / Σ s

    A call that takes s seconds and begins anew after each interruption, which come as a Poisson process of rate ν,
    holds its place for E[T]: preemptive repeat with the same work (Gaver 1962, "A waiting line with interrupted
    service, including priorities"). The ratio is about ν·s/2 where that is small. Calls in progress together each lose
    what they have done, so it holds of the replica's busy time as well.

    service_s: from begin to end, by call.  0 where nothing is served or interrupted.
    """
    total_s = float(service_s.sum())
    if total_s <= 0.0 or interruptions_per_s <= 0.0:
        return 0.0
    held_s = np.expm1(interruptions_per_s * service_s) / interruptions_per_s
    return float((held_s - service_s).sum()) / total_s


def there_ratio(interruptions_per_s: float, start_up_s: float) -> float:
    """Part of the time for which a replica is there: 1/ν until it is taken, then start_up until another serves.

    (1/ν) / (1/ν + start_up), by renewal reward.
    """
    return 1.0 / (1.0 + interruptions_per_s * start_up_s)


def interruptions_per_s(declared: PoolSettings) -> float:
    """How often a replica of the pool is taken away; 0 where it is not on spot."""
    return 0.0 if declared.spot is None else declared.spot.interruptions_per_hour / S_PER_HOUR


def done_again_by_pool(
    outcome: Outcome, pools: Sequence[Pool], per_s: Floats, calls: Bools | None = None
) -> Floats:
    """The ratio of each pool, of the calls that it served. per_s: interruptions of a replica, by pool.  calls: that
    count; all where None.
    """
    ratios = np.zeros(len(pools))
    for number in np.flatnonzero(per_s > 0.0):
        replicas = replicas_of_pool(pools, int(number))
        here = (outcome.replica >= replicas.start) & (outcome.replica < replicas.stop)
        served = here & np.isfinite(outcome.end_s) & (True if calls is None else calls)
        ratios[number] = done_again_ratio((outcome.end_s - outcome.begin_s)[served], float(per_s[number]))
    return ratios
