"""Is one mean no worse than another, but for a margin? Intervals of a difference, and how many answers tell.

Passed or failed: Newcombe's hybrid score interval (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10), from
two intervals of Wilson. Scores with a standard deviation: Welch's interval. Not worse is shown where the lower bound
lies above −margin; worse, where the upper bound lies below it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

LEVEL: Final = 0.95
POWER: Final = 0.8


@dataclass(frozen=True, slots=True)
class Scored:
    """mean of n scores. sd: None where each is 0 or 1."""

    mean: float
    n: int
    sd: float | None = None

    @property
    def variance(self) -> float:
        """Of one score."""
        return self.mean * (1.0 - self.mean) if self.sd is None else self.sd**2


@dataclass(frozen=True, slots=True)
class Difference:
    """Of means: low ≤ mid ≤ high, at the level that was asked."""

    low: float
    mid: float
    high: float


def difference(new: Scored, old: Scored, level: float = LEVEL) -> Difference:
    """How much the mean of ``new`` is above that of ``old``."""
    if new.sd is None and old.sd is None:
        return _newcombe(new, old, level)
    return _welch(new, old, level)


def answers_needed(variance: float, margin: float, level: float = LEVEL, power: float = POWER) -> int:
    """Graded answers of each of two models that are equally good, so that the lower bound of the difference lies above
    −margin with this power: n = (z₁ + z₂)² · 2σ² / margin². variance: σ² of one score; p(1 − p) of a pass rate p.
    """
    z = NormalDist().inv_cdf((1.0 + level) / 2.0) + NormalDist().inv_cdf(power)
    return max(2, math.ceil(z**2 * 2.0 * variance / margin**2))


def wilson(mean: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Bounds of a pass rate."""
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    centre = mean + z**2 / (2 * n)
    spread = z * math.sqrt(mean * (1.0 - mean) / n + z**2 / (4 * n**2))
    return (centre - spread) / (1.0 + z**2 / n), (centre + spread) / (1.0 + z**2 / n)


def _newcombe(new: Scored, old: Scored, level: float) -> Difference:
    new_low, new_high = wilson(new.mean, new.n, level)
    old_low, old_high = wilson(old.mean, old.n, level)
    mid = new.mean - old.mean
    return Difference(
        low=mid - math.hypot(new.mean - new_low, old_high - old.mean),
        mid=mid,
        high=mid + math.hypot(new_high - new.mean, old.mean - old_low),
    )


def _welch(new: Scored, old: Scored, level: float) -> Difference:
    from scipy.special import stdtrit

    parts = [each.variance / (each.n - 1 if each.sd is None else each.n) for each in (new, old)]
    mid, error = new.mean - old.mean, math.sqrt(sum(parts))
    if error == 0.0:
        return Difference(mid, mid, mid)
    freedom = sum(parts) ** 2 / sum(
        part**2 / (each.n - 1) for part, each in zip(parts, (new, old), strict=True)
    )
    half = float(stdtrit(freedom, (1.0 + level) / 2.0)) * error
    return Difference(mid - half, mid, mid + half)
