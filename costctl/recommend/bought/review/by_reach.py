"""What came of a promise that leaves calls or tokens out? What those that came so far would have cost from there on, as
they did before, less what they still cost.

In: the study, a promise, the calls since, its rules. Out: ``ReviewedPromise``. How many came so far does not depend on
the change, so that traffic, and how often things fail, stand on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec.structs import replace

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.estimate import Estimate
from costctl.documents.review import Promise, ReviewedPromise
from costctl.instants import ns_from_iso
from costctl.levers.settings import Setting
from costctl.recommend.bought.review.adoption import FEWEST_CALLS
from costctl.recommend.bought.review.predicted import predicted
from costctl.recommend.bought.review.reach import Reach, reach_of
from costctl.recommend.bought.review.since import Since, before
from costctl.recommend.bought.review.verdict import Seen, judged, with_saving
from costctl.recommend.bought.study import BoughtStudy
from costctl.units import seconds_between

METHOD: Final = "what as many cost before, less what they cost; sessions drawn again"
METHOD_BY_TIME: Final = "what as many cost before, less what they cost; blocks of time drawn again"
_BLOCKS: Final = 80  # of the window that the advice rests on
_FEWEST: Final = 20  # sessions or blocks of time before
_NONE: Final = 1e-9  # what is left of sums of floats
_HALF: Final = 0.5
_HARDLY: Final = 0.1
_QUARTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Compared:
    """Those that came so far, before and since. cluster: of those before, its session or its block of time."""

    reach: Reach
    before: Bools
    since: Bools
    cluster: Ints
    method: str
    seed: int

    @property
    def saved_usd(self) -> Estimate:
        """Since, USD."""
        return self._less(self.reach.usd, self.since)

    def taken(self, part: Bools) -> tuple[float, float, float]:
        """Of those of the part that would have been as before, those that are not: low, mid and high."""
        as_before = self.reach.is_as_before.astype(np.float64)
        expected = float(as_before[self.before].mean()) * int(part.sum())
        found = self._less(as_before, part)
        return found.low / expected, found.mid / expected, found.high / expected

    def quarters(self) -> list[Bools]:
        """Those since, in four parts by time."""
        found = []
        for members in np.array_split(np.flatnonzero(self.since), _QUARTERS):
            part = np.zeros(self.since.size, np.bool_)
            part[members] = True
            found.append(part)
        return found

    def _less(self, amounts: Floats, part: Bools) -> Estimate:
        """What as many as there are in the part came to before, less what the part comes to."""
        would = predicted(amounts[self.before], self.cluster, int(part.sum()), self.method, self.seed)
        now = float(amounts[part].sum())
        return Estimate(
            low=would.low - now,
            mid=would.mid - now,
            high=would.high - now,
            level=would.level,
            method=self.method,
        )


def compared(
    study: BoughtStudy, promise: Promise, since: Since, made: Setting, given: Sequence[Setting] = ()
) -> Compared:
    """given: settings under which it is told what the change adds to them."""
    reach = reach_of(study, made, given)
    is_before = before(study, promise)[reach.call]
    is_by_time = made.lever.field == "least_wait_s"
    cluster = study.calls.session
    if is_by_time:
        window_s = seconds_between(ns_from_iso(promise.window_from), ns_from_iso(promise.window_to))
        cluster = (study.calls.at_s * (_BLOCKS / window_s)).astype(np.int64)
    return Compared(
        reach=reach,
        before=is_before,
        since=since.own[reach.call],
        cluster=cluster[reach.call[is_before]],
        method=METHOD_BY_TIME if is_by_time else METHOD,
        seed=study.seed,
    )


def reviewed_by_reach(
    study: BoughtStudy, told: ReviewedPromise, since: Since, made: Setting
) -> ReviewedPromise:
    """What came of it."""
    found = compared(study, told.promise, since, made)
    count = int(found.since.sum())
    why_not = _why_not(found)
    if why_not is not None:
        return replace(told, outcome="not_observable", reason=why_not)
    if count < FEWEST_CALLS:
        said = f"{count} since came so far that it concerns them; {FEWEST_CALLS} are needed."
        return replace(told, outcome="too_early", reason=said)
    saved = found.saved_usd
    low, ratio, high = found.taken(found.since)
    told = replace(told, taken_ratio=_within(ratio))
    if low <= _NONE and high >= _HALF:
        said = f"{count} came so far since: too few to tell whether it was made."
        return replace(told, outcome="too_early", reason=said)
    if low <= _NONE:
        said = "What its calls come to cannot be told from what it was before."
        return with_saving(told, saved, since, "not_taken", said)
    seen = _seen(found, ratio)
    told = replace(told, lately_ratio=seen.lately)
    return with_saving(told, saved, since, *judged(told, seen, saved))


def _why_not(found: Compared) -> str | None:
    """Why nothing can be said from what was before, a sentence."""
    clusters = np.unique(found.cluster).size
    if not clusters:
        return "None of the calls that it rests on are at hand: load them, or keep them in the store, to compare."
    if not found.reach.is_as_before[found.before].any():
        return "Before, no call did what it forbids, so that nothing tells what it would have cost."
    if clusters < _FEWEST:
        return (
            f"Before, {found.before.sum()} came so far that it concerns them, too few to say what they cost."
        )
    return None


def _seen(found: Compared, ratio: float) -> Seen:
    quarters = [found.taken(part) for part in found.quarters()]
    *earlier, (_, lately, most_lately) = quarters
    was_there = max(mid for _, mid, _ in earlier) >= _HALF
    return Seen(
        ratio=_within(ratio),
        lately=_within(lately),
        is_gone=was_there and lately < _HARDLY and most_lately < _HALF,
    )


def _within(ratio: float) -> float:
    return min(max(ratio, 0.0), 1.0)
