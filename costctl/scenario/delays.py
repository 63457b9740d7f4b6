"""How much later does a request end, when its calls take longer? Along the chains of its calls, not by their sum.

In: by call, the seconds that it takes longer and the call of its request that went before. Out: by request, seconds.
Calls that ran beside each other delay their request by the one that ends last.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from costctl.arrays import Floats, Ints


def accumulated_s(longer_s: Floats, before: Ints) -> Floats:
    """By call, the seconds that it and all calls before it in its chain take longer.

    before: index of the call before it, or -1. Pointers are doubled: log2 of the longest chain rounds.
    """
    total_s, ahead = longer_s.copy(), before.copy()
    while (ahead >= 0).any():
        linked = np.flatnonzero(ahead >= 0)
        further = ahead[linked]
        total_s[linked] += total_s[further]
        ahead[linked] = ahead[further]
    return total_s


def end_delays_s(total_s: Floats, end_s: Floats, request: Ints, requests: int) -> Floats:
    """By request, how much later the last of its calls ends; 0 where it has none, or where today serves not all of
    them: no end is known then that it could be later than.

    total_s: accumulated by call.  end_s: today's end of each call, NaN where it is not served.
    """
    last_s, later_s = np.full(requests, -np.inf), np.full(requests, -np.inf)
    is_served = ~np.isnan(end_s)
    np.maximum.at(last_s, request[is_served], end_s[is_served])
    np.maximum.at(later_s, request[is_served], (end_s + total_s)[is_served])
    has_calls = np.isfinite(last_s)
    has_calls[request[~is_served]] = False
    delays_s = np.zeros(requests)
    delays_s[has_calls] = later_s[has_calls] - last_s[has_calls]
    return delays_s


def calls_before(after: Ints, request: Ints, arrival_s: Floats, end_s: Floats) -> Ints:
    """For each call the one that it follows; where that is not among them, the latest of its request that had ended
    when it came, or -1.

    arrival_s, end_s: as recorded.
    """
    place = np.arange(after.size)
    came = pl.DataFrame({"request": request, "at_s": arrival_s, "place": place}).sort("at_s", "place")
    ended = (
        pl.DataFrame({"request": request, "at_s": end_s, "before": place})
        .drop_nans("at_s")
        .sort("at_s", "before")
    )
    found = came.join_asof(ended, on="at_s", by="request", strategy="backward", check_sortedness=False).sort(
        "place"
    )
    before = found["before"].fill_null(-1).to_numpy()
    before = np.where(before < place, before, -1)
    chosen: Ints = np.where(after >= 0, after, before)
    return chosen
