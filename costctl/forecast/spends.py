"""What do drawn futures and known costs come to in a month, in a quarter, day by day?

In: ``Ahead``: the drawn futures of each class, the pools, the history, the periods. Out: ``Spend`` and ``DayForecast``
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from costctl.arrays import Floats
from costctl.cost.bill import PoolMoney
from costctl.documents.forecast import LEVEL, LIKELY_LEVEL, DayForecast, Spend
from costctl.forecast.calendar_periods import Bounds, period_at
from costctl.forecast.estimates import estimate_of
from costctl.forecast.history import History
from costctl.forecast.paths import PATHS
from costctl.forecast.replicas import usd_in_window, usd_to_come
from costctl.frames.spending import DAY_NS
from costctl.units import iso_utc


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what is spent. paths: USD by path and slot to come, (paths, slots), of what follows traffic; None where
    none of it has a price.  unpriced_charges: that are not in it.  pool: whose replicas it is, else None.
    """

    paths: Floats | None
    unpriced_charges: int
    pool: PoolMoney | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """first_day_ns: the UTC day that the first slot to come is in.  invoices: pool → month → USD."""

    history: History
    month: Bounds
    quarter: Bounds
    first_day_ns: int
    classes: dict[str, Part]
    pool_money: tuple[PoolMoney, ...]
    invoices: Mapping[str, Mapping[str, float]]

    @property
    def pools(self) -> tuple[Part, ...]:
        """The pools as parts."""
        return tuple(Part(None, 0, pool) for pool in self.pool_money)

    def spend(self, period: Bounds, part: Part, name: str | None = None) -> Spend:
        """What one class, of this name, or one pool spends in a period."""
        observed, to_come = self._observed(period, part, name), self._to_come(period, part)
        return self._spend(period, observed, to_come, is_whole=not part.unpriced_charges)

    def total(self, period: Bounds, saved: Floats | None = None) -> Spend:
        """What all spend in a period. saved: USD less of it to come, by path."""
        parts = [*self.classes.items(), *((None, part) for part in self.pools)]
        observed = [self._observed(period, part, name) for name, part in parts]
        to_come = [self._to_come(period, part) for _, part in parts]
        drawn: Floats = np.sum([np.zeros(PATHS), *(each for each in to_come if each is not None)], axis=0)
        if saved is not None:
            drawn = drawn - saved
        is_whole = all(
            not part.unpriced_charges and each is not None
            for (_, part), each in zip(parts, to_come, strict=True)
        )
        return self._spend(
            period, sum(each for each in observed if each is not None), drawn, is_whole=is_whole
        )

    def days(self) -> tuple[DayForecast, ...]:
        """From the first day of the month that was observed to the last of the quarter, all classes and pools."""
        first_ns = max(self.month.from_ns, self.history.from_ns) // DAY_NS * DAY_NS
        sofar: Floats = np.zeros(PATHS)
        found = []
        for day_ns in range(first_ns, self.quarter.to_ns, DAY_NS):
            month = period_at("month", day_ns)
            if day_ns == month.from_ns:
                sofar = np.zeros(PATHS)
            usd = self.total_of_day(Bounds("month", "", day_ns, day_ns + DAY_NS))
            sofar = sofar + usd
            found.append(
                DayForecast(
                    day=iso_utc(day_ns)[:10],
                    usd=estimate_of(usd, LEVEL, 0.0),
                    month_usd=estimate_of(sofar, LEVEL, 0.0),
                )
            )
        return tuple(found)

    def total_of_day(self, day: Bounds) -> Floats:
        """USD of all on one day by path."""
        usd: Floats = np.zeros(PATHS)
        for name, part in [*self.classes.items(), *((None, part) for part in self.pools)]:
            usd = usd + (self._observed(day, part, name) or 0.0)
            to_come = self._to_come(day, part)
            if to_come is not None:
                usd = usd + to_come
        return usd

    def _observed(self, period: Bounds, part: Part, name: str | None) -> float | None:
        from_ns, to_ns = period.seen(self.history.from_ns, self.history.to_ns)
        if part.pool is not None:
            return usd_in_window(part.pool, self.invoices.get(part.pool.pool, {}), from_ns, to_ns)
        if part.paths is None or name is None:
            return None
        return self.history.observed_usd(name, from_ns, to_ns)

    def _to_come(self, period: Bounds, part: Part) -> Floats | None:
        """By path; None where it has no price."""
        if part.pool is not None:
            from_ns = max(self.history.to_ns, period.from_ns)
            invoices = self.invoices.get(part.pool.pool, {})
            usd = usd_to_come(part.pool, invoices, from_ns, max(from_ns, period.to_ns))
            return None if usd is None else np.full(PATHS, usd)
        if part.paths is None:
            return None
        slot_ns, begin_ns = self.history.slot_ns, self.history.next_ns
        # the slot in which the window ends may have begun before the period that it is in ends: slots lie within days
        first = max(0, (period.from_ns - begin_ns) // slot_ns)
        last = max(0, (period.to_ns - begin_ns) // slot_ns)
        paths: Floats = part.paths[:, first:last].sum(axis=1)
        return paths

    def _spend(
        self, period: Bounds, observed: float | None, to_come: Floats | None, *, is_whole: bool
    ) -> Spend:
        is_seen = period.told(self.history.from_ns, self.history.to_ns).is_seen
        if observed is None or to_come is None:
            return Spend(observed, None, None, None, is_lower_bound=True)
        return Spend(
            observed_usd=observed,
            to_come_usd=estimate_of(to_come, LEVEL, 0.0),
            usd=estimate_of(observed + to_come, LEVEL, observed),
            likely_usd=estimate_of(observed + to_come, LIKELY_LEVEL, observed),
            is_lower_bound=not (is_seen and is_whole),
        )
