"""How well a replay of today reproduces what was observed, metric by metric: part of every document that replays."""

from __future__ import annotations

from typing import Literal

import msgspec

Metric = Literal["call_latency_p50", "call_latency_p95", "call_ttft_p50", "call_ttft_p95", "busy"]


class MetricFit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One metric of the calls of a class or a pool, observed and in the replay of today, and its verdict.

    error_ratio: replayed / observed - 1; null where 0 was observed.  material_s: a smaller difference is no failure,
    whatever its ratio.  is_trusted: whether the metric may be acted on; null where there are too few calls to say.
    """

    metric: Metric
    observed_s: float
    replayed_s: float
    error_ratio: float | None
    material_s: float
    is_trusted: bool | None
    reason: str


class Fit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The calls of one class, or of one pool. Each metric has a verdict of its own; one that was not observed is
    not there.

    trusted_metrics, untrusted_metrics: those that may and those that may not be acted on.
    """

    name: str
    calls: int
    metrics: tuple[MetricFit, ...]
    trusted_metrics: tuple[Metric, ...]
    untrusted_metrics: tuple[Metric, ...]


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The replay of today against what was observed, and which metrics may be acted on.

    tolerance_ratio: an error up to it is no failure.  fewest_calls: with fewer a class or a pool is not judged.
    trusted_metrics: hold for every class and pool that could be judged.  untrusted_metrics: fail for at least one,
    whose ``untrusted_metrics`` name them.  reasons: a sentence for each that fails.  not_reproduced: traffic that the
    replay leaves out or has to guess at.  largest_error_ratio: of the metrics that are within the tolerance, the size
    of the largest error; null where none is.
    """

    tolerance_ratio: float
    fewest_calls: int
    trusted_metrics: tuple[Metric, ...]
    untrusted_metrics: tuple[Metric, ...]
    reasons: tuple[str, ...]
    classes: tuple[Fit, ...]
    pools: tuple[Fit, ...]
    not_reproduced: tuple[str, ...]
    largest_error_ratio: float | None = None
