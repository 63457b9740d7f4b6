"""When would calls come that may wait for slack? Deferrable calls are moved into windows of low demand.

A workload, which calls may wait and for how long, and the windows in; a workload out. Nothing is replayed
here, and nothing but arrivals changes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from costctl.arrays import Bools, Floats, Ints
from costctl.simulate.counterfactual import moved
from costctl.simulate.workload import Workload


def deferred(
    workload: Workload, may_wait: Bools, deadline_s: float | Floats, windows_s: NDArray[np.float64]
) -> tuple[Workload, Ints]:
    """The calls, those that may wait in the next window of slack, and for each the index that it had.

    may_wait: n booleans, the same for all calls of a request; the first call of a request is moved and
    those that follow it come along.  deadline_s: seconds after its own arrival by which the first call has
    arrived at the latest, one number or n of them.  windows_s: k rows (begin, end), in order and apart.
    A call that arrives within a window stays; one that no window takes before its deadline stays too. The
    calls that a window takes are spread over it evenly, in their order, each within its deadline. Raises
    ValueError where windows overlap or a request may wait in part only.
    """
    may_wait = np.asarray(may_wait, np.bool_)
    windows_s = np.asarray(windows_s, np.float64).reshape(-1, 2)
    begin_s, end_s = windows_s[:, 0], windows_s[:, 1]
    if (end_s < begin_s).any() or (begin_s[1:] < end_s[:-1]).any():
        raise ValueError("deferral windows overlap, or are not in order")
    first = _first_of_request(workload.after)
    if (may_wait != may_wait[first]).any():
        raise ValueError("only some calls of a request may wait; defer whole requests")
    is_first = workload.after < 0
    latest_s = workload.arrival_s + np.broadcast_to(np.asarray(deadline_s, np.float64), workload.size)
    window = np.searchsorted(end_s, workload.arrival_s, side="right")  # the first one that ends later
    in_reach = window < begin_s.size
    opens_s = np.append(begin_s, np.inf)[np.minimum(window, begin_s.size)]
    is_moved = is_first & may_wait & in_reach & (opens_s > workload.arrival_s) & (opens_s <= latest_s)
    arrival_s = workload.arrival_s.astype(np.float64, copy=True)
    for each in np.unique(window[is_moved]):
        calls = np.flatnonzero(is_moved & (window == each))
        share = (np.arange(calls.size) + 0.5) / calls.size
        spread_s = begin_s[each] + share * (end_s[each] - begin_s[each])
        arrival_s[calls] = np.minimum(spread_s, latest_s[calls])
    later_s = (arrival_s - workload.arrival_s)[first]
    return moved(workload, workload.arrival_s + later_s)


def _first_of_request(after: Ints) -> Ints:
    """For each call the one at the head of its chain."""
    head = np.where(after >= 0, after, np.arange(after.size))
    while True:
        further = head[head]
        if np.array_equal(further, head):
            return head
        head = further
