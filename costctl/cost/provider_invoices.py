"""Do the token charges of a provider tie out with what it invoiced?

In: the frames and the bills of the settings. Out: a ``ProviderInvoice`` for each provider and month that has an invoice
and lies in the window. What is charged by the token is not spread over time, so that an invoice is not prorated: where
the window holds a part of the month only, that is said, and the difference is no finding.

    difference = invoiced − Σ charges of the provider's calls that start in the month (UTC)
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import Final

import polars as pl

from costctl.documents.bill import ProviderInvoice
from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.stats.exact_sums import sum_of_parts
from costctl.units import NS_PER_S

WHOLE_RATIO: Final = 0.99  # from first to last request, which do not stand on the strokes of midnight


def provider_invoices(frames: Frames, settings: Settings) -> tuple[ProviderInvoice, ...]:
    """The invoices of providers, by provider and month; those of months outside the window have nothing to compare."""
    return tuple(
        _invoice(frames, name, month, usd)
        for name, months in sorted(settings.bills.items())
        if name not in settings.pools
        for month, usd in sorted(months.items())
    )


def _invoice(frames: Frames, name: str, month: str, invoiced_usd: float) -> ProviderInvoice:
    is_here = (pl.col("provider") == name) & pl.col("day").str.starts_with(month)
    charged = frames.sums.provider_day.filter(is_here)
    ratio = observed_month_ratio(frames, month)
    usd = sum_of_parts(charged, "usd")
    return ProviderInvoice(
        provider=name,
        month=month,
        invoiced_usd=invoiced_usd,
        charged_usd=usd,
        unpriced_charges=int(charged["unpriced_charges"].sum()),
        calls=int(charged["calls"].sum()),
        observed_month_ratio=ratio,
        is_whole_month=ratio >= WHOLE_RATIO,
        difference_usd=None if usd is None else invoiced_usd - usd,
    )


def observed_month_ratio(frames: Frames, month: str) -> float:
    """The part of the month that lies in the window."""
    begin = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    length_s = calendar.monthrange(begin.year, begin.month)[1] * 86_400.0
    from_s = begin.timestamp()
    inside_s = min(frames.window_to_ns / NS_PER_S, from_s + length_s) - max(
        frames.window_from_ns / NS_PER_S, from_s
    )
    return min(max(inside_s, 0.0) / length_s, 1.0)
