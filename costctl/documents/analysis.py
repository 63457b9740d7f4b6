"""costctl.analysis/v2: cost and behaviour of each class of request.

Identities, to 1e-9 relative: Σ loaded + unattributed = billed; Σ attributed + idle + unattributed = billed.
A null is "not observed" or "not priced"; a note in ``coverage`` says which, and what would fix it.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.bill import ProviderInvoice, ReconciledBill
from costctl.documents.cache_misses import CacheMisses
from costctl.documents.cuts import Cut
from costctl.documents.engines import EngineReport
from costctl.documents.estimate import Estimate
from costctl.documents.failures import OutcomeReport, RetryTax, UnitCosts
from costctl.documents.findings import Finding
from costctl.documents.provenance import Provenance
from costctl.documents.sampled import Sampled
from costctl.documents.spending import Changes, Timeline
from costctl.documents.tenants import TenantUse
from costctl.documents.usage_gaps import UsageGaps
from costctl.documents.witness import Witness

SCHEMA_VERSION: Final = "costctl.analysis/v2"

ComponentName = Literal[
    "accelerator",
    "api_tokens",
    "api_units",
    "cpu",
    "storage_reads",
    "storage_bytes",
    "egress",
    "retrieval",
    "tool",
    "fixed",
]
BottleneckKind = Literal["compute", "queue", "storage", "network", "tool", "unknown"]
UseKind = Literal["useful", "no_objective", "over_tiered", "missed_slo", "slo_not_observed", "failed", "idle"]
StagePhase = Literal["before", "model", "between", "after", "uninstrumented", "unknown"]


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """The time analysed: RFC 3339 bounds, end exclusive. seconds: how long that is."""

    from_: str
    to: str
    seconds: float


class Coverage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the traffic the figures cover; ratios in [0, 1], null with nothing to cover.

    priced_token_ratio: of the tokens that calls report, those of calls whose every charge has an amount; what the
    ``calls_without_tokens`` of all ``calls`` read and wrote, in whole or in part, is in neither. Tokens of records that
    are no call count as not priced, and so do those of calls with usage that nothing reads.
    priced_accelerator_ratio: of the time that calls occupied replicas of configured pools, that which has a price.
    recorded_token_ratio, recorded_usd: of the tokens, and of the bill, what is charged as the calls' own records say,
    for want of a price; null unless [prices] unpriced = "recorded".  witness: what the sources say that calls cost
    beside what we say; null where none names an amount.
    """

    requests: int
    priced_requests: int
    priced_ratio: float | None
    priced_token_ratio: float | None
    priced_accelerator_ratio: float | None
    token_ratio: float | None
    stage_ratio: float | None
    calls: int
    calls_without_tokens: int
    rejected_records: int
    usage: UsageGaps
    notes: tuple[str, ...]
    recorded_token_ratio: float | None = None
    recorded_usd: float | None = None
    witness: Witness | None = None


