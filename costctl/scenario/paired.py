"""How much does a figure differ between two replays of the same period, and how sure is that?

In: what each replay gave, by block of time or by request with its block. Out: an ``Estimate`` of the difference.
Blocks are drawn again, the same ones for both replays: what a busy hour does to both does not blur what the change
does (block bootstrap, as in ``costctl/stats/blocks.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.documents.estimate import Estimate
from costctl.stats.blocks import FEWEST_BLOCKS, LEVEL, block_weights

METHOD: Final = "paired replay, block bootstrap"
_DRAWS: Final = 400


@dataclass(frozen=True, slots=True)
class Ratio:
    """Σ top / Σ bottom, by block."""

    top: Floats
    bottom: Floats


@dataclass(frozen=True, slots=True)
class Sample:
    """Values, each with the block that it belongs to."""

    value: Floats
    block: Ints


def ratio_difference(base: Ratio, changed: Ratio, seed: int) -> Estimate | None:
    """changed - base; None where either has fewer than 28 blocks with any of its bottom."""
    if min(np.count_nonzero(base.bottom), np.count_nonzero(changed.bottom)) < FEWEST_BLOCKS:
        return None
    weights = _weights(base.bottom.size, seed)
    drawn = [(weights @ each.top) / (weights @ each.bottom) for each in (base, changed)]
    mids = [float(each.top.sum() / each.bottom.sum()) for each in (base, changed)]
    return _estimate(mids[1] - mids[0], drawn[1] - drawn[0])


def sum_difference(base: Floats, changed: Floats, seed: int) -> Estimate | None:
    """Sum of changed - sum of base, by block; None with fewer than 28 blocks that have any."""
    if min(np.count_nonzero(base), np.count_nonzero(changed)) < FEWEST_BLOCKS:
        return None
    weights = _weights(base.size, seed)
    return _estimate(float(changed.sum() - base.sum()), weights @ (changed - base))


def quantile_differences(
    base: Sample, changed: Sample, levels: tuple[float, ...], blocks: int, seed: int
) -> tuple[Estimate | None, ...]:
    """For each level, quantile of changed - quantile of base, by nearest rank; None with fewer than 28 blocks."""
    if min(np.unique(base.block).size, np.unique(changed.block).size) < FEWEST_BLOCKS:
        return (None,) * len(levels)
    weights = _weights(blocks, seed)
    drawn = weighted_quantiles(changed, levels, weights) - weighted_quantiles(base, levels, weights)
    once = np.ones((1, blocks))
    mids = (weighted_quantiles(changed, levels, once) - weighted_quantiles(base, levels, once))[0]
    return tuple(_estimate(float(mid), drawn[:, number]) for number, mid in enumerate(mids))


def weighted_quantiles(sample: Sample, levels: tuple[float, ...], weights: Floats) -> Floats:
    """Draws × levels: the quantiles of the values, by nearest rank, each as often as its block was drawn.

    weights: draws × blocks.
    """
    order = np.argsort(sample.value, kind="stable")
    value, block = sample.value[order], sample.block[order]
    found = np.empty((weights.shape[0], len(levels)))
    for draw, weight in enumerate(weights):
        reached = np.cumsum(weight[block])
        # a hair below the rank: 0.95 × 20 is 19.000000000000004
        ranks = np.array(levels) * reached[-1] - 1e-9 * max(reached[-1], 1.0)
        found[draw] = value[np.minimum(np.searchsorted(reached, ranks), value.size - 1)]
    return found


def _weights(blocks: int, seed: int) -> Floats:
    return block_weights(blocks, _DRAWS, np.random.default_rng([seed, 2]))


def _estimate(mid: float, drawn: Floats) -> Estimate:
    low, high = np.quantile(drawn[np.isfinite(drawn)], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(low=float(min(low, mid)), mid=mid, high=float(max(high, mid)), level=LEVEL, method=METHOD)
