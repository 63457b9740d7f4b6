"""What the sources say that calls cost, beside what is charged: part of several documents.

Amounts are USD. Ours are by price; a source's are as its records name them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

CauseKind = Literal[
    "service_tier",
    "web_searches",
    "fee",
    "length_tier",
    "price_changed",
    "cache_reads",
    "cache_writes",
    "cache_counted_twice",
    "cache_key",
    "reasoning",
    "residency",
    "one_side",
    "modality",
    "failed_call",
    "recorded_zero",
    "unit",
    "rounding",
    "constant_factor",
    "none",
]


class WitnessCause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Calls of a group that are off for the same reason. kind: "none" where no single cause gives the recorded amounts.

    said: the cause in words.  difference_usd: ours less theirs, over these calls.  difference_ratio: its size, of the
    sizes of all differences.  trace_id: of the call that is off most.
    """

    kind: CauseKind
    said: str
    calls: int
    difference_usd: float
    difference_ratio: float | None
    trace_id: str | None


class WitnessGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The calls of one model at one provider of which one source names amounts.

    usd: ours; a lower bound where unknown_calls, of which some part has no price, are not 0; null where nothing is
    known.  ratio: ours over theirs, of the calls whose price is known; null where they say 0.  agreeing_calls: those
    within a micro-dollar, or within the rounding of the source.  causes: of the others, the largest difference first.
    """

    source: str
    provider: str | None
    model: str | None
    calls: int
    unknown_calls: int
    agreeing_calls: int
    recorded_usd: float
    usd: float | None
    ratio: float | None
    causes: tuple[WitnessCause, ...]


class Witness(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """named_calls: calls to providers of which a record names an amount, of so many.  The rest is over those."""

    calls: int
    named_calls: int
    unknown_calls: int
    agreeing_calls: int
    recorded_usd: float
    usd: float | None
    ratio: float | None
    groups: tuple[WitnessGroup, ...]
    notes: tuple[str, ...]


def by_size(witness: Witness) -> tuple[tuple[WitnessGroup, WitnessCause], ...]:
    """The causes of all groups, those that make most of the difference first."""
    told = ((group, cause) for group in witness.groups for cause in group.causes)
    return tuple(sorted(told, key=lambda pair: -abs(pair[1].difference_usd)))
