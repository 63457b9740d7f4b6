"""What would have become of requests whose calls failed, had another pool served those calls?

In: the study, which of its calls go elsewhere, and where to. Out: ``Rescued``. The whole window is replayed with these
calls on the other pool, each as long as the calls of its class that succeed are in the middle; that comes on top of
what the attempt took until it failed, and the attempts after it are not made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.recommend.objectives import meets_objectives
from costctl.recommend.study import Part, Study
from costctl.scenario.not_made import NotMade
from costctl.scenario.period import Period


@dataclass(frozen=True, slots=True)
class Rescued:
    """requests: that failed, and had a call that goes elsewhere.  in_time: how many of them are within their objectives
    then.  is_kept: every class that the other pools serve today keeps its objectives.
    """

    requests: int
    in_time: int
    is_kept: bool


def rescued(study: Study, goes: Bools, to: Mapping[int, int]) -> Rescued:
    """goes: by call of the whole window, whether it failed and goes elsewhere.  to: class → pool, for all of these."""
    period, own = study.whole.period, study.own
    firsts = _first_of_each(goes, own.first, own.number)
    since = np.full(own.number.size, np.iinfo(np.int64).max)
    since[own.first[firsts]] = own.number[firsts]
    later = own.number > since[own.first]
    request_class = period.request_class[period.request]
    pool = period.pool.copy()
    pool[firsts] = [to[number] for number in request_class[firsts].tolist()]
    requests = np.unique(period.request[firsts])
    requests = requests[~period.is_success[requests]]
    there = replace(_with_usual_calls(period, firsts, own.is_failed), is_success=_with(period, requests))
    trial = there.trial(there.pools, pool, not_made=NotMade(later, np.zeros(later.size, np.bool_)))
    beside = sorted({each for place in set(to.values()) for each in study.served_classes(place)})
    part = Part(study.whole.name, there, study.whole.today)
    return Rescued(
        requests=int(requests.size),
        in_time=int(trial.is_good[requests].sum()),
        is_kept=meets_objectives(part, trial, beside),
    )


def _first_of_each(goes: Bools, first: Ints, number: Ints) -> Ints:
    """Of each thing the earliest attempt that goes elsewhere, as indices."""
    which = np.flatnonzero(goes)
    order = which[np.lexsort((number[which], first[which]))]
    _, places = np.unique(first[order], return_index=True)
    return np.sort(order[places])


def _with_usual_calls(period: Period, which: Ints, is_failed: Bools) -> Period:
    """The period in which these calls read and write as much as those of their class that succeed, in the middle, and
    have taken no time so far: what they took until they failed is in their requests' time.
    """
    tokens, steps = period.workload.uncached_tokens.copy(), period.workload.decode_steps.copy()
    lane = period.workload.lane
    for number in np.unique(lane[which]).tolist():
        usual = (lane == number) & ~is_failed & np.isin(period.pool, np.unique(period.pool[which]))
        here = which[lane[which] == number]
        if usual.any():
            tokens[here] = int(np.median(tokens[usual]))
            steps[here] = int(np.median(steps[usual]))
    arrival_s = period.today.arrival_s.copy()
    arrival_s[which] = period.today.end_s[which]
    return replace(
        period,
        workload=replace(period.workload, uncached_tokens=tokens, decode_steps=steps),
        today=replace(period.today, arrival_s=arrival_s),
    )


def _with(period: Period, requests: Ints) -> Bools:
    """Which requests succeed: those that did, and these."""
    is_success = period.is_success.copy()
    is_success[requests] = True
    return is_success
