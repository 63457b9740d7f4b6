"""How much of some capacity is worth its price, as kinds of advice say it: sizes compared, and the grounds in words.

In: the study, what is paid for by time, the calls that it serves. Out: ``Sizing``. The size is chosen on the first part
of the time; what is said of it is over the whole window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats
from costctl.documents.recommendations import Evidence
from costctl.levers.lever import Lever
from costctl.rebill.capacity import Load, Unit, load_of, minutes_of
from costctl.recommend.bought.cuts import cut_of
from costctl.recommend.bought.load_curve import (
    Curve,
    by_minute,
    curve_of,
    least_utilisation,
    sizes_up_to,
    utilisation,
)
from costctl.recommend.bought.study import BoughtStudy
from costctl.units import S_PER_DAY, S_PER_HOUR, S_PER_MINUTE, S_PER_WEEK

_WEEK_SEEN_S: Final = S_PER_WEEK - 0.5 * S_PER_DAY  # the first and the last night may have no call
TOO_SHORT: Final = "These traces are shorter than an hour, by which capacity is paid."


@dataclass(frozen=True, slots=True)
class Sizing:
    """usd: what the text of each call costs today, which capacity can cover.  demand: by minute, ascending.  curve: of
    the first part.
    """

    study: BoughtStudy
    unit: Unit
    load: Load
    usd: Floats
    demand: Floats
    curve: Curve

    @property
    def best(self) -> int:
        """The number of units that costs least on the first part."""
        return self.curve.best

    @property
    def threshold(self) -> float:
        """The part of its time that a unit must be in use for to pay; above 1 it never does."""
        return least_utilisation(self.load, self.usd, self.unit)

    @property
    def calls(self) -> int:
        """How many calls it would serve."""
        return int(self.load.is_taken.sum())

    def evidence(self, units: str, of: str) -> tuple[Evidence, ...]:
        """What the advice rests on. units: their name.  of: what is taken, such as "weighted tokens"."""
        return (
            self._said("demand", "measured", self._demand(of)),
            self._said("sizes", "computed", self._sizes(units)),
            self._said("threshold", "computed", self._threshold()),
        )

    def _said(self, name: str, kind: Literal["measured", "computed"], statement: str) -> Evidence:
        return Evidence(name, kind, statement, samples=self.calls, value=None)

    def _demand(self, of: str) -> str:
        minutes = self.study.window_s / S_PER_MINUTE
        tail = np.quantile(self.demand, 0.95)
        return (
            f"{of} a minute: {brief(self.demand.sum() / minutes)} on average, at most {brief(tail)} in 95 % of the "
            f"minutes with any, {brief(self.demand[-1])} at the peak; {percent(self.demand.size / minutes)} of all "
            "minutes have any."
        )

    def _sizes(self, units: str) -> str:
        sizes, best = self.curve.sizes, self.best
        covered = self.load.covered(best * self.unit.per_minute)
        everything_usd = self.study.a_week(self.usd, self.load.is_taken)
        price = best * self.unit.usd_per_hour * S_PER_WEEK / S_PER_HOUR
        used = utilisation(self.load, self.unit, best, self.study.window_s)
        spilled_usd = everything_usd - self.study.a_week(covered * self.usd, self.load.is_taken)
        return (
            f"{units} that cost least, of {sizes[0]:,} to {sizes[-1]:,}: {best:,}, for {money(price)} USD a week, of "
            f"which {percent(used)} is used, and {money(spilled_usd)} USD for what spills over; to buy all of it "
            f"costs {money(everything_usd)} USD."
        )

    def _threshold(self) -> str:
        if self.threshold > 1.0:
            return "At list price all that one could take, if it were never idle, costs less than it does."
        return f"One pays where more than {percent(self.threshold)} of what it can take is taken."


def brief(value: float) -> str:
    """Three digits, or all before the point: 0.135, 7.24, 2,850."""
    return f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:.3g}"


def money(usd: float) -> str:
    """To the cent, less than a dollar to three digits."""
    return f"{usd:,.2f}" if abs(usd) >= 1.0 else f"{usd:.3g}"


def percent(part: float) -> str:
    """Whole percents; of less than ten, three digits at most."""
    return f"{part:.0%}" if part >= 0.1 else f"{part * 100:.2g}%"


def sizing_of(
    study: BoughtStudy, unit: Unit, served: Bools, lever: Lever, least: int = 1, step: int = 1
) -> Sizing:
    """The sizes of some capacity, compared. served: the calls that it takes; some are.  lever: that sets the size.
    least, step: in what numbers it is sold.
    """
    load = load_of(study.calls.frame, unit.taken(study.calls.tokens), served)
    usd = study.today.usd - study.calls.frame["other_usd"].cast(pl.Float64).to_numpy()
    demand = by_minute(load, minutes_of(study.calls.frame))
    first = cut_of(study, "time").first
    sizes = sizes_up_to(float(demand[-1]), unit, least, step, int(lever.most))
    curve = curve_of(load.only(first.calls), usd, unit, sizes, study.window_s * first.ratio)
    return Sizing(study, unit, load, usd, demand, curve)


def is_too_short(study: BoughtStudy) -> bool:
    """Whether the traces say nothing of what is paid by the hour."""
    return study.window_s < S_PER_HOUR


def before_a_week(study: BoughtStudy) -> str | None:
    """What is unknown of capacity that is paid for longer than the traces last; None where they have a whole week."""
    if study.window_s >= _WEEK_SEEN_S:
        return None
    return (
        f"Trace a full week: these are {study.window_s / S_PER_HOUR:.0f} h, so that other nights and weekends are not "
        "known, and what is paid by time is paid for all of them."
    )
