"""By how much does the scenario differ from today, metric by metric, with intervals?

In: two replays of the same period, and the calibration. Out: ``Difference`` values, each with the verdict of what it
rests on. A class is compared in blocks of the time in which it came, pools and totals in blocks of the window.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np

from costctl.arrays import Bools, Floats
from costctl.documents.calibration import Calibration, Metric
from costctl.documents.simulation import Difference, Result
from costctl.scenario.measures import Replayed
from costctl.scenario.paired import (
    Ratio,
    Sample,
    quantile_differences,
    ratio_difference,
    sum_difference,
)
from costctl.scenario.trust import all_trusted, is_trusted
from costctl.simulate.busy_blocks import block_edges_s, counts_by_block
from costctl.simulate.outcome_measures import quantile_s
from costctl.stats.blocks import BLOCKS
from costctl.units import usd_per_s

QuantileMetric = Literal["e2e_p50", "e2e_p95", "e2e_p99", "ttft_p50", "ttft_p95"]
_E2E: Final[tuple[tuple[QuantileMetric, float], ...]] = (
    ("e2e_p50", 0.5),
    ("e2e_p95", 0.95),
    ("e2e_p99", 0.99),
)
_TTFT: Final[tuple[tuple[QuantileMetric, float], ...]] = (("ttft_p50", 0.5), ("ttft_p95", 0.95))
# What of the calibration a difference rests on. Money is replica time paid for, which ends with the last call.
_RESTS_ON: Final[dict[str, tuple[Metric, ...]]] = {
    "e2e_p50": ("call_latency_p50",),
    "e2e_p95": ("call_latency_p95",),
    "e2e_p99": ("call_latency_p95",),
    "ttft_p50": ("call_ttft_p50",),
    "ttft_p95": ("call_ttft_p95",),
    "goodput": ("call_latency_p95",),
    "utilisation": ("busy",),
    "usd": ("busy",),
    "usd_per_good_request": ("busy", "call_latency_p95"),
}
_COUNTS_GOOD: Final = ("goodput", "usd_per_good_request")


def differences_between(
    base: Replayed, changed: Replayed, results: tuple[Result, Result], calibration: Calibration, seed: int
) -> tuple[Difference, ...]:
    """Totals, then classes, then pools. results: of base and of changed."""
    found = (
        *_totals(base, changed, results, seed),
        *(
            difference
            for number in base.class_numbers()
            if changed.members(number).any()
            for difference in _of_class(base, changed, number, seed)
        ),
        *_of_pools(base, changed, results, seed),
    )
    return tuple(
        msgspec.structs.replace(each, is_trusted=_is_trusted(each, base, calibration)) for each in found
    )


def _is_trusted(difference: Difference, base: Replayed, calibration: Calibration) -> bool | None:
    """Whether all that the difference rests on holds; good requests rest on TTFT too where it has an objective."""
    metrics = _RESTS_ON[difference.metric]
    if difference.metric in _COUNTS_GOOD and _has_ttft_objective(base, difference.request_class):
        metrics = (*metrics, "call_ttft_p95")
    return all_trusted(
        is_trusted(calibration, metric, request_class=difference.request_class, pool=difference.pool)
        for metric in metrics
    )


def _has_ttft_objective(base: Replayed, request_class: str | None) -> bool:
    """Of the class; without one, of any class."""
    targets_s = base.period.ttft_target_s
    if request_class is not None:
        targets_s = targets_s[base.members(base.classes.index(request_class))]
    return bool(np.isfinite(targets_s).any())


def _totals(base: Replayed, changed: Replayed, results: tuple[Result, Result], seed: int) -> list[Difference]:
    sides = (base, changed)
    good = [each.good_by_block() for each in sides]
    offered = [counts_by_block(each.began_s()[each.has_calls()], each.edges_s()) for each in sides]
    before, after = results
    found = [
        Difference(
            "goodput",
            "ratio",
            None,
            None,
            before.goodput_ratio,
            after.goodput_ratio,
            ratio_difference(Ratio(good[0], offered[0]), Ratio(good[1], offered[1]), seed),
        )
    ]
    usd = [each.usd_by_block() for each in sides]
    if usd[0] is None or usd[1] is None or before.usd is None or after.usd is None:
        return found
    found.append(
        Difference("usd", "USD", None, None, before.usd, after.usd, sum_difference(usd[0], usd[1], seed))
    )
    if before.usd_per_good_request is not None and after.usd_per_good_request is not None:
        estimate = ratio_difference(Ratio(usd[0], good[0]), Ratio(usd[1], good[1]), seed)
        found.append(
            Difference(
                "usd_per_good_request",
                "USD",
                None,
                None,
                before.usd_per_good_request,
                after.usd_per_good_request,
                estimate,
            )
        )
    return found


def _of_class(base: Replayed, changed: Replayed, number: int, seed: int) -> list[Difference]:
    name, sides = base.classes[number], (base, changed)
    edges_s = block_edges_s(base.began_s()[base.members(number)])
    done = [each.members(number) & each.is_complete() for each in sides]
    found = [
        *_of_quantiles(sides, done, (base.trial.e2e_s, changed.trial.e2e_s), edges_s, _E2E, name, seed),
        *_of_quantiles(sides, done, (base.trial.ttft_s, changed.trial.ttft_s), edges_s, _TTFT, name, seed),
    ]
    ratios = [
        Ratio(
            counts_by_block(each.began_s()[each.members(number) & each.trial.is_good], edges_s),
            counts_by_block(each.began_s()[each.members(number)], edges_s),
        )
        for each in sides
    ]
    before, after = (float(each.top.sum() / each.bottom.sum()) for each in ratios)
    estimate = ratio_difference(ratios[0], ratios[1], seed)
    return [*found, Difference("goodput", "ratio", name, None, before, after, estimate)]


def _of_quantiles(
    sides: tuple[Replayed, Replayed],
    done: list[Bools],
    seconds: tuple[Floats, Floats],
    edges_s: Floats,
    metrics: tuple[tuple[QuantileMetric, float], ...],
    name: str,
    seed: int,
) -> list[Difference]:
    """Of requests of which every call was served, and that were timed; none where either side has none."""
    samples = []
    for side, is_done, values_s in zip(sides, done, seconds, strict=True):
        known = is_done & np.isfinite(values_s)
        block = np.searchsorted(edges_s[1:-1], side.began_s()[known], side="right")
        samples.append(Sample(values_s[known], block))
    if min(sample.value.size for sample in samples) == 0:
        return []
    levels = tuple(level for _, level in metrics)
    estimates = quantile_differences(samples[0], samples[1], levels, BLOCKS, seed)
    return [
        Difference(
            metric,
            "s",
            name,
            None,
            quantile_s(samples[0].value, level),
            quantile_s(samples[1].value, level),
            estimate,
        )
        for (metric, level), estimate in zip(metrics, estimates, strict=True)
    ]


def _of_pools(
    base: Replayed, changed: Replayed, results: tuple[Result, Result], seed: int
) -> list[Difference]:
    busy_s = [each.busy_by_block_s() for each in (base, changed)]
    paid_s = [each.paid_by_block_s() for each in (base, changed)]
    found = []
    for number, each in enumerate(base.billing):
        before, after = (result.pools[number] for result in results)
        estimate = ratio_difference(
            Ratio(busy_s[0][number], paid_s[0][number]), Ratio(busy_s[1][number], paid_s[1][number]), seed
        )
        found.append(
            Difference(
                "utilisation",
                "ratio",
                None,
                each.name,
                before.utilisation_ratio,
                after.utilisation_ratio,
                estimate,
            )
        )
        if before.usd is not None and after.usd is not None and each.usd_per_replica_hour is not None:
            rate = usd_per_s(each.usd_per_replica_hour)
            cost = sum_difference(rate * paid_s[0][number], rate * paid_s[1][number], seed)
            found.append(Difference("usd", "USD", None, each.name, before.usd, after.usd, cost))
    return found
