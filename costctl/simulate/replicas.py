"""Which of the numbered replicas belong to which pool?

Replicas are numbered across pools, those of pool 0 first: in ``workload.replica`` and in every array of an outcome that
has one entry per replica. A pool that scales holds as many numbers as it may have replicas at once.
In: pools, in the order in which they were replayed. Out: slices of such arrays, and what they sum to.
"""

from __future__ import annotations

from collections.abc import Sequence

from costctl.simulate.workload import Outcome, Pool


def replicas_by_pool(pools: Sequence[Pool]) -> list[int]:
    """How many numbers each pool holds."""
    return [pool.setup.most_replicas for pool in pools]


def replicas_of_pool(pools: Sequence[Pool], number: int) -> slice:
    """Where the replicas of pools[number] stand."""
    first = sum(replicas_by_pool(pools[:number]))
    return slice(first, first + pools[number].setup.most_replicas)


def busy_s_of_pool(outcome: Outcome, pools: Sequence[Pool], number: int) -> float:
    """Seconds in which replicas of pools[number] had work in progress, summed over them."""
    return float(outcome.busy_s[replicas_of_pool(pools, number)].sum())
