"""Who used what? A call is its own tenant's; the rest of a request is its entry's; what neither names is unassigned.

In: the frames requests, calls and charge. Out: ``TenantUse``, largest first. Over all rows, calls and USD sum to
those of the window.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.documents.tenants import TenantUse
from costctl.frames.cost import Frames
from costctl.stats.exact_sums import exact_sum, sums_by

MOST_TENANTS: Final = 100  # with a row of their own


def tenant_uses(frames: Frames) -> tuple[TenantUse, ...]:
    """The tenants by cost, then all others together, then the unassigned; each only where it has any."""
    parts = [each.select("tenant", "request_id") for each in (frames.charge, frames.calls, frames.requests)]
    names = pl.concat(parts).select("tenant").unique()
    spent = {key[0]: usd for key, usd in sums_by(frames.charge, ("tenant",), "usd").items()}
    ranked = sorted(names["tenant"].drop_nulls(), key=lambda tenant: (-spent.get(tenant, 0.0), tenant))
    rows = {tenant: place for place, tenant in enumerate(ranked[:MOST_TENANTS])}
    others = ranked[MOST_TENANTS:]
    group = pl.DataFrame(
        {
            "tenant": [*rows, *others, None],
            "row": [*rows.values(), *[MOST_TENANTS] * len(others), MOST_TENANTS + 1],
        },
        schema={"tenant": pl.String, "row": pl.Int64},
    )

    def grouped(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(group, on="tenant", how="left", nulls_equal=True)

    charge = grouped(frames.charge.select("tenant", "usd"))
    usd = {key[0]: amount for key, amount in sums_by(charge, ("row",), "usd").items()}
    unpriced = _counts(charge.filter(pl.col("usd").is_null()))
    calls = _counts(grouped(frames.calls.select("tenant")))
    requests = _counts(grouped(pl.concat(parts)).unique(["row", "request_id"]))
    total_usd = None if unpriced else exact_sum(charge["usd"])
    return tuple(
        TenantUse(
            kind="tenant" if row < MOST_TENANTS else "others" if row == MOST_TENANTS else "unassigned",
            tenant=ranked[row] if row < MOST_TENANTS else None,
            tenants=1 if row < MOST_TENANTS else len(others) if row == MOST_TENANTS else 0,
            requests=requests[row],
            calls=calls.get(row, 0),
            usd=usd.get(row),
            cost_ratio=_ratio(usd.get(row), total_usd),
            unpriced_charges=unpriced.get(row, 0),
        )
        for row in sorted(requests)
    )


def _ratio(usd: float | None, total_usd: float | None) -> float | None:
    return usd / total_usd if usd is not None and total_usd is not None and total_usd > 0 else None


def _counts(rows: pl.DataFrame) -> dict[int, int]:
    return dict(rows.group_by("row").len().iter_rows())
