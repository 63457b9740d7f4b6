"""What is kept of a setting that was replayed, once its replay is gone? Its cost, a latency, and whether it keeps.

A replay has an entry for each call; of dozens of them only a few numbers are kept, so that people can see what was
tried beside what is advised (costctl/recommend/tried.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from costctl.levers.settings import Setting


@dataclass(frozen=True, slots=True)
class Cost:
    """USD in the part that was replayed, and in a week of it."""

    usd: float
    a_week_usd: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.usd + other.usd, self.a_week_usd + other.a_week_usd)


@dataclass(frozen=True, slots=True)
class Looked:
    """One setting, as it was replayed. paid: for replicas, caches and tiers.  busy: time with work in progress, at its
    price.  latency_s: the percentile that is looked at; infinite where calls are refused, NaN where no time is known.
    is_kept: whether the settings keep what they must.
    """

    settings: tuple[Setting, ...]
    paid: Cost
    busy: Cost
    latency_s: float
    is_kept: bool
