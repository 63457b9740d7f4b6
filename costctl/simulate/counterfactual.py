"""Which calls would there have been without some of them, or with some of them twice?

A workload and a choice of calls in, a workload out; nothing is replayed here.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.simulate.workload import Workload


def without(workload: Workload, keep: Bools) -> Workload:
    """The calls that are kept, in the same order.

    keep: n booleans; a kept call must not follow one that is not, since nothing would release it: take
    whole requests away, or close the choice with `with_followers_dropped`. Raises ValueError otherwise.
    """
    keep = np.asarray(keep, np.bool_)
    is_follower = workload.after >= 0
    if (keep & is_follower & ~keep[workload.after]).any():
        raise ValueError("a call is kept though the call that it follows is not; take whole requests away")
    new_index = np.cumsum(keep) - 1
    return _selected(
        workload, np.flatnonzero(keep), np.where(is_follower, new_index[workload.after], -1)[keep]
    )


def with_followers_dropped(workload: Workload, keep: Bools) -> Bools:
    """The calls of ``keep`` whose predecessors, all the way up, are kept as well."""
    closed = np.array(keep, np.bool_)
    while True:
        lost = closed & (workload.after >= 0) & ~closed[workload.after]
        if not lost.any():
            return closed
        closed &= ~lost


def added(workload: Workload, clones: Bools, shift_s: float | Floats) -> tuple[Workload, Ints]:
    """The calls and a second copy of those in ``clones``, and for each call the index it is a copy of.

    shift_s: seconds by which a copy arrives later (earlier, where negative), one number or n of them; the
    same for all calls of a request. The calls are in order of recorded arrival, a copy behind its
    original, and what it asks is its own: nobody has its prompt. Raises ValueError where a call is copied and the
    call that it follows is not.
    """
    clones = np.asarray(clones, np.bool_)
    if (clones & (workload.after >= 0) & ~clones[workload.after]).any():
        raise ValueError("a call is copied though the call that it follows is not; copy whole requests")
    n, copied = workload.size, np.flatnonzero(clones)
    origin = np.concatenate([np.arange(n), copied])
    shifts_s = np.broadcast_to(np.asarray(shift_s, np.float64), n)[copied]
    arrival_s = np.concatenate([workload.arrival_s, workload.arrival_s[copied] + shifts_s])
    copy_of = n + np.cumsum(clones) - 1
    after_copy = np.where(workload.after >= 0, copy_of[workload.after], -1)[copied]
    after = np.concatenate([workload.after, after_copy])
    order = np.argsort(arrival_s, kind="stable")
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    origin, after = origin[order], after[order]
    merged = _selected(workload, origin, np.where(after >= 0, place[after], -1))
    if merged.prefix is not None and merged.prefix_tokens is not None:
        is_copy = order >= n
        merged = replace(
            merged,
            prefix=np.where(is_copy, -1, merged.prefix),
            prefix_tokens=np.where(is_copy, 0, merged.prefix_tokens),
        )
    return _arriving(merged, arrival_s[order]), origin


def answered(workload: Workload, is_answered: Bools, took_s: Floats) -> tuple[Workload, Ints]:
    """The calls that are left when some are answered by a cache, and for each the index that it had.

    is_answered: n booleans.  took_s: how long the answer of each of these takes. What followed an answered call follows
    the one before it, so much later; or comes, where there is none, at an instant of its own.
    """
    after, think_s = workload.after.copy(), workload.think_s.copy()
    arrival_s = workload.arrival_s.copy()
    while (linked := (after >= 0) & is_answered[after]).any():
        gone = after[linked]
        think_s[linked] += took_s[gone] + workload.think_s[gone]
        is_first = np.zeros(after.size, np.bool_)
        is_first[linked] = workload.after[gone] < 0
        arrival_s[is_first] = workload.arrival_s[after[is_first]] + think_s[is_first]
        think_s[is_first] = 0.0
        after[linked] = workload.after[gone]
    keep = np.flatnonzero(~is_answered)
    place = np.cumsum(~is_answered) - 1
    left = _selected(workload, keep, np.where(after >= 0, place[after], -1)[keep])
    left, order = moved(replace(left, think_s=think_s[keep]), _no_sooner(arrival_s[keep], left.after))
    return left, keep[order]


def _no_sooner(arrival_s: Floats, after: Ints) -> Floats:
    """Arrivals, those of followers no sooner than of what they follow: that is their place among the calls."""
    at_s = arrival_s.copy()
    while (early := (after >= 0) & (at_s < at_s[after])).any():
        at_s[early] = at_s[after[early]]
    return at_s


def moved(workload: Workload, arrival_s: Floats) -> tuple[Workload, Ints]:
    """The calls at other arrivals, in their order, and for each the index that it had.

    arrival_s: n seconds; a call must not come before the one that it follows.
    """
    order = np.argsort(arrival_s, kind="stable")
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    after = workload.after[order]
    return _arriving(
        _selected(workload, order, np.where(after >= 0, place[after], -1)), arrival_s[order]
    ), order


def shifted(workload: Workload, by_s: float) -> Workload:
    """The same calls, all of them later by ``by_s`` seconds."""
    return _arriving(workload, workload.arrival_s + by_s)


def _arriving(workload: Workload, arrival_s: Floats) -> Workload:
    return replace(workload, arrival_s=arrival_s)


def _selected(workload: Workload, which: Ints, after: Ints) -> Workload:
    """The calls of these indices; ``after`` is given for them, in new indices."""
    names = [field.name for field in fields(workload) if field.name != "prefix_tree"]
    columns = {name: getattr(workload, name) for name in names}
    chosen = {name: column[which] for name, column in columns.items() if column is not None}
    return Workload(**{**chosen, "after": after, "prefix_tree": workload.prefix_tree})
