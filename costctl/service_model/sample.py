"""Which calls of a long trace does a fit look at? Stretches of it, with all that was in progress there.

In: the calls of one pool. Out: those of some stretches of time, spread over the trace so that its loads are all among
them. A call that reaches over the edge of a stretch only adds to the concurrency, and is not held to its tokens: who
else was there outside is left out.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Final

import numpy as np

from costctl.service_model.step_intervals import Decoding

MOST_CALLS: Final = 100_000
_STRETCHES: Final = 8


def sample(calls: Decoding, most: int = MOST_CALLS) -> Decoding:
    """The calls themselves where there are no more than ``most``, else about so many in stretches of equal numbers."""
    size = calls.arrival_s.size
    if size <= most:
        return calls
    arrivals_s = np.sort(calls.arrival_s)
    length = most // _STRETCHES
    keep, is_whole = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    for first in np.linspace(0, size - length, _STRETCHES).astype(np.int64):
        from_s, to_s = arrivals_s[first], arrivals_s[first + length - 1]
        keep |= (calls.end_s >= from_s) & (calls.arrival_s <= to_s)
        is_whole |= (calls.arrival_s >= from_s) & (calls.end_s <= to_s)
    columns = {field.name: getattr(calls, field.name)[keep] for field in fields(calls)}
    return Decoding(**{**columns, "is_exact": (calls.is_exact & is_whole)[keep]})
