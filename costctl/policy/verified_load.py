"""How many calls began in the minute before each, and how many were in progress when it began?

In: starts and ends in ns, starts ascending. Out: counts, each call among its own.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.units import NS_PER_S

_MINUTE_NS: Final = 60 * NS_PER_S


def within_a_minute(start_ns: Ints) -> Ints:
    """Calls that began in the 60 s up to each start, that one included. start_ns: (n,), ascending."""
    before = np.searchsorted(start_ns, start_ns - _MINUTE_NS, side="right")
    up_to = np.searchsorted(start_ns, start_ns, side="right")
    return up_to - before


def at_once(start_ns: Ints, end_ns: Ints) -> tuple[Ints, Bools]:
    """Calls in progress when each began, itself included, and whether that is known: not once a call without an end has
    begun. start_ns, end_ns: (n,), starts ascending; an end before its start is not known.
    """
    is_timed = end_ns >= start_ns
    ended = np.searchsorted(np.sort(end_ns[is_timed]), start_ns, side="right")
    begun = np.searchsorted(start_ns, start_ns, side="right")
    # A call of no duration at this very instant has begun and ended; it is in progress for itself.
    found = np.maximum(begun - ended, 1)
    known = np.cumsum(~is_timed) == 0
    return found, known
