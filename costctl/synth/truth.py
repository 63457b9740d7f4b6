"""What does one request of a class really cost? The same world is run again without some of the class.

In: a world and its demand. Out: ``Truth``, as truth.json says it. It is the marginal cost of these very requests, at
these very instants, as a mean over days. The requests of a class are split at random into
disjoint parts of 5 to 10 %; each part is left out in turn, and what the world spent less is divided by the
requests left out. A busy pool is chaotic: with replicas a hair faster or slower, calls meet others on other
replicas, and a day turns out cheaper or dearer by more than a small class costs. So the world is run on many
such days, one for each part that is left out, each with and without it, and the standard error is that between
replicates. Nothing is fitted and no formula of costctl.cost is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
import numpy as np

from costctl.arrays import Bools, Floats
from costctl.synth.demand import Demand
from costctl.synth.platform import CallEnd, Served, serve
from costctl.synth.world import World

SCHEMA_VERSION: Final = "costctl.truth/v1"
_PARTS: Final = 12  # of a class: 8.3 % of it at a time
_DAYS: Final = 24  # random splits of a class into parts, each part on a day of its own
_STEP: Final = 8  # days at a time, until the truth is as sharp as was asked
_MOST_DAYS: Final = 32
_THREADS: Final = 2


class TrueMean(msgspec.Struct, frozen=True):
    """A mean over days, and its standard error."""

    mean: float
    standard_error: float


class ClassTruth(msgspec.Struct, frozen=True):
    """One class. marginal_busy_s: of all pools.  direct_usd: storage and egress, per request."""

    requests: int
    successes: int
    calls: int
    failed_calls: int
    marginal_busy_s_per_request: TrueMean
    marginal_usd_per_request: TrueMean
    direct_usd_per_request: float


class PoolTruth(msgspec.Struct, frozen=True):
    """One pool: its law of service, and how long its replicas were busy."""

    alpha_s: float
    beta_s: float
    gamma_s: float
    replicas: int
    calls: int
    busy_s: float


class Truth(msgspec.Struct, frozen=True):
    """truth.json."""

    schema_version: str
    world: str
    seed: int
    requests: int
    classes: dict[str, ClassTruth]
    pools: dict[str, PoolTruth]


def truth_of(world: World, demand: Demand, served: Served, days: int = _DAYS) -> Truth:
    """The truth about a world. served: the run with every request, as it is written out.  days: to average over."""
    direct_usd = direct_usd_of_requests(world, demand, served)
    succeeded = is_success(demand, served)
    runs = _Runs(world, demand)
    classes = {}
    for number, spec in enumerate(world.classes):
        members = demand.requests.request_class == number
        if not members.any():
            continue
        made = members[demand.calls.request] & (served.end != CallEnd.NEVER_MADE)
        busy_s, busy_usd = runs.marginal(members, range(1, days + 1))
        direct = float(direct_usd[members].mean())
        classes[spec.name] = ClassTruth(
            requests=int(members.sum()),
            successes=int((members & succeeded).sum()),
            calls=int(made.sum()),
            failed_calls=int((made & (served.end != CallEnd.OK)).sum()),
            marginal_busy_s_per_request=_mean(busy_s),
            marginal_usd_per_request=_mean(busy_usd + direct),
            direct_usd_per_request=direct,
        )
    return Truth(
        SCHEMA_VERSION,
        world.name,
        world.seed,
        demand.requests.start_s.size,
        classes,
        _pools(world, demand, served),
    )


def marginal_usd_of(
    world: World, demand: Demand, served: Served, groups: Mapping[str, Bools], within_usd: Mapping[str, float]
) -> dict[str, TrueMean]:
    """The marginal cost of a request of each of these groups of requests, whatever class the world gave them.

    within_usd: standard error that is asked for, by group; days are added until it is reached or there are 32.
    """
    direct_usd = direct_usd_of_requests(world, demand, served)
    runs = _Runs(world, demand)
    found = {}
    for name, members in groups.items():
        usd = np.zeros(0)
        while usd.size == 0 or (_mean(usd).standard_error > within_usd[name] and usd.size < _MOST_DAYS):
            days = range(usd.size + 1, usd.size + _STEP + 1)
            usd = np.append(usd, runs.marginal(members, days)[1])
        found[name] = _mean(usd + float(direct_usd[members].mean()))
    return found


def is_success(demand: Demand, served: Served) -> Bools:
    """Which requests got their answer: their last call, made or not, ended well."""
    good = np.ones(demand.requests.start_s.size, np.bool_)
    last = np.flatnonzero(np.append(np.diff(demand.calls.request) != 0, True))
    # A retry that nobody needed is never made; what counts is the last call that was.
    made = np.where(served.end != CallEnd.NEVER_MADE, np.arange(served.end.size), -1)
    latest = np.maximum.accumulate(made)[last]
    good[demand.calls.request[last]] = served.end[latest] == CallEnd.OK
    return good


def direct_usd_of_requests(world: World, demand: Demand, served: Served) -> Floats:
    """Of each request, USD of storage reads, bytes out of storage, and bytes out to the caller."""
    activities, count = demand.activities, demand.requests.start_s.size
    usd = np.zeros(count)
    of_class = demand.requests.request_class[activities.request]
    happened = np.isfinite(activity_start_s(demand, served))
    for number, spec in enumerate(world.classes):
        for place, step in enumerate(spec.steps):
            if step.storage is None:
                continue
            tier = world.storage_named(step.storage)
            here = happened & (of_class == number) & (activities.step == place)
            price = (
                activities.reads * tier.usd_per_1k_reads / 1e3
                + activities.read_bytes * tier.usd_per_gb_egress / 1e9
            )
            usd += np.bincount(activities.request[here], weights=price[here], minlength=count)
    usd += response_bytes(world, demand, served) * world.usd_per_gb_egress / 1e9
    return usd


def response_bytes(world: World, demand: Demand, served: Served) -> Floats:
    """Bytes that each request's answer had, whole numbers; 0 for a request that failed."""
    calls = demand.calls
    good = served.end == CallEnd.OK
    tokens = np.bincount(
        calls.request[good], weights=calls.steps[good] + 1.0, minlength=demand.requests.start_s.size
    )
    per_token = np.array([spec.response_bytes_per_token for spec in world.classes])
    size = np.floor(200.0 + tokens * per_token[demand.requests.request_class])
    return np.where(is_success(demand, served), size, 0.0)


