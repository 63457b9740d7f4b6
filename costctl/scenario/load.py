"""What would the same period look like with more requests, or fewer? Whole requests, copied or left out.

In: a period, a factor, a seed. Out: a period. Who is chosen at a smaller factor is chosen at a larger one too, so
that loads compare. A copy comes up to half a minute earlier or later than its original: bursts stay bursts, and
no two requests share an instant only because one is the other's copy. A factor of 1 changes nothing.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.errors import UsageError
from costctl.scenario.period import Period
from costctl.simulate.counterfactual import added, without
from costctl.stats.blocks import BLOCKS

MOST_LOAD: Final = 100.0
_SHIFT_S: Final = 30.0
_FACTS_OF_CALLS: Final = (
    "arrival_s",
    "begin_s",
    "first_token_s",
    "end_s",
    "replica",
    "status",
    "attempts",
    "pool",
)  # of an outcome
_FACTOR: Final = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*[x×]?", re.ASCII)


def load_factor_of(given: str | float | None) -> float:
    """The factor in ``1.5x`` or ``1.5``, or the number itself; 1 where none was given. Raises UsageError."""
    if given is None:
        return 1.0
    option = "--load " if isinstance(given, str) else "load="
    factor = _read(given) if isinstance(given, str) else given
    if not 0 < factor <= MOST_LOAD:
        raise UsageError(
            f"Cannot use {option}{given}.",
            why=f"It must be a factor above 0 and up to {MOST_LOAD:g}.",
            next_step=f"Write {option}1.5 for half as many requests again, for instance.",
        )
    return factor


def _read(text: str) -> float:
    match = _FACTOR.fullmatch(text.strip())
    return float(match[1]) if match else math.nan


def at_load(period: Period, factor: float, seed: int) -> Period:
    """The period with its requests ``factor`` times, each class by itself, to the nearest whole request."""
    if factor == 1.0:
        return period
    rng = np.random.default_rng([seed, 1])
    place = _places(period, rng)
    if factor < 1.0:
        return with_requests(period, place < factor)
    shift_s = _shifts_s(period, rng)
    grown = period
    copies = int(np.floor(factor))
    originals = np.arange(period.workload.size)
    for copy in range(1, copies + 1):
        chosen = place < 1.0 if copy < copies else place < factor - copies
        shifted_s = _within(period, np.roll(shift_s, copy))
        grown, originals = _with_copies(grown, originals, chosen[period.request], shifted_s[period.request])
    return grown


def _places(period: Period, rng: np.random.Generator) -> Floats:
    """By request, its place in a random order of its class, from 0 to 1: below f are the nearest whole number to
    f times the class.
    """
    drawn = rng.random(period.request_class.size)
    place = np.ones(period.request_class.size)
    for number in np.unique(period.request_class):
        members = np.flatnonzero(period.members(int(number)))
        order = np.argsort(drawn[members], kind="stable")
        place[members[order]] = (np.arange(members.size) + 0.5) / max(members.size, 1)
    return place


def _shifts_s(period: Period, rng: np.random.Generator) -> Floats:
    """By request, how much later a copy may come; another copy takes that of another request."""
    most_s = min(_SHIFT_S, (period.to_s - period.from_s) / BLOCKS / 2)
    return rng.uniform(-most_s, most_s, period.request_class.size)


def _within(period: Period, shift_s: Floats) -> Floats:
    """The shifts, turned around where the first call of the request would leave the window."""
    shifted_s = period.began_s() + shift_s
    is_outside = (shifted_s < period.from_s) | (shifted_s > period.to_s)
    turned: Floats = np.where(is_outside, -shift_s, shift_s)
    return turned


def with_requests(period: Period, is_kept: Bools) -> Period:
    """The period with these of its requests only."""
    keep = is_kept[period.request]
    which, place = np.flatnonzero(keep), np.cumsum(keep) - 1
    before = np.where(period.before >= 0, place[period.before], -1)[which]
    thinned = replace(period, workload=without(period.workload, keep))
    return _of_calls(thinned, which, period.request[which], before)


def _with_copies(period: Period, originals: Ints, chosen: Bools, shift_s: Floats) -> tuple[Period, Ints]:
    """The period and copies of some of its first calls, and where those first calls are now.

    originals: places in the period of the calls that a copy may be made of.  chosen, shift_s: of each of these.
    """
    clones = np.zeros(period.workload.size, np.bool_)
    clones[originals] = chosen
    shifts_s = np.zeros(period.workload.size)
    shifts_s[originals] = shift_s
    if not clones.any():
        return period, originals
    workload, origin = added(period.workload, clones, shifts_s)
    # of two calls with one origin, the copy is the one that came by its shift
    is_copy = _is_copy(workload.arrival_s, period.workload.arrival_s, origin, clones)
    copied = np.unique(period.request[clones])
    number = np.full(period.request_class.size, -1, np.int64)
    number[copied] = period.request_class.size + np.arange(copied.size)
    request = np.where(is_copy, number[period.request[origin]], period.request[origin])
    members = np.concatenate([np.arange(period.request_class.size), copied])
    place, place_of_copy = np.full((2, period.workload.size), -1, np.int64)
    place[origin[~is_copy]] = np.flatnonzero(~is_copy)
    place_of_copy[origin[is_copy]] = np.flatnonzero(is_copy)
    ahead = period.before[origin]
    before = np.where(ahead >= 0, np.where(is_copy, place_of_copy[ahead], place[ahead]), -1)
    grown = _of_calls(_of_requests(replace(period, workload=workload), members), origin, request, before)
    return grown, place[originals]


def _is_copy(arrival_s: Floats, original_s: Floats, origin: Ints, clones: Bools) -> Bools:
    """Which calls are copies. Where original and copy share an instant, the later in order is the copy."""
    is_copy: Bools = arrival_s != original_s[origin]
    same = np.flatnonzero(~is_copy & clones[origin])
    if same.size:
        first = np.full(original_s.size, -1, np.int64)
        first[origin[same][::-1]] = same[::-1]
        is_copy[same] = first[origin[same]] != same
    return is_copy


def _of_calls(period: Period, which: Ints, request: Ints, before: Ints) -> Period:
    """The period with facts of calls taken by index; its workload is in place already. request, before: of the new
    calls.
    """
    today = replace(period.today, **{name: getattr(period.today, name)[which] for name in _FACTS_OF_CALLS})
    return replace(
        period,
        pool=period.pool[which],
        request=request,
        before=before,
        is_answer=period.is_answer[which],
        today=today,
        repeats=None if period.repeats is None else period.repeats.at(which),
    )


def _of_requests(period: Period, which: Ints) -> Period:
    return replace(
        period,
        is_counted=period.is_counted[which],
        request_class=period.request_class[which],
        duration_s=period.duration_s[which],
        ttft_s=period.ttft_s[which],
        target_s=period.target_s[which],
        p99_target_s=period.p99_target_s[which],
        deadline_s=period.deadline_s[which],
        ttft_target_s=period.ttft_target_s[which],
        is_success=period.is_success[which],
    )
