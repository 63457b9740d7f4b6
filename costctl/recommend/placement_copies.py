"""Which copies of what classes read are kept near the pools that serve them? Columns and rows of the program.

    min  … − Σ_o v_o·s_o + Σ_m z_m·r_m
    with Σ_{o of k near g's region} v_o ≤ Σ_{g in that region} n_kg        no more reads there than is served there
         v_o ≤ parts·z_m  for each m that o needs,  z_m 0 or 1             what is read there is kept there
         Σ_{o of k} v_o = parts·y_k  of a class that may not read from where it lies

An option o is a class and a tier that may keep a copy for it; m is some content, kept in a tier: of classes that read
the same it is kept once. v_o is how many parts of its class read from there. A class that stays as it is today (y_k is
0) reads from where it does today.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints

_ENOUGH: Final = 1e15  # USD an hour: more than anything costs


@dataclass(frozen=True, slots=True)
class Copies:
    """Money is USD an hour. request_class, tier: by option, by number.  is_near: options × pools, those in the region
    of its tier; of two options they are the same or have none in common.  saved_usd: by option, what the whole class
    saves that reads there and not from where it lies.  needs: options × kept.  keep_usd: by kept, to fill and to keep
    it.  is_required: by class, that it may not read from where it lies.
    """

    request_class: Ints
    tier: Ints
    is_near: Bools
    saved_usd: Floats
    needs: Bools
    keep_usd: Floats
    is_required: Bools

    @classmethod
    def none(cls, classes: int, pools: int) -> Copies:
        """No option, and no need of one."""
        nothing = np.zeros(0)
        return cls(
            request_class=np.zeros(0, np.int64),
            tier=np.zeros(0, np.int64),
            is_near=np.zeros((0, pools), np.bool_),
            saved_usd=nothing,
            needs=np.zeros((0, 0), np.bool_),
            keep_usd=nothing,
            is_required=np.zeros(classes, np.bool_),
        )

    def worth_keeping(self) -> Copies:
        """Without options that save nothing, and those that need content which costs more to keep than all who could
        read it there would save; no placement is cheaper with them. What a class must read stays.
        """
        must = self.is_required[self.request_class]
        left = must | (self.saved_usd > 0)
        while True:
            most_usd = np.where(left, np.where(must, _ENOUGH, self.saved_usd), 0.0)
            is_worth = self.keep_usd <= most_usd @ self.needs
            still = left & ~np.any(self.needs & ~is_worth, axis=1)
            if np.array_equal(still, left):
                break
            left = still
        kept = self.needs[left].any(axis=0)
        return Copies(
            request_class=self.request_class[left],
            tier=self.tier[left],
            is_near=self.is_near[left],
            saved_usd=self.saved_usd[left],
            needs=self.needs[left][:, kept],
            keep_usd=self.keep_usd[kept],
            is_required=self.is_required,
        )

    @property
    def groups(self) -> Iterator[Ints]:
        """The options of one class in one region, by number."""
        key = np.column_stack([self.request_class, self.is_near])
        _, group = np.unique(key, axis=0, return_inverse=True)
        for each in range(int(group.max(initial=-1)) + 1):
            yield np.flatnonzero(group == each)

    def used(self, shares: Floats, moved: Bools, kept: Bools) -> Bools:
        """By option, whether its class reads there: the best of those whose content is kept, where it moved there."""
        used = np.zeros(self.request_class.size, np.bool_)
        is_kept = ~np.any(self.needs & ~kept, axis=1)
        for group in self.groups:
            number = int(self.request_class[group[0]])
            open_ = group[is_kept[group]]
            is_there = bool(shares[number, self.is_near[group[0]]].any())
            if not (moved[number] and is_there and open_.size):
                continue
            best = open_[np.argmax(self.saved_usd[open_])]
            used[best] = self.saved_usd[best] > 0 or bool(self.is_required[number])
        return used

    def usd(self, shares: Floats, used: Bools) -> float:
        """What the copies that are used cost an hour, less what they save."""
        kept = self.needs[used].any(axis=0)
        there = (shares[self.request_class] * self.is_near).sum(axis=1)
        return float(self.keep_usd[kept].sum() - (self.saved_usd * there)[used].sum())


@dataclass(frozen=True, slots=True)
class CopyRows:
    """Rows over all columns of the program, dense, with their lower and upper bounds."""

    rows: Floats
    lower: Floats
    upper: Floats


def copy_rows(
    copies: Copies, classes: Ints, pools: Ints, first: tuple[int, int, int], columns: int, parts: int
) -> CopyRows:
    """The rows. classes, pools: of each pair, whose columns come first.  first: where the columns of moves, of options
    and of what is kept begin.
    """
    moves, options, kept = first
    rows: list[Floats] = []
    upper: list[float] = []
    lower: list[float] = []

    def add(row: Floats, low: float, high: float) -> None:
        rows.append(row)
        lower.append(low)
        upper.append(high)

    for group in copies.groups:
        row = np.zeros(columns)
        row[options + group] = 1.0
        is_here = (classes == copies.request_class[group[0]]) & copies.is_near[group[0]][pools]
        row[: classes.size][is_here] = -1.0
        add(row, -np.inf, 0.0)
    for option, content in np.argwhere(copies.needs):
        row = np.zeros(columns)
        row[options + option], row[kept + content] = 1.0, -float(parts)
        add(row, -np.inf, 0.0)
    for number in np.flatnonzero(copies.is_required):
        row = np.zeros(columns)
        row[options + np.flatnonzero(copies.request_class == number)] = 1.0
        row[moves + number] = -float(parts)
        add(row, 0.0, 0.0)
    return CopyRows(np.reshape(rows, (len(rows), columns)), np.array(lower), np.array(upper))
