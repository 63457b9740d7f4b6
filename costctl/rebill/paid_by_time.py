"""Which part of a bill is covered by capacity that is paid for by time, and what is paid for that?

In: the calls as they are sold, their tokens, a plan, the offers. Out: ``PaidByTime``. Replicas of one's own come first,
then commitments in the order of the plan, each on what those before leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats
from costctl.errors import InputError
from costctl.levers.plan import Plan
from costctl.rebill.capacity import Offers, Unit, load_of, served_by, unit_of
from costctl.units import S_PER_HOUR

Offer = TypeVar("Offer")


@dataclass(frozen=True, slots=True)
class PaidByTime:
    """covered: the share of each call that costs nothing more.  fixed_usd: over the whole window."""

    covered: Floats
    fixed_usd: float


def paid_by_time(
    sold: pl.DataFrame, tokens: Mapping[str, Floats], is_made: Bools, plan: Plan, offers: Offers
) -> PaidByTime:
    """What the plan's capacity covers. sold: the calls with the tier and model of the plan.  is_made: that are made."""
    left, usd_per_hour = np.ones(sold.height), 0.0
    for unit, count, is_served in _capacities(sold, plan, offers):
        load = load_of(sold, unit.taken(tokens) * left, is_served & is_made)
        left = left * (1.0 - load.covered(count * unit.per_minute))
        usd_per_hour += count * unit.usd_per_hour
    return PaidByTime(1.0 - left, usd_per_hour * offers.window_s / S_PER_HOUR)


def _capacities(sold: pl.DataFrame, plan: Plan, offers: Offers) -> Iterator[tuple[Unit, int, Bools]]:
    """Each unit that is paid for, how many of it, and the calls that it serves. Raises InputError without the offer."""
    for name, each in plan.classes.items():
        if each.own is not None:
            unit = _declared(offers.own, each.own, "breakeven")
            yield unit, each.own_replicas, served_by_own(sold, name)
    for name, units in plan.commitments.items():
        offer = _declared(offers.commitments, name, "commitments")
        yield unit_of(offer), units, served_by(sold, offer)


def _declared(offers: Mapping[str, Offer], name: str, table: str) -> Offer:
    if name not in offers:
        raise InputError(
            f"What {name} would cost is not known.",
            why=f"[{table}.{name}] is not in costctl.toml, or its price or speed is not known.",
            next_step="Declare it there as it was.",
        )
    return offers[name]


def served_by_own(calls: pl.DataFrame, request_class: str) -> Bools:
    """Calls of a class that a replica of one's own would serve: those that generate."""
    found = calls.select((pl.col("request_class") == request_class) & pl.col("is_generation"))
    return found.to_series().fill_null(value=False).to_numpy()
