"""By what ratio does one value differ from another, when both may be off by chance?

In: two independent values with intervals of one level. Out: the change and its interval. The variances of logarithms
are recovered from the two intervals (MOVER), so that skewed ones stay skewed:

    low  = m₁/m₀ · exp(−√((ln m₁ − ln l₁)² + (ln u₀ − ln m₀)²)) − 1        m: value, l, u: its bounds
    high = m₁/m₀ · exp(+√((ln u₁ − ln m₁)² + (ln m₀ − ln l₀)²)) − 1        0: before, 1: after

G. Y. Zou and A. Donner, "Construction of confidence limits about effect measures: a general approach", Statistics in
Medicine 27 (2008), 1693–1702.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounded:
    """value > 0, between low and high; None where it is not bounded on that side."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class RatioChange:
    """The change as a ratio of what was before; low, high: None where it is not bounded on that side."""

    value: float
    low: float | None
    high: float | None


def ratio_change(before: Bounded, after: Bounded) -> RatioChange:
    """By what ratio ``after`` is more than ``before``."""
    ratio = after.value / before.value
    down = _together(_below(after), _above(before))
    up = _together(_above(after), _below(before))
    return RatioChange(
        value=ratio - 1.0,
        low=None if down is None else ratio * math.exp(-down) - 1.0,
        high=None if up is None else ratio * math.exp(up) - 1.0,
    )


def _below(bounded: Bounded) -> float | None:
    """How far the lower bound is away, on the scale of logarithms; infinitely where it is no positive number."""
    if bounded.low is None:
        return None
    return math.log(bounded.value / bounded.low) if bounded.low > 0.0 else None


def _above(bounded: Bounded) -> float | None:
    return None if bounded.high is None else math.log(bounded.high / bounded.value)


def _together(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else math.hypot(first, second)
