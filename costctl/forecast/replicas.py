"""What do replicas cost in a stretch of time? Known from what is declared, whatever the traffic.

In: the pools of the bill, the invoices of the settings. Out: USD. In the window it is what the bill says; after it a
month that has been invoiced costs its part of the invoice, and any other what the declared price says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from costctl.cost.bill import PoolMoney
from costctl.forecast.calendar_periods import period_at
from costctl.units import seconds_between


def usd_in_window(pool: PoolMoney, invoices: Mapping[str, float], from_ns: int, to_ns: int) -> float | None:
    """USD of a part of the window; None where neither a price nor an invoice is known. The parts add up to what the
    bill says.
    """
    return _usd(pool, invoices if pool.invoices is not None else {}, from_ns, to_ns)


def usd_to_come(pool: PoolMoney, invoices: Mapping[str, float], from_ns: int, to_ns: int) -> float | None:
    """USD of a stretch after the window; None where its price is not known."""
    return _usd(pool, invoices, from_ns, to_ns)


def _usd(pool: PoolMoney, invoices: Mapping[str, float], from_ns: int, to_ns: int) -> float | None:
    """invoices: month, such as "2026-11" → USD."""
    parts = [_of_month(pool, invoices, *part) for part in _by_month(from_ns, to_ns)]
    known = [each for each in parts if each is not None]
    return sum(known) if len(known) == len(parts) else None


def _of_month(
    pool: PoolMoney, invoices: Mapping[str, float], name: str, seconds: float, month_s: float
) -> float | None:
    if name in invoices:
        return invoices[name] * seconds / month_s
    if pool.list_usd is None:
        return None
    replicas_s = pool.replicas * seconds
    return pool.list_usd * replicas_s / pool.capacity_s if pool.capacity_s else 0.0


def _by_month(from_ns: int, to_ns: int) -> Iterator[tuple[str, float, float]]:
    """Name of each month, seconds of the stretch in it, and its own length in seconds."""
    at_ns = from_ns
    while at_ns < to_ns:
        month = period_at("month", at_ns)
        upto_ns = min(to_ns, month.to_ns)
        yield month.name, seconds_between(at_ns, upto_ns), seconds_between(month.from_ns, month.to_ns)
        at_ns = upto_ns
