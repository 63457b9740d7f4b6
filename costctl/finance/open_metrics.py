"""What would a dashboard scrape of this window? Families of metrics, by class and pool, beside the analysis.

In: the frames and the analysis of the same window. Out: ``Family`` values; ``costctl.render.open_metrics`` writes them.
A window is no process that counts on, so its sums are gauges; its histograms are histograms, which every collector
reads: take quantiles of them, not rates. What was not observed, or has no price, has no sample: it is never 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np
import polars as pl

from costctl.arrays import Floats
from costctl.documents.analysis import Analysis
from costctl.documents.estimate import Estimate
from costctl.frames.cost import Frames
from costctl.units import NS_PER_S

# Upper bounds of the histograms, s: doubling from 5 ms to eleven minutes, so that two windows can be added.
BOUNDS_S: Final = tuple(0.005 * 2.0**step for step in range(18))
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One line. suffix: of the name of the family, such as _bucket."""

    suffix: str
    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. name: ends in its unit, where it has one."""

    name: str
    kind: Literal["gauge", "histogram"]
    unit: str
    means: str
    samples: tuple[Sample, ...]


def families_of(frames: Frames, analysis: Analysis) -> tuple[Family, ...]:
    """Those that have a sample."""
    found = (*_of_the_window(analysis), *_histograms(frames), *_of_classes(analysis), *_of_pools(analysis))
    return tuple(each for each in found if each.samples)


def _gauge(name: str, unit: str, means: str, values: Sequence[tuple[Labels, float | None]]) -> Family:
    """Without the values that are not known."""
    samples = tuple(Sample("", labels, float(value)) for labels, value in values if value is not None)
    return Family(name, "gauge", unit, means, samples)


def _of_the_window(analysis: Analysis) -> Iterator[Family]:
    end_s = datetime.fromisoformat(analysis.window.to).timestamp()
    yield _gauge(
        "costctl_window_seconds", "seconds", "Length of the window.", [((), analysis.window.seconds)]
    )
    yield _gauge("costctl_window_end_timestamp_seconds", "seconds", "Its end, Unix time.", [((), end_s)])
    unpriced = analysis.totals.unit_costs.unpriced_charges
    means = "Charges without a price: where there are any, amounts are lower bounds."
    yield _gauge("costctl_unpriced_charges", "", means, [((), unpriced)])
    billed = analysis.totals.billed_usd
    yield _gauge("costctl_billed_usd", "usd", "What the window is billed.", [((), billed)])


def _of_classes(analysis: Analysis) -> Iterator[Family]:
    classes = [(_labels(request_class=each.request_class), each) for each in analysis.classes]
    for name, unit, means, values in (
        ("costctl_requests", "", "Requests.", [each.requests for _, each in classes]),
        ("costctl_successes", "", "Requests that succeeded.", [each.successes for _, each in classes]),
        ("costctl_input_tokens", "tokens", "Tokens read, as far as calls report them.",
         [each.tokens.input for _, each in classes]),
        ("costctl_cached_input_tokens", "tokens", "Of these, read from a prompt cache.",
         [each.tokens.cached_input for _, each in classes]),
        ("costctl_output_tokens", "tokens", "Tokens written, as far as calls report them.",
         [each.tokens.output for _, each in classes]),
        ("costctl_prompt_cache_hit_ratio", "ratio", "Cached over all input tokens of calls that report both.",
         [each.tokens.cached_input_ratio for _, each in classes]),
        ("costctl_attributed_usd", "usd", "Share of busy time, and direct charges.",
         [each.cost.attributed_usd for _, each in classes]),
        ("costctl_loaded_usd", "usd", "The same with its part of idle time.",
         [each.cost.loaded_usd for _, each in classes]),
    ):  # fmt: skip
        yield _gauge(
            name, unit, means, [(labels, value) for (labels, _), value in zip(classes, values, strict=True)]
        )
    yield _gauge(
        "costctl_cost_per_success_usd", "usd", "Cost of a success, failed attempts included, with its interval.",
        [sample for labels, each in classes for sample in _bounds(labels, each.cost.usd_per_success)],
    )  # fmt: skip


def _bounds(labels: Labels, estimate: Estimate | None) -> Iterator[tuple[Labels, float]]:
    if estimate is not None:
        for bound in ("low", "mid", "high"):
            yield (*labels, ("bound", bound)), float(getattr(estimate, bound))


def _of_pools(analysis: Analysis) -> Iterator[Family]:
    pools = [(_labels(pool=each.pool), each) for each in analysis.pools]
    for name, unit, means, values in (
        ("costctl_replicas", "", "Replicas that are paid for.", [each.replicas for _, each in pools]),
        ("costctl_utilisation_ratio", "ratio", "Busy over paid replica time.",
         [each.utilisation_ratio for _, each in pools]),
        ("costctl_useful_utilisation_ratio", "ratio", "Useful over paid replica time.",
         [each.useful_utilisation_ratio for _, each in pools]),
        ("costctl_idle_usd", "usd", "Price of replica time that was not busy.", [each.idle_usd for _, each in pools]),
    ):  # fmt: skip
        yield _gauge(
            name, unit, means, [(labels, value) for (labels, _), value in zip(pools, values, strict=True)]
        )
    depths = [
        ((*labels, ("percentile", percentile)), value)
        for labels, each in pools
        if each.queue_depth is not None
        for percentile, value in (
            ("50", each.queue_depth.p50), ("95", each.queue_depth.p95), ("100", each.queue_depth.max),
        )
    ]  # fmt: skip
    yield _gauge("costctl_queue_depth", "", "Calls waiting, over time.", depths)


def _histograms(frames: Frames) -> Iterator[Family]:
    requests = frames.traffic.placed(frames.requests.select("request_id", seconds="duration_s"))
    stages = frames.traffic.placed(
        frames.traffic.stage_time.select("request_id", "stage", seconds=pl.col("self_ns") / NS_PER_S)
    )
    for name, means, rows, labels in (
        ("costctl_request_duration_seconds", "End-to-end time of requests.", requests, ("request_class",)),
        ("costctl_stage_seconds", "Time of requests in a stage, on the critical path.", stages,
         ("request_class", "stage")),
    ):  # fmt: skip
        known = rows.drop_nulls("seconds").with_columns(pl.col(labels).cast(pl.String))
        samples = tuple(
            sample
            for key, part in sorted(known.partition_by(labels, as_dict=True).items())
            for sample in _buckets(tuple(zip(labels, map(str, key), strict=True)), part["seconds"].to_numpy())
        )
        yield Family(name, "histogram", "seconds", means, samples)


def _buckets(labels: Labels, seconds: Floats) -> Iterator[Sample]:
    """How many took at most so long, for each bound; and how many there are, and their sum."""
    ordered = np.sort(seconds)
    for bound in BOUNDS_S:
        below = int(np.searchsorted(ordered, bound, side="right"))
        yield Sample("_bucket", (*labels, ("le", repr(bound))), below)
    yield Sample("_bucket", (*labels, ("le", "+Inf")), ordered.size)
    yield Sample("_count", labels, ordered.size)
    yield Sample("_sum", labels, float(ordered.sum()))


def _labels(**values: str) -> Labels:
    return tuple(values.items())
