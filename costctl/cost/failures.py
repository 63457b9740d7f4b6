"""What do attempts cost that failed or were repeated, and what does one of each thing cost, all attempts included?

In: the charges of some requests, or the relation outcome_use. Out: ``RetryTax``, ``UnitCosts`` and ``OutcomeReport``
values. Sums over sums: what failed is paid for by what succeeded. docs/explanation/failed-attempts.md has the formulas.
"""

from __future__ import annotations

from typing import Final, TypedDict

import polars as pl

from costctl.cost.class_charges import Charges
from costctl.documents.failures import OutcomeReport, RetryTax, UnitCosts
from costctl.stats.exact_sums import sums_of_parts

_PER_MTOK: Final = 1_000_000
_KIND: Final = ("provider", "outcome", "billing_rule", "rule_source")


def retry_tax(charges: Charges) -> RetryTax | None:
    """The tax on these charges; None where there are none."""
    if charges.charge.is_empty():
        return None
    attempts, unpriced = charges.calls.wasted_calls, charges.calls.unpriced_wasted_calls
    usd, total = charges.usd_where(pl.col("is_wasted")) if attempts else 0.0, charges.usd
    return RetryTax(
        usd=usd,
        share_ratio=usd / total if usd is not None and total and not unpriced else None,
        attempts=attempts,
        unpriced_attempts=unpriced,
    )


def unit_costs(charges: Charges) -> UnitCosts:
    """Costs of one of each thing."""
    total, calls = charges.usd, charges.calls
    session_usd = charges.usd_where(pl.col("is_in_session"))
    return UnitCosts(
        usd_per_response=_over(total, calls.calls - calls.wasted_calls),
        usd_per_completed_task=_over(total, charges.successes),
        usd_per_session=_over(session_usd, charges.sessions),
        usd_per_completed_session=_over(session_usd, charges.completed_sessions),
        **_mtok(charges),
        unpriced_charges=charges.unpriced,
    )


class _PerMtok(TypedDict):
    usd_per_mtok: float | None
    mtok_calls: int
    mtok_calls_left_out: int


def _mtok(charges: Charges) -> _PerMtok:
    """Over calls whose tokens are known and whose every charge has an amount; how many these are, and the others."""
    calls, usd = charges.calls, charges.usd_where(pl.col("is_told"))
    return _PerMtok(
        usd_per_mtok=None if usd is None or not calls.told_tokens else usd / calls.told_tokens * _PER_MTOK,
        mtok_calls=calls.told_calls,
        mtok_calls_left_out=calls.calls - calls.told_calls,
    )


def outcome_reports(outcome_use: pl.DataFrame) -> tuple[OutcomeReport, ...]:
    """What calls came to, by provider and rule; what succeeded first, then the more frequent."""
    usd = sums_of_parts(outcome_use, _KIND, "usd")
    counted = outcome_use.group_by(_KIND).agg(pl.col("calls", "unpriced_charges").sum())
    order = [pl.col("outcome") != "success", -pl.col("calls"), *map(pl.col, _KIND)]
    return tuple(
        OutcomeReport(
            provider=row[0],
            outcome=row[1],
            billing_rule=row[2],
            rule_source=row[3],
            calls=row[4],
            usd=usd.get(row[:4]),
            unpriced_charges=row[5],
        )
        for row in counted.sort(order, nulls_last=True).iter_rows()
    )


def _over(usd: float | None, count: int) -> float | None:
    return None if usd is None or not count else usd / count
