"""What do the calls and requests of a window come to by model, by tenant, by what else is asked? Sums, made where the
rows lie.

In: relations of sql/core with a row a value and day. Out: one record of frames named like the relations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import polars as pl


@dataclass(frozen=True, slots=True)
class CutSums:
    """The relations of one window by the cuts that were asked for."""

    cut_row: pl.DataFrame
    cut_use: pl.DataFrame
    cut_block: pl.DataFrame
    observed_totals: pl.DataFrame

    RELATIONS: ClassVar[tuple[str, ...]] = ("cut_row", "cut_use", "cut_block", "observed_totals")

    @classmethod
    def read(cls, fetch: Callable[[str], pl.DataFrame]) -> CutSums:
        """The record of a window. fetch: all rows of a relation."""
        return cls(**{name: fetch(name) for name in cls.RELATIONS})

    def named(self, by: str) -> pl.DataFrame:
        """The rows of cut_use of one cut, with value and counted_values."""
        rows = self.cut_use.filter(pl.col("cut") == by)
        return rows.join(self.cut_row, on=["cut", "place"], how="left", maintain_order="left")
