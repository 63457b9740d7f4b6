"""How does the platform serve what is asked of it? Step by step: every decode step of every replica is an event.

In: a world, its demand, and which requests take part. Out: ``Served``: what became of each call, and how long
each replica was busy. This loop is deliberately plain and shares nothing with costctl.simulate, whose replay
jumps from event to event: the two are held against each other by the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from heapq import heapify, heappop, heappush
from typing import Final

import numpy as np
from numba import njit

from costctl.arrays import Bools, Floats, Ints
from costctl.compiled import compiled_allocating
from costctl.synth.demand import Demand
from costctl.synth.world import World

_JITTERS: Final = 65_521
# What a replica reports: sequences, calls, then tokens and steps since the start, and tokens in its KV cache.
SCRAPED: Final = ("running", "waiting", "decoded", "read", "cached", "steps", "kv_used")
_PACE: Final = 0.005  # standard deviation of a day's pace


class CallEnd(IntEnum):
    """How a call ended."""

    OK = 0
    FAILED = 1
    TIMED_OUT = 2
    NEVER_MADE = 3


@dataclass(frozen=True, slots=True)
class Served:
    """One entry per call of the demand, NaN where it did not happen; seconds from the world's start.

    ready_s: the call reaches its pool.  begin_s: prefill, or its batch, starts.  replica: numbered across pools,
    -1 for none.  busy_s: of each replica, seconds with work in progress.  scrapes: what each replica would report of
    itself every so often, replicas × moments × ``SCRAPED``; empty where nobody asks.
    """

    ready_s: Floats
    begin_s: Floats
    first_token_s: Floats
    end_s: Floats
    replica: Ints
    end: Ints
    busy_s: Floats
    scrapes: Floats


def serve(world: World, demand: Demand, takes_part: Bools, day: int = 0, *, scrape_s: float = 0.0) -> Served:
    """Run the world with the requests that take part; the others are never made.

    day: 0 is the day that is written out; on others decode steps have other jitter, and all are a little faster
    or slower.  scrape_s: every so many seconds each replica is asked what it does; 0 for never.
    """
    calls = demand.calls
    size = calls.activity.size
    ready_s, begin_s, first_s, end_s = (np.full(size, np.nan) for _ in range(4))
    replica, end = np.full(size, -1), np.full(size, int(CallEnd.NEVER_MADE))
    replicas = [pool.replicas for pool in world.pools]
    is_start = takes_part[calls.request] & (calls.after < 0)
    ready_s[is_start] = (demand.requests.start_s[calls.request] + calls.gap_s)[is_start]
    rng = np.random.default_rng([world.seed, 9, day])
    jitter = 1.0 + world.step_jitter * rng.standard_normal(_JITTERS).clip(-3, 3)
    if day > 0:
        jitter *= 1.0 + _PACE * float(rng.standard_normal())
    moments = int(world.hours * 3600.0 / scrape_s) if scrape_s > 0 else 0
    scrapes = np.zeros((sum(replicas), moments, len(SCRAPED)))
    busy_s: Floats = _run(
        calls.after,
        calls.gap_s,
        calls.is_retry,
        calls.is_doomed,
        calls.pool,
        calls.uncached_tokens,
        calls.steps,
        calls.timeout_s,
        np.array([(pool.alpha_s, pool.beta_s, pool.gamma_s, pool.window_s) for pool in world.pools]),
        np.array([(pool.is_static, pool.slots, pool.chunk_tokens) for pool in world.pools], np.int64),
        np.repeat(np.arange(len(replicas)), replicas),
        jitter,
        (ready_s, begin_s, first_s, end_s),
        (replica, end),
        calls.cached_tokens,
        scrape_s,
        scrapes,
    )
    return Served(ready_s, begin_s, first_s, end_s, replica, end, busy_s, scrapes)


@compiled_allocating
def _run(
    after: Ints,
    gap_s: Floats,
    is_retry: Bools,
    is_doomed: Bools,
    pool: Ints,
    tokens: Ints,
    steps: Ints,
    timeout_s: Floats,
    times: Floats,
    shape: Ints,
    pool_of: Ints,
    jitter: Floats,
    instants: tuple[Floats, Floats, Floats, Floats],
    fates: tuple[Ints, Ints],
    cached: Ints,
    scrape_s: float,
    scrapes: Floats,
) -> Floats:
    """The event loop. times: alpha, beta, gamma, window of each pool.  shape: is static, slots, chunk."""
    ready_s, begin_s, first_s, end_s = instants
    replica, end = fates
    size, count = after.size, pool_of.size
    follower, behind = np.full(size, -1), np.full(size, -1)
    for call in range(size):
        if after[call] >= 0:
            follower[after[call]] = call
    arrivals = [(ready_s[call], call) for call in range(size) if not np.isnan(ready_s[call])]
    heapify(arrivals)
    head, tail, waiting = np.full(count, -1), np.full(count, -1), np.zeros(count, np.int64)
    active = np.full((count, shape[:, 1].max() + 1), -1)
    left, unread = np.zeros(size, np.int64), tokens.copy()
    running, reading = np.zeros(count, np.int64), np.zeros(count, np.int64)  # reading: calls in prefill
    prompts = np.full((count, shape[:, 1].max() + 1), -1)
    event_s, busy_from_s, busy_s = np.full(count, np.inf), np.full(count, np.nan), np.zeros(count)
    totals, moment = (
        np.zeros((count, 5)),
        np.zeros(count, np.int64),
    )  # decoded, read, cached, steps, in the KV cache
    while True:
        r = int(np.argmin(event_s))
        if len(arrivals) > 0 and arrivals[0][0] <= event_s[r]:
            now, call = heappop(arrivals)
            least = size + 1
            for candidate in range(count):
                load = waiting[candidate] + running[candidate] + reading[candidate]
                if pool_of[candidate] == pool[call] and load < least:
                    r, least = candidate, load
            _scrape(r, now, scrape_s, running[r] + reading[r], waiting[r], totals, moment, scrapes)
            replica[call] = r
            if head[r] < 0:
                head[r] = call
            else:
                behind[tail[r]] = call
            tail[r] = call
            waiting[r] += 1
            if np.isnan(busy_from_s[r]):  # idle, perhaps with a window open
                p = pool[call]
                is_full = waiting[r] >= shape[p, 1]
                event_s[r] = now if shape[p, 0] == 0 or is_full else min(event_s[r], now + times[p, 3])
            continue
        now = event_s[r]
        if now == np.inf:
            for each in range(count):
                _scrape(each, now, scrape_s, 0, 0, totals, moment, scrapes)
            return busy_s
        _scrape(r, now, scrape_s, running[r] + reading[r], waiting[r], totals, moment, scrapes)
        p = pool_of[r]
        alpha_s, beta_s, gamma_s = times[p, 0], times[p, 1], times[p, 2]
        is_static, slots, chunk = shape[p, 0] == 1, shape[p, 1], shape[p, 2]

        # What has just passed: a prefill, a decode step (perhaps with prompt tokens), or a whole batch.
        if not np.isnan(busy_from_s[r]) and (reading[r] == 0 or chunk > 0):
            for slot in range(running[r]):
                left[active[r, slot]] -= 1
                if is_static:
                    first_s[active[r, slot]] = now
            totals[r, 0] += running[r]
            totals[r, 3] += 1.0
            totals[r, 4] += running[r]
        still = 0
        for place in range(reading[r]):
            call = prompts[r, place]
            if unread[call] > 0:
                prompts[r, still] = call
                still += 1
            else:
                first_s[call] = now
                active[r, running[r]] = call
                running[r] += 1
                totals[r, 0] += 1.0
                totals[r, 1] += tokens[call] + cached[call]
                totals[r, 2] += cached[call]
        reading[r] = still
        slot = 0
        while slot < running[r]:
            call = active[r, slot]
            is_late = now - ready_s[call] > timeout_s[call]
            if left[call] > 0 and not is_late:
                slot += 1
                continue
            running[r] -= 1
            totals[r, 4] -= tokens[call] + cached[call] + steps[call] - left[call]
            for move in range(slot, running[r]):
                active[r, move] = active[r, move + 1]
            _finish(call, now, 2 if left[call] > 0 and is_late else int(is_doomed[call]), end_s, end)
            _release(follower[call], end[call] != 0, now, gap_s, is_retry, ready_s, arrivals)

        # What comes next: queued calls whose caller has not given up, then steps of those in progress.
        batch_tokens = 0
        room = max(chunk - running[r], 1) if chunk > 0 else 0
        for place in range(reading[r]):
            part = min(unread[prompts[r, place]], room)
            unread[prompts[r, place]] -= part
            batch_tokens += part
            room -= part
        if is_static and 0 < waiting[r] < slots and ready_s[head[r]] + times[p, 3] > now:
            if not np.isnan(busy_from_s[r]):
                busy_s[r] += now - busy_from_s[r]
                busy_from_s[r] = np.nan
            event_s[r] = ready_s[head[r]] + times[p, 3]  # its window is still open
            continue
        while head[r] >= 0 and running[r] + reading[r] < slots:
            if not is_static and (room <= 0 if chunk > 0 else reading[r] > 0):
                break
            call = head[r]
            head[r] = behind[call]
            waiting[r] -= 1
            if now - ready_s[call] > timeout_s[call]:
                _finish(call, now, 2, end_s, end)
                _release(follower[call], True, now, gap_s, is_retry, ready_s, arrivals)
                continue
            begin_s[call] = now
            left[call] = 1 if is_static else steps[call]
            part = min(tokens[call], room) if chunk > 0 else tokens[call]
            batch_tokens += part
            room -= part
            if is_static:
                active[r, running[r]] = call
                running[r] += 1
            else:
                totals[r, 4] += tokens[call] + cached[call]
                unread[call] = tokens[call] - part
                prompts[r, reading[r]] = call
                reading[r] += 1
        if reading[r] > 0 and chunk == 0:
            length_s = gamma_s * batch_tokens
        elif running[r] + reading[r] > 0:
            # Keyed by the eldest call and its step, so that the draw stays the same when others are left out.
            eldest = active[r, 0] if running[r] > 0 else prompts[r, 0]
            noise = jitter[(eldest * 7919 + left[eldest]) % jitter.size]
            length_s = (alpha_s + beta_s * running[r]) * noise + gamma_s * batch_tokens
        else:
            event_s[r] = np.inf
            if not np.isnan(busy_from_s[r]):
                busy_s[r] += now - busy_from_s[r]
                busy_from_s[r] = np.nan
            continue
        if np.isnan(busy_from_s[r]):
            busy_from_s[r] = now
        event_s[r] = now + length_s


@njit(nogil=True)
def _scrape(
    r: int,
    now: float,
    scrape_s: float,
    running: int,
    waiting: int,
    totals: Floats,
    moment: Ints,
    scrapes: Floats,
) -> None:
    """What the replica reports at every moment since the last time that anything changed, until now."""
    while moment[r] < scrapes.shape[1] and (moment[r] + 1) * scrape_s <= now:
        scrapes[r, moment[r], 0] = running
        scrapes[r, moment[r], 1] = waiting
        for column in range(totals.shape[1]):
            scrapes[r, moment[r], 2 + column] = totals[r, column]
        moment[r] += 1


@njit(nogil=True)
def _finish(call: int, now: float, fate: int, end_s: Floats, end: Ints) -> None:
    end_s[call], end[call] = now, fate


@njit(nogil=True)
def _release(
    call: int,
    has_failed: bool,
    now: float,
    gap_s: Floats,
    is_retry: Bools,
    ready_s: Floats,
    arrivals: list[tuple[float, int]],
) -> None:
    """The call that waited for one that has ended is made, if it is the kind that follows such an end."""
    if call >= 0 and is_retry[call] == has_failed:
        ready_s[call] = now + gap_s[call]
        heappush(arrivals, (ready_s[call], call))
