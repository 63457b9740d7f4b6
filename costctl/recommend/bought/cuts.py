"""How is a study cut in two, and what is drawn again to say how sure a saving is?

A kind says by what: ``calls``, of each class the first part of them, where sessions are drawn again; or ``time``, the
first part of the window, where blocks of time are drawn again, for what is paid by time and must last. In both, what is
chosen on the first part is held to the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.documents.estimate import Estimate
from costctl.rebill.bill import Bill
from costctl.recommend.bought.proposals import CutBy
from costctl.recommend.bought.study import FIRST_PART, BoughtStudy
from costctl.recommend.doubts import Seen
from costctl.stats.blocks import ratio_over_blocks
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

    def per_week(self, usd: float, part: Part) -> float:
        """USD of a part, per week."""
        return usd * S_PER_WEEK / (self.study.window_s * part.ratio)

    def saved_per_week(self, before: Bill, after: Bill, part: Part) -> Estimate | None:
        """USD a week that ``after`` costs less; None where too little changes to say how sure that is."""
        if self.by == "calls":
            return self.study.saved_per_week(before, after, part.calls, part.ratio)
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
    place = study.calls.at_s * (_BLOCKS / study.window_s) if study.window_s > 0 else study.calls.at_s
    return np.clip(place, 0, _BLOCKS - 1).astype(np.int64)


def _saved_by_time(study: BoughtStudy, before: Bill, after: Bill, part: Part) -> Estimate | None:
    """A block is as long as another, and what is paid in any case is paid in each of them."""
    fixed_usd = (before.fixed_usd - after.fixed_usd) / _BLOCKS
    by_block = np.full(_BLOCKS, fixed_usd)
    by_block += np.bincount(_blocks(study), before.usd - after.usd, minlength=_BLOCKS)
    by_block = by_block[slice(*part.blocks)]
    weeks = np.full(by_block.size, study.window_s / _BLOCKS / S_PER_WEEK)
    return ratio_over_blocks(by_block, weeks, _METHOD, np.random.default_rng([study.seed, by_block.size]))
