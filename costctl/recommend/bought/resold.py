"""What would some calls cost as another model or tier, without the rest of the bill?

In: the study, the calls, what they are sold as. Out: USD of the window; None where a price is not known.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools
from costctl.rebill.calls import TEXT_KINDS
from costctl.rebill.rates import rates_of
from costctl.recommend.bought.study import BoughtStudy

_READ_OR_WRITTEN: Final = ("cached_input", "cache_write", "cache_write_1h")


def resold_usd(
    study: BoughtStudy,
    own: Bools,
    *,
    model: str | None = None,
    tier: str | None = None,
    is_cached: bool = True,
) -> float | None:
    """USD of these calls. model, tier: instead of their own.  is_cached: else nothing is read from a prompt
    cache or written to one: all of it is plain input.
    """
    frame = _sold_as(study, own, model, tier)
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
    rates = rates_of(_sold_as(study, study.calls.of_class(name), None, tier), study.prices).usd
    return bool(np.isfinite(rates["input"]).any())


def _sold_as(study: BoughtStudy, own: Bools, model: str | None, tier: str | None) -> pl.DataFrame:
    calls = study.calls.frame.filter(pl.Series(own))
    sold = {
        column: value for column, value in (("model", model), ("service_tier", tier)) if value is not None
    }
    return calls.with_columns(pl.lit(value).alias(column) for column, value in sold.items())
