"""What does a change make of today's setting? Each kind of change, in one place for its own trial and the joint one.

In: the pools, or by which each call is served. Out: the same with one thing changed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from costctl.arrays import Ints
from costctl.scenario.period import Period
from costctl.simulate.workload import Pool


def with_pool(pools: tuple[Pool, ...], number: int, pool: Pool) -> tuple[Pool, ...]:
    """The pools, one of them replaced."""
    return (*pools[:number], pool, *pools[number + 1 :])


def with_window(pool: Pool, window_s: float, size: int) -> Pool:
    """The pool with another batch window, in seconds, and size."""
    return replace(pool, setup=replace(pool.setup, batch_window_s=window_s, max_num_seqs=size))


def with_queue_limit(pool: Pool, request_class: int, limit: int, ttl_s: float) -> Pool:
    """The pool with at most ``limit`` calls of the class in line at a replica, for at most ``ttl_s`` seconds."""
    lanes = pool.setup.lanes
    limits, lives_s = lanes.queue_limit.copy(), lanes.time_to_live_s.copy()
    limits[request_class], lives_s[request_class] = limit, ttl_s
    lanes = replace(lanes, queue_limit=limits, time_to_live_s=lives_s)
    return replace(pool, setup=replace(pool.setup, lanes=lanes))


def moved(period: Period, served_by: Ints, request_class: int, pool: int) -> Ints:
    """By which pool each call is served, those of the class by this one."""
    return np.where(period.request_class[period.request] == request_class, pool, served_by)
