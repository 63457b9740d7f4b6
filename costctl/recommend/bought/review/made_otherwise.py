"""Do the calls since show another change than the one that was advised? By what each of them says it was bought as.

In: the calls, a promise. Out: which calls say something else than the old setting and the advised one, and the same in
figures. Of prompt caches calls that wrote say for how long; of tiers and models each call says its own. Why it was done
is in no trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools
from costctl.documents.changes import SettingChange, Value
from costctl.documents.review import Promise
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.rebill.calls import BoughtCalls
from costctl.rebill.tokenizers import undated
from costctl.recommend.bought.review.verdict import Otherwise

_WORDS: Final[Mapping[str, str]] = {
    "class.service_tier": "are bought from the {} tier",
    "class.model": "go to {}",
}
_KEPT: Final = {
    "5m": "keep prompts for 5 minutes",
    "1h": "keep prompts for an hour",
    "none": "keep no prompts",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What calls say that they were bought as. change: that was advised.  values: of each call; null where it does not
    say.  is_other: whether that is neither the old setting nor the advised one.
    """

    change: SettingChange
    values: pl.Series
    is_other: Bools

    def otherwise(self, own: Bools, shows: Bools) -> Otherwise | None:
        """In figures, where more calls do something else than what was advised. own: the calls since.  shows: which of
        them do as advised, or, where a few say it for many, are like those that do.
        """
        says = own & self.values.is_not_null().to_numpy()
        other = int((says & self.is_other).sum())
        if not other or other <= int((says & shows & ~self.is_other).sum()):
            return None
        most = (
            self.values.filter(pl.Series(says & self.is_other))
            .value_counts(sort=True)
            .sort(["count", self.values.name], descending=[True, False])
        )
        value = str(most[self.values.name][0])
        return Otherwise(
            value, _said(self.change, value), _said(self.change, self.change.to), other / int(says.sum())
        )


def shown_by(calls: BoughtCalls, promise: Promise) -> Shown | None:
    """What calls say of what a promise changes; None where they do not say it, or what was there is not one thing."""
    told = {"class.prompt_cache", "class.service_tier", "class.model"}
    change = next((each for each in promise.change if each.lever in told), None)
    if change is None or change.instead_of is not None or change.from_ is None:
        return None
    values = _values(calls, change)
    known = [_name(change, each) for each in (change.from_, change.to)]
    return Shown(change, values, (~values.is_in(known)).fill_null(value=False).to_numpy())


def _values(calls: BoughtCalls, change: SettingChange) -> pl.Series:
    if change.lever == "class.prompt_cache":
        for_5m, for_1h = (calls.tokens[kind] for kind in ("cache_write", "cache_write_1h"))
        kept = pl.Series("prompt_cache", np.where(for_1h > for_5m, "1h", "5m"))
        return kept.set(pl.Series(for_5m + for_1h == 0), None)
    field = next(lever.field for lever in BOUGHT_LEVERS if lever.id == change.lever)
    values = calls.frame[field].cast(pl.String)
    names = {each: _name(change, each) for each in values.drop_nulls().unique()}
    return values.replace_strict(names, return_dtype=pl.String) if names else values


def _name(change: SettingChange, value: Value) -> str:
    """A value as it is compared: models without the date of a version."""
    return undated(str(value)) if change.lever == "class.model" else str(value)


def _said(change: SettingChange, value: Value) -> str:
    """Such as "go to gpt-4.1-mini"."""
    if change.lever == "class.prompt_cache":
        return _KEPT[str(value)]
    return _WORDS[change.lever].format(value)
