"""How many requests must be looked at until a change is seen?

In: how far one sample of a metric may be off on a logarithmic scale, and the change to see. Out: samples, on each side
of the comparison. It is the test that ``costctl check`` makes: a change is named where all of its 95 % interval lies on
one side, so that 5 % of unchanged metrics are named, half of them to the worse; of changes of this size 80 % are.

    n  = (z₁ + z₂)² · (c₀² + c₁²) / ln(1 + R)²             c: standard deviation of one sample over the mean
    n₁ = (c₁²) / ((ln(1 + R) / (z₁ + z₂))² − c₀² / n₀)     where the baseline has n₀ ≥ n samples
    c  = ln(u / l) · √n / (2 · 1.96)                       from an interval of n samples with the bounds l and u

S.-C. Chow, J. Shao, H. Wang, Sample Size Calculations in Clinical Research, 2nd ed. (2008), section 3.2, on logarithms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from costctl.stats.noninferiority import LEVEL, POWER, answers_needed

_Z: Final = NormalDist().inv_cdf((1.0 + LEVEL) / 2.0)
_BOTH: Final = _Z + NormalDist().inv_cdf(POWER)


@dataclass(frozen=True, slots=True)
class Needed:
    """baseline, now: samples on each side."""

    baseline: int
    now: int


def spread_of_one(low: float, high: float, samples: int) -> float:
    """c of one sample, from the bounds of the interval of so many, both above 0."""
    return math.log(high / low) * math.sqrt(samples) / (2.0 * _Z)


def spread_of_part(part: float) -> float:
    """c of one request that succeeds with this probability, above 0: √((1 − p) / p)."""
    return math.sqrt((1.0 - part) / part)


def samples_needed(before: float, after: float, change: float, in_baseline: int) -> Needed:
    """How many samples the baseline and the time after must have.

    before, after: c on each side.  change: by what ratio the metric changes; below 0 where it falls, and not 0.
    in_baseline: samples that there are.
    """
    size = abs(math.log1p(change))
    both = answers_needed((before**2 + after**2) / 2.0, size)
    if in_baseline <= both:
        return Needed(both, both)
    left = (size / _BOTH) ** 2 - before**2 / in_baseline
    return Needed(both, min(both, max(2, math.ceil(after**2 / left))))


def samples_against(spread: float, change: float) -> int:
    """How many samples until a metric that lies beyond a fixed limit by this ratio is named."""
    return max(2, math.ceil((_BOTH * spread / math.log1p(change)) ** 2))
