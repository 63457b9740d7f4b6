"""Is a saving told, excluded, or can nobody say yet? By its interval, and by how much was seen.

In: an estimate of what a change saves, how much it rests on. Out: ``Doubt``, or None where it saves for certain. A
saving whose whole interval lies below what is worth a line is ruled out: more of the same traffic would say the same.
One whose interval reaches from a loss to a saving may save: too few were seen. Intervals shrink with the root of what
is seen, so that ((mid - low) / mid)² times as much brings the lower bound to nothing, where mid is a saving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil
from typing import Final

from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import WithheldAs

WHEN_CHOSEN: Final = "On the part that it was chosen on"
WHEN_HELD: Final = "In the hold-out period"
_FEW: Final = 10.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a change is no advice, a sentence. how: ruled out, or too few seen to tell."""

    reason: str
    how: WithheldAs


@dataclass(frozen=True, slots=True)
class Seen:
    """How much an estimate rests on. noun: of what, in the plural."""

    count: float
    noun: str


def times_needed(saved: Estimate) -> float | None:
    """How many times as much would have to be seen for the lower bound to reach 0; None where the middle is no saving.

    At most 1 where it is above 0 already.
    """
    return ((saved.mid - saved.low) / saved.mid) ** 2 if saved.mid > 0.0 else None


def doubt_of(
    when: str, saved: Estimate, seen: Seen, told: str, least: float, noun: str = "saving"
) -> Doubt | None:
    """Why it is no advice. when: of which part, to begin the sentence.  told: the interval in words.  least: a saving
    that is worth a line, in the unit of ``saved``.
    """
    if saved.high <= least:
        return Doubt(f"{when} there is no {noun} worth having: {told}.", "ruled_out")
    if saved.low > 0.0:
        return None
    times = times_needed(saved)
    needed = (
        "on average it brings none there, so that only more traces can tell"
        if times is None
        else f"about {_amount(seen.count * times, ceil)} are needed"
    )
    said = f"{when} the {noun} is not certain: {told}, from {_count(seen)}; {needed}."
    return Doubt(said, "too_few")


def gravest(doubts: Iterable[Doubt | None]) -> Doubt | None:
    """The first that rules out, else the first; None where there is none."""
    return min(filter(None, doubts), key=lambda each: each.how != "ruled_out", default=None)


def _count(seen: Seen) -> str:
    return f"{_amount(seen.count, round)} {seen.noun}"


def _amount(value: float, whole: Callable[[float], int]) -> str:
    """In whole numbers from ten on, below with two digits where it is none."""
    return f"{whole(value):,}" if value >= _FEW or value == whole(value) else f"{value:.2g}"
