"""One of the price tables at a time, for tests that look at one."""

from __future__ import annotations

from datetime import date

import polars as pl

from costctl.documents.price_settings import PriceSettings
from costctl.pricing.prices import price_tables


def token_price_rows(
    models: pl.DataFrame, as_of: date | None = None, own: PriceSettings | None = None
) -> pl.DataFrame:
    """Rows of ``token_prices``, as ``price_tables`` gives them."""
    return price_tables(models, as_of, own).token_prices


def price_gap_rows(
    models: pl.DataFrame, as_of: date | None = None, own: PriceSettings | None = None
) -> pl.DataFrame:
    """Rows of ``price_gaps``: for each key without any price, the reason."""
    return price_tables(models, as_of, own).price_gaps
