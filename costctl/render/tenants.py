"""Who used what: one row per tenant, and one for what is nobody's."""

from __future__ import annotations

from typing import Final

from costctl.documents.tenants import TenantUse, largest
from costctl.render.cells import Cell, count, ratio, usd
from costctl.render.numbers import plural
from costctl.render.sections import Table

_MOST_ROWS: Final = 20
NO_TENANT: Final = "no tenant recorded"


def tenant_table(uses: tuple[TenantUse, ...]) -> Table | None:
    """The tenants that cost most, and what is assigned to none; None where no tenant is named at all."""
    shown, hidden = largest(uses, _MOST_ROWS)
    if not shown:
        return None
    rows = [_row(use.tenant or "", use) for use in shown]
    rows.extend(_row(NO_TENANT, use) for use in uses if use.kind == "unassigned")
    more = f"; {plural(hidden, 'other')} in --format json" if hidden else ""
    columns = ("tenant", "requests", "calls", "attributed", "share of cost")
    return Table(f"Tenants: attributed cost in USD{more}", columns, tuple(rows), frozenset({"tenant"}))


def _row(name: str, use: TenantUse) -> tuple[Cell, ...]:
    return (
        name,
        count(use.requests),
        count(use.calls),
        usd(use.usd).at_least(use.unpriced_charges),
        ratio(use.cost_ratio, ""),
    )
