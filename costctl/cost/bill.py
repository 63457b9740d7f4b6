"""Where does the money of the window go? What was billed, what classes answer for, what stood idle, what
no class accounts for.

In: the frames and the settings. Out: a ``Bill``. The laws, to rounding: Σ attributed + idle + unattributed =
billed, and Σ loaded + unattributed = billed. None is "not priced".
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import polars as pl

from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.service_model.pool_replicas import PoolReplicas, replicas_of
from costctl.stats.exact_sums import sums_by
from costctl.units import NS_PER_S, usd_per_s


@dataclass(frozen=True, slots=True)
class InvoicedMonth:
    """What was invoiced for the window's part of a month. last_day: of that part, UTC.  window_s: its length, s."""

    last_day: date
    window_s: float
    usd: float


@dataclass(frozen=True, slots=True)
class PoolMoney:
    """One pool. busy_s, capacity_s: replica seconds; busy_s is None where no call was timed.

    list_usd: price of the capacity at the declared rate.  invoices: its part of the invoices, None without
    one.  idle_usd: price of the capacity that was not busy.  share_s: class → seconds of busy time that it
    answers for.
    """

    pool: str
    replicas: int
    busy_s: float | None
    capacity_s: float
    list_usd: float | None
    invoices: tuple[InvoicedMonth, ...] | None
    idle_usd: float | None
    share_s: dict[str, float] = field(default_factory=dict)

    @property
    def idle_ratio(self) -> float | None:
        """The part of its capacity that was not busy; None where no call was timed."""
        return None if self.busy_s is None or self.capacity_s <= 0 else 1.0 - self.busy_s / self.capacity_s

    @property
    def invoiced_usd(self) -> float | None:
        """The sum of the invoices, None without one."""
        return None if self.invoices is None else sum(month.usd for month in self.invoices)

    @property
    def billed_usd(self) -> float | None:
        """What was invoiced, else the list price of the capacity."""
        return self.list_usd if self.invoiced_usd is None else self.invoiced_usd


@dataclass(frozen=True, slots=True)
class Bill:
    """attributed_usd, loaded_usd: by class, None where nothing of the class is priced.

    charges_in_pools: charges without an amount of their own, of calls that were not timed, in pools whose whole bill is
    known: it holds them.
    """

    pools: tuple[PoolMoney, ...]
    attributed_usd: dict[str, float | None]
    loaded_usd: dict[str, float | None]
    billed_usd: float | None
    idle_usd: float | None
    unattributed_usd: float | None
    notes: tuple[str, ...]
    charges_in_pools: int = 0


def bill_of(frames: Frames, settings: Settings) -> Bill:
    """The bill of the window.

    Capacity is replicas × window, the replicas as `costctl.service_model.pool_replicas` counts them. Idle time is
    loaded on the classes of its pool by their busy seconds. An invoice is prorated by the seconds of its months;
    what it differs from the declared rates by is unattributed, as is the time of pools whose calls were not timed.
    """
    notes: list[str] = []
    shares, paid_for = _shares(frames), replicas_of(frames, settings)
    pools = tuple(
        _pool_money(frames, settings, paid_for[row["pool"]], row, shares.get(row["pool"], {}), notes)
        for row in frames.sums.pool_use.sort("pool").iter_rows(named=True)
    )
    attributed: dict[str, float | None] = dict(
        frames.sums.class_cost.select("request_class", "attributed_usd").iter_rows()
    )
    loaded = dict(attributed)
    for pool in pools:
        total_s = sum(pool.share_s.values())
        if pool.idle_usd is None or total_s <= 0:
            continue
        for name, share_s in pool.share_s.items():
            loaded[name] = (loaded[name] or 0.0) + pool.idle_usd * share_s / total_s
    idle = _sum_of_known([pool.idle_usd for pool in pools])
    billed = _sum_of_known([*(pool.billed_usd for pool in pools), frames.sums.direct_usd])
    known = _sum_of_known(list(attributed.values()))
    unattributed = None if billed is None else billed - (known or 0.0) - (idle or 0.0)
    within = _charges_in_pools(frames, pools)
    return Bill(pools, attributed, loaded, billed, idle, unattributed, tuple(notes), within)


def _charges_in_pools(frames: Frames, pools: Sequence[PoolMoney]) -> int:
    """Charges of replica time without an amount, where the bill of every pool that has such is known."""
    of_pools = frames.sums.unpriced_reason.filter(pl.col("component") == "accelerator")["resource"]
    known = {each.pool for each in pools if each.billed_usd is not None}
    if not set(of_pools.to_list()) <= known:
        return 0
    charge = frames.sums.class_charge
    return int(charge.filter(pl.col("component") == "accelerator")["unpriced_charges"].sum())


def _shares(frames: Frames) -> dict[str, dict[str, float]]:
    """pool → class → seconds of busy time."""
    shares: dict[str, dict[str, float]] = {}
    sums = sums_by(frames.pool_call, ("pool", "request_class"), "share_s")
    for (pool, request_class), share_s in sums.items():
        shares.setdefault(pool, {})[request_class] = share_s
    return shares


def _pool_money(
    frames: Frames,
    settings: Settings,
    replicas: PoolReplicas,
    use: dict[str, object],
    share_s: dict[str, float],
    notes: list[str],
) -> PoolMoney:
    name = replicas.pool
    declared = settings.pools[name]
    busy_s = None if use["busy_s"] is None else float(str(use["busy_s"]))
    notes += replicas.notes()
    capacity_s = replicas.count * frames.window_s
    rate = None if declared.usd_per_replica_hour is None else usd_per_s(declared.usd_per_replica_hour)
    if rate is None:
        notes.append(f"{name} has no price: set pools.{name}.usd_per_replica_hour.")
    return PoolMoney(
        pool=name,
        replicas=replicas.count,
        busy_s=busy_s,
        capacity_s=capacity_s,
        list_usd=None if rate is None else rate * capacity_s,
        invoices=_prorated(frames, settings.bills.get(name, {})),
        idle_usd=None if rate is None or busy_s is None else rate * (capacity_s - busy_s),
        share_s=share_s,
    )


def _prorated(frames: Frames, invoices: dict[str, float]) -> tuple[InvoicedMonth, ...] | None:
    """The window's part of monthly invoices, by seconds; None unless every month of the window has one."""
    at, end = frames.window_from_ns / NS_PER_S, frames.window_to_ns / NS_PER_S
    months: list[InvoicedMonth] = []
    while at < end:
        moment = datetime.fromtimestamp(at, tz=UTC)
        days = calendar.monthrange(moment.year, moment.month)[1]
        month_s = days * 86_400.0
        month_start = datetime(moment.year, moment.month, 1, tzinfo=UTC).timestamp()
        upto = min(end, month_start + month_s)
        invoice = invoices.get(f"{moment:%Y-%m}")
        if invoice is None:
            return None
        last_day = datetime.fromtimestamp(upto - 1e-6, tz=UTC).date()
        months.append(InvoicedMonth(last_day, upto - at, invoice * (upto - at) / month_s))
        at = upto
    return tuple(months)


def _sum_of_known(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
