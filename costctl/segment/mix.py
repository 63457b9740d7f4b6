"""What is the traffic made of? The mix of classes that ``segment`` prints.

In: the frames requests and request_class. Out: ``ClassMix`` values, the largest class first.
"""

from __future__ import annotations

import polars as pl

from costctl.documents.workload_map import ClassMix


def class_mix(requests: pl.DataFrame, request_class: pl.DataFrame) -> tuple[ClassMix, ...]:
    """The mix of classes, ordered by number of requests, then name; empty where there are no requests."""
    placed = requests.join(request_class, on="request_id", how="inner")
    groups = placed.partition_by("request_class", as_dict=True, include_key=True)
    mixes = [_mix(str(key[0]), group, placed.height) for key, group in groups.items()]
    return tuple(sorted(mixes, key=lambda mix: (-mix.requests, mix.request_class)))


def _mix(name: str, group: pl.DataFrame, total: int) -> ClassMix:
    hours = (
        group["hour_utc"].drop_nulls().value_counts().sort(["count", "hour_utc"], descending=[True, False])
    )
    return ClassMix(
        request_class=name,
        rules=tuple(sorted(group["rule"].unique())),
        requests=group.height,
        request_ratio=group.height / total,
        input_tokens=_sum(group["input_tokens"]),
        output_tokens=_sum(group["output_tokens"]),
        input_tokens_p50=_median(group["input_tokens"]),
        output_tokens_p50=_median(group["output_tokens"]),
        peak_hour_utc=None if hours.is_empty() else int(hours["hour_utc"][0]),
    )


def _sum(values: pl.Series) -> int | None:
    seen = values.drop_nulls()
    return int(seen.sum()) if seen.len() else None


def _median(values: pl.Series) -> float | None:
    seen = values.drop_nulls()
    return float(seen.quantile(0.5, "linear") or 0.0) if seen.len() else None
