"""What do attempts cost that failed or were repeated, and what does one of each thing cost, all attempts included?

In: the charges of some requests. Out: ``RetryTax``, ``UnitCosts`` and ``OutcomeReport`` values. Sums over sums:
what failed is paid for by what succeeded. docs/explanation/failed-attempts.md has the formulas.
"""

from __future__ import annotations

from typing import Final, TypedDict

import polars as pl

from costctl.cost.class_charges import Charges
from costctl.documents.failures import OutcomeReport, RetryTax, UnitCosts
from costctl.frames.cost import Frames
from costctl.segment.unreported import with_tokens
from costctl.stats.exact_sums import exact_sum, sums_by

_PER_MTOK: Final = 1_000_000


def retry_tax(charges: Charges) -> RetryTax | None:
    """The tax on these charges; None where there are none."""
    if charges.charge.is_empty():
        return None
    wasted = charges.charge.filter(pl.col("is_wasted"))
    attempts = int(charges.calls["is_wasted"].sum())
    unpriced = wasted.filter(pl.col("usd").is_null())["call_id"].n_unique()
    usd, total = exact_sum(wasted["usd"]) if attempts else 0.0, exact_sum(charges.charge["usd"])
    return RetryTax(
        usd=usd,
        share_ratio=usd / total if usd is not None and total and not unpriced else None,
        attempts=attempts,
        unpriced_attempts=unpriced,
    )


def unit_costs(charges: Charges, sessions: pl.DataFrame) -> UnitCosts:
    """Costs of one of each thing. sessions: at least those of these requests."""
    requests, charge = charges.requests, charges.charge
    total = exact_sum(charge["usd"])
    in_session = requests.filter(pl.col("session_id").is_not_null())
    held = sessions.join(in_session.select("session_id").unique(), on="session_id", how="semi")
    session_usd = exact_sum(charge.join(in_session.select("request_id"), on="request_id", how="semi")["usd"])
    return UnitCosts(
        usd_per_response=_over(total, int((~charges.calls["is_wasted"]).sum())),
        usd_per_completed_task=_over(total, int(requests["is_success"].sum())),
        usd_per_session=_over(session_usd, held.height),
        usd_per_completed_session=_over(session_usd, int(held["is_completed"].sum())),
        **_mtok(charges),
        unpriced_charges=charges.unpriced,
    )


class _PerMtok(TypedDict):
    usd_per_mtok: float | None
    mtok_calls: int
    mtok_calls_left_out: int


def _mtok(charges: Charges) -> _PerMtok:
    """Over calls whose tokens are known and whose every charge has an amount; how many these are, and the others."""
    unpriced = charges.charge.filter(pl.col("usd").is_null()).select("call_id").unique()
    known = with_tokens(charges.calls).join(unpriced, on="call_id", how="anti")
    tokens = int(known["input_tokens"].sum()) + int(known["output_tokens"].sum())
    usd = exact_sum(charges.charge.join(known.select("call_id"), on="call_id", how="semi")["usd"])
    return _PerMtok(
        usd_per_mtok=None if usd is None or not tokens else usd / tokens * _PER_MTOK,
        mtok_calls=known.height,
        mtok_calls_left_out=charges.calls.height - known.height,
    )


def outcome_reports(frames: Frames) -> tuple[OutcomeReport, ...]:
    """What calls came to, by provider and rule; what succeeded first, then the more frequent."""
    key = ("provider", "outcome", "billing_rule", "rule_source")
    kinds = frames.call_outcome.select("call_id", "outcome", "billing_rule", "rule_source").join(
        frames.calls.select("call_id", "provider"), on="call_id"
    )
    charged = frames.charge.select("call_id", "usd").join(kinds, on="call_id")
    usd = sums_by(charged, key, "usd")
    without = charged.filter(pl.col("usd").is_null()).group_by(key).len()
    unpriced = {row[:-1]: row[-1] for row in without.iter_rows()}
    counted = kinds.group_by(key).agg(pl.len().alias("calls"))
    order = [pl.col("outcome") != "success", -pl.col("calls").cast(pl.Int64), *map(pl.col, key)]
    return tuple(
        OutcomeReport(
            provider=row[0],
            outcome=row[1],
            billing_rule=row[2],
            rule_source=row[3],
            calls=row[4],
            usd=usd.get(row[:4]),
            unpriced_charges=unpriced.get(row[:4], 0),
        )
        for row in counted.sort(order, nulls_last=True).iter_rows()
    )


def _over(usd: float | None, count: int) -> float | None:
    return None if usd is None or not count else usd / count
