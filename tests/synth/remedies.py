"""What becomes of a world when advice on its pools is followed?

In: a world and the changes of a recommendation. Out: the same requests served again under them, by the world's own loop
or, where it does not know a rule, by the plain one: what is paid, what is busy, and who is in time. Nothing here is of
the replay, nor of the code that applies settings there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from costctl.arrays import Bools, Floats
from costctl.documents.changes import SettingChange
from costctl.documents.recommendations import Recommendation
from costctl.synth.demand import Demand, demand_of
from costctl.synth.platform import CallEnd, serve
from costctl.synth.world import ClassSpec, PoolSpec, World
from tests.synth.plain_server import Rules, served_by_rules

_AFTER_S: Final = 0.002  # the gateway's own time after a request's last activity, which its span has
_DAY_S: Final = 86_400.0
_PROMISED: Final = 0.95  # of requests that an objective at p95 wants in time


@dataclass(frozen=True, slots=True)
class Remedied:
    """A world to be served. demand: whose requests begin later than they were sent where they are put off."""

    world: World
    rules: Rules
    demand: Demand


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it. paid_usd, busy_usd: by pool.  is_in_time: by request, within the objective of its class; all are
    of a class without one that are served at all.
    """

    paid_usd: Floats
    busy_usd: Floats
    is_in_time: Bools
    request_class: tuple[str, ...]
    classes: tuple[str, ...]

    def in_time_ratio(self, name: str) -> float:
        """Of the requests of a class."""
        return float(self.is_in_time[np.array(self.request_class) == name].mean())


def as_it_is(world: World) -> Remedied:
    """The world, served as it is written."""
    return Remedied(world, Rules(), demand_of(world))


def can_follow(change: Sequence[SettingChange]) -> bool:
    """Whether a world can be served with these changes."""
    return all(each.lever in _FOLLOWED for each in change)


def remedied(world: World, change: Sequence[SettingChange]) -> Remedied:
    """The world with the changes. Raises ValueError where it cannot be served with them."""
    if not can_follow(change):
        raise ValueError(f"no world is served with {', '.join(each.lever for each in change)}")
    values: dict[str, dict[str, str]] = {}
    for each in change:
        to = ",".join(each.to) if isinstance(each.to, tuple) else str(each.to)
        values.setdefault(each.lever, {})[str(each.pool or each.request_class)] = to
    to_pool = values.get("class.pool", {})
    changed = replace(
        world,
        pools=tuple(_changed(pool, values) for pool in world.pools),
        classes=tuple(_moved(spec, to_pool.get(spec.name)) for spec in world.classes),
    )
    rules: dict[str, Any] = {
        field: {name: read(to) for name, to in values.get(lever, {}).items()}
        for lever, (field, read) in _RULES.items()
    }
    demand = demand_of(changed)
    for name, hours in values.get("class.defer.hours", {}).items():
        demand = put_off(changed, demand, name, hours, float(values["class.defer.within"][name]))
    return Remedied(changed, Rules(**rules), demand)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(","))


_RULES: Final[Mapping[str, tuple[str, Callable[[str], object]]]] = {
    "class.lane": ("lane", int),
    "class.min_share": ("min_share", float),
    "class.queue.limit": ("limit", int),
    "class.queue.max_wait": ("max_wait_s", float),
    "pool.batch.preferred": ("preferred", _sizes),
}
_OF_POOLS: Final[Mapping[str, tuple[str, Callable[[str], object]]]] = {
    "pool.max_num_seqs": ("slots", int),
    "pool.batch.size": ("slots", int),
    "pool.batch.window": ("window_s", float),
    "pool.max_batched_tokens": ("chunk_tokens", int),
    "pool.replicas": ("replicas", int),
}
_FOLLOWED: Final = {*_RULES, *_OF_POOLS, "class.pool", "class.defer.hours", "class.defer.within"}


def _changed(pool: PoolSpec, values: Mapping[str, Mapping[str, str]]) -> PoolSpec:
    fields: dict[str, Any] = {
        field: read(values[lever][pool.name])
        for lever, (field, read) in _OF_POOLS.items()
        if pool.name in values.get(lever, {})
    }
    return replace(pool, **fields)


def _moved(spec: ClassSpec, pool: str | None) -> ClassSpec:
    if pool is None:
        return spec
    steps = tuple(step if step.pool is None else replace(step, pool=pool) for step in spec.steps)
    return replace(spec, steps=steps)


