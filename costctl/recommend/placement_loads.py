"""What load does each class put on each pool, hour by hour, and how sure is that?

In: the study, replays of a class on other pools. Out: ``Loads`` in blocks of time, which are hours or parts of them;
and the program of the whole part, or of one whose days or blocks are drawn again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.recommend.placement_program import Problem
from costctl.recommend.placement_reads import ClassReads, read_columns
from costctl.recommend.savings import MOST_UTILISATION
from costctl.recommend.study import Part, Study
from costctl.scenario.interruptions import done_again_by_pool, interruptions_per_s, there_ratio
from costctl.scenario.period import Period
from costctl.simulate.busy_blocks import busy_s_by_pool_and_block
from costctl.simulate.counterfactual import without
from costctl.simulate.network import replay_network
from costctl.simulate.replicas import replicas_by_pool
from costctl.simulate.workload import Outcome
from costctl.stats.blocks import BLOCKS
from costctl.units import S_PER_DAY, S_PER_HOUR

PARTS: Final = 10  # into which a class may be split: a balancer is set to tenths
FEWEST_SEEN: Final = 30  # requests of a class on a pool: with fewer its failures there are not known
_FEWEST_DAYS: Final = 7  # from here on whole days are drawn again, before blocks
_TIE: Final = (
    1e-3  # of the price of busy time: of placements that need as many replicas, the one that keeps fewer busy
)
Pair = tuple[int, int]  # a class and a pool, by number


@dataclass(frozen=True, slots=True)
class Grid:
    """Blocks of time of one length. edges_s: of the blocks.  hour: by block, an hour of the part.  unit: by block, what
    is drawn again with it: a day from a week on, else the block itself.
    """

    edges_s: Floats
    hour: Ints
    unit: Ints

    @property
    def blocks(self) -> int:
        """How many there are."""
        return self.hour.size

    def weights(self, rng: np.random.Generator) -> Floats:
        """By block, how often it is drawn when as many units are drawn as there are."""
        units = int(self.unit[-1]) + 1
        drawn: Floats = rng.multinomial(units, np.full(units, 1.0 / units)).astype(np.float64)[self.unit]
        return drawn


def grid_of(from_s: float, to_s: float) -> Grid:
    """Hours of the part, one at least, each of so many blocks that there are 48 of them or more."""
    hours = max(1, int((to_s - from_s) // S_PER_HOUR))
    blocks = hours * -(-BLOCKS // hours)
    days = int((to_s - from_s) // S_PER_DAY)
    units = days if days >= _FEWEST_DAYS else blocks
    every = np.arange(blocks)
    return Grid(np.linspace(from_s, to_s, blocks + 1), every * hours // blocks, every * units // blocks)


@dataclass(frozen=True, slots=True)
class Loads:
    """busy_s: by class and pool, seconds by block that the whole class keeps replicas of the pool busy, what is done
    again there included.  fixed_busy_s: pools × blocks, of classes that no pool serves to nine tenths.  failure_usd: by
    class and pool, USD that its failed requests were worth.  today: by class, the pool that serves it.  reads: what the
    classes read, in the order of ``today``; None where nothing is known of it.
    """

    grid: Grid
    busy_s: Mapping[Pair, Floats]
    fixed_busy_s: Floats
    failure_usd: Mapping[Pair, float]
    today: Mapping[int, int]
    reads: ClassReads | None


def loads_of(
    study: Study,
    homes: Mapping[int, int],
    moved: Mapping[Pair, Outcome],
    grid: Grid,
    reads: ClassReads | None,
) -> Loads:
    """The loads of classes at home, and of each where it was replayed. moved: by class and pool, the replay of the
    first part with the class there. The load of a class is what its pool is busy with it, less what it is without it.
    """
    part = study.first
    numbers = part.period.request_class[part.period.request]
    today = dict.fromkeys(homes.items(), part.today.outcome)
    rest = {number: _busy_without(study, part, numbers != number, grid) for number in homes}
    busy_s = {
        (number, pool): np.maximum((_busy_s(outcome, part.period, grid) - rest[number])[pool], 0.0)
        * (1.0 + _done_again(outcome, part.period, numbers == number)[pool])
        for (number, pool), outcome in {**today, **moved}.items()
    }
    whole = _busy_s(part.today.outcome, part.period, grid)
    fixed_busy_s = whole - _busy_without(study, part, np.isin(numbers, list(homes)), grid)
    failures = {pair: _failure_usd(study, part, *pair) for pair in busy_s}
    return Loads(grid, busy_s, np.maximum(fixed_busy_s, 0.0), failures, homes, reads)


def problem_of(study: Study, loads: Loads, is_allowed: Bools, weights: Floats | None = None) -> Problem:
    """The program. is_allowed: classes × pools, classes in the order of ``loads.today``.  weights: by block, how often
    it counts; once each where None. Pairs that nobody replayed load as the class does at home.
    """
    grid, pools = loads.grid, len(study.pools)
    weight = np.ones(grid.blocks) if weights is None else weights
    block_s = float(grid.edges_s[1] - grid.edges_s[0])
    seconds = np.bincount(grid.hour, weight * block_s)
    hours = np.where(seconds > 0, seconds, np.inf)

    def busy_replicas(busy_s: Floats) -> Floats:
        return np.bincount(grid.hour, weight * busy_s, minlength=seconds.size) / hours

    load = np.zeros((len(loads.today), pools, seconds.size))
    failure = np.zeros(load.shape[:2])
    today = np.zeros(load.shape[:2])
    for place, (number, home) in enumerate(loads.today.items()):
        today[place, home] = 1.0
        for pool in range(pools):
            pair = (number, pool) if (number, pool) in loads.busy_s else (number, home)
            load[place, pool] = busy_replicas(loads.busy_s[pair])
            failure[place, pool] = loads.failure_usd[pair]
    usd_per_hour = study.first.period.usd_per_s * S_PER_HOUR
    period_hours = (study.first.period.to_s - study.first.period.from_s) / S_PER_HOUR
    mean = (load * seconds).sum(axis=2) / seconds.sum()
    declared = [study.settings.pools[name] for name in study.pools]
    limits = study.settings.placement
    columns = None if loads.reads is None else read_columns(loads.reads, weights)
    return Problem(
        load=load,
        fixed_load=np.array([busy_replicas(each) for each in loads.fixed_busy_s]),
        usd_per_replica=usd_per_hour,
        usd=failure / period_hours + _TIE * mean * usd_per_hour + (0.0 if columns is None else columns.usd),
        is_allowed=is_allowed,
        today=today,
        most_utilisation=np.array(
            [MOST_UTILISATION * there_ratio(interruptions_per_s(each), each.start_up_s) for each in declared]
        ),
        most_replicas=np.array(
            [np.inf if each.most_replicas is None else float(each.most_replicas) for each in declared]
        ),
        most_moves=limits.most_moves,
        parts=PARTS if limits.split else 1,
        copies=None if columns is None else columns.copies,
    )


def _busy_without(study: Study, part: Part, keep: Bools, grid: Grid) -> Floats:
    """Busy seconds, pools × blocks, of the calls that are kept, under today's rules."""
    if not keep.any():
        return np.zeros((len(study.pools), grid.blocks))
    rest = replay_network(without(part.period.workload, keep), part.period.pool[keep], part.period.pools)
    return _busy_s(rest, part.period, grid)


def _busy_s(outcome: Outcome, period: Period, grid: Grid) -> Floats:
    edges_s = grid.edges_s.copy()
    edges_s[-1] = np.inf
    return busy_s_by_pool_and_block(outcome, replicas_by_pool(period.pools), edges_s)


def _done_again(outcome: Outcome, period: Period, members: Bools) -> Floats:
    """By pool, the ratio of work that interruptions make calls of the class do again."""
    return done_again_by_pool(outcome, period.pools, period.interruptions_per_s, members)


def _failure_usd(study: Study, part: Part, number: int, pool: int) -> float:
    """USD that failed requests of the class were worth, at the ratio of those that the pool served; at the ratio of
    all where it served fewer than 30. 0 where nobody declared what a success is worth.
    """
    value = study.declared(study.classes[number]).value
    if value is None or value.usd_per_success is None:
        return 0.0
    period = part.period
    members = period.members(number)
    there = np.zeros(members.size, np.bool_)
    there[period.request[period.pool == pool]] = True
    seen = members & there
    of = seen if np.count_nonzero(seen) >= FEWEST_SEEN else members
    return float((~period.is_success[of]).mean()) * int(members.sum()) * value.usd_per_success
