"""By how much would each effect differ by chance?

In: lines, and cuts of them. Out: ``Judged``: of each cut, each effect with its standard error, USD.

Each block of time is left out in turn, and all effects are computed again (Efron and Stein 1981, the jackknife): of B
blocks with effects φ₍ᵦ₎,

    error² = (B − 1)/B · Σ (φ₍ᵦ₎ − mean)²

Two times that cover the same hours of the day lose the same block together, so that what follows the hour of the day is
no noise; else each side loses its own, and the squares of both sides add up. Few blocks that matter widen it as in
``change_noise``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.cost.change_noise import freedom, widened
from costctl.cost.difference_lines import Lines
from costctl.documents.difference import EFFECTS, EffectName
from costctl.documents.estimate import Estimate
from costctl.documents.spending import STANDARD_ERRORS

FEWEST_BLOCKS: Final = 8  # with fewer, how they vary is not known
_LEVEL: Final = 0.95
_DEVIATE: Final = 1.959964  # of a normal distribution, at that level
_METHOD: Final = "blocks of time left out in turn"
_NOTHING: Final = 1e-3  # of that: shown as 0
_ROUNDING: Final = 1e-9  # of the dearer side: less is what additions leave


@dataclass(frozen=True, slots=True)
class Grouping:
    """Lines by what they are of. number: of each line.  count: of groups."""

    number: Ints
    count: int

    def sums(self, effects: Floats) -> Floats:
        """Effects × groups: the change of each group first, then its EFFECTS."""
        rows = np.concatenate([effects.sum(axis=0, keepdims=True), effects])
        return np.stack([np.bincount(self.number, row, self.count) for row in rows])


@dataclass(frozen=True, slots=True)
class Judged:
    """usd: the change and EFFECTS × groups.  error: their standard errors, free: what they rest on; None where blocks
    are not known or too few.  least: below it an effect is rounding.
    """

    usd: Floats
    error: Floats | None
    free: Floats | None
    least: float

    def noise_usd(self, row: int, group: int) -> float | None:
        """The standard error at the bound where changes are named."""
        if self.error is None or self.free is None:
            return None
        return float(self.error[row, group] * widened(self.free[row, group]))

    def is_clear(self, row: int, group: int) -> bool | None:
        """Whether it is more than noise; None where that is not known."""
        noise = self.noise_usd(row, group)
        if noise is None:
            return None
        size = abs(float(self.usd[row, group]))
        return size > self.least and size > STANDARD_ERRORS * noise

    def interval(self, row: int, group: int) -> Estimate | None:
        """Within which it lies with 95 %."""
        if self.error is None or self.free is None:
            return None
        half = self.error[row, group] * _DEVIATE * widened(self.free[row, group], _DEVIATE)
        mid = float(self.usd[row, group])
        return Estimate(mid - float(half), mid, mid + float(half), _LEVEL, _METHOD)


def judged(lines: Lines, groupings: dict[str, Grouping], *, is_paired: bool) -> dict[str, Judged]:
    """Each grouping, judged. is_paired: the blocks of both sides are at the same times of day."""
    totals = lines.totals()
    effects = lines.effects(*totals)
    least = _ROUNDING * max(float(side.usd.sum()) for side in totals)
    errors = _errors(lines, groupings, is_paired=is_paired) if min(lines.blocks) >= FEWEST_BLOCKS else {}
    found = {}
    for name, grouping in groupings.items():
        error, free = errors.get(name, (None, None))
        usd = _without_rounding(grouping.sums(effects), least)
        found[name] = Judged(usd, None if error is None else _without_rounding(error, least), free, least)
    return found


def _without_rounding(usd: Floats, least: float) -> Floats:
    found: Floats = np.where(np.abs(usd) > _NOTHING * least, usd, 0.0)
    return found


def place_of(effect: EffectName) -> int:
    """The row of an effect in ``Judged``."""
    return 1 + EFFECTS.index(effect)


def _errors(
    lines: Lines, groupings: dict[str, Grouping], *, is_paired: bool
) -> dict[str, tuple[Floats, Floats]]:
    """Of each grouping the errors, and of how many blocks they are worth."""
    left_out = [_left_out(lines, groupings, sides) for sides in (((0, 1),) if is_paired else ((0,), (1,)))]
    found = {}
    for name in groupings:
        rests = [
            (each[name] - each[name].mean(axis=0)) * math.sqrt((len(each[name]) - 1) / len(each[name]))
            for each in left_out
        ]
        together = np.concatenate(rests)
        found[name] = (np.sqrt((together**2).sum(axis=0)), np.asarray(freedom(together)))
    return found


def _left_out(lines: Lines, groupings: dict[str, Grouping], sides: tuple[int, ...]) -> dict[str, Floats]:
    """Of each grouping: blocks × (1 + EFFECTS) × groups, as they would be without the block in these sides."""
    count = min(lines.blocks[side] for side in sides)
    totals = lines.totals()
    found: dict[str, list[Floats]] = {name: [] for name in groupings}
    for block in range(count):
        kept = list(totals)
        for side in sides:
            weights = np.full(lines.blocks[side], lines.blocks[side] / (lines.blocks[side] - 1))
            weights[block] = 0.0
            kept[side] = lines.sides[side].over(weights)
        effects = lines.effects(kept[0], kept[1])
        for name, grouping in groupings.items():
            found[name].append(grouping.sums(effects))
    return {name: np.stack(each) for name, each in found.items()}
