"""Which shapes are in these requests? Structures by what is done, and within each the sizes that stand apart.

In: ``Features``. Out: ``Shapes``, which gives any request its shape, 0 to K − 1, those with most requests first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.segment.learn.features import COUNTS, SEVERAL, SIZES, TOKENS, Features
from costctl.segment.learn.mixture import MIN_WIDTH, Mixture, components_of
from costctl.segment.learn.splitting import Leaf, split, together
from costctl.segment.learn.valley import MERGE_AT, valley_ratio

LEAST_REQUESTS: Final = 5  # of a shape, and
LEAST_RATIO: Final = 0.005  # of all that are learned from: below both it is told from nothing
_SPIKE: Final = 2.0  # a count this many times as frequent as the next one is a way of working of its own
_TAIL: Final = 0.2  # part of two neighbouring counts that must lie beyond them, for a count to be an amount


@dataclass(frozen=True, slots=True)
class Structure:
    """The requests with the same level of every count. sizes: places in SIZES that the mixture is over.

    shape_of: the shape of each component of the mixture.
    """

    levels: tuple[int, ...]
    requests: int
    sizes: tuple[int, ...]
    mixture: Mixture
    shape_of: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shapes:
    """All structures, and the number of shapes."""

    structures: tuple[Structure, ...]
    shapes: int

    def assign(self, features: Features) -> Ints:
        """The shape of each request. One whose structure was not learned gets that of the nearest structure."""
        known = np.array([structure.levels for structure in self.structures])
        patterns, which = np.unique(features.levels, axis=0, return_inverse=True)
        found = np.zeros(features.requests, np.int64)
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(which.ravel() == number)
            # The level of a count weighs less than whether it is there at all.
            away = (known > 0) != (pattern > 0)
            nearest = int(np.argmin(10 * away.sum(axis=1) + np.abs(known - pattern).sum(axis=1)))
            structure = self.structures[nearest]
            components = components_of(structure.mixture, features.of(rows, structure.sizes))
            found[rows] = np.array(structure.shape_of)[components]
        return found

    def is_known(self, features: Features) -> Bools:
        """Which requests have a structure that was learned."""
        digits = (SEVERAL + 1) ** np.arange(len(COUNTS))
        known = np.array([structure.levels for structure in self.structures]) @ digits
        return np.isin(features.levels @ digits, known)


@dataclass(slots=True, eq=False)
class _Group:
    """Requests that so far count as one shape. parts: (structure, leaf) that they come from."""

    rows: Ints
    parts: list[tuple[int, int]]


def least_requests(requests: int) -> int:
    """The fewest requests that make a shape, of so many."""
    return max(LEAST_REQUESTS, round(LEAST_RATIO * requests))


def fit_shapes(features: Features, seed: int) -> Shapes:
    """The shapes of these requests.

    Each structure that is frequent enough gets a mixture over its sizes; components without a valley between
    them are one shape, and so are structures whose counts run into each other.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # in so few dimensions threads wait for each other, and sums keep their order
        return _fitted(features, least_requests(features.requests), seed)


def _fitted(features: Features, least: int, seed: int) -> Shapes:
    patterns, which, sizes = np.unique(features.levels, axis=0, return_inverse=True, return_counts=True)
    frequent = [number for number in np.argsort(-sizes, kind="stable") if sizes[number] >= least]
    frequent = frequent or [int(np.argmax(sizes))]
    structures: list[tuple[tuple[int, ...], tuple[int, ...], list[Leaf]]] = []
    groups: list[_Group] = []
    for place, number in enumerate(frequent):
        rows = np.flatnonzero(which.ravel() == number)
        chosen, leaves = _leaves_of(features, rows, least, seed)
        structures.append((tuple(int(level) for level in patterns[number]), chosen, leaves))
        groups += [_Group(rows[leaf.rows], [(place, number)]) for number, leaf in enumerate(leaves)]
    groups = sorted(_merged_structures(features, groups), key=lambda group: (-group.rows.size, group.parts))
    shape_of = {part: number for number, group in enumerate(groups) for part in group.parts}
    return Shapes(
        tuple(
            _structure(levels, chosen, leaves, [shape_of[place, number] for number in range(len(leaves))])
            for place, (levels, chosen, leaves) in enumerate(structures)
        ),
        len(groups),
    )


