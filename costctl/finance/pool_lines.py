"""Who pays for a pool's replicas, day by day?

In: the frames, the settings and the bill. Out: the lines of each origin charge, which is a pool's capacity on a UTC
day, split by class and tenant after their share of the busy time, and what stood idle. Of one origin charge

    Σ quantity = capacity          Σ ratio = 1          exactly, in steps of a billionth

A call counts to the day in which it started.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

from costctl.cost.bill import Bill, PoolMoney
from costctl.documents.settings import Settings
from costctl.finance.line import (
    PLACES,
    STEP,
    UNASSIGNED,
    Allocation,
    Beneficiary,
    Item,
    Kind,
    Line,
    Service,
    amount_usd,
    price,
)
from costctl.frames.cost import Frames
from costctl.stats.reconcile import whole_units
from costctl.units import NS_PER_S, S_PER_HOUR

_DAY_S = 86_400.0
Naming = Callable[[str | None], str | None]


@dataclass(frozen=True, slots=True)
class _Use:
    """What one beneficiary used of a pool on a day. share_s: of its busy time, s; wasted_s: of that, by attempts that
    failed or were repeated."""

    whose: Beneficiary
    share_s: float
    wasted_s: float


def pool_lines(
    frames: Frames, settings: Settings, bill: Bill, provider: str, name_of: Naming, *, is_idle_spread: bool
) -> list[Line]:
    """The lines of every priced pool, and one for what an invoice differs from the declared price by.

    is_idle_spread: idle time is given to the classes by their busy time in the window, else to no class.
    """
    uses = _uses(frames, name_of)
    lines: list[Line] = []
    for pool in bill.pools:
        hourly_usd = settings.pools[pool.pool].usd_per_replica_hour
        if hourly_usd is None:
            continue
        hourly = price(hourly_usd)
        item = _item(pool.pool, settings, provider)
        lines.extend(
            _lines_of_pool(
                pool,
                item,
                settings,
                _capacity_s(frames, pool),
                uses.get(pool.pool, {}),
                is_idle_spread=is_idle_spread,
            )
        )
        lines.extend(_adjustments(pool, item, hourly))
    return lines


def _capacity_s(frames: Frames, pool: PoolMoney) -> dict[date, float]:
    """Replica seconds that were paid for, by day."""
    at, end = frames.window_from_ns / NS_PER_S, frames.window_to_ns / NS_PER_S
    capacity: dict[date, float] = {}
    while at < end:
        upto = min(end, (at // _DAY_S + 1) * _DAY_S)
        capacity[datetime.fromtimestamp(at, tz=UTC).date()] = (upto - at) * pool.replicas
        at = upto
    return capacity


def _uses(frames: Frames, name_of: Naming) -> dict[str, dict[date, list[_Use]]]:
    """pool → day → uses, in the order of class and tenant."""
    keys = ("pool", "day", "request_class", "tenant")
    rows = (
        frames.pool_call.filter(pl.col("start_ns").is_not_null() & pl.col("share_s").is_not_null())
        .with_columns(pl.col("start_ns").cast(pl.Datetime("ns")).dt.date().alias("day"))
        .sort("call_id")
        .group_by(keys, maintain_order=True)
        .agg(
            pl.col("share_s").sum(),
            pl.col("share_s").filter(pl.col("is_wasted")).sum().alias("wasted_s"),
        )
        .sort(keys)
    )
    found: dict[str, dict[date, list[_Use]]] = {}
    for pool, day, request_class, tenant, share_s, wasted_s in rows.iter_rows():
        use = _Use(Beneficiary(request_class, name_of(tenant)), share_s, wasted_s)
        found.setdefault(pool, {}).setdefault(day, []).append(use)
    return found


def _lines_of_pool(
    pool: PoolMoney,
    item: Item,
    settings: Settings,
    capacity_s: dict[date, float],
    uses: dict[date, list[_Use]],
    *,
    is_idle_spread: bool,
) -> Iterator[Line]:
    declared = settings.pools[pool.pool]
    unit_price = price(declared.usd_per_replica_hour or 0.0)
    window: dict[Beneficiary, float] = {}
    for use in (each for day in uses.values() for each in day):
        window[use.whose] = window.get(use.whose, 0.0) + use.share_s
    for day, paid_s, idle_s in _idle_s(pool, capacity_s, uses):
        parts: list[tuple[Kind, Beneficiary, float, _Use | None]] = [
            ("busy", use.whose, use.share_s, use) for use in uses.get(day, []) if use.share_s > 0
        ]
        if pool.busy_s is None:
            parts.append(("unattributed", UNASSIGNED, paid_s, None))
        elif is_idle_spread and sum(window.values()) > 0:
            total_s = sum(window.values())
            parts.extend(("idle", whose, idle_s * held_s / total_s, None) for whose, held_s in window.items())
        else:
            parts.append(("idle", UNASSIGNED, idle_s, None))
        yield from _split(day, item, unit_price, declared.accelerators_per_replica, parts)


def _idle_s(
    pool: PoolMoney, capacity_s: dict[date, float], uses: dict[date, list[_Use]]
) -> Iterator[tuple[date, float, float]]:
    """Of each day the seconds paid for and those idle, never below 0.

    Calls that run past midnight can make a day's calls busier than the day is long: what is over is paid for out of
    the idle time of the other days.
    """
    busy_s = {day: sum(use.share_s for use in uses.get(day, [])) for day in capacity_s}
    over_s = sum(max(busy_s[day] - capacity_s[day], 0.0) for day in capacity_s)
    for day, paid_s in capacity_s.items():
        idle_s = max(paid_s - busy_s[day], 0.0)
        taken_s = min(over_s, idle_s)
        over_s -= taken_s
        idle_s -= taken_s
        yield day, (paid_s if pool.busy_s is None else busy_s[day] + idle_s), idle_s


def _split(
    day: date,
    item: Item,
    unit_price: Decimal,
    accelerators: int,
    parts: list[tuple[Kind, Beneficiary, float, _Use | None]],
) -> Iterator[Line]:
    """One origin charge in parts, each in whole billionths of an hour, and in whole billionths of the charge."""
    hours = [Decimal(repr(held_s / S_PER_HOUR)) for *_, held_s, _ in parts]
    total = sum(hours, Decimal(0))
    if total <= 0:
        return
    steps = whole_units(hours, STEP)
    ratios = whole_units([part / total for part in hours], STEP, total=10**PLACES)
    for (kind, whose, held_s, use), step, ratio in zip(parts, steps, ratios, strict=True):
        quantity = step * STEP
        usd = amount_usd(unit_price, quantity)
        wasted_ratio = 0.0 if use is None or held_s <= 0 else use.wasted_s / held_s
        yield Line(
            day=day,
            kind=kind,
            item=item,
            whose=whose,
            usd=usd,
            description=_description(kind, item, whose),
            unit_price=unit_price,
            pricing_quantity=quantity,
            consumed_quantity=quantity * accelerators,
            retry_tax_usd=None if use is None else (usd * Decimal(repr(wasted_ratio))).quantize(STEP),
            allocation=Allocation(f"{item.resource}/{day.isoformat()}", ratio * STEP),
        )


def _description(kind: Kind, item: Item, whose: Beneficiary) -> str:
    if kind == "busy":
        return f"Busy time of {item.resource} that requests of class {whose.request_class} answer for"
    if kind == "unattributed":
        return f"Time of {item.resource}, whose calls were not timed"
    what = f"Idle time of {item.resource}"
    return what if whose.request_class is None else f"{what}, loaded on class {whose.request_class}"


def _adjustments(pool: PoolMoney, item: Item, hourly: Decimal) -> Iterator[Line]:
    """For each invoiced month, what the invoice differs from hours × declared price by."""
    for month in pool.invoices or ():
        declared = amount_usd(hourly, Decimal(repr(month.window_s * pool.replicas / S_PER_HOUR)))
        difference = (Decimal(repr(month.usd)) - declared).quantize(STEP)
        if difference:
            yield Line(
                day=month.last_day,
                kind="adjustment",
                item=item,
                whose=UNASSIGNED,
                usd=difference,
                description=f"What the invoice of {item.resource} differs from hours x declared price by",
            )


def _item(pool: str, settings: Settings, provider: str) -> Item:
    declared = settings.pools[pool]
    return Item(
        service=Service(provider, "Compute", "Other (Compute)", "Accelerator replicas"),
        sku=f"replica/{pool}",
        meter="Replica Hours",
        pricing_unit="Hours",
        consumed_unit="GPU-Hours",
        resource=pool,
        resource_type="pool of accelerators",
        region=declared.region,
    )
