"""An uncertain number: what every figure that was inferred, rather than counted, is given as."""

from __future__ import annotations

import msgspec


class Estimate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An interval around a best value.

    low, mid, high: same unit, low ≤ mid ≤ high.  level: probability that the interval is meant to cover
    the truth, in (0, 1); null where low and high are bounds that the truth cannot leave, or one exact value.  method:
    how it was found, in a few words, such as "paired replay, block bootstrap".
    """

    low: float
    mid: float
    high: float
    level: float | None
    method: str

    @property
    def is_exact(self) -> bool:
        """Whether it is one value, known as such."""
        return self.level is None and self.low == self.high

    def scaled(self, factor: float) -> Estimate:
        """This estimate in another unit: each bound times a factor ≥ 0."""
        return Estimate(
            low=self.low * factor,
            mid=self.mid * factor,
            high=self.high * factor,
            level=self.level,
            method=self.method,
        )

    def moved(self, by: float) -> Estimate:
        """This estimate and an amount that is known, in its unit."""
        return Estimate(
            low=self.low + by,
            mid=self.mid + by,
            high=self.high + by,
            level=self.level,
            method=self.method,
        )
