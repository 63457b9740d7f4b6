"""Which groups of sizes stand apart? A mixture, its components joined where no valley lies between, again and again.

In: rows of sizes. Out: groups of rows, each with the mixture of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.segment.learn.mixture import Mixture, components_of, fit_mixture
from costctl.segment.learn.valley import MERGE_AT, valley_ratio


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """Rows that one valley or more sets apart from all others. mixture: their own."""

    rows: Ints
    mixture: Mixture


def split(sizes: Floats, least: int, seed: int) -> list[Leaf]:
    """The groups of at least so many rows that valleys set apart; at least one. In each, some row is complete.

    A mixture finds the wide gaps first, and its search may end where it sees too few; so each group gets a
    mixture of its own, until none falls apart any more. The BIC that is kept is that of the first, over all rows.
    """
    open_rows, leaves = [np.arange(sizes.shape[0])], []
    bic: tuple[float, ...] = ()
    while open_rows:
        rows = open_rows.pop()
        part = sizes[rows]
        mixture = fit_mixture(part[~np.isnan(part).any(axis=1)], seed)
        bic = bic or mixture.bic
        component = components_of(mixture, part)
        groups = [np.flatnonzero(component == number) for number in range(mixture.weights.size)]
        apart = [groups[joined[0]] if len(joined) == 1 else np.concatenate([groups[n] for n in joined])
                 for joined in joined_groups(part, groups, least)]  # fmt: skip
        if len(apart) == 1:
            leaves.append(Leaf(rows, mixture))
        else:
            open_rows += [rows[np.sort(members)] for members in apart]
    joined = joined_groups(sizes, [leaf.rows for leaf in leaves], least)
    return [_joined_leaf([leaves[number] for number in numbers], bic) for numbers in joined]


def joined_groups(sizes: Floats, groups: list[Ints], least: int) -> list[list[int]]:
    """The numbers of the groups that are one: pairs without a valley, and groups of fewer than ``least`` complete
    rows with their nearest.
    """
    whole = np.asarray(~np.isnan(sizes).any(axis=1), np.bool_)
    rows = {number: members for number, members in enumerate(groups) if whole[members].any()}
    parts = {number: [number] for number in rows}
    ratios = {(i, j): valley_ratio(sizes[rows[i]], sizes[rows[j]]) for i in rows for j in rows if i < j}
    while ratios:
        small = [number for number in sorted(rows) if whole[rows[number]].sum() < least]
        pairs = [pair for pair in ratios if not small or small[0] in pair]
        i, j = max(pairs, key=lambda pair: (ratios[pair], -pair[0], -pair[1]))
        if not small and ratios[i, j] < MERGE_AT:
            break
        rows[i], parts[i] = np.concatenate([rows[i], rows.pop(j)]), parts[i] + parts.pop(j)
        ratios = {pair: ratio for pair, ratio in ratios.items() if j not in pair}
        for k in rows:
            if k != i:
                ratios[min(i, k), max(i, k)] = valley_ratio(sizes[rows[i]], sizes[rows[k]])
    found = [parts[number] for number in sorted(parts)]
    found[0] += [number for number in range(len(groups)) if number not in {n for part in found for n in part}]
    return found


def together(leaves: list[Leaf]) -> Mixture:
    """The mixture of several groups, each weighted by its rows."""
    total = sum(leaf.rows.size for leaf in leaves)
    return Mixture(
        np.concatenate([leaf.mixture.weights * leaf.rows.size / total for leaf in leaves]),
        np.concatenate([leaf.mixture.means for leaf in leaves]),
        np.concatenate([leaf.mixture.covariances for leaf in leaves]),
        leaves[0].mixture.bic,
    )


def _joined_leaf(leaves: list[Leaf], bic: tuple[float, ...]) -> Leaf:
    rows = np.sort(np.concatenate([leaf.rows for leaf in leaves]))
    return Leaf(rows, replace(together(leaves), bic=bic))
