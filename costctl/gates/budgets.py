"""How much of a budget is spent in the calendar period that the window ends in?

In: what was spent over time, the frames of the window, the analysis. Out: the period, and USD.

    whole             by-time USD · (seconds of the period in the window / window) + direct USD of requests begun in it
    class, tenant,    Σ attributed USD of requests started in it; idle time is in nobody's budget but that of the whole
    model

by-time USD is what is paid for replicas by time: the bill less what is bought for requests. Over all periods that a
window touches, what is spent of the whole sums to the bill. Periods are those of the UTC calendar; weeks begin on
Monday. A forecast to the end of the period begins where ``PeriodSpend`` ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from costctl.documents.analysis import Analysis
from costctl.documents.check import BudgetPeriod
from costctl.documents.cuts import sum_of_known
from costctl.documents.gate_settings import Period, SubjectKind
from costctl.frames.cost import Frames
from costctl.frames.spending import Amount, Spending
from costctl.stats.exact_sums import exact_sum
from costctl.units import NS_PER_S, iso_utc

_CUT_OF: Final[dict[SubjectKind, str]] = {"request_class": "class", "tenant": "tenant", "model": "model"}
_BEGIN_RATIO: Final = 1 / 24  # of a period, that may be missing at its begin: an hour of a day


@dataclass(frozen=True, slots=True)
class PeriodSpend:
    """What was spent in the period as far as it was seen. usd: None where nothing has an amount; a lower bound where
    there are unpriced_charges.  is_dated: the times of the traces are those of a calendar.
    """

    period: BudgetPeriod
    usd: float | None
    unpriced_charges: int
    requests: int
    is_dated: bool = True


def period_at(at_ns: int, per: Period) -> tuple[int, int]:
    """The calendar period that holds the instant, ns UTC, end exclusive."""
    day = datetime.fromtimestamp(at_ns // NS_PER_S, tz=UTC).replace(hour=0, minute=0, second=0)
    if per == "day":
        begin, end = day, day + timedelta(days=1)
    elif per == "week":
        begin = day - timedelta(days=day.weekday())
        end = begin + timedelta(days=7)
    else:
        begin = day.replace(day=1)
        end = (begin + timedelta(days=31)).replace(day=1)
    return int(begin.timestamp()) * NS_PER_S, int(end.timestamp()) * NS_PER_S


def spent_of_whole(frames: Frames, document: Analysis, per: Period, at_ns: int) -> PeriodSpend:
    """Of everything that is paid for. at_ns: an instant in the period, within the window."""
    begin_ns, end_ns = period_at(at_ns, per)
    period = _seen(frames.window_from_ns, frames.window_to_ns, begin_ns, end_ns, per)
    starts = pl.col("start_ns").fill_null(frames.window_from_ns)
    inside = frames.requests.filter((starts >= begin_ns) & (starts < end_ns)).select("request_id")
    direct = exact_sum(frames.request_usd.join(inside, on="request_id", how="semi")["direct_usd"])
    billed = document.totals.billed_usd
    by_time = None if billed is None else billed - (frames.sums.direct_usd or 0.0)
    seen_ns = min(frames.window_to_ns, end_ns) - max(frames.window_from_ns, begin_ns)
    part = seen_ns / (frames.window_to_ns - frames.window_from_ns)
    return PeriodSpend(
        period=period,
        usd=None if by_time is None else by_time * part + (direct or 0.0),
        unpriced_charges=document.totals.unit_costs.unpriced_charges,
        requests=inside.height,
    )


def spent_of_part(
    spending: Spending, kind: SubjectKind, name: str, per: Period, at_ns: int
) -> PeriodSpend | None:
    """Of one class, tenant or model; None where it has no row."""
    begin_ns, end_ns = period_at(at_ns, per)
    cut = _CUT_OF[kind]
    key = next(
        (
            key
            for key in spending.keys(cut)
            if key[1] == "value" and spending.value.get((cut, key[2])) == name
        ),
        None,
    )
    if key is None:
        return None
    amount = Amount.sum(
        each for (at, _), each in spending.amounts[key].items() if begin_ns <= at < end_ns
    )  # slots are hours or days, so that each lies in one period
    return PeriodSpend(
        period=_seen(spending.first_ns, spending.last_ns + 1, begin_ns, end_ns, per),
        usd=sum_of_known([amount.usd]) if amount.requests else 0.0,
        unpriced_charges=amount.unpriced_charges,
        requests=amount.requests,
    )


def _seen(from_ns: int, to_ns: int, begin_ns: int, end_ns: int, per: Period) -> BudgetPeriod:
    seen_from, seen_to = max(from_ns, begin_ns), min(to_ns, end_ns)
    length = end_ns - begin_ns
    return BudgetPeriod(
        per=per,
        from_=iso_utc(begin_ns),
        to=iso_utc(end_ns),
        seen_from=iso_utc(seen_from),
        seen_to=iso_utc(seen_to),
        seen_ratio=(seen_to - seen_from) / length,
        is_begin_seen=seen_from - begin_ns <= length * _BEGIN_RATIO,
    )
