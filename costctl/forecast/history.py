"""What was spent in which whole day or hour? The series that forecasts are made from.

In: what each request was charged, its start and class, and the window. Out: ``History``. Days are UTC days. The first
and the last of a window are parts of days: they count in what was spent, and are no days of the series. What a class
did not spend on a day of the window is 0, for it was looked at; outside the window nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Floats
from costctl.errors import NotEnoughDataError
from costctl.frames.spending import DAY_NS, HOUR_NS
from costctl.telemetry.stray_times import is_counted_from_zero
from costctl.units import NS_PER_S

DAYS_A_WEEK: Final = 7
HOURS_A_DAY: Final = 24
FEWEST_DAYS: Final = 2 * DAYS_A_WEEK  # of a series by day: each day of the week twice
FEWEST_HOURS: Final = 2 * HOURS_A_DAY  # of one by hour: each hour of the day twice
# A day is whole with up to an hour of it missing, an hour with a minute, as in documents/spending.py.
_MISSING_NS: Final = {DAY_NS: HOUR_NS, HOUR_NS: 60 * NS_PER_S}


@dataclass(frozen=True, slots=True)
class History:
    """from_ns, to_ns: the window, ns UTC, end exclusive.  slot_ns: a day, or an hour where there are fewer than
    fourteen whole days.  first_ns: where the first whole slot begins.  usd: class → USD of each whole slot.
    rest: class → of what it spends in a slot, the part that is still to come of the one in which the window ends; 1
    where it ends between two.  charges: request_class, at_ns and usd of each request that is charged.
    """

    from_ns: int
    to_ns: int
    slot_ns: int
    first_ns: int
    usd: dict[str, Floats]
    rest: dict[str, float]
    charges: pl.DataFrame

    @property
    def slots(self) -> int:
        """Whole slots."""
        return next(iter(self.usd.values())).size if self.usd else 0

    @property
    def next_ns(self) -> int:
        """Where the first slot begins that is forecast."""
        return self.first_ns + self.slots * self.slot_ns

    @property
    def slots_a_day(self) -> int:
        """1 or 24."""
        return DAY_NS // self.slot_ns

    @property
    def period(self) -> int:
        """Of the rhythm, in slots: a week of days, or a day of hours."""
        return DAYS_A_WEEK if self.slot_ns == DAY_NS else HOURS_A_DAY

    def total(self) -> Floats:
        """USD of each whole slot of all classes."""
        return np.sum([*self.usd.values()], axis=0) if self.usd else np.zeros(0)

    def observed_usd(self, name: str, from_ns: int, to_ns: int) -> float:
        """USD of the requests of a class that started in between."""
        of_class = self.charges.filter(
            (pl.col("request_class") == name) & (pl.col("at_ns") >= from_ns) & (pl.col("at_ns") < to_ns)
        )
        return float(np.sum(np.sort(of_class["usd"].to_numpy())))


def history_of(charges: pl.DataFrame, from_ns: int, to_ns: int) -> History:
    """The series of a window. charges: request_class, at_ns and usd, none of them null.

    Raises NotEnoughDataError for less than two days, and for times that count from an unknown start.
    """
    if is_counted_from_zero(from_ns, to_ns):
        raise NotEnoughDataError(
            "No month can be forecast.",
            why="Times count from an unknown start, so neither days of the week nor months are known.",
            next_step="Export traces with the date and time of each call.",
        )
    slot_ns = DAY_NS if len(_whole(from_ns, to_ns, DAY_NS)) >= FEWEST_DAYS else HOUR_NS
    whole = _whole(from_ns, to_ns, slot_ns)
    if slot_ns == HOUR_NS and len(whole) < FEWEST_HOURS:
        raise _too_short(to_ns - from_ns)
    names = sorted(charges["request_class"].unique().to_list())
    return History(
        from_ns=from_ns,
        to_ns=to_ns,
        slot_ns=slot_ns,
        first_ns=whole.start,
        usd={name: _series(_of_class(charges, name), whole) for name in names},
        rest={name: _rest(_of_class(charges, name), whole, to_ns) for name in names},
        charges=charges,
    )


def days_without_requests(history: History, starts_ns: pl.Series) -> tuple[int, ...]:
    """Whole days of the window on which no request started, ns UTC: it may be that nobody was looking."""
    seen = set((starts_ns.drop_nulls() // DAY_NS).to_list())
    days = _whole(history.from_ns, history.to_ns, DAY_NS)
    return tuple(day for day in days if day // DAY_NS not in seen)


def _whole(from_ns: int, to_ns: int, slot_ns: int) -> range:
    """The starts of the whole slots of a window."""
    missing_ns = _MISSING_NS[slot_ns]
    first = -(-(from_ns - missing_ns) // slot_ns) * slot_ns
    last = (to_ns + missing_ns) // slot_ns * slot_ns
    return range(first, max(first, last), slot_ns)


def _of_class(charges: pl.DataFrame, name: str) -> pl.DataFrame:
    return charges.filter(pl.col("request_class") == name).sort("at_ns", "usd")


def _series(charges: pl.DataFrame, whole: range) -> Floats:
    slot = (charges["at_ns"].to_numpy() - whole.start) // whole.step
    within = (slot >= 0) & (slot < len(whole))
    return np.bincount(slot[within], charges["usd"].to_numpy()[within], len(whole)).astype(np.float64)


def _rest(charges: pl.DataFrame, whole: range, to_ns: int) -> float:
    """Of the slot in which the window ends: by what was spent later in such slots; of an hour, by its minutes."""
    left_ns = max(0, to_ns - whole.stop)
    if left_ns == 0:
        return 1.0
    by_time = 1.0 - left_ns / whole.step
    if whole.step == HOUR_NS:
        return by_time
    at_ns, usd = charges["at_ns"].to_numpy(), charges["usd"].to_numpy()
    within = (at_ns >= whole.start) & (at_ns < whole.stop)
    all_usd = float(usd[within].sum())
    later_usd = float(usd[within & (at_ns % DAY_NS >= left_ns)].sum())
    return later_usd / all_usd if all_usd else by_time


def _too_short(window_ns: int) -> NotEnoughDataError:
    hours = window_ns / HOUR_NS
    return NotEnoughDataError(
        "Too little was observed to forecast a month.",
        why=f"The traces cover {hours:,.1f} hours. Each hour of the day must be seen twice, that is two days; each day "
        "of the week twice, that is two weeks, to tell weekdays from weekends; and growth takes four weeks.",
        next_step="Load more days: `costctl ingest PATH` adds to the store. `costctl analyze` says what these hours "
        "cost.",
    )
