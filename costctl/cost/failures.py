"""What do attempts cost that failed or were repeated, and what does one of each thing cost, all attempts included?

In: the frames, or those of one class. Out: ``RetryTax``, ``UnitCosts`` and ``OutcomeReport`` values. Sums over sums:
what failed is paid for by what succeeded. docs/explanation/failed-attempts.md has the formulas.
"""

from __future__ import annotations

import math
from typing import Final

import polars as pl

from costctl.cost.exact_sums import sums_by
from costctl.cost.frames import Frames
from costctl.documents.failures import OutcomeReport, RetryTax, UnitCosts

_PER_MTOK: Final = 1_000_000


def retry_tax(charge: pl.DataFrame, call_outcome: pl.DataFrame) -> RetryTax | None:
    """The tax on these charges; None where there are none. call_outcome: of the calls they belong to, at least."""
    if charge.is_empty():
        return None
    wasted = charge.filter(pl.col("is_wasted"))
    calls = charge.filter(pl.col("call_id").is_not_null()).select("call_id").unique()
    attempts = call_outcome.filter(pl.col("is_wasted")).join(calls, on="call_id", how="semi").height
    unpriced = wasted.filter(pl.col("usd").is_null())["call_id"].n_unique()
    usd, total = _sum(wasted["usd"]) if attempts else 0.0, _sum(charge["usd"])
    return RetryTax(
        usd=usd,
        share_ratio=usd / total if usd is not None and total and not unpriced else None,
        attempts=attempts,
        unpriced_attempts=unpriced,
    )


def unit_costs(frames: Frames, requests: pl.DataFrame, charge: pl.DataFrame) -> UnitCosts:
    """Costs of one of each thing among these requests, whose charges are given."""
    total = _sum(charge["usd"])
    calls = frames.calls.join(requests.select("request_id"), on="request_id", how="semi")
    outcomes = frames.call_outcome.join(calls.select("call_id"), on="call_id", how="semi")
    in_session = requests.filter(pl.col("session_id").is_not_null())
    sessions = frames.sessions.join(in_session.select("session_id").unique(), on="session_id", how="semi")
    session_usd = _sum(charge.join(in_session.select("request_id"), on="request_id", how="semi")["usd"])
    return UnitCosts(
        usd_per_response=_over(total, outcomes.filter(~pl.col("is_wasted")).height),
        usd_per_completed_task=_over(total, int(requests["is_success"].sum())),
        usd_per_session=_over(session_usd, sessions.height),
        usd_per_completed_session=_over(session_usd, int(sessions["is_completed"].sum())),
        usd_per_mtok=_usd_per_mtok(calls, charge),
        unpriced_charges=charge["usd"].null_count(),
    )


def _usd_per_mtok(calls: pl.DataFrame, charge: pl.DataFrame) -> float | None:
    """Over calls whose tokens are known and whose every charge has an amount."""
    unpriced = charge.filter(pl.col("usd").is_null()).select("call_id")
    known = calls.filter(
        pl.col("input_tokens").is_not_null()
        & (pl.col("output_tokens").is_not_null() | ~pl.col("is_generation"))
    ).join(unpriced, on="call_id", how="anti")
    tokens = int(known["input_tokens"].sum()) + int(known["output_tokens"].sum())
    usd = _sum(charge.join(known.select("call_id"), on="call_id", how="semi")["usd"])
    return None if usd is None or not tokens else usd / tokens * _PER_MTOK


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


def _sum(usd: pl.Series) -> float | None:
    known = usd.drop_nulls()
    return math.fsum(known) if known.len() else None
