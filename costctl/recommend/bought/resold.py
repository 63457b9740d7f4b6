"""What would the calls of one class cost as another model or tier, without the rest of the bill?

In: the study, a class, what its calls are sold as. Out: USD of the window; None where a price is not known.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from costctl.rebill.calls import TEXT_KINDS
from costctl.rebill.rates import rates_of
from costctl.recommend.bought.study import BoughtStudy

_READ_OR_WRITTEN: Final = ("cached_input", "cache_write", "cache_write_1h")


def resold_usd(
    study: BoughtStudy,
    name: str,
    *,
    model: str | None = None,
    tier: str | None = None,
    is_cached: bool = True,
) -> float | None:
    """USD of the calls of a class. model, tier: instead of their own.  is_cached: else nothing is read from a prompt
    cache or written to one: all of it is plain input.
    """
    own = study.calls.of_class(name)
    frame = _sold_as(study, name, model, tier)
    rates = rates_of(frame, study.prices).usd
    tokens = {kind: study.calls.tokens[kind][own] for kind in TEXT_KINDS}
    if not is_cached:
        tokens["input"] = tokens["input"] + sum(tokens.pop(kind) for kind in _READ_OR_WRITTEN)
    usd = float(frame["other_usd"].cast(pl.Float64).sum())
    for kind, count in tokens.items():
        if np.isnan(rates[kind][count > 0]).any():
            return None
        usd += float((count * np.nan_to_num(rates[kind])).sum())
    return usd


def is_sold(study: BoughtStudy, name: str, tier: str) -> bool:
    """Whether any call of the class has a price at the tier."""
    rates = rates_of(_sold_as(study, name, None, tier), study.prices).usd
    return bool(np.isfinite(rates["input"]).any())


def _sold_as(study: BoughtStudy, name: str, model: str | None, tier: str | None) -> pl.DataFrame:
    own = study.calls.frame.filter(pl.Series(study.calls.of_class(name)))
    sold = {
        column: value for column, value in (("model", model), ("service_tier", tier)) if value is not None
    }
    return own.with_columns(pl.lit(value).alias(column) for column, value in sold.items())
