"""By how much would the cost of two times differ by chance?

In: USD by short blocks of both times, and the squares of what each request costs. Out: a standard error, USD. The
larger of two, as neither sees all:

    requests that come alone        √Σ x²                       x: USD of a request (a compound Poisson process)
    requests that come together     √Σ e² · n/(n−1)             e = a − r·b, blocks at the same time of day, a of the
                                                                dearer side, r = Σa / Σb
                                    √Σ (a' − a)² / 2            a, a': blocks one after the other, else

What follows the hour of the day is in both of a pair, and so is no noise; what changes slowly is little in neighbours.
Where the sums rest on few blocks, ν = (Σe²)² / Σe⁴ of them, the error is widened by what Student's t has beyond a
normal deviate at the bound where changes are named.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.documents.spending import STANDARD_ERRORS

_MOST_BLOCKS: Final = 48  # of a side that are set beside their neighbours: longer than a session, and many


def noise_usd(before: Floats, after: Floats, usd_squared: float, *, is_same_time_of_day: bool) -> float:
    """The standard error of after − before. before, after: USD by block of equal length, in order.  usd_squared: sum
    over the requests of both.
    """
    rests = _of_pairs(before, after) if is_same_time_of_day else _of_neighbours(before, after)
    together = float((rests**2).sum()) * rests.size / max(1, rests.size - 1)
    return float(math.sqrt(max(usd_squared, together)) * widened(freedom(rests)))


def sum_noise_usd(usd: Floats, usd_squared: float, standard_errors: float) -> float:
    """The standard error of what one time costs, by the same two. usd: by block of equal length, in order.
    standard_errors: how many of them the bound is to be away, of a normal deviate.
    """
    rests = _of_neighbours(usd, np.zeros(1))
    together = float((rests**2).sum()) * rests.size / max(1, rests.size - 1)
    return math.sqrt(max(usd_squared, together)) * float(widened(freedom(rests), standard_errors))


def _of_pairs(before: Floats, after: Floats) -> Floats:
    """What is left of each pair where one time is the other times a constant; where one has nothing, how far the blocks
    of the other lie from their mean.
    """
    smaller, larger = sorted((before, after), key=lambda usd: float(usd.sum()))
    expected = smaller if smaller.sum() > 0 else np.ones(larger.size)
    rests: Floats = larger - larger.sum() / expected.sum() * expected
    return rests


def _of_neighbours(before: Floats, after: Floats) -> Floats:
    """Differences of neighbours, so that their squares sum to the variance of the difference."""
    sides = []
    for usd in (before, after):
        together = max(1, usd.size // _MOST_BLOCKS)
        blocks = usd[: usd.size // together * together].reshape(-1, together).sum(axis=1)
        sides.append(np.diff(blocks) / math.sqrt(2))
    return np.concatenate(sides)


def freedom(rests: Floats) -> Floats | float:
    """ν of sums of squares, over the first axis: of how many alike they are worth; 1 where there is nothing."""
    fourth = (rests**4).sum(axis=0)
    return np.where(fourth > 0, (rests**2).sum(axis=0) ** 2 / np.where(fourth > 0, fourth, 1.0), 1.0)


def widened(free: Floats | float, deviate: float = STANDARD_ERRORS) -> Floats | float:
    """Student's t over the normal deviate of the same probability (Cornish and Fisher's series)."""
    first = (deviate**2 + 1) / 4
    second = (5 * deviate**4 + 16 * deviate**2 + 3) / 96
    return 1.0 + first / free + second / free**2
