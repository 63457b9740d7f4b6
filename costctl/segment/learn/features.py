"""What is a request's shape, as numbers? Levels of its counts, and its sizes in log scale.

In: the frame request_shape. Out: ``Features``: for each request the level of each count (none, one, several) and a
row of sizes in e-folds, NaN where a size was not observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Floats, Ints

COUNTS: Final = ("generation_calls", "embedding_calls", "retrievals", "documents", "tools", "agents")
TOKENS: Final = ("prompt_tokens", "output_tokens")
SIZES: Final = (*TOKENS, *COUNTS)
SEVERAL: Final = 2
# A count that says how much, not what is done: its levels are none and some.
_AMOUNTS: Final = frozenset({"documents"})


@dataclass(frozen=True, slots=True)
class Features:
    """n requests. raw: n × SIZES as observed.  levels: n × COUNTS, 0 none, 1 one, 2 several.  sizes: n × SIZES,
    ln(1 + value), tokens those of one call, all spread within the unit that a whole number stands for.
    """

    raw: Floats
    levels: Ints
    sizes: Floats

    def take(self, rows: Ints) -> Features:
        """Those requests, in that order."""
        return Features(self.raw[rows], self.levels[rows], self.sizes[rows])

    def of(self, rows: Ints, places: Sequence[int]) -> Floats:
        """The sizes at those places of SIZES, of those requests."""
        return self.sizes[rows][:, list(places)]

    @property
    def requests(self) -> int:
        """How many there are."""
        return int(self.raw.shape[0])


def features_of(request_shape: pl.DataFrame, seed: int) -> Features:
    """The features of each request, in the order of the frame.

    A whole number c becomes a draw from [c − ½, c + ½): a density over whole numbers would be infinite where many
    requests share one, and a mixture would spend its components on that; a uniform spread gives each number the
    mass it has. The counts of one request are spread by the same draw, so that counts that go together (a tool for
    each model call but the last) stay on one line.

    Tokens are taken per call (that answers; that embeds, where none answers): a loop of three calls and one of six
    are the same shape, though one has twice the tokens.
    """
    raw = np.column_stack(
        [request_shape[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in SIZES]
    )
    counts = np.nan_to_num(raw[:, len(TOKENS) :])  # a count that nobody reported is a thing that nobody saw
    levels = np.clip(counts, 0, SEVERAL).astype(np.int64)
    for place, name in enumerate(COUNTS):
        if name in _AMOUNTS:
            levels[:, place] = np.where(counts[:, place] > 0, SEVERAL, 0)
    draws = np.random.default_rng([seed, 1]).uniform(-0.5, 0.5, (raw.shape[0], len(TOKENS) + 1))
    spread = draws[:, [0, 1, *(2 for _ in COUNTS)]]
    whole = raw + spread
    calls = np.where(counts[:, 0] > 0, counts[:, 0], np.maximum(counts[:, 1], 1.0))
    whole[:, : len(TOKENS)] /= calls[:, None]
    return Features(raw, levels, np.log1p(whole))
