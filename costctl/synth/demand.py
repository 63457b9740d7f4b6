"""What do the requests of a world want, and when? Every draw of a world, made before anything is served.

In: a world. Out: ``Demand``: arrays over requests, over the activities of each (in order), and over calls
(one an attempt). Since nothing is drawn later, leaving requests out changes nothing of the others: the same
world with and without them shares its random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.synth.world import ClassSpec, Spread, World

_GRID_S: Final = 15.0
_BACKOFF_S: Final = 0.25  # before the second attempt; doubled for each one after
_CACHE_HIT_RATIO: Final = 0.2


@dataclass(frozen=True, slots=True)
class Requests:
    """n requests in order of start: start_s from the world's start, index of class and tenant."""

    start_s: Floats
    request_class: Ints
    tenant: Ints


@dataclass(frozen=True, slots=True)
class Activities:
    """m activities, request by request, in order. step: index into the class's steps.

    until_s: what the request's activities other than calls take, up to and including this one.
    """

    request: Ints
    step: Ints
    duration_s: Floats
    until_s: Floats
    reads: Ints
    read_bytes: Ints
    is_hit: Bools


@dataclass(frozen=True, slots=True)
class Calls:
    """c calls, in the order in which a request makes them. activity: which one it carries out.

    after: the call that comes before, or -1.  gap_s: from that one's end, or from the request's start.
    is_retry: made only if the one before failed, else only if it did not.  is_doomed: breaks off after
    ``steps``.  steps: decode steps after the first token.  timeout_s: from the call's start.
    """

    request: Ints
    activity: Ints
    attempt: Ints
    after: Ints
    gap_s: Floats
    is_retry: Bools
    is_doomed: Bools
    pool: Ints
    uncached_tokens: Ints
    cached_tokens: Ints
    steps: Ints
    timeout_s: Floats


@dataclass(frozen=True, slots=True)
class Demand:
    """All that a world asks for."""

    requests: Requests
    activities: Activities
    calls: Calls


def demand_of(world: World) -> Demand:
    """Draw everything that the world's seed says."""
    requests = _requests(world)
    activities = _activities(world, requests)
    return Demand(requests, activities, _calls(world, requests, activities))


