"""What do calls cost where capacity is paid for by time? What fits into it costs nothing more; the rest is bought.

In: what calls take, a number of units. Out: the share of each call that is covered. A minute's capacity is filled in
the order in which calls start; a call that does not fit whole is covered for the part that fits, and nobody waits. With
x of capacity a minute, and calls that take w_i after b_i of the same minute:

    covered_i(x) = min(max((x − b_i) / w_i, 0), 1)          Σ_i w_i · covered_i(x) = Σ_minutes min(demand, x)

What is covered never falls as x grows. Where what is taken costs the same in all calls, the bill is convex in x.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.capacity_settings import Commitment
from costctl.pricing.model_names import Found, find_model, without_snapshot
from costctl.pricing.provider_names import same_provider
from costctl.units import NS_PER_S, S_PER_HOUR, S_PER_MINUTE

MINUTES_PER_HOUR: Final = S_PER_HOUR / S_PER_MINUTE
_MINUTE_NS: Final = round(S_PER_MINUTE) * NS_PER_S
_CAN_WAIT: Final = ("batch", "flex")  # tiers that are sold for less, and that no unit serves


@dataclass(frozen=True, slots=True)
class Unit:
    """What is paid for by the hour: a unit of a commitment, or a replica of one's own.

    per_minute: of what it takes, in a minute.  weights: what a token of each kind takes of that; a kind that is not
    named takes nothing.
    """

    usd_per_hour: float
    per_minute: float
    weights: Mapping[str, float]

    def taken(self, tokens: Mapping[str, Floats]) -> Floats:
        """What each call takes. tokens: by kind, an array over calls each."""
        size = next(iter(tokens.values())).size
        taken: Floats = sum((weight * tokens[kind] for kind, weight in self.weights.items()), np.zeros(size))
        return taken


@dataclass(frozen=True, slots=True)
class Offers:
    """Capacity that could be paid for. own: replicas of one's own, by name.  window_s: for how long it would be."""

    commitments: Mapping[str, Commitment] = field(default_factory=dict)
    own: Mapping[str, Unit] = field(default_factory=dict)
    window_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """What n calls take of the capacity of their minutes. before: what earlier calls of the same minute take.

    is_taken: of the calls, those that the capacity serves.
    """

    before: Floats
    takes: Floats
    is_taken: Bools

    def covered(self, capacity: float) -> Floats:
        """The share of each call that fits, where a minute has so much."""
        room = capacity - self.before
        some = np.divide(room, self.takes, out=np.zeros(room.size), where=self.takes > 0)
        share = np.where(self.takes > 0, np.clip(some, 0.0, 1.0), room > 0)
        return np.where(self.is_taken, share, 0.0)

    def only(self, part: Bools) -> Load:
        """The load of a part of the calls; what comes before a call stays as it is."""
        return replace(self, is_taken=self.is_taken & part)

    def covered_usd(self, usd: Floats, capacities: Floats) -> Floats:
        """Σ usd · covered for each of the capacities, which is n log n for all of them together.

        The load-duration curve in USD: its rise from one number of units to the next is what the next unit is worth.
        """
        has_size = self.is_taken & (self.takes > 0)
        rate = usd[has_size] / self.takes[has_size]
        begin = self.before[has_size]
        filled: Floats = _filled(capacities, begin, rate) - _filled(
            capacities, begin + self.takes[has_size], rate
        )
        tiny = self.is_taken & (self.takes == 0)
        order = np.argsort(self.before[tiny], kind="stable")
        sums = np.concatenate([np.zeros(1), np.cumsum(usd[tiny][order])])
        filled += sums[np.searchsorted(self.before[tiny][order], capacities, side="left")]
        return filled


def _filled(capacities: Floats, at: Floats, rate: Floats) -> Floats:
    """Σ rate · max(capacity − at, 0) for each of the capacities."""
    order = np.argsort(at, kind="stable")
    at, rate = at[order], rate[order]
    rates = np.concatenate([np.zeros(1), np.cumsum(rate)])
    offsets = np.concatenate([np.zeros(1), np.cumsum(rate * at)])
    below = np.searchsorted(at, capacities, side="left")
    found: Floats = capacities * rates[below] - offsets[below]
    return found


def load_of(calls: pl.DataFrame, takes: Floats, is_taken: Bools) -> Load:
    """The load of calls. calls: with start_ns, in order of it.  takes: of each call."""
    takes = np.where(is_taken, takes, 0.0)
    upto = np.cumsum(takes) - takes
    minute = minutes_of(calls)
    begins = np.append(True, minute[1:] != minute[:-1])[: minute.size]
    first = np.maximum.accumulate(np.where(begins, np.arange(minute.size), 0))
    return Load(np.maximum(upto - upto[first], 0.0), takes, is_taken)


def minutes_of(calls: pl.DataFrame) -> Ints:
    """The UTC minute in which each call starts."""
    minutes: Ints = calls["start_ns"].to_numpy() // _MINUTE_NS
    return minutes


def unit_of(offer: Commitment) -> Unit:
    """One unit of an offer."""
    weights = {
        "input": 1.0,
        "cached_input": offer.cached_weight,
        "cache_write": offer.cache_write_weight,
        "cache_write_1h": offer.cache_write_weight,
        "output": offer.output_weight,
        "reasoning": offer.output_weight,
    }
    return Unit(offer.usd_per_hour, offer.tokens_per_minute, weights)


def served_by(calls: pl.DataFrame, offer: Commitment) -> Bools:
    """Calls that a unit serves: of its provider and models, at a tier that does not wait."""
    pairs = calls.select("provider", "model").unique()
    known = [_is_sold(provider, model, offer) for provider, model in pairs.iter_rows()]
    joined = calls.select("provider", "model", "service_tier").join(
        pairs.with_columns(pl.Series("is_sold", known, pl.Boolean)),
        on=("provider", "model"),
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    found = joined.select(pl.col("is_sold") & ~pl.col("service_tier").is_in(_CAN_WAIT)).to_series()
    return found.fill_null(value=False).to_numpy()


def _is_sold(provider: str | None, model: str | None, offer: Commitment) -> bool:
    """Whether a model is of the offer. A call that names no provider is sold by whom it is priced at."""
    if model is None:
        return False
    names, found = {model, without_snapshot(model)}, find_model(provider, model)
    if isinstance(found, Found):
        provider, names = found.provider.id, names | {found.model.id}
    return provider is not None and same_provider(provider, offer.provider) and bool(names & {*offer.models})
