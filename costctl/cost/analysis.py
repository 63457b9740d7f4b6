"""What does each class cost, and how does it behave? The analysis document, from frames and fits.

In: the frames, the settings, the fitted pools, where the figures come from, a seed. Out: ``Analysis``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.behaviour.bottleneck import bottlenecks
from costctl.behaviour.class_frames import ClassFrames, class_frames
from costctl.behaviour.faults import prompt_cache_ratio
from costctl.behaviour.latencies import percentiles
from costctl.behaviour.objectives import slo_results
from costctl.behaviour.queue_depth import queue_depth
from costctl.behaviour.stages import stage_uses
from costctl.behaviour.waste import stage_waste
from costctl.cost.bill import Bill, PoolMoney, bill_of
from costctl.cost.bill_rows import reconciled_bill
from costctl.cost.class_charges import CallCounts, Charges, all_charges, charges_by_class
from costctl.cost.class_value import class_value, ranked
from costctl.cost.coverage import coverage_of
from costctl.cost.failures import outcome_reports, retry_tax, unit_costs
from costctl.cost.findings import Reports, findings_of
from costctl.cost.marginal_usd import ClassMarginal, marginal_costs
from costctl.cost.provider_invoices import provider_invoices
from costctl.cost.useful import pool_uses, useful_ratio
from costctl.cost.weekly import billed_usd_a_week, is_week_given_of
from costctl.documents.analysis import (
    SCHEMA_VERSION,
    Analysis,
    Bottleneck,
    ClassCost,
    ClassReport,
    Component,
    PoolReport,
    PoolUse,
    TokenTotals,
    Totals,
    Window,
)
from costctl.documents.bill import IdleTreatment
from costctl.documents.cache_misses import CacheMisses
from costctl.documents.estimate import Estimate
from costctl.documents.provenance import Provenance
from costctl.documents.settings import ClassSettings, Settings
from costctl.frames.cost import Frames
from costctl.service_model.beyond_memory import beyond_memory_today
from costctl.service_model.engine_report import engine_report
from costctl.service_model.pool_fit import PoolFits
from costctl.service_model.pool_replicas import contradictions
from costctl.service_model.report import service_model_report
from costctl.stats.blocks import ratio_over_requests
from costctl.stats.exact_sums import sums_of_parts
from costctl.units import iso_utc

METHODS: Final = {
    "attribution": "occupancy clock, equal split of each instant",
    "idle": "allocated to the classes of a pool by their busy seconds",
    "service_model": "step clock for continuous batching, robust non-negative least squares for static batches",
    "marginal": "counterfactual replay, parts of a class removed, pairs of laws drawn from the fit's errors",
    "per_success": "ratio of sums, bootstrap over requests",
    "failures": "each outcome by its provider's billing rule; retry tax of attempts that failed or were repeated",
    "classes": "ordered rules, first match",
}
_WEIGHTED: Final = "occupancy clock, each instant split by the weights of prefill and decode"
_COMPONENT: Final = ("component", "resource", "unit")
_SUCCESS_METHOD: Final = "ratio of sums, bootstrap over requests"


def methods_of(settings: Settings) -> dict[str, str]:
    """Step → method, under these settings."""
    is_weighted = any(pool.prefill_weight != pool.decode_weight for pool in settings.pools.values())
    return {**METHODS, "attribution": _WEIGHTED} if is_weighted else METHODS


def build_analysis(
    frames: Frames,
    settings: Settings,
    fits: PoolFits,
    provenance: Provenance,
    seed: int,
    idle: IdleTreatment = "separate",
    cache_misses: CacheMisses | None = None,
) -> Analysis:
    """The analysis document of a window. idle: whose row idle time is in the reconciled bill."""
    bill = bill_of(frames, settings)
    sums, traffic = frames.sums, frames.traffic
    charges, of_class = all_charges(sums), charges_by_class(sums)
    marginal = marginal_costs(frames, of_class, settings, fits, bill, seed)
    waste = stage_waste(traffic)
    behaviour = class_frames(traffic, waste)
    held_up = bottlenecks(traffic, waste, behaviour)
    classes = tuple(
        _class_report(
            _Subject(
                behaviour[row["request_class"]],
                of_class[row["request_class"]],
                held_up[row["request_class"]],
                row,
            ),
            frames,
            settings,
            bill,
            marginal.get(row["request_class"]),
            seed,
        )
        for row in sums.class_cost.iter_rows(named=True)
    )
    classes = tuple(sorted(ranked(classes), key=_dearest_first))
    uses = pool_uses(frames, settings, bill)
    reports = Reports(
        totals=_totals(frames, bill, charges),
        coverage=coverage_of(frames, fits, bill, settings.prices),
        classes=classes,
        pools=tuple(
            _pool_report(frames, settings, fits, pool, uses.get(pool.pool, ())) for pool in bill.pools
        ),
        invoices=provider_invoices(frames, settings),
        cache_misses=cache_misses,
    )
    return Analysis(
        schema_version=SCHEMA_VERSION,
        provenance=provenance.with_warnings((*contradictions(frames, settings), *beyond_memory_today(fits))),
        window=Window(
            from_=iso_utc(frames.window_from_ns),
            to=iso_utc(frames.window_to_ns),
            seconds=frames.window_s,
        ),
        coverage=reports.coverage,
        totals=reports.totals,
        bill=reconciled_bill(
            bill, {each.request_class: of_class[each.request_class].unpriced for each in classes}, idle
        ),
        invoices=reports.invoices,
        classes=classes,
        tenants=(),
        outcomes=outcome_reports(sums.outcome_use),
        pools=reports.pools,
        checks=findings_of(reports),
        cache_misses=cache_misses,
        engines=tuple(map(engine_report, fits.engines)),
    )


def _dearest_first(report: ClassReport) -> tuple[bool, float, int, str]:
    """Orders classes: those of unknown cost last, and of equal cost those of more requests first."""
    usd = report.cost.attributed_usd
    return usd is None, -(usd or 0.0), -report.requests, report.request_class


def _totals(frames: Frames, bill: Bill, charges: Charges) -> Totals:
    requests, successes = frames.sums.total("requests"), frames.sums.total("successes")
    return Totals(
        requests=requests,
        successes=successes,
        success_ratio=successes / requests,
        billed_usd=bill.billed_usd,
        billed_usd_per_week=billed_usd_a_week(frames, bill)
        if is_week_given_of(frames, is_asked=False)
        else None,
        attributed_usd=_total(bill),
        idle_usd=bill.idle_usd,
        unattributed_usd=bill.unattributed_usd,
        retry_tax=retry_tax(charges),
        unit_costs=unit_costs(charges),
    )


def _total(bill: Bill) -> float | None:
    known = [usd for usd in bill.attributed_usd.values() if usd is not None]
    return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class _Subject:
    """One class: its rows, what it was charged, what holds it up, and its row of class_cost."""

    frames: ClassFrames
    charges: Charges
    bottleneck: Bottleneck | None
    row: dict[str, object]


def _class_report(
    subject: _Subject,
    frames: Frames,
    settings: Settings,
    bill: Bill,
    marginal: ClassMarginal | None,
    seed: int,
) -> ClassReport:
    name, row, requests = subject.frames.name, subject.row, subject.frames.requests
    rules = frames.sums.class_rule.filter(pl.col("request_class") == name)["rule"]
    declared = settings.classes.get(name, ClassSettings())
    loaded = bill.loaded_usd[name]
    successes = int(requests["is_success"].sum())
    per_request = None if marginal is None else marginal.usd_per_request
    return ClassReport(
        request_class=name,
        rule=", ".join(rules),
        requests=requests.height,
        successes=successes,
        success_ratio=successes / requests.height,
        failed=requests.height - successes,
        attempts=int(requests["attempts"].sum()),
        latency_s=percentiles(requests["duration_s"]),
        ttft_s=percentiles(requests["ttft_s"]),
        slo=slo_results(requests, declared.slo),
        tokens=_token_totals(
            row, subject.charges.calls, cached_ratio=prompt_cache_ratio(subject.frames.calls)
        ),
        cost=ClassCost(
            attributed_usd=bill.attributed_usd[name],
            loaded_usd=loaded,
            marginal_usd=None if per_request is None else per_request.mid * requests.height,
            marginal_usd_per_request=per_request,
            marginal=None if marginal is None else marginal.report,
            congestion_usd_per_request=None if marginal is None else marginal.congestion_usd_per_request,
            usd_per_success=_usd_per_success(requests, frames.request_usd, subject.charges, seed),
            retry_tax=retry_tax(subject.charges),
            unit_costs=unit_costs(subject.charges),
            components=_components(subject.charges.charge),
        ),
        value=class_value(
            requests, frames.request_value, declared.value, loaded, subject.charges.accelerator_s
        ),
        stages=stage_uses(subject.frames.stages),
        bottleneck=subject.bottleneck,
    )


def _token_totals(row: dict[str, object], calls: CallCounts, *, cached_ratio: float | None) -> TokenTotals:
    """The sums of class_cost, and how many calls they leave out."""
    return TokenTotals(
        input=_count(row["input_tokens"]),
        cached_input=_count(row["cached_input_tokens"]),
        cached_input_ratio=cached_ratio,
        output=_count(row["output_tokens"]),
        calls_without_input=calls.calls_without_input,
        calls_without_cached_input=calls.calls_without_cached_input,
        calls_without_output=calls.calls_without_output,
    )


def _usd_per_success(
    requests: pl.DataFrame, request_usd: pl.DataFrame, charges: Charges, seed: int
) -> Estimate | None:
    """All that was charged to the class, failed attempts included, over its successes; None where nothing is priced.

    requests: of the class, which are drawn anew, and so are read one by one.
    """
    if not charges.is_priced:
        return None
    usd = requests.select("request_id", "is_success").join(request_usd, on="request_id", how="left")
    usd = usd.sort("request_id")
    return ratio_over_requests(
        usd["usd"].fill_null(0.0).to_numpy(),
        usd["is_success"].cast(pl.Float64).to_numpy(),
        _SUCCESS_METHOD,
        np.random.default_rng(seed),
    )


def _components(charge: pl.DataFrame) -> tuple[Component, ...]:
    """What was used and what it came to; of what has no amount, how many charges."""
    quantity, usd = (sums_of_parts(charge, _COMPONENT, column) for column in ("quantity", "usd"))
    without = charge.group_by(_COMPONENT).agg(pl.col("unpriced_charges").sum())
    unpriced = {row[:-1]: row[-1] for row in without.iter_rows()}
    return tuple(
        Component(
            component=key[0],
            resource=key[1],
            quantity=amount,
            unit=key[2],
            usd=usd.get(key),
            unpriced_charges=unpriced.get(key, 0),
        )
        for key, amount in quantity.items()
    )


def _pool_report(
    frames: Frames, settings: Settings, fits: PoolFits, money: PoolMoney, use: tuple[PoolUse, ...]
) -> PoolReport:
    fit = fits.named(money.pool)
    return PoolReport(
        pool=money.pool,
        tier=settings.pools[money.pool].tier,
        replicas=money.replicas,
        busy_s=money.busy_s,
        capacity_s=money.capacity_s,
        utilisation_ratio=None if money.busy_s is None else money.busy_s / money.capacity_s,
        useful_utilisation_ratio=useful_ratio(use) if use else None,
        use=use,
        idle_usd=money.idle_usd,
        queue_depth=queue_depth(frames.pool_call.filter(pl.col("pool") == money.pool)),
        service_model=None if fit is None else service_model_report(fit),
        missing_for_model=fits.reasons.get(money.pool),
        kv_tokens=next((each.kv_tokens for each in fits.engines if each.match.pool == money.pool), None),
    )


def _count(value: object) -> int | None:
    return None if value is None else int(str(value))
