"""What would one request less of a class have saved? By replaying the trace's own calls without some of them.

In: the fitted pools with their workload, prices of replica time, direct charges. Out: USD per request and
class, with intervals. The requests of a class are dealt into disjoint parts of 5 to 10 %; each part is taken
away in turn, the rest is replayed under the same rules, and the change of busy seconds is divided by the
requests removed. A busy pool is chaotic: with steps a hair shorter or longer, calls meet others on other replicas,
and the day turns out cheaper or dearer by more than a small class costs. So classes are dealt several times, each
time under step times drawn from around the fitted ones, the same with and without the part. The closed forms are
bounds at most: docs/explanation/cost-model.md shows by how much they are off under load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costctl.cost.busy_blocks import busy_usd_by_block
from costctl.cost.pool_fit import PoolFits
from costctl.simulate.counterfactual import without
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Floats, Pool

METHOD: Final = "counterfactual replay, block bootstrap"

_PARTS: Final = 12  # of a class: 8.3 % of it at a time
_PACE: Final = 0.005  # standard deviation of the step times around the fitted ones, as a ratio
_MOST_DEALS: Final = 24
_CALLS_TO_REPLAY: Final = 60_000_000  # a bound for all deals together: some ten seconds
_THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class Removal:
    """What a class costs in replica time at the margin, by block of time: its parts' savings together, a mean
    over deals.

    saved_usd: price of the busy seconds that fell away with each part in turn.
    """

    saved_usd: Floats


def removals(
    fits: PoolFits, usd_per_s: Floats, edges_s: Mapping[str, Floats], seed: int
) -> dict[str, Removal]:
    """For each class with calls in fitted pools, what its requests cost at the margin.

    usd_per_s: price of a replica second of each fitted pool.  edges_s: class → edges of its blocks of time.
    """
    if not fits.fitted:
        return {}
    calls, which = fits.calls, fits.which
    replica_usd_per_s = np.repeat(usd_per_s, [pool.setup.replicas for pool in fits.pools])
    request, request_class = calls.request[which], calls.request_class[which]
    members = {
        name: np.unique(request[request_class == number])
        for number, name in enumerate(calls.classes)
        if name in edges_s and (request_class == number).any()
    }
    deals = _deals(fits.workload.size, len(members))

    def removal(name: str) -> Removal:
        edges = edges_s[name]
        saved_usd = np.zeros(edges.size - 1)
        for deal in range(deals):
            rng = np.random.default_rng([seed, calls.classes.index(name), deal])
            pools = _paced(fits.pools, rng)
            outcome = replay_network(fits.workload, fits.pool, pools)
            today_usd = busy_usd_by_block(outcome, replica_usd_per_s, edges)
            dealt = rng.permutation(members[name])
            for part in np.array_split(dealt, min(_PARTS, dealt.size)):
                is_kept = np.ones(len(calls.request_ids), np.bool_)
                is_kept[part] = False
                keep = is_kept[request]
                outcome = replay_network(without(fits.workload, keep), fits.pool[keep], pools)
                saved_usd += today_usd - busy_usd_by_block(outcome, replica_usd_per_s, edges)
        return Removal(saved_usd / deals)

    with ThreadPoolExecutor(_THREADS) as executor:
        return dict(zip(members, executor.map(removal, members), strict=True))


def _paced(pools: Sequence[Pool], rng: np.random.Generator) -> list[Pool]:
    """The pools with step times from around the fitted ones."""
    factors = 1.0 + _PACE * rng.standard_normal(len(pools))
    return [
        replace(
            pool,
            model=replace(pool.model, alpha_s=pool.model.alpha_s * factor, beta_s=pool.model.beta_s * factor),
        )
        for pool, factor in zip(pools, factors.tolist(), strict=True)
    ]


def _deals(calls: int, classes: int) -> int:
    """How often each class is dealt: as often as the bound on replayed calls allows, at least once."""
    return max(1, min(_MOST_DEALS, _CALLS_TO_REPLAY // max(1, calls * classes * _PARTS)))
