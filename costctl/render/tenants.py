"""Who used what: one row per tenant, and one for what is nobody's."""

from __future__ import annotations

from typing import Final

from costctl.documents.tenants import TenantUse
from costctl.render.numbers import at_least, count, plural, ratio, usd
from costctl.render.tables import Table

_MOST_ROWS: Final = 20
NOBODY: Final = "nobody: no tenant is named"


def tenant_table(uses: tuple[TenantUse, ...]) -> Table | None:
    """The tenants that cost most, and nobody; None where no tenant is named at all."""
    named = [use for use in uses if use.kind == "tenant"]
    if not named:
        return None
    shown = named[:_MOST_ROWS]
    is_whole = not any(use.unpriced_charges for use in uses)
    total = (
        sum(use.usd or 0.0 for use in uses) if is_whole else 0.0
    )  # of a sum that is not known nothing is a part
    rows = [_row(use.tenant or "", use, total) for use in shown]
    hidden = len(named) - len(shown) + sum(use.tenants for use in uses if use.kind == "others")
    rows += [_row(NOBODY, use, total) for use in uses if use.kind == "unassigned"]
    more = f"; {plural(hidden, 'other')} in --format json" if hidden else ""
    columns = ("tenant", "requests", "calls", "attributed", "of the cost")
    return Table(f"Tenants: whose the calls are, in USD{more}", columns, tuple(rows), frozenset({"tenant"}))


def _row(name: str, use: TenantUse, total_usd: float) -> tuple[str, ...]:
    share = None if use.usd is None or total_usd <= 0 else use.usd / total_usd
    return (
        name,
        count(use.requests),
        count(use.calls),
        at_least(usd(use.usd), use.unpriced_charges),
        "" if share is None else ratio(share),
    )
