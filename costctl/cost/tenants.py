"""Who used what? A call is its own tenant's; the rest of a request is its entry's; what neither names is unassigned.

In: the relation tenant_use. Out: ``TenantUse``, largest first, then all others together, then the unassigned; each only
where it has any. Over all rows, calls and USD sum to those of the window.
"""

from __future__ import annotations

import polars as pl

from costctl.documents.tenants import TenantUse
from costctl.stats.exact_sums import sum_of_parts


def tenant_uses(tenant_use: pl.DataFrame) -> tuple[TenantUse, ...]:
    """The tenants by cost, and the rest."""
    ordered = tenant_use.sort("place", "power", nulls_last=True)
    is_whole = ordered["unpriced_charges"].sum() == 0
    total_usd = sum_of_parts(ordered, "usd") if is_whole else None
    return tuple(_use(rows, total_usd) for rows in ordered.partition_by("place", maintain_order=True))


def _use(rows: pl.DataFrame, total_usd: float | None) -> TenantUse:
    usd = sum_of_parts(rows, "usd")
    return TenantUse(
        kind=rows["kind"][0],
        tenant=rows["tenant"][0],
        tenants=int(rows["tenants"].sum()),
        requests=int(rows["requests"].sum()),
        calls=int(rows["calls"].sum()),
        usd=usd,
        cost_ratio=_ratio(usd, total_usd),
        unpriced_charges=int(rows["unpriced_charges"].sum()),
    )


def _ratio(usd: float | None, total_usd: float | None) -> float | None:
    return usd / total_usd if usd is not None and total_usd is not None and total_usd > 0 else None
