"""What would one request less of a class have saved? By replaying the trace's own calls without some of them.

In: the fitted pools with their workload. Out: per class busy seconds saved and delay spared to others, by replicate,
pool and block of time, apart for requests that found their replica idle and busy. The requests of a class are split
at random into disjoint parts of 5 to 10 %; each part is taken away in turn, the rest is replayed under the same
rules, and the change of busy seconds is divided by the requests removed. A busy pool is chaotic: with steps a hair
shorter or longer, calls meet others on other replicas, and the day turns out cheaper or dearer by more than a small
class costs. So classes are split several times, in replicates, and each part has step times of its own, drawn from
around the fitted ones, the same with and without it: a day that all parts were compared with would lend its luck to
all of them.
docs/explanation/marginal-cost.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.service_model.pool_fit import PoolFits
from costctl.service_model.step_intervals import found_idle
from costctl.simulate.busy_blocks import busy_s_by_pool_and_block
from costctl.simulate.counterfactual import without
from costctl.simulate.network import replay_network
from costctl.simulate.replicas import replicas_by_pool
from costctl.simulate.workload import Outcome, Pool

METHOD: Final = "counterfactual replay, bootstrap over blocks and replicates"

_PARTS: Final = 12  # of a class: 8.3 % of it at a time
_LEAST_PARTS: Final = 1
_PACE: Final = 0.005  # standard deviation of the step times around the fitted ones, as a ratio
_MOST_REPLICATES: Final = 12
_CALLS_TO_REPLAY: Final = 40_000_000  # a bound for all replicates together: some ten seconds of two threads
_THREADS: Final = 2
BUSY, IDLE = 0, 1


@dataclass(frozen=True, slots=True)
class Removal:
    """What the requests of a class save, all parts together, where they are not made.

    saved_s: replica seconds, replicates × 2 (found busy, found idle) × fitted pools × blocks.  delay_s: seconds that
    the calls of others end sooner, replicates × classes of the others × blocks.  found_idle_ids: ids of its requests
    whose first call found its replica idle.
    """

    saved_s: Floats
    delay_s: Floats
    found_idle_ids: Ints


def removals(fits: PoolFits, edges_s: Mapping[str, Floats], seed: int) -> dict[str, Removal]:
    """For each class with calls in fitted pools, what its requests cost at the margin.

    edges_s: class → edges of its blocks of time.
    """
    if not fits.fitted:
        return {}
    calls, which = fits.calls, fits.which
    request_class = calls.request_class[which]
    members = {
        name: np.unique(calls.request[which][request_class == number])
        for number, name in enumerate(calls.classes)
        if name in edges_s and (request_class == number).any()
    }
    is_idle = _found_idle(fits)
    replicates, parts = _replicates(fits.workload.size, len(members))

    def removal(name: str) -> Removal:
        number = calls.classes.index(name)
        replicated = [
            _replicate(
                fits,
                members[name],
                is_idle,
                edges_s[name],
                parts,
                np.random.default_rng([seed, number, replicate]),
            )
            for replicate in range(replicates)
        ]
        return Removal(
            np.array([saved_s for saved_s, _ in replicated]),
            np.array([delay_s for _, delay_s in replicated]),
            calls.request_ids[members[name][is_idle[members[name]]]],
        )

    with ThreadPoolExecutor(_THREADS) as executor:
        return dict(zip(members, executor.map(removal, members), strict=True))


def _replicate(
    fits: PoolFits, members: Ints, is_idle: Bools, edges_s: Floats, most: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """One random split of a class into parts, each taken away once: seconds saved (2 × pools × blocks), and delay of
    others (classes × blocks). most: how many parts are taken away; if that is not all, they stand for the others.
    """
    replicas = replicas_by_pool(fits.pools)
    request = fits.calls.request[fits.which]
    saved_s = np.zeros((2, len(replicas), edges_s.size - 1))
    delay_s = np.zeros((len(fits.calls.classes), edges_s.size - 1))
    for is_found_idle in (False, True):
        stratum = members[is_idle[members] == is_found_idle]
        parts = min(stratum.size, max(1, round(_PARTS * stratum.size / members.size)))
        taken = (
            np.array_split(rng.permutation(stratum), parts)[: max(1, round(most * parts / _PARTS))]
            if parts
            else []
        )
        stands_for = stratum.size / max(1, sum(part.size for part in taken))
        for part in taken:
            pools = _paced(fits.pools, rng)
            today = replay_network(fits.workload, fits.pool, pools)
            is_kept = np.ones(len(fits.calls.request_ids), np.bool_)
            is_kept[part] = False
            keep = is_kept[request]
            other = replay_network(without(fits.workload, keep), fits.pool[keep], pools)
            busy_s = busy_s_by_pool_and_block(today, replicas, edges_s)
            saved_s[int(is_found_idle)] += stands_for * (
                busy_s - busy_s_by_pool_and_block(other, replicas, edges_s)
            )
            delay_s += stands_for * _delay_s(fits, today, other, keep, edges_s)
    return saved_s, delay_s


def _delay_s(fits: PoolFits, today: Outcome, other: Outcome, keep: Bools, edges_s: Floats) -> Floats:
    """By how many seconds the calls that are kept took longer today, by their class and the block they came in."""
    longer_s = (today.end_s - today.arrival_s)[keep] - (other.end_s - other.arrival_s)
    lane, arrival_s = fits.workload.lane[keep], fits.workload.arrival_s[keep]
    longer_s = np.nan_to_num(longer_s)
    classes, blocks = len(fits.calls.classes), edges_s.size - 1
    block = np.searchsorted(edges_s[1:-1], arrival_s, side="right")
    summed_s = np.bincount(lane * blocks + block, weights=longer_s, minlength=classes * blocks)
    return summed_s.astype(np.float64).reshape(classes, blocks)


def _found_idle(fits: PoolFits) -> Bools:
    """Of each request, whether its first call in a fitted pool came to a replica with nothing to do."""
    calls, which = fits.calls, fits.which
    apart = calls.pool[which] * (int(calls.replica.max()) + 1) + calls.replica[which]
    is_idle = found_idle(apart, calls.arrival_s[which], calls.end_s[which])
    first = np.full(len(calls.request_ids), which.size, np.int64)
    np.minimum.at(first, calls.request[which], np.arange(which.size))
    found: Bools = np.append(is_idle, False)[first]
    return found


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


def _replicates(calls: int, classes: int) -> tuple[int, int]:
    """How many replicates of each class: as many as the bound on replayed calls allows, and how many of its parts are
    taken away: all, but of so many calls that one replicate is too much. A part then holds so many requests that two
    tell as much as twelve of a smaller trace.
    """
    replicates = _CALLS_TO_REPLAY // max(1, 2 * calls * classes * _PARTS)
    parts = _CALLS_TO_REPLAY // max(1, 2 * calls * classes)
    return max(1, min(_MOST_REPLICATES, replicates)), max(_LEAST_PARTS, min(_PARTS, parts))
