"""What did each factor do to the cost of each thing that is paid for?

In: two ``CellSums``. Out: ``Lines``: what each class, tenant and model was charged of each thing on both sides, and
their effects, by line.

    usd = requests · calls per request · attempts per call · part of the model · tokens per attempt · part of the kind
          · part that is priced · price
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.cost.product_effects import carried, effects_of_count, effects_of_factors, ratio
from costctl.documents.difference import EFFECTS, EffectName
from costctl.frames.cells import CELL, LINE, CellSums

_INPUT: Final = ("input", "cached_input", "cache_write", "cache_write_1h")
# What each factor of the formula is called; how much an attempt used is called by what it used.
_OF_FACTOR: Final[tuple[EffectName | None, ...]] = (
    "steps",
    "retries",
    "model",
    None,
    "cache",
    "coverage",
    "price",
)
_AMOUNT: Final = _OF_FACTOR.index(None)
Key = dict[str, str | bool | None]


@dataclass(frozen=True, slots=True)
class Sums:
    """One side of the lines, over blocks of time or over parts of them. requests, first_calls: by cell; charged_calls:
    by cell and model; quantity, priced, usd: by line; each × blocks, or summed over them.
    """

    requests: Floats
    first_calls: Floats
    charged_calls: Floats
    quantity: Floats
    priced: Floats
    usd: Floats

    def over(self, weights: Floats) -> Sums:
        """Summed over blocks with these weights."""
        return Sums(*(getattr(self, name) @ weights for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Lines:
    """n lines. keys: what each is of.  cell, model_cell: the number of its cell, and of its cell and model (−1 of what
    no call caused).  parent, models: the cell of each cell and model, and the name of the model.  effect_of_amount: of
    each line, the place in EFFECTS of how much an attempt used.  is_input: of tokens that are input, which share a
    length.  unpriced: charges, both sides.
    """

    keys: tuple[Key, ...]
    cells: tuple[Key, ...]
    cell: Ints
    model_cell: Ints
    parent: Ints
    models: tuple[str, ...]
    effect_of_amount: Ints
    is_input: Bools
    unpriced: tuple[Ints, Ints]
    sides: tuple[Sums, Sums]
    seconds: tuple[float, float]

    @property
    def blocks(self) -> tuple[int, int]:
        """Of each side."""
        return self.sides[0].requests.shape[1], self.sides[1].requests.shape[1]

    def totals(self) -> tuple[Sums, Sums]:
        """Both sides over all blocks."""
        before, after = (side.over(np.ones(side.requests.shape[1])) for side in self.sides)
        return before, after

    def effects(self, before: Sums, after: Sums) -> Floats:
        """EFFECTS × lines, USD: of each line they add up to its change."""
        found = np.zeros((len(EFFECTS), self.cell.size))
        n0, n1 = before.requests[self.cell], after.requests[self.cell]
        of_requests, _, units = effects_of_count((n0, n1), (before.usd, after.usd))
        of_length, of_volume = self._traffic(before, after)
        found[_at("length")], found[_at("volume")] = of_length, of_volume
        found[_at("mix")] = of_requests - of_length - of_volume
        factors = [self._factors(side) for side in (before, after)]
        pairs = [carried(x, y) for x, y in zip(*factors, strict=True)]
        first, second = (np.stack([pair[side] for pair in pairs]) for side in (0, 1))
        of_factors = effects_of_factors(first, second) * (n0 + n1) / 2
        lives = (n0 > 0) & (n1 > 0)
        of_factors = np.where(lives, of_factors, 0.0)
        # what rounding leaves of a unit cost that is the product of its factors
        rest = np.where(lives, (units[1] - units[0]) * (n0 + n1) / 2 - of_factors.sum(axis=0), 0.0)
        for name, effect in zip(_OF_FACTOR, of_factors, strict=True):
            if name is not None:
                found[_at(name)] += effect
        found[self.effect_of_amount, np.arange(self.cell.size)] += of_factors[_AMOUNT] + rest
        return found

    def _traffic(self, before: Sums, after: Sums) -> tuple[Floats, Floats]:
        """What a longer time, and more requests in the same time, do to each line at the mean cost of a request."""
        n0, n1 = before.requests.sum(), after.requests.sum()
        t0, t1 = self.seconds
        mean = (before.usd / n0 + after.usd / n1) / 2
        return (
            (t1 - t0) * (n0 / t0 + n1 / t1) / 2 * mean,
            (n1 / t1 - n0 / t0) * (t0 + t1) / 2 * mean,
        )

    def _factors(self, side: Sums) -> list[Floats]:
        """Of each line, in the order of the formula; NaN where one is not known of this side."""
        called = self.model_cell >= 0
        place = np.where(called, self.model_cell, 0)
        of_cell: Floats = np.bincount(self.parent, side.charged_calls, side.requests.size).astype(np.float64)[
            self.cell
        ]
        of_model = side.charged_calls[place] if side.charged_calls.size else np.zeros(self.cell.size)
        requests, first = side.requests[self.cell], side.first_calls[self.cell]
        per = np.where(called, of_model, requests)
        length = self._lengths(side)
        return [
            np.where(called, ratio(first, requests), 1.0),
            np.where(called, ratio(of_cell, first), 1.0),
            np.where(called, ratio(of_model, of_cell), 1.0),
            ratio(np.where(self.is_input, length, side.quantity), per),
            np.where(self.is_input, ratio(side.quantity, length), 1.0),
            ratio(side.priced, side.quantity),
            ratio(side.usd, side.priced),
        ]

    def _lengths(self, side: Sums) -> Floats:
        """Of each line of input tokens, all input tokens of its cell and model."""
        groups = self.input_groups
        quantity = np.where(self.is_input, side.quantity, 0.0)
        sums = np.bincount(groups, quantity, int(groups.max(initial=0)) + 1)
        lengths: Floats = sums.astype(np.float64)[groups]
        return lengths

    @property
    def input_groups(self) -> Ints:
        """A number for each cell and model of the lines."""
        numbers: dict[tuple[object, ...], int] = {}
        return np.array(
            [
                numbers.setdefault(
                    (key["request_class"], key["tenant"], key["is_call"], key["model"]), len(numbers)
                )
                for key in self.keys
            ],
            np.int64,
        )


def lines_of(before: CellSums, after: CellSums) -> Lines:
    """The lines of two sides, which are told apart alike."""
    cells = _keys([before.requests, after.requests, before.charges, after.charges], CELL)
    models = _keys([before.calls, after.calls], (*CELL, "model"))
    keys = _keys([before.charges, after.charges], LINE)
    place = {tuple(each.values()): number for number, each in enumerate(cells)}
    model_place = {tuple(each.values()): number for number, each in enumerate(models)}
    return Lines(
        keys=keys,
        cells=cells,
        cell=np.array([place[key["request_class"], key["tenant"]] for key in keys], np.int64),
        model_cell=np.array(
            [
                model_place.get((key["request_class"], key["tenant"], key["model"]), -1)
                if key["is_call"]
                else -1
                for key in keys
            ],
            np.int64,
        ),
        parent=np.array([place[key["request_class"], key["tenant"]] for key in models], np.int64),
        models=tuple(str(key["model"] or "models that are not observed") for key in models),
        effect_of_amount=np.array([_at(_amount_of(key)) for key in keys], np.int64),
        is_input=np.array([_is_input(key) for key in keys], np.bool_),
        unpriced=(_unpriced(before, keys), _unpriced(after, keys)),
        sides=(_sums(before, cells, models, keys), _sums(after, cells, models, keys)),
        seconds=_seconds(before, after),
    )


def _at(effect: EffectName) -> int:
    return EFFECTS.index(effect)


def _seconds(before: CellSums, after: CellSums) -> tuple[float, float]:
    """Lengths; two that differ by no more than an hour in a day count as equal."""
    first, second = before.seconds, after.seconds
    return (second, second) if abs(first - second) <= max(first, second) / 24 else (first, second)


def _is_input(key: Key) -> bool:
    return key["component"] == "api_tokens" and _kind(key) in _INPUT


def _kind(key: Key) -> str:
    return str(key["resource"]).rpartition("/")[2]


def _amount_of(key: Key) -> EffectName:
    """What more of it in an attempt is called."""
    if key["component"] == "accelerator":
        return "replica_time"
    if key["component"] != "api_tokens" or key["unit"] != "tokens":
        return "other_use"
    kind = _kind(key)
    return "output_tokens" if kind.startswith("output") or kind == "reasoning" else "input_tokens"


def _keys(frames: list[pl.DataFrame], columns: tuple[str, ...]) -> tuple[Key, ...]:
    """What occurs on a side, in a fixed order."""
    rows = pl.concat([frame.select(columns) for frame in frames]).unique().sort(columns, nulls_last=True)
    return tuple(rows.iter_rows(named=True))


def _unpriced(side: CellSums, keys: tuple[Key, ...]) -> Ints:
    found: Ints = _by_block(side.charges, keys, "unpriced_charges", side.blocks).sum(axis=1).astype(np.int64)
    return found


def _sums(side: CellSums, cells: tuple[Key, ...], models: tuple[Key, ...], keys: tuple[Key, ...]) -> Sums:
    return Sums(
        _by_block(side.requests, cells, "requests", side.blocks),
        _by_block(side.requests, cells, "first_calls", side.blocks),
        _by_block(side.calls, models, "charged_calls", side.blocks),
        _by_block(side.charges, keys, "quantity", side.blocks),
        _by_block(side.charges, keys, "priced_quantity", side.blocks),
        _by_block(side.charges, keys, "usd", side.blocks),
    )


def _by_block(rows: pl.DataFrame, keys: tuple[Key, ...], column: str, blocks: int) -> Floats:
    """keys × blocks."""
    found = np.zeros((len(keys), blocks))
    if not keys:
        return found
    place = {tuple(key.values()): number for number, key in enumerate(keys)}
    for *key, at, value in rows.select(*keys[0], "at", column).iter_rows():
        found[place[tuple(key)], at] += value
    return found
