"""What is the traffic made of? The mix of classes that ``segment`` prints.

In: the frames requests, request_class and calls, and of the charges the sums by class. Out: ``ClassMix`` values, the
largest class first. Shares of requests, of tokens and of cost each sum to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from costctl.documents.workload_map import ClassMix
from costctl.segment.unreported import without_input, without_output
from costctl.stats.quantiles import known_quantile


@dataclass(frozen=True, slots=True)
class Pricing:
    """What is attributed to each class, USD, how many of its charges have no amount, and why a share of it cannot be
    told; None where it can.

    A share is of the attributed cost of all classes: an unpriced part anywhere makes every share unknown.
    """

    usd: dict[str, float | None]
    unpriced: dict[str, int]
    why_no_share: str | None

    def share_ratio(self, name: str) -> float | None:
        """The class's part of all attributed cost."""
        total = math.fsum(usd for usd in self.usd.values() if usd is not None)
        if self.why_no_share is not None or total <= 0:
            return None
        return (self.usd.get(name) or 0.0) / total


def pricing(class_cost: pl.DataFrame, class_charge: pl.DataFrame, unpriced_requests: int) -> Pricing:
    """What the classes are charged, and whether shares of it can be told.

    unpriced_requests: requests with a charge that has no amount.
    """
    usd = dict(class_cost.select("request_class", "attributed_usd").sort("request_class").iter_rows())
    unpriced = class_charge.filter(pl.col("unpriced_charges") > 0)
    counts = dict(unpriced.group_by("request_class").agg(pl.col("unpriced_charges").sum()).iter_rows())
    if class_charge["usd"].drop_nulls().is_empty():
        return Pricing(usd, counts, "Cost shares are unknown: nothing is priced.")
    if not unpriced_requests:
        return Pricing(usd, counts, None)
    of = sorted(set(unpriced["component"]))
    return Pricing(
        usd,
        counts,
        f"Cost shares are unknown: only part of the cost is priced. {unpriced_requests:,} requests have "
        f"{' and '.join(of)} without a price or an amount; `costctl analyze` lists them.",
    )


def class_mix(
    requests: pl.DataFrame, request_class: pl.DataFrame, calls: pl.DataFrame, priced: Pricing
) -> tuple[ClassMix, ...]:
    """The mix of classes, those that cost most first, and of equal cost those of more requests; empty where there are
    no requests.
    """
    untold = [
        calls_without.group_by("request_id").len(name)
        for name, calls_without in (("no_input", without_input(calls)), ("no_output", without_output(calls)))
    ]
    placed = requests.join(request_class, on="request_id", how="inner")
    for each in untold:
        placed = placed.join(each, on="request_id", how="left")
    placed = placed.with_columns(pl.col("no_input", "no_output").fill_null(0))
    groups = placed.partition_by("request_class", as_dict=True, include_key=True)
    tokens = sum((_sum(placed[column]) or 0) for column in ("input_tokens", "output_tokens"))
    mixes = [_mix(str(key[0]), group, placed.height, tokens, priced) for key, group in groups.items()]
    return tuple(sorted(mixes, key=_dearest_first))


def _dearest_first(mix: ClassMix) -> tuple[bool, float, int, str]:
    usd = mix.attributed_usd
    return usd is None, -(usd or 0.0), -mix.requests, mix.request_class


def _mix(name: str, group: pl.DataFrame, requests: int, tokens: int, priced: Pricing) -> ClassMix:
    hours = (
        group["hour_utc"].drop_nulls().value_counts().sort(["count", "hour_utc"], descending=[True, False])
    )
    tokens_in, tokens_out = _sum(group["input_tokens"]), _sum(group["output_tokens"])
    told = [each for each in (tokens_in, tokens_out) if each is not None]
    own_tokens = sum(told) if told else None
    return ClassMix(
        request_class=name,
        rules=tuple(sorted(group["rule"].unique())),
        requests=group.height,
        request_ratio=group.height / requests,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        tokens=own_tokens,
        calls_without_input=int(group["no_input"].sum()),
        calls_without_output=int(group["no_output"].sum()),
        token_ratio=own_tokens / tokens if tokens and own_tokens is not None else None,
        input_tokens_p50=known_quantile(group.filter(pl.col("no_input") == 0)["input_tokens"], 0.5),
        output_tokens_p50=known_quantile(group.filter(pl.col("no_output") == 0)["output_tokens"], 0.5),
        attributed_usd=priced.usd.get(name),
        unpriced_charges=priced.unpriced.get(name, 0),
        cost_ratio=priced.share_ratio(name),
        peak_hour_utc=None if hours.is_empty() else int(hours["hour_utc"][0]),
    )


def _sum(values: pl.Series) -> int | None:
    seen = values.drop_nulls()
    return int(seen.sum()) if seen.len() else None