def _structure(
    levels: tuple[int, ...], chosen: tuple[int, ...], leaves: list[Leaf], shape_of: list[int]
) -> Structure:
    return Structure(
        levels,
        sum(leaf.rows.size for leaf in leaves),
        chosen,
        together(leaves),
        tuple(shape for shape, leaf in zip(shape_of, leaves, strict=True) for _ in leaf.mixture.weights),
    )


def _leaves_of(features: Features, rows: Ints, least: int, seed: int) -> tuple[tuple[int, ...], list[Leaf]]:
    """The sizes that vary within a structure and are seen in most of its requests, and the groups that these make."""
    levels = features.levels[rows[0]]
    chosen = []
    for place in range(len(SIZES)):
        values = features.sizes[rows, place]
        seen = values[~np.isnan(values)]
        is_amount = place < len(TOKENS) or levels[place - len(TOKENS)] == SEVERAL
        if is_amount and seen.size > rows.size / 2 and seen.std() > MIN_WIDTH:
            chosen.append(place)
    sizes = features.of(rows, chosen)
    if not chosen or (~np.isnan(sizes).any(axis=1)).sum() < least:
        nothing = Mixture(np.ones(1), np.zeros((1, 0)), np.zeros((1, 0, 0)), ())
        return (), [Leaf(np.arange(rows.size), nothing)]
    return tuple(chosen), split(sizes, least, seed)


def _merged_structures(features: Features, groups: list[_Group]) -> list[_Group]:
    """Groups of neighbouring structures, joined where a count runs on from one to the other, the most alike first.

    Two groups of one structure have a valley between them, and are never joined by way of a third.
    """
    alive = dict(enumerate(groups))
    likeness = {(i, j): _likeness(features, alive[i], alive[j]) for i in alive for j in alive if i < j}
    while likeness:
        i, j = max(likeness, key=lambda pair: (likeness[pair], -pair[0], -pair[1]))
        if likeness[i, j] < MERGE_AT:
            break
        other = alive.pop(j)
        alive[i] = _Group(np.concatenate([alive[i].rows, other.rows]), alive[i].parts + other.parts)
        likeness = {pair: ratio for pair, ratio in likeness.items() if j not in pair}
        for k in alive:
            if k != i:
                likeness[min(i, k), max(i, k)] = _likeness(features, alive[i], alive[k])
    return list(alive.values())


def _likeness(features: Features, one_group: _Group, other_group: _Group) -> float:
    """The valley between the tokens of two groups that differ in how much of something they do; else 0."""
    one, other = one_group.rows, other_group.rows
    if {structure for structure, _ in one_group.parts} & {structure for structure, _ in other_group.parts}:
        return 0.0
    for place in range(len(COUNTS)):
        levels_one = set(features.levels[one, place].tolist())
        levels_other = set(features.levels[other, place].tolist())
        if levels_one == levels_other:
            continue
        if not _runs_on(features.levels, features.raw[:, len(TOKENS) + place], one, other, place):
            return 0.0
    tokens = features.sizes[:, : len(TOKENS)]
    is_seen = ~np.isnan(tokens[one]).all(axis=0) & ~np.isnan(tokens[other]).all(axis=0)
    places = np.flatnonzero(is_seen).tolist()
    return valley_ratio(features.of(one, places), features.of(other, places))


def _runs_on(levels: Ints, counts: Floats, one: Ints, other: Ints, place: int) -> bool:
    """Whether a count is an amount across both groups: none, one and several in numbers that follow each other.

    A spike at none or at one (a flag, or another way of working) does not run on, nor does a count that never
    goes beyond the two values in question.
    """
    low, high = sorted((one, other), key=lambda rows: (levels[rows, place].max(), levels[rows, place].min()))
    both = np.nan_to_num(counts[np.concatenate([low, high])])
    lowest_of_high = int(np.nan_to_num(counts[high]).min())
    boundary = min(int(np.nan_to_num(counts[low]).min()), lowest_of_high)
    for value in range(boundary, SEVERAL):
        here, after = int((both == value).sum()), int((both == value + 1).sum())
        beyond = int((both > value + 1).sum())
        if here > _SPIKE * after or beyond < _TAIL * (here + after):
            return False
    return True
