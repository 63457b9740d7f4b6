"""Who used what: part of costctl.analysis/v2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec


class TenantUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one tenant used, or requests without a tenant, or all tenants together that have no row of their own.

    tenants: how many the row is of; 0 where unassigned.  requests: that are theirs or in which they used anything;
    one may be behind several rows.  usd: of the charges that have an amount; over the rows it sums to attributed_usd;
    null where none has.  cost_ratio: of the cost of all rows; null where nothing or only a part of it is priced.
    unpriced_charges: those without one: where there are any, usd is a lower bound.
    """

    kind: Literal["tenant", "others", "unassigned"]
    tenant: str | None
    tenants: int
    requests: int
    calls: int
    usd: float | None
    cost_ratio: float | None
    unpriced_charges: int


def largest(uses: Sequence[TenantUse], most: int) -> tuple[tuple[TenantUse, ...], int]:
    """The tenants that cost most, so many of them, and how many others there are; unassigned is none of them."""
    named = tuple(use for use in uses if use.kind == "tenant")
    hidden = sum(use.tenants for use in uses) - len(named[:most])
    return named[:most], hidden
