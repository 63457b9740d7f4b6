"""What is the traffic made of? The mix of classes that ``segment`` prints.

In: the frames requests, request_class, class_cost and charge. Out: ``ClassMix`` values, the largest class first. Shares
of requests, of tokens and of cost each sum to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from costctl.documents.workload_map import ClassMix
from costctl.quantiles import known_quantile


@dataclass(frozen=True, slots=True)
class Pricing:
    """What is attributed to each class, USD, and why a share of it cannot be told; None where it can.

    A share is of the attributed cost of all classes: an unpriced part anywhere makes every share unknown.
    """

    usd: dict[str, float | None]
    why_no_share: str | None

    def share_ratio(self, name: str) -> float | None:
        """The class's part of all attributed cost."""
        total = math.fsum(usd for usd in self.usd.values() if usd is not None)
        if self.why_no_share is not None or total <= 0:
            return None
        return (self.usd.get(name) or 0.0) / total


def pricing(class_cost: pl.DataFrame, charge: pl.DataFrame) -> Pricing:
    """What the classes are charged, and whether shares of it can be told."""
    usd = dict(class_cost.select("request_class", "attributed_usd").sort("request_class").iter_rows())
    if charge["usd"].drop_nulls().is_empty():
        return Pricing(usd, "Cost shares are not known: nothing is priced.")
    unpriced = charge.filter(pl.col("usd").is_null())
    if unpriced.is_empty():
        return Pricing(usd, None)
    of = sorted(set(unpriced["component"]))
    return Pricing(
        usd,
        f"Cost shares are not known: only a part is priced. {unpriced['request_id'].n_unique():,} requests have "
        f"{' and '.join(of)} without a price or an amount; `costctl analyze` says which.",
    )


def class_mix(requests: pl.DataFrame, request_class: pl.DataFrame, priced: Pricing) -> tuple[ClassMix, ...]:
    """The mix of classes, ordered by number of requests, then name; empty where there are no requests."""
    placed = requests.join(request_class, on="request_id", how="inner")
    groups = placed.partition_by("request_class", as_dict=True, include_key=True)
    tokens = sum((_sum(placed[column]) or 0) for column in ("input_tokens", "output_tokens"))
    mixes = [_mix(str(key[0]), group, placed.height, tokens, priced) for key, group in groups.items()]
    return tuple(sorted(mixes, key=lambda mix: (-mix.requests, mix.request_class)))


def _mix(name: str, group: pl.DataFrame, requests: int, tokens: int, priced: Pricing) -> ClassMix:
    hours = (
        group["hour_utc"].drop_nulls().value_counts().sort(["count", "hour_utc"], descending=[True, False])
    )
    tokens_in, tokens_out = _sum(group["input_tokens"]), _sum(group["output_tokens"])
    is_told = tokens > 0 and (tokens_in is not None or tokens_out is not None)
    return ClassMix(
        request_class=name,
        rules=tuple(sorted(group["rule"].unique())),
        requests=group.height,
        request_ratio=group.height / requests,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        token_ratio=((tokens_in or 0) + (tokens_out or 0)) / tokens if is_told else None,
        input_tokens_p50=_median(group["input_tokens"]),
        output_tokens_p50=_median(group["output_tokens"]),
        attributed_usd=priced.usd.get(name),
        cost_ratio=priced.share_ratio(name),
        peak_hour_utc=None if hours.is_empty() else int(hours["hour_utc"][0]),
    )


def _sum(values: pl.Series) -> int | None:
    seen = values.drop_nulls()
    return int(seen.sum()) if seen.len() else None


def _median(values: pl.Series) -> float | None:
    return known_quantile(values, 0.5)
