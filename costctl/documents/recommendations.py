"""costctl.recommendations/v2: what to change, what it saves, how sure we are — or why nothing is advised.

A saving is of one of two sorts, and they are never added. **Cash**: the bill shrinks, by tokens that are not bought or
a replica that goes. **Freed**: replica time that calls no longer take; it is worth its price only where something
fills it, or where enough of it comes together for a replica to go. Beside money stands **goodput**: requests that
meet their objectives and would not have done so today, which is what an order of service changes.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.calibration import Calibration
from costctl.documents.capacity import Capacity
from costctl.documents.chain import Chain
from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.provenance import Provenance
from costctl.documents.reuse import ReuseCurve
from costctl.documents.review import PastAdvice
from costctl.documents.shown_by import ShownBy
from costctl.documents.tried import TriedSettings
from costctl.units import S_PER_HOUR

SCHEMA_VERSION: Final = "costctl.recommendations/v2"

Status = Literal["recommended", "candidate", "withheld"]
WithheldAs = Literal["ruled_out", "too_few", "needs_input", "not_applicable"]


class IdlePool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a pool is paid for and stands idle. idle_ratio: of its replica time; null where no call was timed.

    idle_usd, idle_usd_per_week: at its price, as those of the baseline.
    """

    pool: str
    replicas: int
    idle_ratio: float | None
    idle_usd: float | None
    idle_usd_per_week: float | None


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Today: USD and requests of the ``observed_hours`` of the window, and scaled to a week of the same traffic.

    usd, usd_per_week: null where nothing is priced; lower bounds where there are unpriced_charges.  is_weekly_given:
    whether figures a week are given in this document: from a day of observation on, and below where it was asked for;
    otherwise they are null, here and in all that follows, since no part of a day tells of a week.  idle_usd: of all
    pools, null where nothing is known to be idle; idle_ratio: of usd.  pools: by what is idle, the most first.
    bought_usd: of usd, what tokens cost that are bought from providers; null where none are priced.  window_from,
    window_to: RFC 3339, the end exclusive.
    """

    usd: float | None
    requests: int
    observed_hours: float
    unpriced_charges: int
    is_weekly_given: bool
    usd_per_week: float | None
    requests_per_week: float | None
    idle_usd: float | None
    idle_usd_per_week: float | None
    idle_ratio: float | None
    pools: tuple[IdlePool, ...]
    bought_usd: float | None
    window_from: str = ""
    window_to: str = ""

    @property
    def observed_s(self) -> float:
        """The same time in seconds."""
        return self.observed_hours * S_PER_HOUR


class FreedTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Replica time that a change frees in one pool, and how far that is from a smaller bill.

    freed_replicas: busy replicas less than today, on average over time.  busy_replicas: that remain.
    missing_replicas: what else must be freed until one replica can go, the others being busy for most_utilisation of
    the time at most; 0 where, by load alone, one could go now.
    """

    pool: str
    replicas: int
    freed_replicas: float
    busy_replicas: float
    missing_replicas: float
    most_utilisation: float

    @property
    def one_less(self) -> int:
        """How many replicas there are without one of them."""
        return self.replicas - 1


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A replayed quantity before and after the change. metric: of the catalogue of metrics.  over: which part of the
    window was replayed.
    """

    metric: str
    unit: str
    request_class: str | None
    pool: str | None
    over: str
    from_: float
    to: float


class MissedObjective(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An objective of a class that is not kept. metric: e2e_p95, e2e_p99, ttft_p95 or deadline.  seconds: what the
    percentile comes to; null where so many calls are refused that it has no end.
    """

    request_class: str
    metric: str
    seconds: float | None
    target_s: float


class Holdout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same change on the part of the window that it was not chosen on; USD at that rate, over the whole window and
    per week. is_slo_met: whether every objective was met there, or missed by no more than today; null of bought tokens,
    whose latency nobody can replay.  missed: the objectives that are missed there with the change, those missed by most
    first: with is_slo_met, by no more than today.  regret_usd, regret_usd_per_week: what the best of the settings that
    were tried would have saved more there, which nobody could know before; null where only one was tried.
    """

    cash_usd: Estimate | None
    cash_usd_per_week: Estimate | None
    freed_usd: Estimate | None
    freed_usd_per_week: Estimate | None
    is_slo_met: bool | None
    regret_usd: float | None = None
    regret_usd_per_week: float | None = None
    goodput_requests: Estimate | None = None
    goodput_requests_per_week: Estimate | None = None
    missed: tuple[MissedObjective, ...] = ()


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact that the advice rests on. kind says whether it was measured, replayed, declared or computed."""

    id: str
    kind: Literal["measured", "simulated", "declared", "computed"]
    statement: str
    samples: int | None
    value: Estimate | None


