"""What may a kind of advice on bought tokens look at? The calls, cut in two; today's bill; and that of any settings.

In: frames of calls and prompts, settings, prices, a seed. Out: a ``BoughtStudy``. Settings are chosen on the first part
of the calls of each class and held to the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats
from costctl.documents.changes import Value
from costctl.documents.estimate import Estimate
from costctl.documents.grades import Grade
from costctl.documents.settings import ClassSettings, Settings
from costctl.levers.lever import Lever
from costctl.levers.plan import plan_of
from costctl.levers.settings import Setting
from costctl.rebill.bill import Bill
from costctl.rebill.by_class import BillsByClass
from costctl.rebill.calls import BoughtCalls
from costctl.rebill.rates import PriceList
from costctl.rebill.tokenizers import undated
from costctl.stats.week import Saving, times_a_week
from costctl.units import S_PER_WEEK

FIRST_PART: Final = 0.6  # of the calls of a class: settings are chosen on it
LEVEL: Final = 0.95
METHOD: Final = "the bill run again; sessions drawn again"
_DRAWS: Final = 1000
_MOST_GROUPS: Final = 2000  # of sessions that are drawn together
FEWEST_SESSIONS: Final = 20  # that save or lose anything: of fewer nothing is said


@dataclass(frozen=True)
class BoughtStudy:
    """What advice rests on. in_first: the calls that settings are chosen on, of each class the earlier ones.  window_s:
    length of the window; from_s: its start, on the clock of the calls.  grades: what graders found of models, for
    classes.
    """

    calls: BoughtCalls
    settings: Settings
    prices: PriceList
    bills: BillsByClass
    in_first: Bools
    window_s: float
    seed: int
    grades: tuple[Grade, ...] = ()
    from_s: float = 0.0

    @cached_property
    def times_a_week(self) -> Floats:
        """How many calls a week each call stands for, by the time of day at which its request made its first call: a
        request comes again as a whole, as in what a week is billed.
        """
        starts = self.calls.frame.select("request_id").with_columns(at_s=self.in_window_s)
        first_s = starts.select(pl.col("at_s").min().over("request_id"))["at_s"].to_numpy()
        return times_a_week(first_s, self.window_s)

    @property
    def today(self) -> Bill:
        """Today's bill."""
        return self.bills.today

    def declared(self, request_class: str) -> ClassSettings:
        """What the settings say of the class."""
        return self.settings.classes.get(request_class, ClassSettings())

    def bill(self, settings: Sequence[Setting]) -> Bill:
        """The bill of the whole window under today's plan and these settings."""
        return self.bills.under(plan_of(settings))

    def value_today(self, lever: Lever, subject: str) -> Value:
        """What the setting of this class is today, as far as its calls show; None where they differ."""
        own = self.calls.frame.filter(pl.col("request_class") == subject)
        match lever.field:
            case "caching":
                return self._caching_today(subject)
            case "service_tier":
                values = own["service_tier"].drop_nulls().unique()
                return str(values[0]) if values.len() == 1 else None
            case "model":
                served = self.models_of(subject)
                return next(iter(served)) if len(served) == 1 else None
            case "is_sticky":
                return "none"
            case "units":
                return 0
        return None

    def models_of(self, request_class: str) -> dict[str, tuple[str, ...]]:
        """The models that the class goes to, each with the names that it is recorded by: with the date of a version, or
        without. A model is called by the shortest of them, which is the last.
        """
        own = self.calls.frame.filter(pl.col("request_class") == request_class)
        names: dict[str, tuple[str, ...]] = {}
        for name in sorted(own["model"].drop_nulls().unique(), key=lambda each: (-len(each), each)):
            names[undated(name)] = (*names.get(undated(name), ()), name)
        return {each[-1]: each for each in sorted(names.values(), key=lambda each: each[-1])}

    def _caching_today(self, subject: str) -> str | None:
        """By what its calls wrote: tokens that are kept for an hour, or for five minutes."""
        own = self.calls.of_class(subject)
        written = {
            kind: float(self.calls.tokens[kind][own].sum()) for kind in ("cache_write", "cache_write_1h")
        }
        if not any(written.values()):
            return "none"
        return "5m" if not written["cache_write_1h"] else "1h" if not written["cache_write"] else None

    @property
    def in_window_s(self) -> Floats:
        """When each call started, from the start of the window."""
        return self.calls.at_s - self.from_s

    def a_week(self, usd: Floats, part: Bools) -> float:
        """What the calls of the part come to in a week of the same traffic. usd: by call."""
        return float(usd[part] @ self.times_a_week[part])

    def moved(self, before: Bill, after: Bill, part: Bools) -> Floats:
        """USD that each session of the part saves that saves or loses anything."""
        by_session = self._by_session(before.usd - after.usd, part)
        found: Floats = by_session[by_session != 0.0]
        return found

    def _by_session(self, usd: Floats, part: Bools) -> Floats:
        return np.bincount(self.calls.session[part], usd[part]).astype(np.float64)

    def saved(self, before: Bill, after: Bill, part: Bools, part_of_calls: float) -> Saving | None:
        """USD that ``after`` costs less. part: calls that count, which are this part of all.

        None where too few sessions save or lose anything.
        """
        saved_usd, fixed_usd = before.usd - after.usd, before.fixed_usd - after.fixed_usd
        of_window = self._by_session(saved_usd, part)
        moved = of_window != 0.0
        if np.count_nonzero(moved) < FEWEST_SESSIONS:
            return None
        a_week = self._by_session(saved_usd * self.times_a_week, part)

        def told(by_session: Floats, fixed_usd: float) -> Estimate:
            low, high = _drawn_again(by_session, self.seed)
            low, mid, high = (
                each / part_of_calls + fixed_usd for each in (low, float(by_session.sum()), high)
            )
            return Estimate(low=low, mid=mid, high=high, level=LEVEL, method=METHOD)

        weeks = self.window_s / S_PER_WEEK
        return Saving(told(of_window[moved], fixed_usd), told(a_week[moved], fixed_usd / weeks))


