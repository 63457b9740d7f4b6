"""What do the traces say was bought, when, of what and by whom?

In: the relation bought_slot. Out: a ``Traced`` for each half hour, provider, model, service tier, kind and key.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import polars as pl

from costctl.stats.exact_sums import sums_of_parts

SLOT_S: Final = 1_800  # zones are whole or half hours from UTC, but for three of 45 minutes
SLOTS_A_DAY: Final = 48
CALLS: Final = "calls"  # the kind of the rows that count calls
_KEYS: Final = ("slot", "provider", "model", "service_tier", "kind", "api_key", "team")
_COUNTS: Final = ("calls", "unpriced_charges", "unknown_charges")


@dataclass(frozen=True, slots=True)
class Traced:
    """slot: half hours from the epoch, UTC.  kind: of token or unit; "calls" counts calls.  quantity: 0 where none
    was observed, and then unknown counts the charges.  usd: of what has an amount; unpriced counts the others.
    """

    slot: int
    provider: str | None
    model: str | None
    service_tier: str
    kind: str
    key: str | None
    team: str | None
    calls: int
    quantity: Fraction
    usd: Fraction
    unpriced: int
    unknown: int


def traced_rows(bought_slot: pl.DataFrame) -> tuple[Traced, ...]:
    """The rows, in the order of their keys; calls whose start is not known are in none."""
    timed = bought_slot.filter(pl.col("slot").is_not_null())
    quantity, usd = (sums_of_parts(timed, _KEYS, name) for name in ("quantity", "usd"))
    counted = timed.group_by(_KEYS).agg(pl.col(_COUNTS).sum()).sort(_KEYS, nulls_last=True)
    return tuple(
        Traced(
            slot, provider, model, tier, kind, key, team, calls,
            Fraction(quantity.get((slot, provider, model, tier, kind, key, team), 0.0)),
            Fraction(usd.get((slot, provider, model, tier, kind, key, team), 0.0)),
            unpriced, unknown,
        )
        for slot, provider, model, tier, kind, key, team, calls, unpriced, unknown in counted.iter_rows()
    )  # fmt: skip
