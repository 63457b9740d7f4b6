"""Does what is spent grow, and how sure is that? One series fitted without growth, and from four weeks on with it.

In: USD of whole slots. Out: ``Outlook``. Growth is claimed where it would be so far from none by chance in fewer than
``MOST_FALSE`` of all windows, for any of the series that are asked (Bonferroni): of fifty worlds that stand still, one
may seem to grow. Growth too weak for that is not told, and still weighed in the interval, by the criterion of Akaike
(1974): a forecast to the end of a quarter that rests on none being there would be too sure of itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from scipy.stats import norm

from costctl.arrays import Floats
from costctl.forecast.structural import Fitted, fitted

FEWEST_DAYS_OF_GROWTH: Final = 28
MOST_FALSE: Final = 0.02
_COST_OF_A_PARAMETER: Final = 2.0  # in twice the log-likelihood


@dataclass(frozen=True, slots=True)
class Outlook:
    """steady: fitted without growth; growing: with it, None where the series is too short to tell.

    is_growing: growth is claimed, of this series or of the sum that it is a part of.
    """

    steady: Fitted
    growing: Fitted | None
    is_growing: bool = False

    @property
    def growth_weight(self) -> float:
        """The part of the futures that are drawn with growth, in [0, 1]."""
        if self.growing is None or not self.growing.members:
            return 0.0
        if self.is_growing:
            return 1.0
        distance = float(norm.isf(self.growing.p_of_no_growth / 2.0))
        return 1.0 / (1.0 + math.exp(-0.5 * (distance**2 - _COST_OF_A_PARAMETER)))


def outlook_of(usd: Floats, period: int, *, slots_a_day: int) -> Outlook:
    """One series. usd: of whole slots; by the hour it is never asked for growth, nor for its logarithm."""
    is_daily = slots_a_day == 1
    steady = fitted(usd, period, has_growth=False, may_be_log=is_daily)
    if not is_daily or usd.size < FEWEST_DAYS_OF_GROWTH:
        return Outlook(steady, None)
    return Outlook(steady, fitted(usd, period, has_growth=True))


def claimed(outlooks: Iterable[tuple[str | None, Outlook]]) -> frozenset[str | None]:
    """Which of them grow: of all series that were asked, each with its name, the total under None."""
    asked = [(name, each.growing) for name, each in outlooks if each.growing is not None]
    level = level_of_claims(len(asked))
    return frozenset(name for name, fit in asked if fit.p_of_no_growth < 1.0 - level)


def level_of_claims(series: int) -> float:
    """At which an interval of growth must leave out none, where so many series are asked."""
    return 1.0 - MOST_FALSE / max(series, 1)