def _requests(world: World) -> Requests:
    """Arrivals of a Poisson process whose rate follows day, week and bursts, class by class."""
    edges_s = np.arange(0.0, world.hours * 3600.0, _GRID_S)
    clock_s = world.start_ns / 1e9 + edges_s
    hour = clock_s / 3600.0 % 24.0
    is_weekend = (clock_s // 86_400 + 3) % 7 >= 5  # 1970 began on a Thursday
    rhythm = 1.0 + world.day_swing * np.sin((hour - 8.0) / 24.0 * 2.0 * np.pi)  # busiest at 14 h
    rhythm = rhythm * np.where(is_weekend, world.weekend_ratio, 1.0)
    shares = np.array([spec.share for spec in world.classes])
    rates = shares[:, None] * rhythm[None, :]
    for number, spec in enumerate(world.classes):
        rates[number] *= (hour >= spec.hours_utc[0]) & (hour < spec.hours_utc[1])
    rng = _rng(world, 0)
    for _ in range(world.bursts):
        at_s = rng.uniform(0.0, edges_s[-1])
        rates[
            rng.choice(shares.size, p=shares / shares.sum()),
            (edges_s >= at_s) & (edges_s < at_s + world.burst_s),
        ] *= world.burst_factor
    counts = rng.poisson(rates * world.requests / (shares.sum() * edges_s.size))
    drawn_class, cell = np.nonzero(counts)
    times = counts[drawn_class, cell]
    start_s = np.repeat(edges_s[cell], times) + rng.uniform(0.0, _GRID_S, int(times.sum()))
    order = np.argsort(start_s, kind="stable")
    weights = 1.0 / np.arange(1, len(world.tenants) + 1)
    return Requests(
        start_s[order],
        np.repeat(drawn_class, times)[order],
        rng.choice(weights.size, start_s.size, p=weights / weights.sum()),
    )


def _activities(world: World, requests: Requests) -> Activities:
    parts = [
        _activities_of_class(world, number, np.flatnonzero(requests.request_class == number))
        for number in range(len(world.classes))
    ]
    request, place, step, duration_s, reads, read_bytes, is_hit = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    order = np.lexsort((place, request))
    request, duration_s = request[order], duration_s[order]
    total_s = np.cumsum(duration_s)
    first = np.searchsorted(request, request)
    until_s = total_s - (total_s - duration_s)[first]
    return Activities(
        request, step[order], duration_s, until_s, reads[order], read_bytes[order], is_hit[order]
    )


def _activities_of_class(world: World, number: int, members: Ints) -> tuple[Any, ...]:
    """Of each member request its activities: request, place, step, seconds, reads, bytes, hit."""
    spec, rng = world.classes[number], _rng(world, 1 + number)
    rounds = rng.integers(spec.rounds[0], spec.rounds[1] + 1, members.size)
    documents = rng.integers(spec.documents[0], spec.documents[1] + 1, members.size)
    hot = rng.binomial(documents, spec.hot_ratio)
    columns: list[tuple[Any, ...]] = []
    for place, (number_of_step, is_done) in enumerate(_schedule(spec, rounds)):
        step = spec.steps[number_of_step]
        duration_s, reads = np.zeros(members.size), np.zeros(members.size, np.int64)
        if step.duration_s is not None:
            duration_s = draw(step.duration_s, rng, members.size)
        elif step.storage is not None:
            reads = hot if step.storage == "hot" else documents - hot
            duration_s = reads * draw(world.storage_named(step.storage).read_s, rng, members.size)
            is_done = is_done & (reads > 0)
        read_bytes = reads * rng.integers(2_000, 60_000, members.size)
        is_hit = rng.random(members.size) < _CACHE_HIT_RATIO
        which = members[is_done]
        columns.append(
            (
                which,
                np.full(which.size, place),
                np.full(which.size, number_of_step),
                duration_s[is_done],
                reads[is_done],
                read_bytes[is_done],
                is_hit[is_done],
            )
        )
    return tuple(np.concatenate(column) for column in zip(*columns, strict=True))


def _schedule(spec: ClassSpec, rounds: Ints) -> list[tuple[int, Bools]]:
    """The steps in the order in which they are done, and by which of the requests. Tools end a round, not the
    last.
    """
    looped = [number for number, step in enumerate(spec.steps) if step.is_looped]
    plan: list[tuple[int, Bools]] = []
    everyone = np.ones(rounds.size, np.bool_)
    for number in range(len(spec.steps)):
        if number not in looped:
            plan.append((number, everyone))
        elif number == looped[0]:
            for turn in range(spec.rounds[1]):
                for inner in looped:
                    is_last_tool = spec.steps[inner].kind == "tool"
                    plan.append((inner, rounds > turn + is_last_tool))
    return plan


def _calls(world: World, requests: Requests, activities: Activities) -> Calls:
    """The attempts at each activity that is a call, and what releases each."""
    pools = {pool.name: number for number, pool in enumerate(world.pools)}
    of_class = requests.request_class[activities.request]
    parts = []
    for number, spec in enumerate(world.classes):
        for place, step in enumerate(spec.steps):
            if step.pool is None or step.tokens is None:
                continue
            rng = _rng(world, 100 + 20 * number + place)
            which = np.flatnonzero((of_class == number) & (activities.step == place))
            prompt = np.rint(draw(step.tokens, rng, which.size)).astype(np.int64)
            cached = (prompt * rng.uniform(0.0, step.cached_ratio, which.size)).astype(np.int64)
            answer = np.zeros(which.size, np.int64)
            if step.answer is not None:
                answer = np.rint(draw(step.answer, rng, which.size)).astype(np.int64) - 1
            failures = np.minimum(rng.geometric(1.0 - spec.failure_ratio, which.size) - 1, spec.retries + 1)
            attempts = np.minimum(failures + 1, spec.retries + 1)
            row = np.repeat(np.arange(which.size), attempts)
            attempt = np.arange(row.size) - np.searchsorted(row, row) + 1
            is_doomed = attempt <= failures[row]
            steps = np.where(is_doomed, (answer[row] * rng.random(row.size)).astype(np.int64), answer[row])
            size = row.size
            parts.append(
                (
                    which[row],
                    attempt,
                    is_doomed,
                    np.full(size, pools[step.pool]),
                    (prompt - cached)[row],
                    cached[row],
                    steps,
                    np.full(size, spec.timeout_s),
                )
            )
    activity, attempt, is_doomed, pool, uncached, cached, steps, timeout_s = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    order = np.lexsort((attempt, activity))
    activity, attempt = activity[order], attempt[order]
    request = activities.request[activity]
    is_first = np.concatenate([[True], np.diff(request) != 0])
    after = np.where(is_first, -1, np.arange(activity.size) - 1)
    before_s = np.where(is_first, 0.0, activities.until_s[activity[after]])
    backoff_s = np.where(attempt > 1, _BACKOFF_S * 2.0 ** (attempt - 2), 0.0)
    return Calls(
        request=request,
        activity=activity,
        attempt=attempt,
        after=after,
        gap_s=activities.until_s[activity] - before_s + backoff_s,
        is_retry=attempt > 1,
        is_doomed=is_doomed[order],
        pool=pool[order],
        uncached_tokens=uncached[order],
        cached_tokens=cached[order],
        steps=steps[order],
        timeout_s=timeout_s[order],
    )


def draw(spread: Spread, rng: np.random.Generator, size: int) -> Floats:
    """So many draws of a quantity."""
    return np.clip(
        spread.median * np.exp(spread.sigma * rng.standard_normal(size)), spread.least, spread.most
    )


def _rng(world: World, stream: int) -> np.random.Generator:
    return np.random.default_rng([world.seed, stream])
