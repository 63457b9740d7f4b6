"""What part of references would a memory of a size have missed? The miss-ratio curve of a least recently used memory.

In: references in their order. Out: a ``MissRatioCurve``. Up to a million references it is exact. Above, one thing in so
many is looked at that 100,000 are, chosen by a hash, so that all uses of a thing are in the sample or none; what it
finds stands for so many (SHARDS, Waldspurger, Park, Garthwaite and Ahmad, Efficient MRC Construction with SHARDS, FAST
2015). The sample rarely has its part of the references, as few things are used very often. Two remedies: the 4,096
things that are used most are looked at in any case, each for itself; and what the rest of the sample lacks counts as
hits at the smallest size, which is the adjustment of the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.reuse.distances import NEVER, stack_distances

MOST_EXACT: Final = 1_000_000  # references whose distances are all measured
_LOOKED_AT: Final = (
    100_000  # things in a sample: with 20,000 curves as steep as those of agents are off by 0.03
)
_ROUNDING: Final = 1e-9  # of powers
_CERTAIN: Final = 4_096  # things that are looked at in any case


@dataclass(frozen=True, slots=True)
class MissRatioCurve:
    """Hits by size. at: sizes from which on there are more hits, ascending, in the unit of the sizes.  hits: references
    that a memory of that size finds; estimates where one thing in ``one_in`` was looked at, exact where that is 1.
    references: all of them.  distinct: what all things take together; a larger memory finds no more.
    """

    at: Ints
    hits: Floats
    references: int
    distinct: float
    one_in: int

    def hits_at(self, size: float | Floats) -> Floats:
        """References that a memory of the size finds."""
        place = np.searchsorted(self.at, np.asarray(size, np.float64), side="right")
        found: Floats = np.concatenate([np.zeros(1), self.hits])[place]
        return found

    def miss_ratio(self, size: float | Floats) -> Floats:
        """The part of references that a memory of the size misses; NaN where there are no references."""
        ratio: Floats = 1.0 - self.hits_at(size) / (self.references or np.nan)
        return ratio

    def telling_sizes(self, most: int) -> Floats:
        """Sizes from which on there are more hits, as many at most, evenly spread by their ratio: the smallest and the
        largest among them; none where nothing is found.
        """
        if not self.at.size:
            return np.zeros(0)
        least, largest = max(float(self.at[0]), 1.0), max(float(self.at[-1]), 1.0)
        places = np.searchsorted(self.at, np.geomspace(least, largest, most - 1) * (1.0 + _ROUNDING), "right")
        spread: Floats = self.at[np.unique([0, *(places - 1).clip(0), self.at.size - 1])].astype(np.float64)
        return spread

    @property
    def compulsory_ratio(self) -> float:
        """The part of references that any memory misses, however large; NaN where there are no references."""
        return float(self.miss_ratio(np.inf))


def miss_ratio_curve(
    key: Ints, size: Ints | None = None, *, one_in: int | None = None, seed: int = 0
) -> MissRatioCurve:
    """The curve of n references. key, size: as for ``stack_distances``.  one_in: one thing in so many is looked at;
    where None, by how many references and things there are.  seed: of the hash that chooses.

    Raises ValueError for sizes below 0, and where less than one thing in one were looked at.
    """
    if one_in is not None and one_in < 1:
        raise ValueError("one thing in one is the most that can be looked at")
    sizes = np.ones(key.size, np.int64) if size is None else size
    step, is_certain = 1, np.ones(key.size, np.bool_)
    if key.size > MOST_EXACT if one_in is None else one_in > 1:
        things, thing, uses = np.unique(key, return_inverse=True, return_counts=True)
        step = max(things.size // _LOOKED_AT, 1) if one_in is None else one_in
        is_certain = is_certain if step == 1 else _is_used_most(uses)[thing]
    chosen = is_certain | _is_chosen(key, step, seed)
    certain, own = is_certain[chosen], sizes[chosen]
    stands_for = np.where(certain, 1, step)
    distance = stack_distances(key[chosen], own * stands_for)
    # What is looked for takes its own place alone; what was used since its last use stands for others as well.
    distance[distance != NEVER] -= (own * (stands_for - 1))[distance != NEVER]
    lacking = float((~is_certain).sum() - stands_for[~certain].sum())
    return _curve(distance, own * stands_for, stands_for, lacking, key.size, step)


def curve_of_distances(distance: Ints) -> MissRatioCurve:
    """The exact curve of references whose distances were measured; -1 of those that no memory finds. What all things
    take together is not known from these: ``distinct`` is NaN.
    """
    at, hits = np.unique(distance[distance != NEVER], return_counts=True)
    return MissRatioCurve(at, np.cumsum(hits).astype(np.float64), distance.size, np.nan, one_in=1)


def _is_used_most(uses: Ints) -> Bools:
    """Which things are used most; of equals the lower numbers."""
    most = np.zeros(uses.size, np.bool_)
    most[np.argsort(-uses, kind="stable")[:_CERTAIN]] = True
    return most


def _is_chosen(key: Ints, one_in: int, seed: int) -> Bools:
    """Which references are of one thing in so many: by 64 well mixed bits of its number (the finaliser of SplitMix64,
    Steele, Lea and Flood 2014).
    """
    start = np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
    bits = key.astype(np.uint64) + start
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Bools = (bits ^ (bits >> np.uint64(31))) % np.uint64(one_in) == 0
    return found


def _curve(
    distance: Ints, size: Ints, stands_for: Ints, lacking: float, references: int, one_in: int
) -> MissRatioCurve:
    found = distance != NEVER
    at, place = np.unique(distance[found], return_inverse=True)
    hits = np.bincount(place, stands_for[found], minlength=at.size).astype(np.float64)
    if at.size:
        hits[0] += lacking
    reached = np.clip(np.cumsum(hits), 0.0, references)
    return MissRatioCurve(
        at=at,
        hits=np.maximum.accumulate(reached) if at.size else reached,
        references=references,
        distinct=float(size[~found].sum()),
        one_in=one_in,
    )