class Totals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counts and money of the whole window, USD; money is null where nothing is priced.

    Where unit_costs.unpriced_charges is not 0, billed_usd and attributed_usd are lower bounds.  billed_usd_per_week:
    of a week of the same traffic; null where less than a day was observed.
    """

    requests: int
    successes: int
    success_ratio: float
    billed_usd: float | None
    billed_usd_per_week: float | None
    attributed_usd: float | None
    idle_usd: float | None
    unattributed_usd: float | None
    retry_tax: RetryTax | None
    unit_costs: UnitCosts


class Percentiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds at the 50th, 95th and 99th percentile, each a value that was observed: the smallest that so many do
    not exceed (costctl/stats/quantiles.py). Over all requests of the class of which the time is known, failed ones
    included.
    """

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
    """Sums over the calls of the class; null when none reported them.

    calls_without_…: calls that did not report it: where there are any, the sum is a lower bound. Calls that generate
    nothing (embeddings, rerank) have no output to report.  cached_input_ratio: cached over all input tokens of the
    calls that report both; null where none does.
    """

    input: int | None
    cached_input: int | None
    cached_input_ratio: float | None
    output: int | None
    calls_without_input: int
    calls_without_cached_input: int
    calls_without_output: int


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a class used of one resource, and what that costs.

    usd: of the charges that have an amount, so that it sums to attributed_usd; null where none has.  unpriced_charges:
    those without one: where there are any, usd is a lower bound.
    """

    component: ComponentName
    resource: str
    quantity: float
    unit: str
    usd: float | None
    unpriced_charges: int


class MarginalReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the marginal cost of a class is made of, and between what it lies.

    found_idle_ratio: part of its requests whose first call found its replica idle.  found_idle, found_busy: marginal
    cost of those, and of the others; null where there are none.  least, most: closed forms, as bounds: the time that
    its calls were alone, and that of its tokens and steps with α for the steps alone.  long_run: with replicas bought
    in proportion.  delay_s_per_request: seconds by which one more request delays the calls of all others.
    """

    found_idle_ratio: float
    found_idle_usd_per_request: Estimate | None
    found_busy_usd_per_request: Estimate | None
    least_usd_per_request: float
    most_usd_per_request: float
    long_run_usd_per_request: Estimate | None
    delay_s_per_request: Estimate | None


class ClassCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money of one class, USD. attributed: its share of busy time and its direct charges.  loaded: with its part of
    idle.  marginal_usd: that of one request times the requests; not additive.  congestion: what the delay that a
    request puts on others is declared to be worth; null where no class declares a price of delay.

    Where unit_costs.unpriced_charges is not 0, all of it but congestion and unit_costs.usd_per_mtok is a lower bound.
    """

    attributed_usd: float | None
    loaded_usd: float | None
    marginal_usd: float | None
    marginal_usd_per_request: Estimate | None
    marginal: MarginalReport | None
    congestion_usd_per_request: Estimate | None
    usd_per_success: Estimate | None
    retry_tax: RetryTax | None
    unit_costs: UnitCosts
    components: tuple[Component, ...]


class ClassValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What successes are worth, USD, and what remains after cost.

    source: "declared", or the attribute that says it.  usd_per_success: as declared, else the mean over the
    successes that have the attribute.  value_usd: of all of these.  margin_usd: value − loaded cost; null where
    some success's value is not observed; an upper bound where the loaded cost is a lower one.  usd_per_accelerator_s:
    value per second of shared accelerator time. rank: by it, from 1.
    """

    source: str
    usd_per_success: float | None
    valued_successes: int
    value_usd: float | None
    margin_usd: float | None
    usd_per_accelerator_s: float | None
    rank: int | None


class StageUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time of the class in one stage, on the critical path; the stages add up to the requests' durations.

    phase: when the stage comes, relative to the model's work.  requests: those that entered it; the p95 is over them.
    s_per_request: over all requests of the class whose time was observed, so that the stages add up to their mean
    duration; null in documents that were saved without it.
    """

    stage: str
    phase: StagePhase
    requests: int
    seconds: float
    share_ratio: float
    p95_s: float
    s_per_request: float | None = None


class Bottleneck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bottleneck of a class: the stage, the kind of resource that it waits for, the cause, and the evidence.

    basis: "waste" where three tenths of the class's time or more are wasted in the stage, and nowhere more; else
    "share": no clear bottleneck, and this is the longest stage.  cause: docs/explanation/bottlenecks.md lists them.
    waste_s_per_request: seconds wasted in the stage; null where it is unknown, and a lower bound where it is unknown
    for ``unknown_requests``.
    """

    stage: str
    kind: BottleneckKind
    cause: str
    basis: Literal["waste", "share"]
    waste_s_per_request: float | None
    unknown_requests: int
    evidence: tuple[str, ...]


class ClassReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class of requests."""

    request_class: str
    rule: str
    requests: int
    successes: int
    success_ratio: float
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


class PoolUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the replica seconds of a pool went; over all kinds the ratios sum to 1. See
    docs/explanation/useful-utilisation.md.
    """

    kind: UseKind
    seconds: float
    ratio: float


class PoolReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pool of replicas that is paid for by time.

    busy_s: replica seconds with a call in progress, null where no call was timed.  capacity_s: replica seconds paid
    for.  useful_utilisation_ratio: null where no class that it served has an objective to judge by.
    missing_for_model: why there is no service model, or null where there is one.  kv_tokens: what the KV cache of one
    replica holds, as its engines tell; its method says how. To replay with it: [pools.NAME] kv_tokens.
    """

    pool: str
    tier: str | None
    replicas: int
    busy_s: float | None
    capacity_s: float
    utilisation_ratio: float | None
    useful_utilisation_ratio: float | None
    use: tuple[PoolUse, ...]
    idle_usd: float | None
    queue_depth: QueueDepth | None
    service_model: ServiceModelReport | None
    missing_for_model: str | None
    kv_tokens: Estimate | None = None


class ModelResidual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls, or windows of engine metrics, that were served among least_active to most_active sequences (batches of so
    many calls), and the median of modelled over observed − 1.
    """

    least_active: float
    most_active: float
    calls: int
    residual_ratio: float


class ServiceModelReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fitted service model of a pool: a step of b sequences takes alpha_s + beta_s·b; prefill gamma_s per
    uncached token.

    chosen_because: why this discipline.  The errors are standard errors.  residual_p90_ratio: nine in ten calls have
    seen steps (batches, and windows of engine metrics: took time) within this ratio of the model.  residuals: by load.
    valid_up_to_active: sequences at once (calls in a batch) up to which the model was validated; beyond it is
    extrapolated.
    alpha_from, beta_from, gamma_from: what each constant was fitted to, calls, engine metrics, or both with their
    weights.  calls: 0 where it is engine metrics alone.
    The error ratios compare a replay under the model with what was observed: replayed / observed − 1.
    """

    discipline: str
    chosen_because: str
    alpha_s: float
    beta_s: float
    gamma_s: float
    alpha_error_s: float
    beta_error_s: float
    gamma_error_s: float
    calls: int
    residual_p90_ratio: float
    residuals: tuple[ModelResidual, ...]
    valid_up_to_active: float
    p50_error_ratio: float | None
    p95_error_ratio: float | None
    utilisation_error_ratio: float | None
    alpha_from: str = "calls"
    beta_from: str = "calls"
    gamma_from: str = "calls"


class Analysis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl analyze --format json`` prints.

    classes: those that cost most first.  checks: what is wrong, unknown money first, then the most.  cuts: the bill by
    model, by provider, by tenant, and by what --by asks for.  tenants: the cut by tenant, without idle time.  Both are
    empty, and timeline and changes null, in documents that are made on the way to another.  cache_misses: null too
    where no prompt of a model with a prompt cache is known.  engines: what inference servers told of themselves.
    sampled: how far values may be off by chance; empty but for ``costctl check`` and ``costctl baseline``.
    """

    schema_version: str
    provenance: Provenance
    window: Window
    coverage: Coverage
    totals: Totals
    bill: ReconciledBill | None
    invoices: tuple[ProviderInvoice, ...]
    classes: tuple[ClassReport, ...]
    tenants: tuple[TenantUse, ...]
    outcomes: tuple[OutcomeReport, ...]
    pools: tuple[PoolReport, ...]
    checks: tuple[Finding, ...]
    cuts: tuple[Cut, ...] = ()
    timeline: Timeline | None = None
    changes: Changes | None = None
    cache_misses: CacheMisses | None = None
    engines: tuple[EngineReport, ...] = ()
    sampled: tuple[Sampled, ...] = ()


def by_rank(analysis: Analysis) -> tuple[tuple[ClassReport, ClassValue], ...]:
    """The classes with a declared value, in the order of what an accelerator second of them earns."""
    valued = ((report, report.value) for report in analysis.classes if report.value is not None)
    return tuple(sorted(valued, key=lambda pair: (pair[1].rank is None, pair[1].rank or 0)))


def metric_of(target: str) -> str:
    """The metric that an objective is about: e2e_p95 of "e2e_p95 6s"."""
    return target.partition(" ")[0]
