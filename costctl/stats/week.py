"""For how much of a week does a window of traces stand?

In: instants in a window, its length. Out: how many there are in a week of what is seen at each. Traffic comes by the
time of day and by the day of the week, and a window rarely holds whole days: of two nights and the day between them,
the night is there twice. So each instant stands for all those of a week that share its time of day (from seven days on,
its time of the week), and shares them with the others of the window that do. All instants together stand for one week:
the integral over the window is a week's seconds. A window of less than a day stands for the week at its own rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costctl.arrays import Floats
from costctl.documents.estimate import Estimate
from costctl.stats.blocks import ratio_over_blocks
from costctl.units import S_PER_DAY, S_PER_WEEK


@dataclass(frozen=True, slots=True)
class Saving:
    """One saving, told over two times. of_window: of the traffic that was recorded.  a_week: in a week of the same."""

    of_window: Estimate
    a_week: Estimate

    def beside(self, known: Saving) -> Saving:
        """This saving and one that is known exactly."""
        return Saving(self.of_window.moved(known.of_window.mid), self.a_week.moved(known.a_week.mid))


@dataclass(frozen=True, slots=True)
class _Cycle:
    """length_s: of what comes again, a day or a week.  a_week: how many there are in a week.  whole: how many the
    window holds.  left_s: of the window beyond these, so that instants up to there are held once more.
    """

    length_s: float
    a_week: float
    whole: int
    left_s: float


def times_a_week(at_s: Floats, window_s: float) -> Floats:
    """How many there are in a week of what is seen at each instant. at_s: from the start of the window, which is
    window_s > 0 long.
    """
    cycle = _cycle_of(window_s)
    if cycle is None:
        return np.full(at_s.shape, S_PER_WEEK / window_s)
    is_once_more = np.mod(at_s, cycle.length_s) < cycle.left_s
    return np.where(is_once_more, cycle.a_week / (cycle.whole + 1), cycle.a_week / cycle.whole)


def seconds_of_a_week(to_s: Floats, window_s: float) -> Floats:
    """For how many seconds of a week the window stands up to each instant: what ``times_a_week`` comes to until
    then, 604,800 at its end.
    """
    cycle = _cycle_of(window_s)
    if cycle is None:
        return to_s * (S_PER_WEEK / window_s)
    cycles, rest_s = np.divmod(to_s, cycle.length_s)
    more, once = cycle.a_week / (cycle.whole + 1), cycle.a_week / cycle.whole

    def within(seconds: Floats | float) -> Floats:
        return np.minimum(seconds, cycle.left_s) * more + np.maximum(seconds - cycle.left_s, 0.0) * once

    return cycles * within(cycle.length_s) + within(rest_s)


def saving_over_blocks(
    of_window: Floats,
    a_week: Floats,
    edges_s: Floats,
    window_s: float,
    method: str,
    seed: int | tuple[int, int],
) -> Saving | None:
    """What comes to so much by block of time, at the rate of these blocks; None with too few blocks to say.

    of_window: of the traffic in each block.  a_week: the same, each part of it as often as it is there in a week.
    edges_s: of the blocks, one more than there are, from the start of the window.
    """

    def told(by_block: Floats, length_s: Floats, of_s: float) -> Estimate | None:
        per_s = ratio_over_blocks(by_block, length_s, method, np.random.default_rng(seed))
        return None if per_s is None else per_s.scaled(of_s)

    recorded = told(of_window, np.diff(edges_s), window_s)
    weekly = told(a_week, np.diff(seconds_of_a_week(edges_s, window_s)), S_PER_WEEK)
    return None if recorded is None or weekly is None else Saving(recorded, weekly)


def _cycle_of(window_s: float) -> _Cycle | None:
    """None in less than a day."""
    length_s = S_PER_WEEK if window_s >= S_PER_WEEK else S_PER_DAY
    whole = int(window_s // length_s)
    return _Cycle(length_s, S_PER_WEEK / length_s, whole, window_s - whole * length_s) if whole else None
