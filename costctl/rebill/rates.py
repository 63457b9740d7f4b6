"""At which price is each token of each call billed?

In: what calls are priced by, and how long their prompts are. Out: ``Rates``: USD per token by kind, an array over calls
each; NaN where there is no price. The same price book, own rates and bands as the charges of the analysis
(costctl/pricing/prices.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Floats, Ints
from costctl.documents.price_settings import PriceSettings
from costctl.pricing.prices import price_tables
from costctl.rebill.calls import PRICED_BY, TEXT_KINDS
from costctl.rebill.capacity import Offers

_NO_END: Final = np.inf
_BAND: Final = ("from_input_tokens", "below_input_tokens", "usd_per_token")


@dataclass(frozen=True, slots=True)
class PriceList:
    """Where prices come from. own: rates and aliases of the settings.  as_of: the day whose prices hold for all.
    offers: of capacity that is paid for by time.
    """

    own: PriceSettings
    as_of: date | None = None
    offers: Offers = field(default_factory=Offers)


@dataclass(frozen=True, slots=True)
class Rates:
    """usd: by kind of token, USD per token of each call."""

    usd: dict[str, Floats]

    def known(self, kind: str, instead: str) -> Floats:
        """The price of a kind, where it has none that of another."""
        return np.where(np.isnan(self.usd[kind]), self.usd[instead], self.usd[kind])


def rates_of(calls: pl.DataFrame, prices: PriceList) -> Rates:
    """The rates of calls. calls: the columns of ``PRICED_BY``, and input_tokens."""
    priced = calls.select(PRICED_BY)
    ways = priced.unique(maintain_order=True).with_row_index("way")
    way = _numbers_in(ways, priced)
    table = price_tables(ways.select(PRICED_BY).drop_nulls(("model", "day")), prices.as_of, prices.own)
    bands = table.token_prices.select(*PRICED_BY, "token_kind", *_BAND).with_columns(
        way=_numbers_in(ways, table.token_prices),
        turn=pl.int_range(pl.len()).over(*PRICED_BY, "token_kind"),
    )
    lengths = calls["input_tokens"].cast(pl.Float64).to_numpy()
    return Rates(
        {
            kind: _in_bands(bands.filter(pl.col("token_kind") == kind), ways.height, way, lengths)
            for kind in TEXT_KINDS
        }
    )


def _numbers_in(ways: pl.DataFrame, rows: pl.DataFrame) -> Ints:
    """Of each row the number of its way to be priced."""
    found = rows.select(PRICED_BY).join(
        ways, on=PRICED_BY, how="left", nulls_equal=True, maintain_order="left"
    )
    return found["way"].to_numpy().astype(np.int64)


def price_steps(calls: pl.DataFrame, prices: PriceList) -> Ints:
    """The length from which the price of each prompt holds, tokens; 0 where it holds for the shortest too, or is not
    known. calls: as of ``rates_of``.
    """
    found = np.zeros(calls.height, np.int64)
    keyed = calls.select(*PRICED_BY, "input_tokens").with_row_index("row")
    asked = keyed.select(PRICED_BY).drop_nulls(("model", "day")).unique()
    bands = price_tables(asked, prices.as_of, prices.own).token_prices.filter(pl.col("token_kind") == "input")
    starts = bands.partition_by(*PRICED_BY, as_dict=True)
    for key, members in keyed.partition_by(*PRICED_BY, as_dict=True).items():
        if key in starts:
            lengths = members["input_tokens"].fill_null(0).to_numpy()
            steps = starts[key]["from_input_tokens"].sort().to_numpy()
            at = np.searchsorted(steps, lengths, side="right") - 1
            found[members["row"].to_numpy()] = np.where(at >= 0, steps[np.maximum(at, 0)], 0)
    return found


def _in_bands(bands: pl.DataFrame, ways: int, way: Ints, lengths: Floats) -> Floats:
    """The price for prompts of these lengths; where one is not observed (NaN), that which holds for all.

    bands: of one kind of token; turn counts those of a way.  way: of each call.
    """
    found = np.full(lengths.size, np.nan)
    for of_turn in bands.partition_by("turn", maintain_order=True):
        start, end, usd = (np.full(ways, value) for value in (_NO_END, _NO_END, np.nan))
        rows = of_turn["way"].to_numpy()
        start[rows] = of_turn["from_input_tokens"].to_numpy()
        end[rows] = of_turn["below_input_tokens"].cast(pl.Float64).fill_null(_NO_END).to_numpy()
        usd[rows] = of_turn["usd_per_token"].to_numpy()
        holds_for_all = ((start == 0) & (end == _NO_END))[way]
        is_here = holds_for_all | ((lengths >= start[way]) & (lengths < end[way]))
        found = np.where(is_here, usd[way], found)
    return found
