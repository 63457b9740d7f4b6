"""What would reads cost on each pool, and which copies could be kept near it? What the program of a placement needs.

In: the study's reads, the classes that may move, blocks of time. Out: ``ClassReads``, measured once on the first part,
and of them ``ReadColumns`` at some weights of the blocks: what reads cost by class and pool where all is read from
where it lies, the copies that could be kept, and the pairs that a boundary rules out. A copy holds what the first part
reads; content that several classes read is kept once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.recommend.placement_copies import Copies
from costctl.scenario.read_places import PlacedReads, copy_fill_usd
from costctl.units import S_PER_HOUR

_MOST_SHARED: Final = 100  # sets of classes that read the same in a tier; of further ones each keeps its own


@dataclass(frozen=True, slots=True)
class Content:
    """What the same classes read in one tier. places: of the classes.  size: bytes of all its objects."""

    places: frozenset[int]
    tier: int
    size: float
    objects: int


@dataclass(frozen=True, slots=True)
class ClassReads:
    """Reads of the first part, of classes by their place in the program. numbers: of the classes.  size, reads: classes
    × tiers × blocks.  is_at_most: by class, whether copies are counted at more than they would hold: reads name no
    object, or too many sets of classes share some.
    """

    placed: PlacedReads
    numbers: Ints
    size: Floats
    reads: Floats
    block_s: Floats
    contents: tuple[Content, ...]
    is_at_most: Bools


@dataclass(frozen=True, slots=True)
class ReadColumns:
    """usd: classes × pools, USD an hour where all is read from where it lies, of which egress_usd is for bytes between
    regions.  excluded: classes × pools where a class would have to read from outside of its boundary.  size_per_hour:
    classes × tiers, bytes.  is_at_most: as of ``ClassReads``.
    """

    placed: PlacedReads
    usd: Floats
    egress_usd: Floats
    copies: Copies
    excluded: Bools
    size_per_hour: Floats
    is_at_most: Bools

    def far_tiers(self, place: int, pool: int) -> tuple[int, ...]:
        """The tiers in other regions than the pool of which the class reads."""
        every = np.arange(len(self.placed.tiers.names))
        is_far = self.placed.tiers.is_far(every, int(self.placed.pool_region[pool]))
        return tuple(np.flatnonzero(is_far & (self.size_per_hour[place] > 0)).tolist())


@dataclass(frozen=True, slots=True)
class _Option:
    place: int
    tier: int
    saved_usd: float
    needs: frozenset[int]


def class_reads_of(placed: PlacedReads, numbers: Sequence[int], edges_s: Floats) -> ClassReads | None:
    """The reads of these classes between the edges of the blocks; None where there are none."""
    place_of = np.full(placed.must_leave.shape[0], -1)
    place_of[[*numbers]] = np.arange(len(numbers))
    place = place_of[placed.request_class]
    kept = (place >= 0) & (placed.at_s >= edges_s[0]) & (placed.at_s <= edges_s[-1])
    if not kept.any():
        return None
    tiers, blocks = len(placed.tiers.names), edges_s.size - 1
    block = np.searchsorted(edges_s[1:-1], placed.at_s[kept], side="right")
    at = (place[kept] * tiers + placed.tier[kept]) * blocks + block
    shape = (len(numbers), tiers, blocks)

    def summed(values: Floats) -> Floats:
        found: Floats = (
            np.bincount(at, values, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
        )
        return found

    contents, is_at_most = _contents(placed, place, kept, len(numbers))
    return ClassReads(
        placed=placed,
        numbers=np.array(numbers, np.int64),
        size=summed(placed.size[kept]),
        reads=summed(placed.reads[kept]),
        block_s=np.diff(edges_s),
        contents=contents,
        is_at_most=is_at_most,
    )


def read_columns(reads: ClassReads, weights: Floats | None = None) -> ReadColumns:
    """What the program needs. weights: by block, how often it counts; once each where None."""
    weight = np.ones(reads.block_s.size) if weights is None else weights
    hours = float(weight @ reads.block_s) / S_PER_HOUR
    size, count = (each @ weight / hours for each in (reads.size, reads.reads))
    placed = reads.placed
    tiers, every = placed.tiers, np.arange(len(placed.tiers.names))
    egress_usd = np.array(
        [tiers.crossing_usd(every, int(region), size).sum(axis=1) for region in placed.pool_region]
    ).T
    usd = egress_usd + tiers.read_usd(every, size, count).sum(axis=1)[:, np.newaxis]
    copies = _copies(reads, _options(reads, size, count), _kept_usd(reads)).worth_keeping()
    has_option = np.zeros(usd.shape, np.bool_)
    np.logical_or.at(has_option, copies.request_class, copies.is_near)
    excluded: Bools = copies.is_required[:, np.newaxis] & ~has_option
    return ReadColumns(placed, usd, egress_usd, copies, excluded, size, reads.is_at_most)


def _contents(
    placed: PlacedReads, place: Ints, kept: Bools, classes: int
) -> tuple[tuple[Content, ...], Bools]:
    """What is read, by tier and the set of classes that read it; and by class whether that is more than it would be."""
    rows = pl.DataFrame(
        {
            "content": placed.content[kept],
            "place": place[kept],
            "tier": placed.tier[kept],
            "size": placed.object_size[kept],
        }
    )
    by_object = rows.group_by("content").agg(
        pl.col("place").unique().sort(), pl.col("tier").first(), pl.col("size").first()
    )
    by_object = by_object.with_columns(pl.col("place").cast(pl.List(pl.String)).list.join(" "))
    sets = by_object.group_by("place", "tier").agg(pl.col("size").sum(), pl.len()).sort("place", "tier")
    found = [
        Content(frozenset(int(each) for each in places.split()), tier, size, count)
        for places, tier, size, count in sets.rows()
    ]
    shared = sorted((each for each in found if len(each.places) > 1), key=lambda each: -each.size)
    further = shared[_MOST_SHARED:]
    alone = [
        Content(frozenset({place}), each.tier, each.size, each.objects)
        for each in (*(one for one in found if len(one.places) == 1), *further)
        for place in sorted(each.places)
    ]
    is_at_most = np.zeros(classes, np.bool_)
    is_at_most[place[kept & ~placed.is_named]] = True
    is_at_most[[each for one in further for each in one.places]] = True
    return (*shared[:_MOST_SHARED], *alone), is_at_most


def _kept_usd(reads: ClassReads) -> Floats:
    """Contents × tiers, USD an hour to fill a copy once in the part and to keep it; NaN where no price is known."""
    tiers, seconds = reads.placed.tiers, float(reads.block_s.sum())
    tier = np.array([each.tier for each in reads.contents])
    size = np.array([each.size for each in reads.contents])
    objects = np.array([float(each.objects) for each in reads.contents])
    columns = [
        copy_fill_usd(tiers, tier, to, size, objects) / seconds + size * tiers.keep_usd_per_byte_s[to]
        for to in range(len(tiers.names))
    ]
    usd: Floats = np.array(columns).T * S_PER_HOUR
    return usd


def _options(reads: ClassReads, size: Floats, count: Floats) -> list[_Option]:
    """A class and a tier that may keep what it reads, in a region that has a pool. size, count: classes × tiers, bytes
    and reads an hour.
    """
    placed, tiers = reads.placed, reads.placed.tiers
    every = np.arange(len(tiers.names))
    found = []
    for place, number in enumerate(reads.numbers.tolist()):
        for to in np.flatnonzero(
            placed.may_copy[number] & np.isin(tiers.region, placed.pool_region)
        ).tolist():
            copied = placed.is_copied(number, every, to) & (count[place] > 0)
            region = int(tiers.region[to])
            afar_usd = tiers.read_usd(every, size[place], count[place]) + tiers.crossing_usd(
                every, region, size[place]
            )
            saved_usd = float((afar_usd - tiers.read_usd(to, size[place], count[place]))[copied].sum())
            needs = frozenset(
                content
                for content, each in enumerate(reads.contents)
                if place in each.places and bool(placed.is_copied(number, each.tier, to))
            )
            if needs:
                found.append(_Option(place, to, saved_usd, needs))
    return found


def _copies(reads: ClassReads, options: list[_Option], kept_usd: Floats) -> Copies:
    placed = reads.placed
    kept = sorted({(content, each.tier) for each in options for content in each.needs})
    number = {each: place for place, each in enumerate(kept)}
    needs = np.zeros((len(options), len(kept)), np.bool_)
    for row, each in enumerate(options):
        needs[row, [number[content, each.tier] for content in each.needs]] = True
    tier = np.array([each.tier for each in options], np.int64)
    is_required: Bools = np.any(placed.must_leave[reads.numbers] & reads.reads.any(axis=2), axis=1)
    return Copies(
        request_class=np.array([each.place for each in options], np.int64),
        tier=tier,
        is_near=placed.tiers.region[tier][:, np.newaxis] == placed.pool_region,
        saved_usd=np.array([each.saved_usd for each in options]),
        needs=needs,
        keep_usd=np.array([kept_usd[each] for each in kept]),
        is_required=is_required,
    )
