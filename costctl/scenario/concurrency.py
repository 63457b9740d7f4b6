"""How many calls were in progress at once on a replica, and how much of the busy time had more?

In: begin and end of calls, and the replica of each. Out: seconds by level, the level that nearly all busy time
stays within, and the part beyond it. The step time T(b) was fitted where b was seen; beyond, it is a guess.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints

SEEN: Final = 0.999  # of busy time: one freak moment does not make a batch size known


def seconds_by_level(begin_s: Floats, end_s: Floats, replica: Ints) -> Floats:
    """Replica seconds with exactly k calls in progress, k from 0; those with none are not counted: entry 0 is 0.

    Calls whose times are NaN are left out.
    """
    known = np.isfinite(begin_s) & np.isfinite(end_s)
    at_s = np.concatenate([begin_s[known], end_s[known]])
    change = np.repeat(np.array([1, -1]), int(known.sum()))
    where = np.concatenate([replica[known], replica[known]])
    order = np.lexsort((change, at_s, where))
    level = np.cumsum(change[order])  # back at 0 after the last call of each replica
    passed_s = np.diff(at_s[order])
    busy = level[:-1] > 0 if level.size else np.zeros(0, np.bool_)
    seconds = np.bincount(level[:-1][busy], weights=passed_s[busy], minlength=1)
    return seconds.astype(np.float64)


def most_in_progress(seconds: Floats) -> int:
    """The least level that 99.9 % of busy time stays within; 0 where nothing was in progress."""
    total_s = seconds.sum()
    if total_s <= 0:
        return 0
    return int(np.searchsorted(np.cumsum(seconds), SEEN * total_s))


def beyond_ratio(seconds: Floats, level: int) -> float:
    """The part of busy time with more than ``level`` calls in progress; 0 where nothing was."""
    total_s = float(seconds.sum())
    return float(seconds[level + 1 :].sum()) / total_s if total_s > 0 else 0.0
