"""What would one request less of a class have saved? By replaying the trace's own calls without some of them.

In: the fitted pools with their workload. Out: per class busy seconds saved and delay spared to others, by replicate and
part, apart for requests that found their replica idle and busy. The requests of a class are split at random into
disjoint parts of 5 to 10 %; each part is taken away in turn, the rest is replayed under the same rules, and the change
of busy seconds is divided by the requests removed. A busy pool is chaotic: with steps a hair shorter or longer, calls
meet others on other replicas, and the day turns out cheaper or dearer by more than a small class costs. So classes are
split several times, in replicates, and each part is replayed under laws of its own, drawn from around the fitted ones,
the same with and without it: a day that all parts were compared with would lend its luck to all of them. Classes share
these days: their parts are taken away from the same replays of everyone. Where a few replicates agree, the others are
not made.
docs/explanation/marginal-cost.md
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.cost.closed_forms import bounds_s
from costctl.service_model.law_draws import SIGNS, deviating, deviations, error_roots
from costctl.service_model.pool_fit import PoolFits
from costctl.service_model.step_intervals import found_idle
from costctl.simulate.counterfactual import without
from costctl.simulate.network import replay_network
from costctl.simulate.replicas import replicas_by_pool
from costctl.simulate.workload import Outcome, Pool
from costctl.stats.replicates import FEWEST_REPLICATES

METHOD: Final = "counterfactual replay, pairs of laws drawn from the fit's errors"

_PARTS: Final = 12  # of a class: 8.3 % of it at a time
# Of those that found their replica idle, and of those that did not: they come at the same hours, so that all of a few
# of them, taken away at once, leave replicas idle that each alone would not.
_LEAST_PARTS: Final = 6
_CALLS_TO_REPLAY: Final = 40_000_000  # a bound for all replicates together: some ten seconds of two threads
_MOST_REPLAYS: Final = 288  # of a class
_FIRST_REPLICATES: Final = 4
_AGREED: Final = 0.02  # standard error of their mean, as a ratio of it: intervals are then at most ± 6 % wide
_THREADS: Final = 2
_SPLITS, _LAWS = 0, 1  # what is drawn
_SAVED, _DELAY = 0, 1  # what is found of a part


@dataclass(frozen=True, slots=True)
class Removal:
    """What the requests of a class save where they are not made: every part stands for as much of the class as makes
    the parts of a replicate, added up, the whole.

    saved_s: replica seconds, replicates × parts × 2 (pair of laws) × fitted pools.  delay_s: seconds that the calls of
    others end sooner, replicates × parts × 2 × classes of the others.  is_idle: by part, whether its requests found
    their replica idle.  deviations: of the first law of each pair, replicates × parts × 3·pools, as ratios.
    covariance: of the fit's errors, 3·pools square.  found_idle_ids: ids of the requests whose first call found its
    replica idle.
    """

    saved_s: Floats
    delay_s: Floats
    is_idle: Bools
    deviations: Floats
    covariance: Floats
    found_idle_ids: Ints


@dataclass(frozen=True, slots=True)
class _Split:
    """The requests of a class in one replicate. parts: those taken away in turn.  stands_for: by part, how many times
    it counts.
    """

    parts: tuple[Ints, ...]
    stands_for: Floats


@dataclass(frozen=True, slots=True)
class _Class:
    """members: its requests.  is_idle: by part, alike in every replicate.  splits: one for each replicate."""

    members: Ints
    is_idle: Bools
    splits: tuple[_Split, ...]


def removals(fits: PoolFits, seed: int) -> dict[str, Removal]:
    """For each class with calls in fitted pools, what its requests cost at the margin."""
    if not fits.fitted:
        return {}
    calls, which = fits.calls, fits.which
    request_class, is_idle = calls.request_class[which], _found_idle(fits)
    work_s: Floats = np.bincount(
        calls.request[which], weights=bounds_s(fits)[1], minlength=len(calls.request_ids)
    ).astype(np.float64)
    present = np.unique(request_class).tolist()
    replicates, most = _replicates(fits.workload.size, len(present))
    classes = {
        number: _classified(
            np.unique(calls.request[which][request_class == number]),
            is_idle,
            work_s,
            most,
            [np.random.default_rng([seed, _SPLITS, number, each]) for each in range(replicates)],
        )
        for number in present
    }
    roots = error_roots(fits.fitted)
    parts = max(each.is_idle.size for each in classes.values())
    laws = [
        [deviations(roots, np.random.default_rng([seed, _LAWS, replicate, part])) for part in range(parts)]
        for replicate in range(replicates)
    ]

    def compared(place: tuple[int, int]) -> dict[int, tuple[Floats, Floats]]:
        replicate, part = place
        taken = {
            number: each.splits[replicate].parts[part]
            for number, each in classes.items()
            if part < each.is_idle.size
        }
        return _compared(fits, laws[replicate][part], taken)

    found: dict[tuple[int, int], dict[int, tuple[Floats, Floats]]] = {}
    made = 0

    def of_class(number: int, side: int) -> Floats:
        """What its parts saved, or spared others, each as often as it counts: by replicate, part and law."""
        splits = classes[number].splits[:made]
        return np.array(
            [
                [found[replicate, part][number][side] * times for part, times in enumerate(split.stands_for)]
                for replicate, split in enumerate(splits)
            ]
        )

    with ThreadPoolExecutor(_THREADS) as executor:
        while made < replicates and not (made and all(_is_told(of_class(each, _SAVED)) for each in present)):
            until = replicates if made else min(_FIRST_REPLICATES, replicates)
            places = [(replicate, part) for replicate in range(made, until) for part in range(parts)]
            found.update(zip(places, executor.map(compared, places), strict=True))
            made = until

    def removal(number: int, each: _Class) -> Removal:
        own = each.is_idle.size
        return Removal(
            of_class(number, _SAVED),
            of_class(number, _DELAY),
            each.is_idle,
            np.array([[law.ravel() for law in some[:own]] for some in laws[:made]]),
            _blocks_on_diagonal(roots @ roots.transpose(0, 2, 1)),
            calls.request_ids[each.members[is_idle[each.members]]],
        )

    return {calls.classes[number]: removal(number, each) for number, each in classes.items()}


def _classified(
    members: Ints, is_idle: Bools, work_s: Floats, most: int, rngs: Sequence[np.random.Generator]
) -> _Class:
    """Those that found their replica idle, and the others, split into parts of their own. work_s: of each request, by
    its closed form.  most: how many of twelve parts are taken away; if not all, they stand for the others by their
    work.
    """
    strata = [members[is_idle[members] == stratum] for stratum in (True, False)]
    parts = [min(each.size, max(_LEAST_PARTS, round(_PARTS * each.size / members.size))) for each in strata]
    taken = [min(count, max(1, round(most * count / _PARTS))) for count in parts]

    def split(rng: np.random.Generator) -> _Split:
        chosen, stands_for = [], []
        for stratum, count, few in zip(strata, parts, taken, strict=True):
            if few == 0:
                continue
            some = np.array_split(rng.permutation(stratum), count)[:few]
            weight = stratum if few == count else np.concatenate(some)
            ratio = 1.0 if few == count else _ratio(work_s, stratum, weight)
            chosen += some
            stands_for += [ratio] * few
        return _Split(tuple(chosen), np.array(stands_for))

    return _Class(members, np.repeat([True, False], taken), tuple(split(rng) for rng in rngs))


def _ratio(work_s: Floats, whole: Ints, part: Ints) -> float:
    """How many times the part stands for the whole: by its work, or by its requests where that is none."""
    done_s = float(work_s[part].sum())
    return float(work_s[whole].sum()) / done_s if done_s > 0 else whole.size / part.size


def _compared(fits: PoolFits, law: Floats, taken: dict[int, Ints]) -> dict[int, tuple[Floats, Floats]]:
    """What is saved where these requests of each class are not made, under two laws of opposite sign: 2 × pools replica
    seconds, and 2 × classes seconds of delay.
    """
    found: dict[int, list[tuple[Floats, Floats]]] = {number: [] for number in taken}
    for sign in SIGNS:
        pools = deviating(fits.pools, sign * law)
        today = replay_network(fits.workload, fits.pool, pools)
        for number, part in taken.items():
            found[number].append(_saved(fits, pools, today, part))
    return {
        number: (np.array([saved_s for saved_s, _ in pair]), np.array([delay_s for _, delay_s in pair]))
        for number, pair in found.items()
    }


def _saved(fits: PoolFits, pools: Sequence[Pool], today: Outcome, part: Ints) -> tuple[Floats, Floats]:
    """Replica seconds by pool, and delay of others by their class, that there were not without these requests."""
    is_kept = np.ones(len(fits.calls.request_ids), np.bool_)
    is_kept[part] = False
    keep = is_kept[fits.calls.request[fits.which]]
    other = replay_network(without(fits.workload, keep), fits.pool[keep], pools)
    first = np.cumsum([0, *replicas_by_pool(pools)[:-1]])
    saved_s: Floats = np.add.reduceat(today.busy_s - other.busy_s, first)
    longer_s = (today.end_s - today.arrival_s)[keep] - (other.end_s - other.arrival_s)
    delay_s = np.bincount(
        fits.workload.lane[keep], weights=np.nan_to_num(longer_s), minlength=len(fits.calls.classes)
    )
    return saved_s, delay_s.astype(np.float64)


def _is_told(saved_s: Floats) -> bool:
    """Whether the replicates agree so well on what the class saves that more of them would tell little."""
    by_replicate = saved_s.sum(axis=(1, 2, 3))
    error_s = by_replicate.std(ddof=1) / np.sqrt(by_replicate.size)
    return bool(error_s <= _AGREED * abs(by_replicate.mean()))


def _blocks_on_diagonal(blocks: Floats) -> Floats:
    """n square blocks as one matrix: what belongs to different pools is independent."""
    count, size, _ = blocks.shape
    whole = np.zeros((count, size, count, size))
    whole[np.arange(count), :, np.arange(count), :] = blocks
    return whole.reshape(count * size, count * size)


def _found_idle(fits: PoolFits) -> Bools:
    """Of each request, whether its first call in a fitted pool came to a replica with nothing to do."""
    calls, which = fits.calls, fits.which
    apart = calls.pool[which] * (int(calls.server.max()) + 1) + calls.server[which]
    is_idle = found_idle(apart, calls.arrival_s[which], calls.end_s[which])
    first = np.full(len(calls.request_ids), which.size, np.int64)
    np.minimum.at(first, calls.request[which], np.arange(which.size))
    found: Bools = np.append(is_idle, False)[first]
    return found


def _replicates(calls: int, classes: int) -> tuple[int, int]:
    """How many replicates, and how many parts of each class are taken away in each: all twelve, but of so many calls
    that three replicates are too much. A part then holds so many requests that few tell as much as twelve of a
    smaller trace.
    """
    a_part = len(SIGNS) * (1 + classes)  # replays: of everyone, and without a part of each class
    replays = min(_CALLS_TO_REPLAY // max(1, calls), _MOST_REPLAYS * classes)
    replicates = max(FEWEST_REPLICATES, replays // (a_part * _PARTS))
    return replicates, max(1, min(_PARTS, replays // (a_part * replicates)))