class Recommendation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One piece of advice, or one kind withheld with its reason.

    kind: a name of the registry of kinds.  change: the settings that were judged together.  cash_usd, freed_usd: over
    the observed window, and the same per week; cash is null where the bill would not change, and of a candidate where
    nobody recorded what it would save; freed where no replica time is concerned.  freed_time: of each pool whose time
    is freed.  reversal: how to undo it, and when one should.

    latency: of the effects, what the 95th percentile of its class comes to, or of the class on which it tells most.
    withheld_as: ruled out by what was measured or replayed; because too few sessions, requests or days were seen to
    tell, and it may save; for want of a setting; or because nothing here is of the kind; null of what is recommended.
    missing: the settings to declare, such as classes.chat.slo.e2e_p95.

    goodput_requests: more requests that meet their objectives than today; null where the advice is about money alone.

    A candidate would save what it says, and is in no sum: something must be declared (missing) or tried (before) first.
    calls: of its class in the window, of advice on bought tokens.  commitment: the offer of capacity that it is about.
    capacity: of advice on the size of a pool, also of what is withheld.  tried: the settings that were replayed, where
    a cost is weighed against an objective of latency; also of what is withheld.  reuse: of advice on what is kept, what
    memories of other sizes would have missed; also of what is withheld.  shown_by: recorded requests of its class, or
    else of its pool, that take most of the replica time or cost most, three at most; of advice on attempts, by those
    that failed.
    """

    id: str
    kind: str
    request_class: str | None
    pool: str | None
    status: Status
    reason: str
    change: tuple[SettingChange, ...]
    cash_usd: Estimate | None
    cash_usd_per_week: Estimate | None
    freed_usd: Estimate | None
    freed_usd_per_week: Estimate | None
    freed_time: tuple[FreedTime, ...]
    effects: tuple[Effect, ...]
    holdout: Holdout | None
    assumptions: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    reversal: str | None
    latency: Effect | None = None
    withheld_as: WithheldAs | None = None
    missing: tuple[str, ...] = ()
    before: str | None = None
    calls: int | None = None
    commitment: str | None = None
    goodput_requests: Estimate | None = None
    goodput_requests_per_week: Estimate | None = None
    capacity: Capacity | None = None
    tried: TriedSettings | None = None
    reuse: ReuseCurve | None = None
    shown_by: tuple[ShownBy, ...] = ()

    @property
    def is_unpromised(self) -> bool:
        """Whether nobody recorded what it would save."""
        told = (self.cash_usd, self.cash_usd_per_week, self.freed_usd, self.freed_usd_per_week)
        return self.status == "candidate" and all(each is None for each in told)


class Increment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one recommendation adds to the savings of those before it. id: of the recommendation.

    split_usd, split_usd_per_week: its part of the joint cash, whatever the order: what it adds on average over all
    orders (Shapley); null of pools, and where more than seven change what the same calls cost.
    """

    id: str
    cash_usd: Estimate | None
    cash_usd_per_week: Estimate | None
    freed_usd: Estimate | None
    freed_usd_per_week: Estimate | None
    split_usd: float | None = None
    split_usd_per_week: float | None = None
    goodput_requests: Estimate | None = None
    goodput_requests_per_week: Estimate | None = None


class Joint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All recommendations together: those of pools on one replay of the whole window, those of bought tokens on one
    bill. Savings are not counted twice.

    order: the increments. Those of bought tokens sum to their joint saving; the next is always the one that adds most
    for certain, by its lower bound.
    """

    cash_usd: Estimate | None
    cash_usd_per_week: Estimate | None
    freed_usd: Estimate | None
    freed_usd_per_week: Estimate | None
    order: tuple[Increment, ...]
    goodput_requests: Estimate | None = None
    goodput_requests_per_week: Estimate | None = None


class Recommendations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl recommend --format json`` prints. recommendations: by cash, then by freed time, then
    what was withheld.  calibration: null where no pool was replayed.  kinds: of advice that were asked.  not_covered:
    what no kind of advice is about yet.  why_nothing: why none of them could be judged, a sentence; null where they
    were.  past: what came of earlier advice, as ``recommend --review`` last found; null where it has found nothing.
    chains: classes whose requests go through several pools.  missed: objectives of classes on own pools that are not
    kept today, those missed by most first.
    """

    schema_version: str
    provenance: Provenance
    baseline: Baseline
    calibration: Calibration | None
    recommendations: tuple[Recommendation, ...]
    joint: Joint | None
    kinds: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    why_nothing: str | None = None
    past: PastAdvice | None = None
    chains: tuple[Chain, ...] = ()
    missed: tuple[MissedObjective, ...] = ()

    @property
    def made(self) -> tuple[Recommendation, ...]:
        """What is recommended, in its order: people call the first one 1."""
        return tuple(each for each in self.recommendations if each.status == "recommended")

    @property
    def candidates(self) -> tuple[Recommendation, ...]:
        """What would save, once something is declared or tried, in its order."""
        return tuple(each for each in self.recommendations if each.status == "candidate")

    def withheld(self, how: WithheldAs) -> tuple[Recommendation, ...]:
        """What is withheld in this way."""
        return tuple(
            each for each in self.recommendations if each.withheld_as == how and each.status == "withheld"
        )
