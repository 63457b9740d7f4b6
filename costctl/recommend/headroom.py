"""At which load does a class leave an objective, and how many calls wait in a pool then?

In: the study. Out: ``Headroom``, by class. The first part of the window is replayed with more requests or fewer, all
classes alike (costctl/scenario/load.py), until the first load, to a twentieth, at which the class misses an objective.
Each load is replayed once, for all pools and classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.recommend.objectives import Missed, Promise, missed
from costctl.recommend.study import Part, Study
from costctl.scenario.extrapolation import BEYOND, beyond_by_pool, first_load_beyond, seen_in_progress
from costctl.scenario.load import at_load
from costctl.simulate.outcome_measures import quantile_s
from costctl.simulate.workload import Outcome

MOST_LOAD: Final = 4.0  # times today's: further out, a fit to today says little
_PERCENTILES: Final = {
    "e2e_p95": "p95",
    "e2e_p99": "p99",
    "ttft_p95": "p95 to first token",
    "deadline": "p95",
}


@dataclass(frozen=True, slots=True)
class Headroom:
    """How far the load may grow for one class. load: times today's, at which it misses ``promise``; None where it
    misses none up to ``MOST_LOAD``.  is_seen: the calls in progress at that load were observed.
    """

    request_class: str
    load: float | None
    promise: Promise | None
    is_seen: bool

    @property
    def last_load(self) -> float:
        """The load up to which it was looked at."""
        return MOST_LOAD if self.load is None else self.load

    @property
    def statement(self) -> str:
        """A sentence."""
        if self.load is None or self.promise is None:
            return f"{self.request_class} would keep its objectives at {MOST_LOAD:g} times today's load."
        what = f"{_PERCENTILES[self.promise.metric]} of {self.request_class}"
        target = f"its objective of {self.promise.target_s:g} s"
        unseen = "" if self.is_seen else ", with more calls in progress at once than were observed"
        if self.load <= 1.0:
            since = "" if self.load >= 1.0 else f", and would from {self.load:g} times its load on"
            return f"{what} misses {target} today{since}."
        return f"{what} would leave {target} at {self.load:g} times today's load{unseen}."


@dataclass(frozen=True, slots=True)
class AtLoad:
    """What a replay at another load says. missed: the objectives that classes miss.  waiting: by pool, calls that wait
    per replica: as many as 95 % of its calls find at most.  beyond_ratio: of busy time in which more calls were in
    progress than were observed, the largest of all pools.
    """

    missed: tuple[Missed, ...]
    waiting: tuple[float, ...]
    beyond_ratio: float


class Loads:
    """The first part of the window at other loads, each replayed once; what is kept of a replay is small."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._seen = seen_in_progress(study.fits)
        self._told: dict[float, AtLoad] = {}

    def at(self, load: float) -> AtLoad:
        """The part with so many times its requests, to a hundredth, under today's settings: a load that a search came
        to by halves is the one that it says.
        """
        load = round(load, 2)
        if load not in self._told:
            part = self._replayed(load)
            pools = range(len(self._study.pools))
            self._told[load] = AtLoad(
                missed=missed(part, part.today, self._study.served_classes()),
                waiting=tuple(_waiting(part, pool) for pool in pools),
                beyond_ratio=max(beyond_by_pool(part.today.outcome, part.period.pools, self._seen)),
            )
        return self._told[load]

    def headroom(self, number: int) -> Headroom:
        """How far the load may grow for the class."""
        name = self._study.classes[number]

        def of_class(load: float) -> list[Promise]:
            return [each.promise for each in self.at(load).missed if each.promise.request_class == number]

        load = first_load_beyond(lambda load: bool(of_class(load)), MOST_LOAD)
        if load is None:
            return Headroom(name, None, None, is_seen=True)
        is_seen = load <= 1.0 or self.at(load).beyond_ratio <= BEYOND
        return Headroom(name, load, of_class(load)[0], is_seen=is_seen)

    def _replayed(self, load: float) -> Part:
        grown = at_load(self._study.first.period, load, self._study.seed)
        return Part(f"{load:g} times the load", grown, grown.trial(grown.pools))


def _waiting(part: Part, pool: int) -> float:
    found = waiting_found(part.today.outcome, part.period.pool == pool)
    replicas = part.period.pools[pool].setup.replicas
    return quantile_s(found.astype(np.float64), 0.95) / replicas if found.size else 0.0


def waiting_found(outcome: Outcome, of_pool: Bools) -> Ints:
    """How many calls wait in the pool when each of those that it serves comes: came before, and begin later.

    of_pool: the calls of the pool.
    """
    served = of_pool & np.isfinite(outcome.begin_s)
    arrival_s, begin_s = np.sort(outcome.arrival_s[served]), np.sort(outcome.begin_s[served])
    came = np.arange(arrival_s.size)
    begun = np.searchsorted(begin_s, arrival_s, side="right")
    waiting: Ints = np.maximum(came - begun, 0)
    return waiting
