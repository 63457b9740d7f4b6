"""Who used what? A call is its own tenant's; the rest of a request is its entry's; what neither names is nobody's.

In: the relation tenant_use. Out: ``TenantUse``, largest first, then all others together, then nobody; each only where
it has any. Over all rows, calls and USD sum to those of the window.
"""

from __future__ import annotations

import polars as pl

from costctl.documents.tenants import TenantUse
from costctl.stats.exact_sums import sum_of_parts


def tenant_uses(tenant_use: pl.DataFrame) -> tuple[TenantUse, ...]:
    """The tenants in the order of what they cost, and the rest."""
    ordered = tenant_use.sort("place", "power", nulls_last=True)
    return tuple(_use(rows) for rows in ordered.partition_by("place", maintain_order=True))


def _use(rows: pl.DataFrame) -> TenantUse:
    return TenantUse(
        kind=rows["kind"][0],
        tenant=rows["tenant"][0],
        tenants=int(rows["tenants"].sum()),
        requests=int(rows["requests"].sum()),
        calls=int(rows["calls"].sum()),
        usd=sum_of_parts(rows, "usd"),
        unpriced_charges=int(rows["unpriced_charges"].sum()),
    )