def put_off(world: World, demand: Demand, name: str, hours: str, within_s: float) -> Demand:
    """The demand when requests of the class wait for these hours of the day, spread over them in the order in which
    they came; those that come within them, or could not wait so long, come as they do.
    """
    first, last = (3600.0 * int(clock[:2]) + 60.0 * int(clock[3:]) for clock in hours.split("-"))
    length_s = (last - first) % _DAY_S
    number = [each.name for each in world.classes].index(name)
    start_s = demand.requests.start_s.copy()
    waiting: dict[float, list[int]] = {}
    for request in np.flatnonzero(demand.requests.request_class == number).tolist():
        sent_s = float(start_s[request])
        since_s = (world.start_ns / 1e9 + sent_s - first) % _DAY_S  # since such hours last began
        opens_s = sent_s - since_s + _DAY_S
        if since_s >= length_s and opens_s <= sent_s + within_s:
            waiting.setdefault(round(opens_s, 3), []).append(request)
    for opens_s, requests in waiting.items():
        for place, request in enumerate(requests):
            spread_s = opens_s + (place + 0.5) / len(requests) * length_s
            start_s[request] = min(spread_s, float(start_s[request]) + within_s)
    return replace(demand, requests=replace(demand.requests, start_s=start_s))


def run(made: Remedied, window_s: float) -> Run:
    """Serve it. window_s: for which replicas are paid."""
    world, demand = made.world, made.demand
    everyone = np.ones(demand.requests.start_s.size, np.bool_)
    served = (
        serve(world, demand, everyone) if made.rules.are_none else served_by_rules(world, demand, made.rules)
    )
    calls, activities = demand.calls, demand.activities
    end_s = np.full(everyone.size, -np.inf)
    np.maximum.at(end_s, calls.request, np.where(served.end == CallEnd.OK, served.end_s, np.inf))
    of_calls, final_s = np.zeros(everyone.size), np.zeros(everyone.size)
    np.maximum.at(of_calls, calls.request, activities.until_s[calls.activity])
    np.maximum.at(final_s, activities.request, activities.until_s)
    took_s = end_s + (final_s - of_calls) + _AFTER_S - demand.requests.start_s
    targets_s = np.array([_target_s(spec) for spec in world.classes])
    prices = np.array([pool.usd_per_replica_hour for pool in world.pools]) / 3600.0
    replicas = np.array([pool.replicas for pool in world.pools])
    busy_s = np.add.reduceat(served.busy_s, np.concatenate([[0], np.cumsum(replicas)[:-1]]))
    names = tuple(spec.name for spec in world.classes)
    return Run(
        paid_usd=replicas * prices * window_s,
        busy_usd=busy_s * prices,
        is_in_time=took_s <= targets_s[demand.requests.request_class],
        request_class=tuple(names[number] for number in demand.requests.request_class),
        classes=names,
    )


def _target_s(spec: ClassSpec) -> float:
    """Its objective, which these worlds write in seconds; longer than anything takes where there is none."""
    return 1e12 if spec.e2e_p95 is None else float(spec.e2e_p95.removesuffix("s"))


@dataclass(frozen=True, slots=True)
class Effect:
    """What following advice truly brings in the window. cash_usd: of pools whose bill changes.  freed_usd: of the
    others.  goodput: requests in time, more.  is_kept: no class is in time less often than its objective wants, or than
    today where that is less.
    """

    cash_usd: float
    freed_usd: float
    goodput: int
    is_kept: bool


def effect_of(world: World, advice: Recommendation, window_s: float) -> Effect:
    """The truth of the advice. Raises ValueError where the world cannot be served with it."""
    today, then = run(as_it_is(world), window_s), run(remedied(world, advice.change), window_s)
    paid_usd, busy_usd = today.paid_usd - then.paid_usd, today.busy_usd - then.busy_usd
    return Effect(
        cash_usd=float(paid_usd.sum()),
        freed_usd=float(busy_usd[paid_usd == 0.0].sum()),
        goodput=int(then.is_in_time.sum()) - int(today.is_in_time.sum()),
        is_kept=all(
            then.in_time_ratio(each) >= min(_PROMISED, today.in_time_ratio(each)) for each in today.classes
        ),
    )
