"""How is a study cut in two, and what is drawn again to say how sure a saving is?

A kind says by what: ``calls``, of each class the first part of them, where sessions are drawn again; or ``time``, the
first part of the window, where blocks of time are drawn again, for what is paid by time and must last. In both, what is
chosen on the first part is held to the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.rebill.bill import Bill
from costctl.recommend.bought.proposals import CutBy
from costctl.recommend.bought.study import FIRST_PART, BoughtStudy
from costctl.recommend.doubts import Seen
from costctl.stats.week import Saving, saving_over_blocks, seconds_of_a_week
from costctl.units import S_PER_HOUR, S_PER_WEEK

_BLOCKS: Final = (
    80  # of the window: 48 in the first part and 32 in the rest, enough of each to be drawn again
)
_FIRST_BLOCKS: Final = round(FIRST_PART * _BLOCKS)
_METHOD: Final = "the bill run again; blocks of time drawn again"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a study. calls: that are of it.  ratio: of all, by which what is paid in any case is divided.

    blocks: the first of the window's blocks of time, and the one after the last.
    """

    calls: Bools
    ratio: float
    blocks: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cut:
    """The two parts of a study, and the whole of it. what: of which the first part is a part."""

    study: BoughtStudy
    by: CutBy
    what: str
    first: Part
    rest: Part
    whole: Part

    def usd(self, billed: Bill, part: Part) -> float:
        """What the part costs, with its share of what is paid in any case."""
        return float(billed.usd[part.calls].sum()) + billed.fixed_usd * part.ratio

    def less(self, before: Bill, after: Bill, part: Part) -> tuple[float, float]:
        """USD that ``after`` costs less at the rate of the part: over the window, and in a week."""
        saved_usd, fixed_usd = before.usd - after.usd, before.fixed_usd - after.fixed_usd
        a_week = self.study.a_week(saved_usd, part.calls) / part.ratio
        return (
            float(saved_usd[part.calls].sum()) / part.ratio + fixed_usd,
            a_week + fixed_usd * S_PER_WEEK / self.study.window_s,
        )

    def saved(self, before: Bill, after: Bill, part: Part) -> Saving | None:
        """USD that ``after`` costs less; None where too little changes to say how sure that is."""
        if self.by == "calls":
            return self.study.saved(before, after, part.calls, part.ratio)
        return _saved_by_time(self.study, before, after, part)

    def seen(self, before: Bill, after: Bill, part: Part) -> Seen:
        """What an estimate of the part rests on: sessions that save or lose anything, or hours of traces."""
        if self.by == "calls":
            return Seen(self.study.moved(before, after, part.calls).size, "sessions that would change")
        return Seen(self.study.window_s * part.ratio / S_PER_HOUR, "hours of traces")


def cut_of(study: BoughtStudy, by: CutBy) -> Cut:
    """The study, cut."""
    in_first, what = (
        (study.in_first, "of the calls") if by == "calls" else (_blocks(study) < _FIRST_BLOCKS, "of the time")
    )
    everything = np.ones(study.calls.size, np.bool_)
    return Cut(
        study=study,
        by=by,
        what=what,
        first=Part(in_first, FIRST_PART, (0, _FIRST_BLOCKS)),
        rest=Part(~in_first, 1.0 - FIRST_PART, (_FIRST_BLOCKS, _BLOCKS)),
        whole=Part(everything, 1.0, (0, _BLOCKS)),
    )


def _blocks(study: BoughtStudy) -> Ints:
    """The block of the window in which each call starts."""
    at_s = study.in_window_s
    place = at_s * (_BLOCKS / study.window_s) if study.window_s > 0 else at_s
    return np.clip(place, 0, _BLOCKS - 1).astype(np.int64)


def _saved_by_time(study: BoughtStudy, before: Bill, after: Bill, part: Part) -> Saving | None:
    """A block is as long as another, and what is paid in any case is paid in each of them."""
    edges_s = np.linspace(0.0, study.window_s, _BLOCKS + 1)
    fixed_usd_per_s = (before.fixed_usd - after.fixed_usd) / study.window_s
    saved_usd, block = before.usd - after.usd, _blocks(study)
    first, last = part.blocks

    def by_block(usd: Floats, length_s: Floats) -> Floats:
        found = np.bincount(block, usd, minlength=_BLOCKS) + fixed_usd_per_s * length_s
        return found[first:last]

    return saving_over_blocks(
        by_block(saved_usd, np.diff(edges_s)),
        by_block(saved_usd * study.times_a_week, np.diff(seconds_of_a_week(edges_s, study.window_s))),
        edges_s[first : last + 1],
        study.window_s,
        _METHOD,
        (study.seed, last - first),
    )
