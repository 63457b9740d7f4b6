"""What does the traffic of a window come to in a week?

In: the frames, the bill. Out: USD and requests a week, as far as they are given. A day is the least: nights are unlike
the hours that were seen. Replicas are paid for by time. Requests, and what is bought for them, come by the time of day:
they are weighed as `costctl.stats.week` says.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.cost.bill import Bill
from costctl.frames.cost import Frames
from costctl.stats.exact_sums import sums_by
from costctl.stats.week import times_a_week
from costctl.telemetry.stray_times import is_counted_from_zero
from costctl.units import NS_PER_S, S_PER_HOUR, S_PER_WEEK

FEWEST_HOURS: Final = 24.0  # observed, for a figure a week: all hours of a day at least once


def is_weekly_given(window_s: float, *, is_asked: bool) -> bool:
    """Whether figures a week are given for a window of this length."""
    return is_asked or window_s >= FEWEST_HOURS * S_PER_HOUR


def is_week_given_of(frames: Frames, *, is_asked: bool) -> bool:
    """Whether figures a week are given of these frames: not of times that are counted from zero, since amounts are
    weighed by the time of day.
    """
    is_relative = is_counted_from_zero(frames.window_from_ns, frames.window_to_ns)
    return is_asked or (is_weekly_given(frames.window_s, is_asked=False) and not is_relative)


def requests_a_week(frames: Frames) -> float:
    """Requests in a week of the same traffic."""
    starts = frames.requests.select("start_ns", n=pl.lit(1.0))
    return _a_week(frames, starts, "n")


def billed_usd_a_week(frames: Frames, bill: Bill) -> float | None:
    """USD that a week of the same traffic is billed; None where nothing is priced."""
    if bill.billed_usd is None:
        return None
    by_time_usd = bill.billed_usd - (frames.sums.direct_usd or 0.0)
    return by_time_usd * S_PER_WEEK / frames.window_s + _a_week(frames, _bought(frames), "direct_usd")


def class_usd_a_week(frames: Frames) -> dict[str, float | None]:
    """USD that a week of the same traffic of each class comes to, idle time apart; None where nothing of it is priced.

    With idle, and what no class answers for, they sum to ``billed_usd_a_week``.
    """
    bought = frames.traffic.placed(_bought(frames)).drop_nulls("direct_usd")
    weighed = bought.with_columns(
        a_week=bought["direct_usd"].cast(pl.Float64) * _times_a_week(frames, bought)
    )
    direct_usd = sums_by(weighed, ("request_class",), "a_week")
    weeks = frames.window_s / S_PER_WEEK
    return {
        name: None if attributed is None else (accelerator or 0.0) / weeks + direct_usd.get((name,), 0.0)
        for name, attributed, accelerator in frames.sums.class_cost.select(
            "request_class", "attributed_usd", "accelerator_usd"
        ).iter_rows()
    }


def idle_usd_a_week(frames: Frames, idle_usd: float | None) -> float | None:
    """USD of capacity that is not busy in a week: the same part of what is paid for as in the window."""
    return None if idle_usd is None else idle_usd * S_PER_WEEK / frames.window_s


def _bought(frames: Frames) -> pl.DataFrame:
    """What each request is charged, with its start."""
    starts = frames.requests.select("request_id", "start_ns")
    return frames.request_usd.join(starts, on="request_id", how="left")


def _a_week(frames: Frames, rows: pl.DataFrame, amount: str) -> float:
    """The amounts of rows that start at some time, each as often as it is there in a week."""
    known = rows.drop_nulls(amount)
    return float(known[amount].cast(pl.Float64).to_numpy() @ _times_a_week(frames, known).to_numpy())


def _times_a_week(frames: Frames, rows: pl.DataFrame) -> pl.Series:
    """How often each row is there in a week. What has no start counts as the window's first instant does."""
    at_s = (rows["start_ns"].fill_null(frames.window_from_ns) - frames.window_from_ns).to_numpy() / NS_PER_S
    return pl.Series(times_a_week(at_s, frames.window_s))
