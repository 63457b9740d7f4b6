"""What would one request less of a class have saved? By replaying the trace's own calls without some of them.

In: the fitted pools with their workload, prices of replica time, direct charges. Out: USD per request and
class, with intervals. The requests of a class are dealt into disjoint parts of 5 to 10 %; each part is taken
away in turn, the rest is replayed under the same rules, and the change of busy seconds is divided by the
requests removed. The closed forms are
bounds at most: docs/explanation/cost-model.md shows by how much they are off under load.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.cost.blocks import BLOCKS
from costctl.cost.busy_blocks import busy_usd_by_block
from costctl.cost.pool_fit import PoolFits
from costctl.simulate.counterfactual import without
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Bools, Floats

METHOD: Final = "counterfactual replay, block bootstrap"

_PARTS: Final = 12  # of a class: 8.3 % of it at a time
_THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class Removal:
    """What taking away a class changed, by block of time: blocks entries each.

    saved_usd: price of the busy seconds that fell away.  requests: how many were taken away, by the block of
    their first call.
    """

    saved_usd: Floats
    requests: Floats


def removals(fits: PoolFits, usd_per_s: Floats, window_s: float, seed: int) -> dict[str, Removal]:
    """For each class with calls in fitted pools, what its requests cost at the margin.

    usd_per_s: price of a replica second of each fitted pool.  window_s: length of the window, cut into equal
    blocks.
    """
    if not fits.fitted:
        return {}
    calls, which = fits.calls, fits.which
    edges_s = np.linspace(0.0, window_s, BLOCKS + 1)
    edges_s[0], edges_s[-1] = -np.inf, np.inf
    replica_usd_per_s = np.repeat(usd_per_s, [pool.setup.replicas for pool in fits.pools])
    base = busy_usd_by_block(replay_network(fits.workload, fits.pool, fits.pools), replica_usd_per_s, edges_s)
    request, request_class = calls.request[which], calls.request_class[which]
    first_s = np.full(len(calls.request_ids), np.inf)
    np.minimum.at(first_s, request, calls.arrival_s[which])
    parts: list[tuple[int, Bools]] = []
    for number in range(len(calls.classes)):
        rng = np.random.default_rng([seed, number])
        members = rng.permutation(np.unique(request[request_class == number]))
        for part in np.array_split(members, min(_PARTS, members.size)) if members.size else ():
            is_removed = np.zeros(len(calls.request_ids), np.bool_)
            is_removed[part] = True
            parts.append((number, is_removed))

    def saved(part: tuple[int, Bools]) -> Floats:
        keep = ~part[1][request]
        outcome = replay_network(without(fits.workload, keep), fits.pool[keep], fits.pools)
        return base - busy_usd_by_block(outcome, replica_usd_per_s, edges_s)

    with ThreadPoolExecutor(_THREADS) as executor:
        savings = list(executor.map(saved, parts))
    found: dict[str, Removal] = {}
    for (number, is_removed), saving in zip(parts, savings, strict=True):
        counts = np.histogram(first_s[is_removed], np.nan_to_num(edges_s, posinf=np.finfo(float).max))[0]
        name = calls.classes[number]
        before = found.get(name, Removal(np.zeros(BLOCKS), np.zeros(BLOCKS)))
        found[name] = Removal(before.saved_usd + saving, before.requests + counts)
    return found
