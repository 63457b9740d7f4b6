"""Did a class meet its objectives, and how fast does it spend its error budget?

In: the requests of one class, its declared objectives, the length of the window. Out: ``ClassObjectives``.

    met_ratio = succeeded within the target / (failed + succeeded with a known time)
    burn      = (1 − met_ratio) / (1 − level)          level 0.95 for an objective at the 95th percentile
    goodput   = requests that succeeded within every objective / window

A request that failed meets no objective. One that succeeded and whose time was not observed is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.documents.analysis import SloResult
from costctl.documents.settings import Slo
from costctl.documents.workload_map import ClassObjectives, Objective, WorstHour
from costctl.units import NS_PER_S, iso_utc

LEVEL: Final = 0.95
FEWEST_IN_HOUR: Final = 20
_HOUR_NS: Final = 3600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class _Target:
    metric: str
    column: str
    text: str
    target_s: float


def class_objectives(name: str, requests: pl.DataFrame, slo: Slo, window_s: float | None) -> ClassObjectives:
    """The objectives of a class. window_s: length of the window; None where nothing was timed."""
    targets = _targets(slo)
    good = _good_requests(requests, targets)
    return ClassObjectives(
        request_class=name,
        objectives=tuple(_objective(requests, target) for target in targets),
        good_requests=good,
        goodput_per_s=None if good is None or not window_s else good / window_s,
    )


def slo_results(requests: pl.DataFrame, slo: Slo) -> tuple[SloResult, ...]:
    """For each objective of which anything was observed, the part of the requests that met it."""
    found = (_objective(requests, target) for target in _targets(slo))
    return tuple(
        SloResult(target=f"{each.metric} {each.target}", met_ratio=each.met_ratio)
        for each in found
        if each.met_ratio is not None
    )


def error_budget_burn(met_ratio: float) -> float:
    """How often the error budget is spent: 0 where all met, 1 / (1 − level) where none did."""
    return (1.0 - met_ratio) / (1.0 - LEVEL)


def _targets(slo: Slo) -> tuple[_Target, ...]:
    declared = (
        ("ttft_p95", "ttft_s", slo.ttft_p95, slo.ttft_p95_s),
        ("e2e_p95", "duration_s", slo.e2e_p95, slo.e2e_p95_s),
    )
    return tuple(
        _Target(metric, column, text, target_s)
        for metric, column, text, target_s in declared
        if text is not None and target_s is not None
    )


def _judged(requests: pl.DataFrame, target: _Target) -> pl.DataFrame:
    """The requests that failed or whose time is known: start_ns, is_met."""
    observed = ~pl.col("is_success") | pl.col(target.column).is_not_null()
    is_met = pl.col("is_success") & (pl.col(target.column) <= target.target_s)
    return requests.filter(observed).select("start_ns", is_met.fill_null(value=False).alias("is_met"))


def _objective(requests: pl.DataFrame, target: _Target) -> Objective:
    judged = _judged(requests, target)
    met = int(judged["is_met"].sum())
    # Failures alone tell nothing of a time that no request reports.
    is_observed = requests[target.column].is_not_null().any() and judged.height > 0
    met_ratio = met / judged.height if is_observed else None
    return Objective(
        metric=target.metric,
        target=target.text,
        target_s=target.target_s,
        level=LEVEL,
        observed=judged.height if is_observed else 0,
        met=met,
        met_ratio=met_ratio,
        burn=None if met_ratio is None else error_budget_burn(met_ratio),
        worst_hour=_worst_hour(judged) if is_observed else None,
    )


def _worst_hour(judged: pl.DataFrame) -> WorstHour | None:
    hours = (
        judged.filter(pl.col("start_ns").is_not_null())
        .group_by(pl.col("start_ns") // _HOUR_NS)
        .agg(pl.len().alias("observed"), pl.col("is_met").sum().alias("met"))
        .filter(pl.col("observed") >= FEWEST_IN_HOUR)
        .with_columns((pl.col("met") / pl.col("observed")).alias("met_ratio"))
        .sort("met_ratio", "start_ns")
    )
    if hours.is_empty():
        return None
    row = hours.row(0, named=True)
    return WorstHour(
        hour=iso_utc(row["start_ns"] * _HOUR_NS),
        observed=row["observed"],
        met_ratio=row["met_ratio"],
        burn=error_budget_burn(row["met_ratio"]),
    )


def _good_requests(requests: pl.DataFrame, targets: tuple[_Target, ...]) -> int | None:
    """Requests that succeeded within every objective; None without one, or where an objective's time is unknown."""
    if not targets or any(requests[target.column].is_null().all() for target in targets):
        return None
    within = pl.all_horizontal(
        pl.col("is_success"),
        *((pl.col(target.column) <= target.target_s).fill_null(value=False) for target in targets),
    )
    return int(requests.select(within.sum()).item())
