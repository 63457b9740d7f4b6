"""costctl.recommendations/v1: what to change, what it saves, how sure we are — or why nothing is advised."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.estimate import Estimate
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.recommendations/v1"

Kind = Literal["batch_window", "queue_limit", "tier_placement"]
Status = Literal["recommended", "withheld"]
Scalar = str | int | float | bool | None


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Today: USD and requests of the ``observed_hours`` of the window, and scaled to a week of the same traffic.

    usd, usd_per_week: null where nothing is priced; lower bounds where there are unpriced_charges.  is_weekly_given:
    whether figures a week are given in this document: from a day of observation on, and below where it was asked for;
    otherwise they are null, here and in all that follows, since no part of a day tells of a week.
    """

    usd: float | None
    requests: int
    observed_hours: float
    unpriced_charges: int
    is_weekly_given: bool
    usd_per_week: float | None
    requests_per_week: float | None


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Replaying today's policy against what was observed, per pool: replayed / observed − 1. Untrusted:
    advice is withheld.
    """

    pool: str
    p50_error_ratio: float | None
    p95_error_ratio: float | None
    utilisation_error_ratio: float | None
    is_trusted: bool
    reason: str


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Settings before and after, by name; durations in the name's unit (``window_ms``, ``ttl_s``)."""

    from_: dict[str, Scalar]
    to: dict[str, Scalar]


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A replayed quantity before and after the change. over: which part of the window was replayed."""

    metric: str
    unit: str
    over: str
    from_: float
    to: float


class Holdout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same change on the part of the period that it was not fitted on; saving_usd: at that rate, over the
    window."""

    saving_usd: Estimate | None
    saving_usd_per_week: Estimate | None
    is_slo_met: bool | None


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact that the advice rests on. kind says whether it was measured, replayed, declared or computed."""

    id: str
    kind: Literal["measured", "simulated", "declared", "computed"]
    statement: str
    samples: int | None
    value: Estimate | None


class Recommendation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One piece of advice, or one kind withheld with its reason. saving_usd: over the observed window;
    saving_usd_per_week: the same, scaled to a week.  reversal: how to undo it, and when one should.
    """

    id: str
    kind: Kind
    request_class: str | None
    pool: str | None
    status: Status
    reason: str
    change: Change | None
    saving_usd: Estimate | None
    saving_usd_per_week: Estimate | None
    effects: tuple[Effect, ...]
    holdout: Holdout | None
    assumptions: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    reversal: str | None


class Increment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one recommendation adds to the saving of those before it. id: of the recommendation."""

    id: str
    saving_usd: Estimate | None
    saving_usd_per_week: Estimate | None


class Joint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All recommendations together, on one replay of the whole window: savings are not counted twice."""

    saving_usd: Estimate | None
    saving_usd_per_week: Estimate | None
    order: tuple[Increment, ...]


class Recommendations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl recommend --format json`` prints."""

    schema_version: str
    provenance: Provenance
    baseline: Baseline
    calibration: tuple[Calibration, ...]
    recommendations: tuple[Recommendation, ...]
    joint: Joint | None
