"""How long calls waited in each stretch of time, by asking every call of every stretch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def plain_waited_ns(waits: Sequence[tuple[int, int]], edges_ns: Sequence[int]) -> list[int]:
    """Between each edge and the next, the nanoseconds of each wait (from, until) that lie there, summed."""
    return [
        sum(max(0, min(until, end) - max(from_, begin)) for from_, until in waits)
        for begin, end in pairwise(edges_ns)
    ]
