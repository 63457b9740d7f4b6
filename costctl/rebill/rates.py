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

from costctl.arrays import Floats
from costctl.documents.price_settings import PriceSettings
from costctl.pricing.prices import price_tables
from costctl.rebill.calls import PRICED_BY, TEXT_KINDS
from costctl.rebill.capacity import Offers

_NO_END: Final = np.inf


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
    usd = {kind: np.full(calls.height, np.nan) for kind in TEXT_KINDS}
    keyed = calls.select(*PRICED_BY, "input_tokens").with_row_index("row")
    table = price_tables(
        keyed.select(PRICED_BY).drop_nulls(("model", "day")).unique(), prices.as_of, prices.own
    )
    bands = table.token_prices.filter(pl.col("token_kind").is_in(TEXT_KINDS))
    grouped = bands.partition_by(*PRICED_BY, as_dict=True)
    for key, members in keyed.partition_by(*PRICED_BY, as_dict=True).items():
        if key not in grouped:
            continue
        rows = members["row"].to_numpy()
        lengths = members["input_tokens"].cast(pl.Float64).to_numpy()
        for kind, of_kind in grouped[key].partition_by("token_kind", as_dict=True).items():
            usd[str(kind[0])][rows] = _in_bands(of_kind, lengths)
    return Rates(usd)


def _in_bands(bands: pl.DataFrame, lengths: Floats) -> Floats:
    """The price for prompts of these lengths; where one is not observed (NaN), that which holds for all."""
    found = np.full(lengths.size, np.nan)
    for start, end, price in bands.select(
        "from_input_tokens", "below_input_tokens", "usd_per_token"
    ).iter_rows():
        is_here = (lengths >= start) & (lengths < (_NO_END if end is None else end))
        if start == 0 and end is None:
            is_here = np.ones(lengths.size, np.bool_)
        found[is_here] = price
    return found
