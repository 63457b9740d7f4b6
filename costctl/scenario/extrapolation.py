"""From which load on does a replay rest on a higher concurrency than any that was observed?

In: the fits, and a function that replays the scenario at a load. Out: ``Extrapolation``. The step time T(b) of a
pool was fitted at the numbers of calls in progress that its replicas had. Loads are tried upwards, then halved in
on, until the first at which more than 1 % of a pool's busy time has more calls in progress than 99.9 % of the
observed busy time had.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.documents.simulation import Extrapolation, PoolReach
from costctl.scenario.concurrency import beyond_ratio, most_in_progress, seconds_by_level
from costctl.service_model.pool_fit import PoolFits
from costctl.simulate.replicas import replicas_of_pool
from costctl.simulate.workload import Outcome, Pool

BEYOND: Final = 0.01  # of a pool's busy time
_UPWARDS: Final = (1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_DOWNWARDS: Final = (0.75, 0.5, 0.25, 0.1)
_STEP: Final = 0.05


def seen_in_progress(fits: PoolFits) -> list[int]:
    """For each pool, the calls in progress on a replica that 99.9 % of its observed busy time stays within.

    A call whose queueing was not observed counts from its arrival; a replica never has more than its size.
    """
    calls, which = fits.calls, fits.which
    begin_s = np.fmax(calls.begin_s[which], calls.arrival_s[which])
    found = []
    for number, fit in enumerate(fits.fitted):
        here = which[fits.pool == number]
        seconds = seconds_by_level(begin_s[fits.pool == number], calls.end_s[here], calls.server[here])
        found.append(min(most_in_progress(seconds), fit.pool.setup.max_num_seqs))
    return found


def beyond_by_pool(outcome: Outcome, pools: tuple[Pool, ...], seen: list[int]) -> list[float]:
    """For each pool, the part of its busy time with more calls in progress on a replica than were seen."""
    ratios = []
    for number, level in enumerate(seen):
        own = replicas_of_pool(pools, number)
        here = (outcome.replica >= own.start) & (outcome.replica < own.stop)
        seconds: Floats = seconds_by_level(outcome.begin_s[here], outcome.end_s[here], outcome.replica[here])
        ratios.append(beyond_ratio(seconds, level))
    return ratios


def first_load_beyond(is_beyond: Callable[[float], bool], most: float) -> float | None:
    """The first load, to a twentieth, at which ``is_beyond`` holds; None where it does not up to ``most``.

    is_beyond: taken to hold from some load on.
    """
    below, above = 0.0, 1.0
    if is_beyond(1.0):
        for factor in _DOWNWARDS:
            if not is_beyond(factor):
                below = factor
                break
            above = factor
    else:
        for factor in [*(each for each in _UPWARDS if each < most), most]:
            below, above = above, factor
            if is_beyond(factor):
                break
        else:
            return None
    while above - below > 1.5 * _STEP:
        middle = round((below + above) / 2 / _STEP) * _STEP
        if is_beyond(middle):
            above = middle
        else:
            below = middle
    return round(above, 2)


def extrapolation_of(
    names: list[str],
    seen: list[int],
    sizes: list[int],
    scenario_beyond: list[float],
    beyond_at: Callable[[float], list[float]],
    most: float,
) -> Extrapolation:
    """The report. sizes: sequences or calls that a replica takes at once.  beyond_at: by load, for each pool."""
    tried: dict[float, list[float]] = {}

    def is_beyond(factor: float) -> bool:
        tried[factor] = beyond_at(factor)
        return max(tried[factor]) > BEYOND

    factor = None
    if any(size > level for size, level in zip(sizes, seen, strict=True)):
        factor = first_load_beyond(is_beyond, most)
    at_factor = min(tried, key=lambda each: abs(each - factor)) if factor is not None else None
    return Extrapolation(
        is_extrapolating=max(scenario_beyond) > BEYOND,
        beyond_ratio=BEYOND,
        load_factor_from=factor,
        searched_to=most,
        pools=tuple(
            PoolReach(name, level, ratio)
            for name, level, ratio in zip(names, seen, scenario_beyond, strict=True)
        ),
        reason=_nothing_beyond(names, seen, most)
        if factor is None or at_factor is None
        else _beyond(names, seen, tried[at_factor], factor),
    )


def _beyond(names: list[str], seen: list[int], ratios: list[float], factor: float) -> str:
    pool = int(np.argmax(ratios))
    return (
        f"Under these settings, from {factor:g}x today's load, replicas of {names[pool]} run more than {seen[pool]:,} "
        f"concurrent calls for over {BEYOND:.0%} of their busy time. That concurrency was hardly ever observed, so "
        "service times beyond it are extrapolated from the fit."
    )


def _nothing_beyond(names: list[str], seen: list[int], most: float) -> str:
    each = ", ".join(f"{level:,} on {name}" for name, level in zip(names, seen, strict=True))
    return (
        f"Under these settings, up to {most:g}x today's load, concurrent calls per replica stay within what was "
        f"observed ({each}) for at least {1 - BEYOND:.0%} of busy time."
    )
