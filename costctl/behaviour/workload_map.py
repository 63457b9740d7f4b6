"""What is the demand made of, where does its time go, and what holds it up? The workload map, from frames.

In: the traffic, what it is charged, the rules and what they see, what the classes need, where the figures come from.
Out: ``WorkloadMap``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.behaviour.bottleneck import bottlenecks, stage_sums
from costctl.behaviour.class_frames import ClassFrames, class_frames
from costctl.behaviour.depth_over_time import depth_over_time
from costctl.behaviour.faults import class_faults
from costctl.behaviour.heat import load_map, waste_map
from costctl.behaviour.objectives import class_objectives
from costctl.behaviour.pool_queues import pool_queues
from costctl.behaviour.stages import stage_uses
from costctl.behaviour.waste import stage_waste
from costctl.documents.analysis import Bottleneck, StageUse, Window
from costctl.documents.provenance import Provenance
from costctl.documents.settings import ClassSettings
from costctl.documents.workload_map import (
    SCHEMA_VERSION,
    ClassTime,
    PhaseRatios,
    PhaseTime,
    WorkloadMap,
)
from costctl.frames.traffic import Traffic
from costctl.segment.leftover import leftover
from costctl.segment.mix import Pricing, class_mix, pricing
from costctl.segment.overlaps import overlaps
from costctl.segment.unreported import has_tokens
from costctl.units import iso_utc, seconds_between

METHODS: Final = {
    "classes": "ordered rules, first match",
    "stages": "self time on the critical path",
    "waste": "time beyond the fastest tenth of like calls; all of queueing and of stages outside the model",
    "bottleneck": "the stage with the most waste if that is 30% of the class's time or more, else the longest stage",
    "objectives": "failed requests miss every objective; burn = (1 - met) / (1 - level)",
}


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the rules see, request_shape, and the rules themselves, class_rules."""

    shape: pl.DataFrame
    rules: pl.DataFrame

    @property
    def last_rule(self) -> str:
        """The one without bounds."""
        return str(self.rules.sort("rule_order")["rule"][-1])


@dataclass(frozen=True, slots=True)
class Charges:
    """What the traffic is charged: the relations class_cost and class_charge, and how many requests have a charge
    without an amount.
    """

    class_cost: pl.DataFrame
    class_charge: pl.DataFrame
    unpriced_requests: int


def build_workload_map(
    traffic: Traffic,
    charges: Charges,
    ruled: Ruled,
    declared: Mapping[str, ClassSettings],
    provenance: Provenance,
) -> WorkloadMap:
    """The document. declared: what the configuration says of classes."""
    waste = stage_waste(traffic)
    priced = pricing(charges.class_cost, charges.class_charge, charges.unpriced_requests)
    mix = class_mix(traffic.requests, traffic.request_class, traffic.calls, priced)
    order = tuple(each.request_class for each in mix)
    by_name = class_frames(traffic, waste)
    frames = {name: by_name[name] for name in order}
    held_up = bottlenecks(traffic, waste, frames)
    window_ns = traffic.window_ns
    return WorkloadMap(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        window=None if window_ns is None else _window(*window_ns),
        requests=traffic.requests.height,
        classes=mix,
        overlaps=overlaps(ruled.shape, ruled.rules),
        times=tuple(_class_time(own, held_up[name]) for name, own in frames.items()),
        faults=tuple(
            class_faults(name, own.requests, own.calls, own.errors, own.lookups)
            for name, own in frames.items()
        ),
        objectives=tuple(
            class_objectives(name, own.requests, declared[name].slo, traffic.window_s)
            for name, own in frames.items()
            if name in declared and (declared[name].slo.ttft_p95 or declared[name].slo.e2e_p95)
        ),
        queues=pool_queues(traffic.calls),
        waste=waste_map(order, stage_sums(waste)),
        load=load_map(order, traffic),
        leftover=leftover(traffic.requests, traffic.request_class, ruled.last_rule),
        notes=tuple(_notes(traffic, priced)),
        depth_over_time=depth_over_time(traffic.calls, window_ns),
    )


def _window(from_ns: int, to_ns: int) -> Window:
    return Window(from_=iso_utc(from_ns), to=iso_utc(to_ns), seconds=seconds_between(from_ns, to_ns))


def _class_time(own: ClassFrames, bottleneck: Bottleneck | None) -> ClassTime:
    stages = stage_uses(own.stages)
    timed, phases = own.stages["request_id"].n_unique(), _phases(stages)
    total_s = sum(use.seconds for use in stages)
    return ClassTime(
        request_class=own.name,
        timed_requests=timed,
        mean_s=total_s / timed if timed else None,
        phases=phases,
        phase_ratios=_phase_ratios(phases, total_s) if total_s else None,
        stages=stages,
        bottleneck=bottleneck,
    )


def _phases(stages: tuple[StageUse, ...]) -> PhaseTime:
    def seconds(phase: str) -> float:
        return sum((use.seconds for use in stages if use.phase == phase), 0.0)

    return PhaseTime(
        before_s=seconds("before"),
        model_s=seconds("model"),
        between_s=seconds("between"),
        after_s=seconds("after"),
        uninstrumented_s=seconds("uninstrumented"),
        unknown_s=seconds("unknown"),
    )


def _phase_ratios(phases: PhaseTime, total_s: float) -> PhaseRatios:
    return PhaseRatios(
        before_ratio=phases.before_s / total_s,
        model_ratio=phases.model_s / total_s,
        between_ratio=phases.between_s / total_s,
        after_ratio=phases.after_s / total_s,
        untold_ratio=(phases.uninstrumented_s + phases.unknown_s) / total_s,
    )


def _notes(traffic: Traffic, priced: Pricing) -> Iterator[str]:
    """What the map does not tell, and why."""
    requests = traffic.requests
    if priced.why_no_share is not None:
        yield priced.why_no_share
    untimed = requests.filter(pl.col("duration_s").is_null() | (pl.col("duration_s") <= 0)).height
    if untimed:
        yield (
            f"{untimed:,} of {requests.height:,} requests have no duration: they count in the mix, but not "
            "in time by stage."
        )
    incomplete = traffic.calls.filter(~has_tokens()).height
    if incomplete:
        yield (
            f"{incomplete:,} of {traffic.calls.height:,} model calls do not report all of their tokens: missing "
            "counts are in no sum, so sums are lower bounds (≥) and shares are of reported tokens."
        )
    timed = traffic.calls.filter(pl.col("end_ns").is_not_null())
    generations = timed.filter(pl.col("is_generation"))
    in_one = generations.filter(pl.col("ttft_s").is_null() | (pl.col("ttft_s") < 0)).height
    if in_one:
        yield (
            f"{in_one:,} of {generations.height:,} generations report no time to first token: their prefill "
            "and decode cannot be separated and are shown as “model call”."
        )
    if timed.height and timed["queue_s"].is_null().all():
        yield "No call reports queue time: waiting is counted as model time."
