"""What does a pool need, as a number of replicas? The value that advice on capacity passes on, and its words."""

from __future__ import annotations

from dataclasses import dataclass

from costctl.recommend.looked import Looked


@dataclass(frozen=True, slots=True)
class Need:
    """What a pool needs. needed: fewest replicas that keep every objective.  sure: by the upper bounds of the
    percentiles too.  first_part, rest: needed by these parts alone.  advised: with the reserve, and for sure; never
    more than today unless today misses an objective.  beside_others: replicas of these that are there because other
    pools have fewer as well.  looked: at each number that was replayed on the first part of the window.
    """

    number: int
    today: int
    needed: int
    sure: int
    reserve: int
    first_part: int | None
    rest: int | None
    advised: int
    is_missed_today: bool
    beside_others: int = 0
    looked: tuple[Looked, ...] = ()


def plural(replicas: int) -> str:
    """Such as 2 replicas."""
    return f"{replicas} replica" if replicas == 1 else f"{replicas} replicas"