def activity_start_s(demand: Demand, served: Served) -> Floats:
    """When each activity begins, seconds from the world's start; NaN where the request ended before."""
    activities, calls = demand.activities, demand.calls
    size = activities.request.size
    is_call = np.zeros(size, np.bool_)
    is_call[calls.activity] = True
    # An activity follows the end of the last call before it, else the start of its request.
    end_s = np.full(size, np.nan)
    good = served.end == CallEnd.OK
    end_s[calls.activity[good]] = served.end_s[good]
    place = np.where(is_call, np.arange(size), -1)
    before = np.maximum.accumulate(np.concatenate([[-1], place[:-1]]))
    first = np.searchsorted(activities.request, activities.request)
    has_call = before >= first
    anchor_s = np.where(has_call, end_s[before], demand.requests.start_s[activities.request])
    done_s = np.where(has_call, activities.until_s[before], 0.0)
    return anchor_s + activities.until_s - activities.duration_s - done_s


class _Runs:
    """Runs of a world on other days, those with every request kept: each group is compared with the same ones."""

    def __init__(self, world: World, demand: Demand) -> None:
        self.world, self.demand = world, demand
        self.usd_per_s = np.repeat(
            [pool.usd_per_replica_hour / 3600.0 for pool in world.pools],
            [pool.replicas for pool in world.pools],
        )
        self.everyone = np.ones(demand.requests.start_s.size, np.bool_)
        self.with_everyone: dict[int, Floats] = {}

    def marginal(self, members: Bools, days: range) -> tuple[Floats, Floats]:
        """Per day: busy seconds, and their USD, that a request of the group had cost."""
        with ThreadPoolExecutor(_THREADS) as executor:
            per_replica_s = np.array(list(executor.map(lambda day: self._saved_s(members, day), days)))
        return per_replica_s.sum(axis=1), per_replica_s @ self.usd_per_s

    def _saved_s(self, members: Bools, day: int) -> Floats:
        """Per replica, seconds a request."""
        shuffled = np.random.default_rng([self.world.seed, 11, day]).permutation(np.flatnonzero(members))
        parts = np.array_split(shuffled, min(_PARTS, shuffled.size))
        total_s = np.zeros(self.usd_per_s.size)
        for number, part in enumerate(parts):
            takes_part = self.everyone.copy()
            takes_part[part] = False
            # A day of its own for each part: the luck of one day would be shared by all that is compared with it.
            same_day = day * _PARTS + number
            total_s += self._with_everyone(same_day)
            total_s -= serve(self.world, self.demand, takes_part, same_day).busy_s
        return total_s / shuffled.size

    def _with_everyone(self, day: int) -> Floats:
        """Busy seconds of each replica."""
        if day not in self.with_everyone:
            self.with_everyone[day] = serve(self.world, self.demand, self.everyone, day).busy_s
        return self.with_everyone[day]


def _mean(values: Floats) -> TrueMean:
    spread = float(values.std(ddof=1)) if values.size > 1 else float("inf")
    return TrueMean(float(values.mean()), spread / values.size**0.5)


def _pools(world: World, demand: Demand, served: Served) -> dict[str, PoolTruth]:
    edges = np.cumsum([0, *(pool.replicas for pool in world.pools)])
    made = served.end != CallEnd.NEVER_MADE
    return {
        pool.name: PoolTruth(
            pool.alpha_s,
            pool.beta_s,
            pool.gamma_s,
            pool.replicas,
            int((made & (demand.calls.pool == number)).sum()),
            float(served.busy_s[edges[number] : edges[number + 1]].sum()),
        )
        for number, pool in enumerate(world.pools)
    }
