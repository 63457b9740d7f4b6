"""costctl.diagnosis/v2: what the telemetry says and what it lacks, as ``costctl doctor`` prints it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.provenance import Provenance
from costctl.documents.usage_gaps import UsageGaps
from costctl.documents.witness import Witness

SCHEMA_VERSION: Final = "costctl.diagnosis/v2"

PhaseName = Literal["measure", "route", "tune", "operate"]
State = Literal["ok", "partial", "missing", "not_applicable"]


class DialectCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In one dialect, on how many rows the fact is expected, on how many it is there, and on how many it lacks."""

    dialect: str
    expected: int
    observed: int
    missing: int


class Shortfall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By how much a sum is too low. known: the sum of what was recorded.  about: what the rows without it would add
    if they are like the others.  at_most: the same, if none is larger than the largest that was recorded.  The ratios
    are of the known sum; null where that is 0.
    """

    quantity: str
    known: int
    about: float
    about_ratio: float | None
    at_most: float
    at_most_ratio: float | None
    assumption: str


class AffectedCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the calls or requests cost that lack a fact, USD. usd: of their charges that have an amount, null where none
    has; a lower bound where there are unpriced_charges.
    """

    usd: float | None
    unpriced_charges: int


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact. expected, observed, missing: rows, in ``unit``.  ratio: null where the fact is expected nowhere.

    weight: of the check in its phase.  affects: the figures that the fact is for.  effect: what the gap does to them.
    cost: of the rows without it; null where there are none, or no calls or requests.  shortfall: in numbers, where the
    data tell.  time_ratio: part of the model time whose calls lack the fact, null where it is not of calls.
    add, example: what fills the gap.  reason: why it is not applicable.
    """

    id: str
    phase: PhaseName
    about: str
    state: State
    unit: str
    expected: int
    observed: int
    missing: int
    ratio: float | None
    weight: float
    affects: str
    effect: str
    cost: AffectedCost | None
    shortfall: Shortfall | None
    time_ratio: float | None
    add: str
    example: str
    reason: str | None
    dialects: tuple[DialectCount, ...]


class Phase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """score: 0 to 100, null where nothing applies.  next_check: the gap that adds most.  next_points: how many."""

    phase: PhaseName
    score: float | None
    ok: int
    gaps: int
    next_check: str | None
    next_step: str | None
    next_points: float | None


class UntoldFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What engines do not report, and what it is for."""

    about: str
    for_what: str


class EngineTelemetry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What inference servers of one kind and model tell of themselves. engine, model: null where they do not say.

    median_interval_s: between two samples; null with one.  untold: facts that none of them reports.
    """

    engine: str | None
    model: str | None
    engines: int
    samples: int
    median_interval_s: float | None
    untold: tuple[UntoldFact, ...]


class Diagnosis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl doctor --format json`` prints. Gaps come first: by phase, then those for
    want of which something has no price, then by the cost of their calls and requests
    times their weight.

    witness: what the sources say that calls cost beside what we say; null where no record names an amount.  engines:
    servers that told of themselves beside their calls; empty where none did.
    """

    schema_version: str
    provenance: Provenance
    spans: int
    requests: int
    calls: int
    phases: tuple[Phase, ...]
    checks: tuple[Check, ...]
    usage: UsageGaps
    notes: tuple[str, ...]
    witness: Witness | None = None
    engines: tuple[EngineTelemetry, ...] = ()
