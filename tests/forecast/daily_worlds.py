"""Days of known law: what is expected of each, and what was spent. Shares nothing with the forecast."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

WEEK = (1.1, 1.15, 1.2, 1.15, 1.05, 0.6, 0.5)


@dataclass(frozen=True)
class World:
    """growth: by what factor a week is dearer than the one before, less 1.  scatter: standard deviation of the
    logarithm of a day around what is expected of it.  shift: by how much of itself the level rises on day shift_day.
    """

    growth: float = 0.0
    scatter: float = 0.1
    shift: float = 0.0
    shift_day: int = 0
    level_usd: float = 100.0

    def expected(self, day: int) -> float:
        """USD that this world expects of a day."""
        level = self.level_usd * (1.0 + self.shift * (day >= self.shift_day))
        return level * WEEK[day % 7] * (1.0 + self.growth) ** (day / 7.0)

    def spent(self, seed: int, days: int) -> np.ndarray:
        """USD of each day; their means are what is expected."""
        rng = np.random.default_rng(seed)
        noise = np.exp(rng.normal(0.0, self.scatter, days) - self.scatter**2 / 2.0)
        return np.array([self.expected(day) for day in range(days)]) * noise


FLAT, GROWING = World(), World(growth=0.05)


def standard_error(hits: int, of: int) -> float:
    """Of a part of so many."""
    part = hits / of
    return math.sqrt(part * (1.0 - part) / of)
