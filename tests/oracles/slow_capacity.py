"""Capacity played the slow way: each minute has so much, and each call takes of it in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SlowCall:
    """takes: of the capacity.  usd: at list price."""

    at_s: float
    takes: float
    usd: float


def covered_shares(calls: Sequence[SlowCall], capacity: float) -> list[float]:
    """The share of each call that fits, calls in the order of their start."""
    room: dict[int, float] = {}
    shares = []
    for call in calls:
        minute = int(call.at_s // 60)
        left = room.setdefault(minute, capacity)
        if call.takes == 0:
            shares.append(1.0 if left > 0 else 0.0)
            continue
        fits = min(call.takes, left)
        room[minute] = left - fits
        shares.append(fits / call.takes)
    return shares


def cost_usd(calls: Sequence[SlowCall], per_minute: float, units: int, unit_usd: float) -> float:
    """What units cost over the window, and what spills over."""
    shares = covered_shares(calls, units * per_minute)
    return units * unit_usd + sum(call.usd * (1.0 - share) for call, share in zip(calls, shares, strict=True))
