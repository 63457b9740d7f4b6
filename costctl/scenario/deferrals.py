"""Which calls come later, where classes wait for hours of low demand?

In: a period's calls, by class the hours that it waits for and how long it may. Out: the same calls at their new
arrivals, in order, and for each the index that it had; and an outcome of those, back in the order of the period.
Whole requests are put off (costctl/simulate/deferral.py): what comes within those hours stays, and so does what could
not wait until they begin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.levers.day_hours import day_hours_of
from costctl.levers.platform import Platform
from costctl.simulate.counterfactual import moved
from costctl.simulate.deferral import deferred
from costctl.simulate.workload import Outcome, Workload
from costctl.units import S_PER_DAY


@dataclass(frozen=True, slots=True)
class Deferral:
    """A class that waits. number: of the class.  hours: such as 22:00-06:00.  within_s: how long it may be put off.
    starts_s: of the window, Unix seconds.
    """

    number: int
    hours: str
    within_s: float
    starts_s: float


def deferrals_of(platform: Platform, classes: Sequence[str]) -> tuple[Deferral, ...]:
    """The classes that wait under these rules."""
    found = []
    for number, name in enumerate(classes):
        rules = platform.classes.get(name)
        if rules is not None and rules.defer_hours is not None and rules.defer_within_s > 0:
            found.append(Deferral(number, rules.defer_hours, rules.defer_within_s, platform.starts_s))
    return tuple(found)


def put_off(
    workload: Workload, request: Ints, request_class: Ints, deferrals: Sequence[Deferral]
) -> tuple[Workload, Ints]:
    """The calls, later where their class waits, and for each the index that it had. request: by call.  request_class:
    by request.
    """
    later_s = put_off_s(workload, request, request_class, deferrals)
    return moved(workload, workload.arrival_s + later_s[request])


def put_off_s(
    workload: Workload, request: Ints, request_class: Ints, deferrals: Sequence[Deferral]
) -> Floats:
    """By request, how long it waits for the hours of its class; 0 where it comes as it came."""
    later_s = np.zeros(request_class.size)
    first_s = np.full(request_class.size, np.inf)
    np.minimum.at(first_s, request, workload.arrival_s)
    for each in deferrals:
        members = np.flatnonzero((request_class == each.number) & np.isfinite(first_s))
        members = members[np.argsort(first_s[members], kind="stable")]
        if members.size:
            later_s[members] = _waits_s(first_s[members], each)
    return later_s


def _waits_s(first_s: Floats, deferral: Deferral) -> Floats:
    """How long each request of the class waits. first_s: when they come, in order."""
    size = first_s.size
    heads = Workload(
        arrival_s=first_s,
        after=np.full(size, -1, np.int64),
        think_s=np.zeros(size),
        uncached_tokens=np.zeros(size, np.int64),
        decode_steps=np.zeros(size, np.int64),
        lane=np.zeros(size, np.int64),
        replica=np.full(size, -1, np.int64),
    )
    spans_s = day_hours_of(deferral.hours).times_s(
        deferral.starts_s, float(first_s[0]), float(first_s[-1]) + deferral.within_s + S_PER_DAY
    )
    at_once, had = deferred(heads, np.ones(size, np.bool_), deferral.within_s, np.array(spans_s))
    arrival_s = np.empty(size)
    arrival_s[had] = at_once.arrival_s
    waits_s: Floats = arrival_s - first_s
    return waits_s


def in_order(outcome: Outcome, had: Ints) -> Outcome:
    """The outcome of calls that were put off, in the order that they had. had: by call, its index before."""

    place = np.empty_like(had)
    place[had] = np.arange(had.size)
    return replace(
        outcome,
        arrival_s=outcome.arrival_s[place],
        begin_s=outcome.begin_s[place],
        first_token_s=outcome.first_token_s[place],
        end_s=outcome.end_s[place],
        replica=outcome.replica[place],
        status=outcome.status[place],
        attempts=outcome.attempts[place],
        pool=outcome.pool[place],
        spared_tokens=None if outcome.spared_tokens is None else outcome.spared_tokens[place],
        fell_back=None if outcome.fell_back is None else outcome.fell_back[place],
    )
