"""costctl.analysis/v1: cost and behaviour of each class of request.

Identities, to 1e-9 relative: Σ loaded + unattributed = billed; Σ attributed + idle + unattributed = billed.
A null is "not observed" or "not priced"; a note in ``coverage`` says which, and what would mend it.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.estimate import Estimate
from costctl.documents.failures import OutcomeReport, RetryTax, UnitCosts
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.analysis/v1"

ComponentName = Literal[
    "accelerator",
    "api_tokens",
    "cpu",
    "storage_reads",
    "storage_bytes",
    "egress",
    "retrieval",
    "tool",
    "fixed",
]
BottleneckKind = Literal["compute", "queue", "storage", "network", "tool"]
StagePhase = Literal["before", "model", "between", "after", "uninstrumented", "unknown"]


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """The time analysed: RFC 3339 bounds, end exclusive."""

    from_: str
    to: str


class Coverage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the traffic the figures speak for; ratios in [0, 1], null with nothing to cover.

    priced_token_ratio: of the tokens that calls report, those of calls whose every charge has an amount.
    priced_accelerator_ratio: of the time that calls occupied replicas of configured pools, that which has a price.
    """

    requests: int
    priced_requests: int
    priced_ratio: float | None
    priced_token_ratio: float | None
    priced_accelerator_ratio: float | None
    token_ratio: float | None
    stage_ratio: float | None
    rejected_records: int
    notes: tuple[str, ...]


class Totals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counts and money of the whole window, USD; money is null where nothing is priced."""

    requests: int
    successes: int
    billed_usd: float | None
    attributed_usd: float | None
    idle_usd: float | None
    unattributed_usd: float | None
    retry_tax: RetryTax | None
    unit_costs: UnitCosts


class Percentiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds at the 50th, 95th and 99th percentile."""

    p50: float
    p95: float
    p99: float


class SloResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """target: such as "e2e_p95 6s".  met_ratio: part that succeeded within it, of the requests that failed or whose
    time was observed.
    """

    target: str
    met_ratio: float


class TokenTotals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sums over the class; null when no request of the class reported them."""

    input: int | None
    cached_input: int | None
    output: int | None


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a class used of one resource, and its price; usd is null where the resource has no price."""

    component: ComponentName
    resource: str
    quantity: float
    unit: str
    usd: float | None


class ClassCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money of one class, USD. attributed: its share of busy time and its direct charges.  loaded: with its
    part of idle.
    """

    attributed_usd: float | None
    loaded_usd: float | None
    marginal_usd_per_request: Estimate | None
    congestion_usd_per_request: Estimate | None
    usd_per_success: Estimate | None
    failed_usd: float | None
    retry_tax: RetryTax | None
    unit_costs: UnitCosts
    components: tuple[Component, ...]


class ClassValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a success is declared to be worth, and what remains of it after cost."""

    usd_per_success: float
    margin_usd: float | None


class StageUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time of the class in one stage, on the critical path; the stages add up to the requests' durations.

    phase: when the stage comes, relative to the model's work.  requests: those that entered it; the p95 is over them.
    """

    stage: str
    phase: StagePhase
    requests: int
    seconds: float
    share_ratio: float
    p95_s: float


class Bottleneck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds a class up: the stage, the kind of resource that it waits for, the cause, and why we think so.

    basis: "waste" where three tenths of the class's time or more are wasted in the stage, and nowhere more; else
    "share": nothing stands out, and this is the longest stage.  cause: docs/explanation/bottlenecks.md lists them.
    waste_s_per_request: seconds wasted in the stage; null where it cannot be told.
    """

    stage: str
    kind: BottleneckKind
    cause: str
    basis: Literal["waste", "share"]
    waste_s_per_request: float | None
    evidence: tuple[str, ...]


class ClassReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class of requests."""

    request_class: str
    rule: str
    requests: int
    successes: int
    failed: int
    attempts: int
    latency_s: Percentiles | None
    ttft_s: Percentiles | None
    slo: tuple[SloResult, ...]
    tokens: TokenTotals
    cost: ClassCost
    value: ClassValue | None
    stages: tuple[StageUse, ...]
    bottleneck: Bottleneck | None


class QueueDepth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls waiting, over time."""

    p50: float
    p95: float
    max: float


class PoolReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pool of replicas that is paid for by time.

    busy_s: replica seconds with a call in progress.  capacity_s: replica seconds paid for.  fit: the
    service model in use with its calibration, in words, or why there is none.
    """

    pool: str
    tier: str | None
    replicas: int
    busy_s: float
    capacity_s: float
    utilisation_ratio: float
    useful_utilisation_ratio: float | None
    idle_usd: float | None
    queue_depth: QueueDepth | None
    service_model: ServiceModelReport | None


class ServiceModelReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fitted service model of a pool: a step of b sequences takes alpha_s + beta_s·b; prefill gamma_s per
    uncached token.

    The error ratios compare a replay under the model with what was observed: replayed / observed − 1.
    """

    discipline: str
    alpha_s: float
    beta_s: float
    gamma_s: float
    calls: int
    p50_error_ratio: float | None
    p95_error_ratio: float | None
    utilisation_error_ratio: float | None


class Analysis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl analyze --format json`` prints."""

    schema_version: str
    provenance: Provenance
    window: Window
    coverage: Coverage
    totals: Totals
    classes: tuple[ClassReport, ...]
    outcomes: tuple[OutcomeReport, ...]
    pools: tuple[PoolReport, ...]
