"""Who used what? The cut by tenant, as readers of the document know it.

In: the cut by tenant. Out: ``TenantUse``, largest first, then all others together, then the unassigned; each only where
it has any. Over all rows, calls and USD sum to those of the window.
"""

from __future__ import annotations

from typing import Final, Literal

from costctl.documents.cuts import Cut, CutRow, CutRowKind, sum_of_known
from costctl.documents.tenants import TenantUse

_KINDS: Final[dict[CutRowKind, Literal["tenant", "others", "unassigned"]]] = {
    "value": "tenant",
    "others": "others",
    "not_observed": "unassigned",
}


def tenant_uses(cut: Cut) -> tuple[TenantUse, ...]:
    """The tenants by cost, and the rest; idle time is no tenant's."""
    rows = [row for row in cut.rows if row.kind in _KINDS]
    total_usd = None if cut.unpriced_charges else sum_of_known(row.usd for row in rows)
    return tuple(_use(row, total_usd) for row in rows)


def _use(row: CutRow, total_usd: float | None) -> TenantUse:
    return TenantUse(
        kind=_KINDS[row.kind],
        tenant=row.value,
        tenants=row.values,
        requests=row.requests,
        calls=row.calls,
        usd=row.usd,
        cost_ratio=row.usd / total_usd if row.usd is not None and total_usd else None,
        unpriced_charges=row.unpriced_charges,
    )
