"""Which reads of storage would a hot tier have had, what would they have saved, and what does its place cost?

In: reads with the hash of what they fetched, the storage of the configuration. Out: ``Reads``, in order of time, and
the USD that hot tiers of some sizes cost or save by block. A class keeps what it read last in the hot tier, the least
recently used out first, and pays for the place; what is read again is read there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.capacity_settings import HOURS_PER_MONTH
from costctl.documents.settings import Storage
from costctl.levers.platform import Platform
from costctl.reuse.distances import NEVER, stack_distances
from costctl.units import BYTES_PER_GB, NS_PER_S, S_PER_HOUR


@dataclass(frozen=True, slots=True)
class Reads:
    """n reads of one object each, in order. at_s: from the start of the window.  span_key: of the span.  request_class:
    number.  usd: price of the read and of its bytes, where it was read.  read_s: how long it took, NaN where not timed.
    hot_usd: its price in the hot tier.  distance: bytes that a hot tier of its class needs to have it; -1 for a first
    read.  hot: name of the hot tier, hot_s: how long a read takes there, NaN where not told, and usd_per_gb_s: price of
    its place.
    """

    at_s: Floats
    span_key: Ints
    request_class: Ints
    usd: Floats
    read_s: Floats
    hot_usd: Floats
    distance: Ints
    hot: str
    hot_s: float
    usd_per_gb_s: float

    def found(self, number: int, gb: float) -> Bools:
        """The reads of a class that a hot tier of this size has."""
        found: Bools = (
            (self.request_class == number) & (self.distance != NEVER) & (self.distance <= gb * BYTES_PER_GB)
        )
        return found


def hot_tier(storage: Mapping[str, Storage]) -> str | None:
    """The storage whose reads and bytes out cost least, of equals the fastest; of those that price their place."""
    told = [
        (each.usd_per_1k_reads or 0.0, each.usd_per_gb_egress or 0.0, each.p50_read_s or np.inf, name)
        for name, each in storage.items()
        if each.usd_per_gb_month is not None
    ]
    return min(told)[3] if told else None


def reads_of(
    content: pl.DataFrame, classes: Sequence[str], storage: Mapping[str, Storage], window_from_ns: int
) -> Reads | None:
    """The reads that another tier than the hot one served, of objects whose size is known; None where there is none.

    content: rows of the relation content_read.
    """
    hot = hot_tier(storage)
    if hot is None:
        return None
    rows = (
        content.with_columns(pl.col("storage", "request_class", "tenant").cast(pl.String))
        .filter(
            pl.col("storage").is_in([*storage]),
            pl.col("storage") != hot,
            pl.col("bytes").is_not_null(),
            pl.col("content_key").is_not_null(),
            pl.col("request_class").is_in([*classes]),
        )
        .sort("start_ns", "span_key")
    )
    if rows.is_empty():
        return None
    number = {name: place for place, name in enumerate(classes)}
    request_class = np.array([number[name] for name in rows["request_class"]], np.int64)
    size = rows["bytes"].to_numpy().astype(np.int64)
    of_object = rows.select(pl.struct("content_key", "storage").hash()).to_series().rank("dense")
    key = of_object.to_numpy().astype(np.int64)
    distance = np.full(rows.height, NEVER)
    for each in np.unique(request_class):
        own = np.flatnonzero(request_class == each)
        distance[own] = stack_distances(key[own], size[own])
    reads, told = rows["reads"].to_numpy().astype(np.float64), rows["storage"].to_list()
    tier = storage[hot]
    return Reads(
        at_s=(rows["start_ns"].to_numpy() - window_from_ns) / NS_PER_S,
        span_key=rows["span_key"].to_numpy(),
        request_class=request_class,
        usd=_usd([storage[name] for name in told], reads, size),
        read_s=rows["read_s"].fill_null(float("nan")).to_numpy(),
        hot_usd=_usd([tier] * rows.height, reads, size),
        distance=distance,
        hot=hot,
        hot_s=float("nan") if tier.p50_read_s is None else tier.p50_read_s,
        usd_per_gb_s=(tier.usd_per_gb_month or 0.0) / (HOURS_PER_MONTH * S_PER_HOUR),
    )


def _usd(tiers: Sequence[Storage], reads: Floats, size: Ints) -> Floats:
    per_read = np.array([(each.usd_per_1k_reads or 0.0) / 1000.0 for each in tiers])
    per_byte = np.array([(each.usd_per_gb_egress or 0.0) / BYTES_PER_GB for each in tiers])
    usd: Floats = per_read * reads + per_byte * size
    return usd


def found_in(reads: Reads, platform: Platform, classes: Sequence[str]) -> Bools:
    """The reads that the hot tiers of a platform have."""
    found = np.zeros(reads.at_s.size, np.bool_)
    for number, name in enumerate(classes):
        rules = platform.classes.get(name)
        if rules is not None and rules.hot_reads_gb > 0:
            found |= reads.found(number, rules.hot_reads_gb)
    return found


def hot_cost_by_block(reads: Reads, platform: Platform, classes: Sequence[str], edges_s: Floats) -> Floats:
    """USD by block that the hot tiers of a platform cost more than today: their place, less what reads save there."""
    cost = np.zeros(edges_s.size - 1)
    for number, name in enumerate(classes):
        rules = platform.classes.get(name)
        if rules is None or rules.hot_reads_gb <= 0:
            continue
        here = reads.found(number, rules.hot_reads_gb)
        here &= (reads.at_s >= edges_s[0]) & (reads.at_s <= edges_s[-1])
        block = np.searchsorted(edges_s[1:-1], reads.at_s[here], side="right")
        saved = np.bincount(block, (reads.usd - reads.hot_usd)[here], minlength=cost.size)
        cost += rules.hot_reads_gb * reads.usd_per_gb_s * np.diff(edges_s) - saved
    return cost
