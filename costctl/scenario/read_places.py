"""What do reads cost from where a class is served, and what would a copy near it cost?

In: what was read, the storage of the configuration, the regions of its pools. Out: ``PlacedReads``, and the USD by
block by which reads cost more under a platform than today. A class reads in the regions where its calls are served.
Bytes cross to there from the region in which they lie, or are read from a copy in that region: it is filled by reading
each object once from where it lies, and its place is paid for all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.capacity_settings import HOURS_PER_MONTH
from costctl.documents.settings import ClassSettings, Pool, Settings
from costctl.levers.boundary import must_leave, reason_outside
from costctl.levers.platform import Platform
from costctl.units import BYTES_PER_GB, NS_PER_S, S_PER_HOUR

UNKNOWN: Final = -1  # number of a region that is not declared
Copies = Sequence[tuple[int, int]]  # a class, and a tier that keeps what it reads


@dataclass(frozen=True, slots=True)
class Tiers:
    """The storage of the configuration, by number. region: UNKNOWN where not declared.  keep_usd_per_byte_s: NaN where
    its place has no price.  usd_per_byte_between: of bytes that cross from a region to another, NaN without a price.
    """

    names: tuple[str, ...]
    region: Ints
    usd_per_read: Floats
    usd_per_byte: Floats
    keep_usd_per_byte_s: Floats
    usd_per_byte_between: float

    def is_far(self, tier: Ints | int, region: Ints | int) -> Bools:
        """Whether the tier stands in another region; not where either is not declared."""
        stands = self.region[tier]
        far: Bools = (stands != UNKNOWN) & (np.asarray(region) != UNKNOWN) & (stands != region)
        return far

    def crossing_usd(self, tier: Ints | int, region: Ints | int, size: Floats) -> Floats:
        """USD of bytes that go from the tier to a region; 0 where they cross nothing, or have no price."""
        usd: Floats = self.is_far(tier, region) * size * np.nan_to_num(self.usd_per_byte_between)
        return usd

    def read_usd(self, tier: Ints | int, size: Floats, reads: Floats) -> Floats:
        """USD of reads and bytes out of the tier, whoever reads."""
        usd: Floats = self.usd_per_read[tier] * reads + self.usd_per_byte[tier] * size
        return usd


@dataclass(frozen=True, slots=True)
class PlacedReads:
    """n reads that go where their class goes, in order of time. at_s: from the start of the window.  request_class,
    tier: numbers.  content: number of the object that was read; a read that names nothing is of an object of its own.
    size: bytes.  object_size: bytes of the object, the most that any read had of it.  reads: how many the span reports.
    span_key: of the span.

    pool_region: by pool.  must_leave: classes × tiers that a required boundary forbids.  may_copy: classes × tiers that
    may keep what the class reads: within its boundary, in a known region, at a known price.
    """

    at_s: Floats
    request_class: Ints
    tier: Ints
    content: Ints
    size: Floats
    object_size: Floats
    reads: Floats
    span_key: Ints
    is_named: Bools
    tiers: Tiers
    regions: tuple[str, ...]
    pool_region: Ints
    must_leave: Bools
    may_copy: Bools

    def is_copied(self, number: int, tier: Ints | int, to: int) -> Bools:
        """Whether a copy in the tier ``to`` has what the class reads from ``tier``: what lies in another region, or
        where the class may not read it.
        """
        elsewhere = self.tiers.is_far(tier, int(self.tiers.region[to])) | self.must_leave[number, tier]
        copied: Bools = elsewhere & (np.asarray(tier) != to)
        return copied

    def read_by(self, number: int) -> tuple[str, ...]:
        """Names of the tiers that the class reads."""
        return tuple(self.tiers.names[each] for each in np.unique(self.tier[self.request_class == number]))

    def region_share(self, pool: Ints, request_class: Ints) -> Floats:
        """Classes × regions, the part of its calls that is served there; the last column is of unknown regions. Rows
        are 0 of classes without calls.
        """
        classes, regions = self.must_leave.shape[0], len(self.regions) + 1
        place = request_class * regions + self.pool_region[pool] % regions
        count = np.bincount(place, minlength=classes * regions).reshape(classes, regions)
        share: Floats = count / np.maximum(count.sum(axis=1, keepdims=True), 1)
        return share


def placed_reads_of(
    content: pl.DataFrame,
    classes: Sequence[str],
    pools: Sequence[str],
    serves: Bools,
    settings: Settings,
    window_from_ns: int,
) -> PlacedReads | None:
    """The reads whose price depends on where their class is served; None where there are none.

    content: rows of the relation content_read.  serves: classes × pools, whether the pool serves the class today. Left
    out are reads of unknown size, those of storage that says no place, and those of a class whose pools do not say
    where they are, or that were made in another region than its pools are in: they are not known to go with the class.
    """
    of_pools = [settings.pools.get(name, Pool()) for name in pools]
    stored = [*settings.storage.values()]
    told = {each.region for each in of_pools} | {each.region for each in stored}
    regions = tuple(sorted(each for each in told if each is not None))
    number = {name: place for place, name in enumerate(regions)}
    tiers = _tiers(settings, number)
    declared = [settings.classes.get(name, ClassSettings()) for name in classes]
    leaves = np.array([[must_leave(each.boundary, tier) for tier in stored] for each in declared], np.bool_)
    inside = np.array([[reason_outside(each.boundary, tier) is None for tier in stored] for each in declared])
    pool_region = np.array([number.get(each.region or "", UNKNOWN) for each in of_pools], np.int64)
    rows = _rows(content, classes, tiers.names)
    if rows.is_empty() or not regions:
        return None
    request_class, tier = rows["class"].to_numpy(), rows["tier"].to_numpy()
    read_in = rows["region"].replace_strict(number, default=len(regions), return_dtype=pl.Int64)
    is_known = ~np.any(serves & (pool_region == UNKNOWN), axis=1) & serves.any(axis=1)
    goes = is_known[request_class] & ((tiers.region[tier] != UNKNOWN) | leaves[request_class, tier])
    there = np.zeros((len(classes), len(regions) + 1), np.bool_)
    there[np.nonzero(serves)[0], pool_region[np.nonzero(serves)[1]]] = True
    is_read_there = there[request_class, read_in.fill_null(len(regions)).to_numpy()]
    goes &= rows["region"].is_null().to_numpy() | is_read_there
    if not goes.any():
        return None
    kept = rows.filter(pl.Series(goes))
    return PlacedReads(
        at_s=(kept["start_ns"].to_numpy() - window_from_ns) / NS_PER_S,
        request_class=kept["class"].to_numpy(),
        tier=kept["tier"].to_numpy(),
        content=kept["content"].to_numpy(),
        size=kept["bytes"].to_numpy().astype(np.float64),
        object_size=kept["object_bytes"].to_numpy().astype(np.float64),
        reads=kept["reads"].to_numpy().astype(np.float64),
        span_key=kept["span_key"].to_numpy(),
        is_named=kept["content_key"].is_not_null().to_numpy(),
        tiers=tiers,
        regions=regions,
        pool_region=pool_region,
        must_leave=leaves,
        may_copy=inside & (tiers.region != UNKNOWN) & ~np.isnan(tiers.keep_usd_per_byte_s),
    )


def _tiers(settings: Settings, number: dict[str, int]) -> Tiers:
    stored = [*settings.storage.values()]
    between = settings.network.usd_per_gb_between_regions
    months = [np.nan if each.usd_per_gb_month is None else each.usd_per_gb_month for each in stored]
    return Tiers(
        names=tuple(settings.storage),
        region=np.array([number.get(each.region or "", UNKNOWN) for each in stored], np.int64),
        usd_per_read=np.array([(each.usd_per_1k_reads or 0.0) / 1000.0 for each in stored]),
        usd_per_byte=np.array([(each.usd_per_gb_egress or 0.0) / BYTES_PER_GB for each in stored]),
        keep_usd_per_byte_s=np.array(months) / (BYTES_PER_GB * HOURS_PER_MONTH * S_PER_HOUR),
        usd_per_byte_between=np.nan if between is None else between / BYTES_PER_GB,
    )


def _rows(content: pl.DataFrame, classes: Sequence[str], tiers: Sequence[str]) -> pl.DataFrame:
    """Reads of known size, with class, tier and content as numbers, in order of time."""
    rows = (
        content.with_columns(pl.col("storage", "request_class", "region").cast(pl.String))
        .filter(
            pl.col("bytes").is_not_null(),
            pl.col("storage").is_in([*tiers]),
            pl.col("request_class").is_in([*classes]),
        )
        .sort("start_ns", "span_key")
    )
    by_class = {name: place for place, name in enumerate(classes)}
    by_tier = {name: place for place, name in enumerate(tiers)}
    of_its_own = pl.concat_str(pl.lit("\0"), pl.col("span_key").cast(pl.String))
    numbered = rows.with_columns(
        pl.col("request_class").replace_strict(by_class, return_dtype=pl.Int64).alias("class"),
        pl.col("storage").replace_strict(by_tier, return_dtype=pl.Int64).alias("tier"),
        pl.struct("storage", pl.coalesce("content_key", of_its_own))
        .hash()
        .rank("dense")
        .cast(pl.Int64)
        .alias("content"),
    )
    return numbered.with_columns(pl.col("bytes").max().over("content").alias("object_bytes"))


@dataclass(frozen=True, slots=True)
class Hot:
    """What hot tiers have of the reads. tier: their number; where it says no region, bytes cross as before.  has: by
    read.
    """

    tier: int
    has: Bools


def place_cost_by_block(
    placed: PlacedReads,
    copies: Copies,
    shares: tuple[Floats, Floats],
    hot: Hot | None,
    edges_s: Floats,
) -> Floats:
    """USD by block that reads cost more than today. copies: that a platform keeps.  shares: classes × regions, today
    and under it.  hot: what its hot tiers have; None where it has none.
    """
    today_share, share = shares
    if not copies and hot is None and np.array_equal(today_share, share):
        return np.zeros(edges_s.size - 1)
    changed = _usd_by_block(placed, copies, share, hot, edges_s)
    more: Floats = changed - _usd_by_block(placed, (), today_share, None, edges_s)
    return more


def copies_of(placed: PlacedReads, platform: Platform, classes: Sequence[str]) -> Copies:
    """Which class has copies in which tiers, by number."""
    rules = [(number, platform.classes.get(name)) for number, name in enumerate(classes)]
    return tuple(
        (number, placed.tiers.names.index(tier))
        for number, each in rules
        if each is not None
        for tier in each.storage_copies or ()
    )


def _usd_by_block(
    placed: PlacedReads, copies: Copies, share: Floats, hot: Hot | None, edges_s: Floats
) -> Floats:
    """USD by block of all reads between the edges, and of copies: filled once, which is spread over the blocks as their
    place is.
    """
    tiers, of_class, tier = placed.tiers, placed.request_class, placed.tier
    is_hot = np.zeros(tier.size, np.bool_) if hot is None else hot.has
    lies = tier if hot is None or tiers.region[hot.tier] == UNKNOWN else np.where(is_hot, hot.tier, tier)
    usd = tiers.read_usd(tier, placed.size, placed.reads)
    for region in range(len(placed.regions)):
        usd = usd + share[of_class, region] * tiers.crossing_usd(lies, region, placed.size)
    here = (placed.at_s >= edges_s[0]) & (placed.at_s <= edges_s[-1])
    block = np.searchsorted(edges_s[1:-1], placed.at_s, side="right")
    kept_usd = np.zeros(edges_s.size - 1)
    for to in dict.fromkeys(copy for _, copy in copies):
        region = int(tiers.region[to])
        is_copied = np.zeros(tier.size, np.bool_)
        for number, copy in copies:
            if copy == to and share[number, region] > 0:
                is_copied |= (of_class == number) & placed.is_copied(number, tier, to)
        is_copied &= here & ~is_hot
        there_usd = tiers.read_usd(to, placed.size, placed.reads)
        from_afar_usd = tiers.read_usd(tier, placed.size, placed.reads) + tiers.crossing_usd(
            tier, region, placed.size
        )
        usd = usd + np.where(is_copied, share[of_class, region] * (there_usd - from_afar_usd), 0.0)
        _, first = np.unique(placed.content[is_copied], return_index=True)
        size = placed.object_size[is_copied][first]
        fill_usd = copy_fill_usd(tiers, tier[is_copied][first], to, size, np.ones(size.size)).sum()
        keep_usd_per_s = size.sum() * tiers.keep_usd_per_byte_s[to] + fill_usd / (edges_s[-1] - edges_s[0])
        kept_usd += keep_usd_per_s * np.diff(edges_s)
    total: Floats = kept_usd + np.bincount(block[here], usd[here], minlength=kept_usd.size)
    return total


def copy_fill_usd(tiers: Tiers, tier: Ints, to: int, size: Floats, objects: Floats) -> Floats:
    """USD of reading so many objects once from where they lie, for a copy in another tier."""
    usd: Floats = tiers.read_usd(tier, size, objects) + tiers.crossing_usd(tier, int(tiers.region[to]), size)
    return usd
