"""What do the traces say was bought, when, of what and by whom?

In: the relation bought_slot. Out: a ``Traced`` for each half hour, provider, model, service tier, kind and key.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import polars as pl

from costctl.stats.exact_sums import rows_of_sums

SLOT_S: Final = 1_800  # zones are whole or half hours from UTC, but for three of 45 minutes
SLOTS_A_DAY: Final = 48
NOTHING: Final = Fraction(0)
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
    counted = timed.group_by(_KEYS).agg(pl.col(_COUNTS).sum()).sort(_KEYS, nulls_last=True)
    for name in ("quantity", "usd"):
        sums = rows_of_sums(timed, _KEYS, name)
        counted = counted.join(sums, on=_KEYS, how="left", nulls_equal=True, maintain_order="left")
    return tuple(
        Traced(
            slot, provider, model, tier, kind, key, team, calls, _fraction(quantity), _fraction(usd), unpriced,
            unknown,
        )
        for slot, provider, model, tier, kind, key, team, calls, unpriced, unknown, quantity, usd in (
            counted.iter_rows()
        )
    )  # fmt: skip


def _fraction(value: float | None) -> Fraction:
    return Fraction(value) if value else NOTHING


def summed(rows: Iterable[Traced]) -> tuple[Traced, ...]:
    """The rows without key, team and service tier: one for each half hour, provider, model and kind, in the order in
    which each comes first. Of what is asked of none of these the answer is the same, and there are fewer.
    """
    alike: dict[tuple[int, str | None, str | None, str], list[Traced]] = {}
    for row in rows:
        alike.setdefault((row.slot, row.provider, row.model, row.kind), []).append(row)
    return tuple(
        Traced(
            slot, provider, model, "", kind, None, None,
            sum(row.calls for row in same),
            total([row.quantity for row in same]),
            total([row.usd for row in same]),
            sum(row.unpriced for row in same),
            sum(row.unknown for row in same),
        )
        for (slot, provider, model, kind), same in alike.items()
    )  # fmt: skip


def total(values: Sequence[Fraction]) -> Fraction:
    """The sum of fractions over their common denominator, which is reduced once."""
    whole = math.lcm(*{value.denominator for value in values})
    return Fraction(sum(value.numerator * (whole // value.denominator) for value in values), whole)
