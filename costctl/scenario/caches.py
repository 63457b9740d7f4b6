"""What becomes of calls when a cache answers some of them? Those that are left are replayed; the others take a look-up.

In: a workload, which of its calls a cache answers and how long that takes, the pools. Out: an ``Outcome`` of all calls:
an answered one is served by no replica, and ends when it has been looked up. And what the caches cost: to be kept, and
to be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.capacity_settings import HOURS_PER_MONTH
from costctl.documents.settings import Storage
from costctl.levers.platform import ClassRules, Platform
from costctl.service_model.repeats import Repeats
from costctl.simulate.counterfactual import answered
from costctl.simulate.network import replay_network
from costctl.simulate.workload import CallStatus, Outcome, Pool, Workload
from costctl.units import BYTES_PER_GB, S_PER_HOUR


@dataclass(frozen=True, slots=True)
class Caches:
    """Caches of answers, one a class. gb: size by class, by its number; 0 is none.  usd_per_gb_s: to keep a gigabyte
    for a second.  usd_per_read, usd_per_gb_read: of an answer that is read.  read_s: how long that takes.
    """

    gb: Floats
    usd_per_gb_s: float
    usd_per_read: float
    usd_per_gb_read: float
    read_s: float


def caches_of(platform: Platform, classes: Sequence[str], storage: Mapping[str, Storage]) -> Caches | None:
    """The caches that a platform has; None where it has none. Kept in the configured storage that keeps a gigabyte for
    least: of none the price is 0.
    """
    gb = np.array([_gb(platform.classes.get(name)) for name in classes])
    if not gb.any():
        return None
    tier = cheapest_to_keep(storage)
    found = Storage() if tier is None else storage[tier]
    return Caches(
        gb=gb,
        usd_per_gb_s=(found.usd_per_gb_month or 0.0) / (HOURS_PER_MONTH * S_PER_HOUR),
        usd_per_read=(found.usd_per_1k_reads or 0.0) / 1000.0,
        usd_per_gb_read=found.usd_per_gb_egress or 0.0,
        read_s=found.p50_read_s or 0.0,
    )


def cheapest_to_keep(storage: Mapping[str, Storage]) -> str | None:
    """The storage in which a gigabyte is kept for least, of those that say so."""
    told = [
        (each.usd_per_gb_month, name) for name, each in storage.items() if each.usd_per_gb_month is not None
    ]
    return min(told)[1] if told else None


def _gb(rules: ClassRules | None) -> float:
    return 0.0 if rules is None else rules.cache_gb


def answered_by(caches: Caches, repeats: Repeats, request_class: Ints) -> Bools:
    """The calls that the cache of their class answers."""
    size = caches.gb[request_class] * BYTES_PER_GB
    found: Bools = repeats.is_again & (repeats.distance <= size) & (size > 0)
    return found


def cost_by_block(caches: Caches, size: Ints, is_answered: Bools, at_s: Floats, edges_s: Floats) -> Floats:
    """USD of keeping and of reading, by block of time. size: bytes of each call's answer.  at_s: when it is read."""
    kept = float(caches.gb.sum()) * caches.usd_per_gb_s * np.diff(edges_s)
    read = caches.usd_per_read + caches.usd_per_gb_read * size[is_answered] / BYTES_PER_GB
    block = np.searchsorted(edges_s[1:-1], np.nan_to_num(at_s[is_answered]), side="right")
    cost: Floats = kept + np.bincount(block, read, minlength=edges_s.size - 1)
    return cost


def replay_with_answers(
    workload: Workload,
    pool: Ints,
    pools: Sequence[Pool],
    is_answered: Bools,
    took_s: Floats,
    until_s: float = np.inf,
) -> Outcome:
    """The outcome. took_s: by call, how long its answer takes from the cache.  until_s: no event after it happens."""
    left, which = answered(workload, is_answered, took_s)
    found = replay_network(left, pool[which], pools, until_s)
    n = workload.size
    spread: dict[str, Any] = {
        name: _spread(getattr(found, name), which, n, missing)
        for name, missing in (
            ("arrival_s", np.nan),
            ("begin_s", np.nan),
            ("first_token_s", np.nan),
            ("end_s", np.nan),
            ("replica", -1),
            ("status", int(CallStatus.NEVER_ARRIVED)),
            ("attempts", 0),
        )
    }
    by_pool = pool.copy()
    by_pool[which] = found.pool
    spared = None if found.spared_tokens is None else _spread(found.spared_tokens, which, n, 0)
    fell_back = None if found.fell_back is None else _spread(found.fell_back, which, n, 0)
    outcome = replace(found, **spread, pool=by_pool, spared_tokens=spared, fell_back=fell_back)
    return _answered(workload, outcome, is_answered, took_s)


def _spread(values: np.ndarray, which: Ints, size: int, missing: float) -> np.ndarray:
    spread = np.full(size, missing, values.dtype)
    spread[which] = values
    return spread


def _answered(workload: Workload, outcome: Outcome, is_answered: Bools, took_s: Floats) -> Outcome:
    """Fills in when the answered calls came, and when they had their answer, along the chains of calls."""
    arrival_s, end_s = outcome.arrival_s, outcome.end_s
    open_ = is_answered.copy()
    while open_.any():
        ahead = workload.after
        ready = open_ & ~((ahead >= 0) & open_[ahead])
        came_s = np.where(ahead >= 0, end_s[ahead] + workload.think_s, workload.arrival_s)[ready]
        arrival_s[ready], end_s[ready] = came_s, came_s + took_s[ready]
        open_ &= ~ready
    has_come = is_answered & np.isfinite(end_s)
    outcome.begin_s[has_come] = arrival_s[has_come]
    outcome.first_token_s[has_come] = end_s[has_come]
    outcome.status[has_come] = int(CallStatus.SERVED)
    outcome.attempts[has_come] = 1
    return outcome
