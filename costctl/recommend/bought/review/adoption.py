"""Do the calls since show the change? By the tokens and the amounts that were recorded, call by call.

In: the calls, today's bill and those under the old and the new setting. Out: which calls could tell the two apart, and
which of these show the new one. What prompts are kept is told by the tokens that a cache read and wrote, the rest by
the amount: nearer to the new bill than to the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats
from costctl.levers.settings import Setting
from costctl.rebill.bill import Bill
from costctl.rebill.calls import BoughtCalls
from costctl.recommend.bought.review.made_otherwise import Shown
from costctl.recommend.bought.review.verdict import Otherwise, Seen

FEWEST_CALLS: Final = 20  # that could tell: fewer say nothing of all
_PARTS: Final = 4  # of the time since, by calls
_SEEN: Final = 0.5  # of a quarter: the change was there
_GONE: Final = 0.1  # of the last quarter: and is no more
_HARDLY: Final = 0.05  # of all: fewer are not the change
_SAME_USD: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Adoption:
    """Of the calls that could tell, in order of time, whether they show the change. otherwise: what more of them show
    instead; None where that is not so.
    """

    shows: Bools
    otherwise: Otherwise | None = None

    @property
    def seen(self) -> Seen:
        """The same in figures. Raises ValueError where no call could tell."""
        if self.ratio is None or self.lately is None:
            raise ValueError("no call could tell")
        return Seen(self.ratio, self.lately, self.is_gone, self.otherwise)

    @property
    def ratio(self) -> float | None:
        """The part that shows it; None where no call could."""
        return float(self.shows.mean()) if self.shows.size else None

    @property
    def lately(self) -> float | None:
        """The same of the last quarter."""
        return self._quarters[-1] if self.shows.size else None

    @property
    def is_hardly_seen(self) -> bool:
        """Whether next to none shows it, or anything else."""
        return self.otherwise is None and self.ratio is not None and self.ratio < _HARDLY

    @property
    def is_gone(self) -> bool:
        """Whether it was seen, and went away."""
        *earlier, last = self._quarters
        return max(earlier) >= _SEEN and last < _GONE

    @property
    def _quarters(self) -> list[float]:
        parts = np.array_split(self.shows, min(_PARTS, self.shows.size))
        return [0.0, *(float(each.mean()) for each in parts)]


def adoption_of(
    calls: BoughtCalls,
    own: Bools,
    bills: tuple[Bill, Bill, Bill],
    settings: Sequence[Setting],
    shown: Shown | None = None,
) -> Adoption:
    """own: the calls that are looked at.  bills: today's, under the old setting, and under the new one.  settings: what
    was advised.  shown: what calls say that they were bought as.
    """
    today, before, after = bills
    is_known = own & ~before.is_unknown & ~after.is_unknown
    kept_for = [each.value for each in settings if each.lever.field in ("caching", "breakpoints")]
    if kept_for:
        could, shows = _by_cache(calls, before, after, is_for_an_hour="1h" in kept_for)
    else:
        could = np.abs(after.usd - before.usd) > _SAME_USD
        shows = np.abs(today.usd - after.usd) < np.abs(today.usd - before.usd)
    if shown is not None:
        return _as_they_say(is_known & could, shows, shown)
    return Adoption(shows[is_known & could])


def _as_they_say(could: Bools, shows: Bools, shown: Shown) -> Adoption:
    """A call that says something else does not show what was advised, whatever it cost. Where only some calls say it,
    as of prompt caches those that wrote, the others are like these: they are left out where these differ.
    """
    otherwise = shown.otherwise(could, shows)
    if (could & shown.is_other).any():
        could = could & shown.values.is_not_null().to_numpy()
    return Adoption((shows & ~shown.is_other)[could], otherwise)


def _by_cache(calls: BoughtCalls, before: Bill, after: Bill, *, is_for_an_hour: bool) -> tuple[Bools, Bools]:
    """Tokens that a cache read or wrote, taken together, do not depend on whether an entry was there already. Where
    both settings keep as many, for different times, those calls tell that wrote.
    """
    read, for_5m, for_1h = (calls.tokens[kind] for kind in ("cached_input", "cache_write", "cache_write_1h"))
    recorded: Floats = read + for_5m + for_1h
    old, new = before.read + before.written, after.read + after.written
    if not np.array_equal(old, new):
        return old != new, np.abs(recorded - new) < np.abs(recorded - old)
    return for_5m + for_1h > 0, (for_1h > for_5m) == is_for_an_hour
