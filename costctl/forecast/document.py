"""What will the month and the quarter cost? The forecast document, from frames and the bill.

In: the frames, the settings, their bill, where the figures come from, a seed. Out: ``Forecast``. Laws: the classes and
the pools add up to the total, in the middle; what was observed of a period is what the bill says of that part; a total
without anything that follows traffic is known to the cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from msgspec.structs import replace

from costctl.cost.bill import Bill, PoolMoney, bill_of
from costctl.documents.analysis import Window
from costctl.documents.forecast import (
    SCHEMA_VERSION,
    ClassForecast,
    Forecast,
    Growth,
    PoolForecast,
    Rhythm,
    budget_of,
)
from costctl.documents.provenance import Provenance
from costctl.documents.settings import Settings
from costctl.errors import NotEnoughDataError
from costctl.forecast.advice import Advised, with_advice
from costctl.forecast.backtest import backtest_of
from costctl.forecast.calendar_periods import period_at
from costctl.forecast.estimates import estimate_of
from costctl.forecast.futures import Outlooks, futures_of, outlooks_of
from costctl.forecast.history import DAYS_A_WEEK, History, days_without_requests, history_of
from costctl.forecast.outlook import FEWEST_DAYS_OF_GROWTH
from costctl.forecast.paths import growth_a_slot
from costctl.forecast.spends import Ahead, Part
from costctl.frames.cost import Frames
from costctl.frames.spending import DAY_NS
from costctl.units import iso_utc

METHODS: Final = {
    "forecast": "structural model of level, rhythm and growth by class (Kalman filter of statsmodels), 4,000 futures "
    "drawn, put together by the rank correlation of one-step errors",
    "replicas": "as many as were counted, at the declared price or as invoiced",
    "backtest": "held-out weeks, rolling origin",
}
_RHYTHMS: Final[dict[bool, tuple[Rhythm, ...]]] = {
    True: ("hour_of_day", "day_of_week"),
    False: ("hour_of_day",),
}


def build_forecast(
    frames: Frames,
    settings: Settings,
    provenance: Provenance,
    seed: int,
    budget_usd: float | None = None,
    advised: Advised | None = None,
) -> Forecast:
    """The document. budget_usd: a month.  advised: recommendations that are taken to be done when the window ends.

    Raises NotEnoughDataError where less than two days were observed, or nothing has a price.
    """
    bill = bill_of(frames, settings)
    history = history_of(_charges(frames), frames.window_from_ns, frames.window_to_ns)
    if bill.billed_usd is None:
        raise NotEnoughDataError(
            "Nothing can be forecast.",
            why="No charge of this window has a price.",
            next_step="`costctl analyze` says what has no price and which line to add.",
        )
    outlooks = outlooks_of(history.usd, history.period, history.slots_a_day)
    ahead = _ahead(frames, settings, bill, history, outlooks, seed)
    is_daily = history.slots_a_day == 1
    document = Forecast(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        window=Window(
            from_=iso_utc(frames.window_from_ns), to=iso_utc(frames.window_to_ns), seconds=frames.window_s
        ),
        slot="day" if is_daily else "hour",
        whole_slots=history.slots,
        rhythms=_RHYTHMS[is_daily],
        periods=(
            ahead.month.told(history.from_ns, history.to_ns),
            ahead.quarter.told(history.from_ns, history.to_ns),
        ),
        month=ahead.total(ahead.month),
        quarter=ahead.total(ahead.quarter),
        growth=_growth(outlooks, None, seed),
        classes=_classes(ahead, outlooks, seed),
        pools=tuple(
            PoolForecast(
                pool=pool.pool,
                replicas=pool.replicas,
                month=ahead.spend(ahead.month, part),
                quarter=ahead.spend(ahead.quarter, part),
            )
            for pool, part in zip(bill.pools, ahead.pools, strict=True)
        ),
        days=ahead.days(),
        backtest=backtest_of(history, seed),
        budget=None,
        with_advice=None if advised is None else with_advice(ahead, advised, seed),
        unpriced_charges=sum(part.unpriced_charges for part in ahead.classes.values()),
        days_without_requests=tuple(
            iso_utc(day)[:10] for day in days_without_requests(history, frames.requests["start_ns"])
        ),
        assumptions=_assumptions(history, bill.pools),
    )
    return document if budget_usd is None else replace(document, budget=budget_of(document, budget_usd))


def _charges(frames: Frames) -> pl.DataFrame:
    """What follows traffic: request_class, at_ns and usd of each request that is charged. Without a start, it counts
    where the window begins.
    """
    starts = frames.requests.select("request_id", at_ns=pl.col("start_ns").fill_null(frames.window_from_ns))
    placed = frames.traffic.placed(frames.request_usd.join(starts, on="request_id", how="inner"))
    return placed.drop_nulls("direct_usd").select(
        pl.col("request_class").cast(pl.String), "at_ns", usd=pl.col("direct_usd").cast(pl.Float64)
    )


def _ahead(
    frames: Frames, settings: Settings, bill: Bill, history: History, outlooks: Outlooks, seed: int
) -> Ahead:
    begin_ns = max(history.to_ns, history.next_ns)
    month, quarter = period_at("month", begin_ns), period_at("quarter", begin_ns)
    slots = (quarter.to_ns - history.next_ns) // history.slot_ns
    futures = futures_of(outlooks, slots, seed)
    for name, paths in futures.items():
        paths[:, 0] *= history.rest[name]
    unpriced = _unpriced(frames)
    names = [*futures, *sorted({*unpriced} - {*futures})]
    return Ahead(
        history=history,
        month=month,
        quarter=quarter,
        first_day_ns=history.next_ns // DAY_NS * DAY_NS,
        classes={
            name: Part(futures.get(name), unpriced.get(name, 0))
            for name in names
            if name in futures or unpriced[name]
        },
        pool_money=bill.pools,
        invoices=settings.bills,
    )


def _unpriced(frames: Frames) -> dict[str, int]:
    """Charges without an amount by class, of what follows traffic."""
    charge = frames.sums.class_charge.filter(pl.col("component") != "accelerator")
    counted = charge.group_by("request_class").agg(pl.col("unpriced_charges").sum())
    return {str(name): int(count) for name, count in counted.sort("request_class").iter_rows()}


def _classes(ahead: Ahead, outlooks: Outlooks, seed: int) -> tuple[ClassForecast, ...]:
    """The dearest of the quarter first."""
    found = [
        ClassForecast(
            request_class=name,
            unpriced_charges=part.unpriced_charges,
            month=ahead.spend(ahead.month, part, name),
            quarter=ahead.spend(ahead.quarter, part, name),
            growth=_growth(outlooks, name, seed),
        )
        for name, part in ahead.classes.items()
    ]
    return tuple(sorted(found, key=_dearest_first))


def _dearest_first(each: ClassForecast) -> tuple[bool, float, str]:
    usd = each.quarter.usd
    return usd is None, 0.0 if usd is None else -usd.mid, each.request_class


def _growth(outlooks: Outlooks, name: str | None, seed: int) -> Growth | None:
    """Of a class, or of all; None where the series is too short to tell, or nothing was ever spent."""
    outlook = outlooks.total if name is None else outlooks.classes.get(name)
    fit = None if outlook is None else outlook.growing
    if fit is None or not fit.members:
        return None
    a_day = growth_a_slot(fit, np.random.default_rng(seed))
    return Growth(
        ratio_per_week=estimate_of((1.0 + a_day) ** DAYS_A_WEEK - 1.0, outlooks.growth_level),
        is_claimed=name in outlooks.growing,
        p=fit.p_of_no_growth,
    )


def _assumptions(history: History, pools: Sequence[PoolMoney]) -> tuple[str, ...]:
    lines = [
        "Traffic goes on as it did: launches, holidays and new prices that it has not seen are not in it."
    ]
    if history.slots_a_day > 1:
        lines.append(
            "Less than fourteen whole days: the days of the week are taken to be alike, and no growth is told. A "
            "weekend unlike the days that were seen is not in the intervals."
        )
    elif history.slots < FEWEST_DAYS_OF_GROWTH:
        lines.append(
            f"{history.slots} whole days are fewer than {FEWEST_DAYS_OF_GROWTH}: growth is not told, and not in it."
        )
    if pools:
        lines.append("Replicas go on as they were counted, at their declared price.")
    return tuple(lines)