def bought_study_of(
    calls: BoughtCalls,
    settings: Settings,
    prices: PriceList,
    window_s: float,
    seed: int,
    grades: tuple[Grade, ...] = (),
    from_s: float = 0.0,
) -> BoughtStudy | None:
    """The study; None where nothing is bought. from_s: start of the window, on the clock of the calls."""
    if not calls.size:
        return None
    in_first = _earlier(calls)
    bills = BillsByClass(calls, prices)
    return BoughtStudy(calls, settings, prices, bills, in_first, window_s, seed, grades, from_s)


def _earlier(calls: BoughtCalls) -> Bools:
    """Of each class the first part of its calls: a job that runs by night has its own halves."""
    place = np.zeros(calls.size)
    for number in range(len(calls.classes)):
        own = np.flatnonzero(calls.request_class == number)
        place[own] = (np.arange(own.size) + 0.5) / max(own.size, 1)
    return place < FIRST_PART


def _drawn_again(by_session: Floats, seed: int) -> tuple[float, float]:
    """Bounds of the sum, where as many sessions come as they happen to: each drawn a Poisson number of times."""
    rng = np.random.default_rng([seed, by_session.size])
    groups = np.arange(by_session.size) % min(by_session.size, _MOST_GROUPS)
    sums = np.bincount(groups, by_session)
    spread = np.sqrt(np.bincount(groups, by_session**2))
    if sums.size == by_session.size:
        drawn = rng.poisson(1.0, (_DRAWS, sums.size)) @ sums
    else:
        drawn = sums.sum() + rng.standard_normal((_DRAWS, sums.size)) @ spread
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(drawn, (tail, 1.0 - tail))
    return float(low), float(high)
