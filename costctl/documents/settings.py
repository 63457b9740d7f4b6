"""costctl.toml as values: what is paid for, what the classes need, what was invoiced.

``costctl/config.py`` finds and reads the file; everything else takes these structs as arguments.
"""

from __future__ import annotations

import difflib
from typing import Annotated, Literal

import msgspec

from costctl.documents.audit_settings import AuditSettings
from costctl.documents.billing_settings import BillingRule, Invoice, Network, Outcome, Tool
from costctl.documents.capacity_settings import Commitment, OwnReplicas
from costctl.documents.data_settings import (
    Boundary,
    DataBoundary,
    DataSettings,
    Keeping,
    ProviderSettings,
    stricter,
)
from costctl.documents.gate_settings import Gate
from costctl.documents.placement_settings import PlacementSettings, Spot
from costctl.documents.price_settings import PriceSettings
from costctl.documents.step_settings import StepSettings
from costctl.units import duration_s

Discipline = Literal["continuous", "static"]  # a call joins at the next step, or with the next whole batch
Prefill = Literal["stalling", "chunked"]
Usd = Annotated[float, msgspec.Meta(ge=0)]
Weight = Annotated[float, msgspec.Meta(ge=0.001, le=1000)]
Margin = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Spare = Annotated[int, msgspec.Meta(ge=0, le=1000)]
EngineLabel = Literal["engine", "model", "replica", "source"]
KvTokens = Annotated[int, msgspec.Meta(ge=16, le=2**31 - 1)]  # a block at least


class Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Replicas that are paid for by time. match: attribute or column name → glob; every entry must match.

    models: the models it serves; empty means any.  An empty match with models takes every call of those
    models. engine: by what its engines' own metrics are known, label → glob; empty: by replica and model.
    max_num_seqs: sequences that a replica decodes at once.  prefix_cache_tokens: tokens of prompts whose keys and
    values a replica keeps, to begin a prompt from that begins alike.  max_batch_size, batch_window: of a
    pool that serves whole batches.  max_batched_tokens: tokens of a step, where prefill is chunked.  prefill: whether
    prompts stall decoding or ride along in chunks.  kv_tokens: tokens of KV memory of a replica; None is not known, and
    no limit.  enable_prefix_caching: whether it keeps what nobody uses until it is needed; None is not known, and of a
    pool that does not prefix_cache_tokens are what it could keep.  prefill_weight, decode_weight: by which calls in
    progress share an instant, to a thousandth.  reserve_replicas: that advice keeps beyond what the objectives need, in
    case as many fail.  start_up: how long a replica takes from its order until it serves, by which a schedule orders it
    earlier.  most_replicas: that there can be of it; None is any number.  spot: of replicas that may be taken away;
    they cost what it says.  step_times: of its engine, where none of its calls has times and its engine tells nothing.
    keeps: of the data that it is sent.
    """

    usd_per_replica_hour: Usd | None = None
    spot: Spot | None = None
    replicas: Count | None = None
    most_replicas: Count | None = None
    tier: str | None = None
    region: str | None = None
    jurisdiction: str | None = None
    boundary: Boundary | None = None
    accelerators_per_replica: Count = 1
    prefill_weight: Weight = 1.0
    decode_weight: Weight = 1.0
    models: tuple[str, ...] = ()
    match: dict[str, str] = {}
    engine: dict[EngineLabel, str] = {}
    max_num_seqs: Count | None = None
    prefix_cache_tokens: Count | None = None
    max_batch_size: Count | None = None
    batch_window: str | None = None
    reserve_replicas: Spare = 1
    start_up: str = "5min"
    max_batched_tokens: Count | None = None
    prefill: Prefill | None = None
    kv_tokens: KvTokens | None = None
    enable_prefix_caching: bool | None = None
    step_times: StepSettings | None = None
    keeps: Keeping = Keeping()

    def __post_init__(self) -> None:
        """Refuse text that is no duration, two prices, and whole batches with settings of continuous ones. What is on
        spot costs what spot says.
        """
        duration_s(self.start_up)
        if self.most_replicas is not None and (self.replicas or 0) > self.most_replicas:
            raise ValueError("replicas is more than most_replicas")
        if self.spot is not None:
            usd = self.spot.usd_per_replica_hour
            if self.usd_per_replica_hour not in (None, usd):
                raise ValueError(
                    "a pool on spot costs spot.usd_per_replica_hour: leave usd_per_replica_hour out"
                )
            msgspec.structs.force_setattr(self, "usd_per_replica_hour", usd)
        if self.batch_window is not None:
            duration_s(self.batch_window)
        if self.max_batch_size is not None or self.batch_window is not None:
            given = (self.max_batched_tokens, self.prefill, self.kv_tokens, self.step_times)
            if any(each is not None for each in given) or self.enable_prefix_caching:
                raise ValueError(
                    "max_batched_tokens, prefill, kv_tokens, step_times and enable_prefix_caching are of pools without "
                    "max_batch_size and batch_window"
                )
        is_kept = self.enable_prefix_caching is not False
        if is_kept and self.kv_tokens is not None and self.prefix_cache_tokens is not None:
            raise ValueError(
                "kv_tokens and prefix_cache_tokens say one thing twice: KV memory keeps prompts in what nobody uses, "
                "with enable_prefix_caching = true; leave one of them out"
            )

    @property
    def start_up_s(self) -> float:
        """Seconds from the order of a replica until it serves."""
        return duration_s(self.start_up)

    @property
    def batch_window_s(self) -> float | None:
        """Seconds that the first call of a batch waits for others to join, or None where not declared."""
        return None if self.batch_window is None else duration_s(self.batch_window)


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Storage that is paid for by residency, reads and bytes out. match: as for pools.

    region, zone: where it stands; bytes that a span of another region or zone reads are priced by ``[network]``.
    jurisdiction, boundary: as for pools, for the data boundaries of classes.
    """

    kind: str | None = None
    region: str | None = None
    zone: str | None = None
    jurisdiction: str | None = None
    boundary: Boundary | None = None
    usd_per_gb_month: Usd | None = None
    usd_per_1k_reads: Usd | None = None
    usd_per_gb_egress: Usd | None = None
    p50_read_s: float | None = None
    match: dict[str, str] = {}


class Slo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Latency objectives as durations ("800ms"), at the 95th percentile, and end to end at the 99th too."""

    ttft_p95: str | None = None
    e2e_p95: str | None = None
    e2e_p99: str | None = None

    def __post_init__(self) -> None:
        """Refuse text that is no duration."""
        for text in (self.ttft_p95, self.e2e_p95, self.e2e_p99):
            if text is not None:
                duration_s(text)

    @property
    def ttft_p95_s(self) -> float | None:
        """Seconds, or None where no objective is set."""
        return None if self.ttft_p95 is None else duration_s(self.ttft_p95)

    @property
    def e2e_p95_s(self) -> float | None:
        """Seconds, or None where no objective is set."""
        return None if self.e2e_p95 is None else duration_s(self.e2e_p95)

    @property
    def e2e_p99_s(self) -> float | None:
        """Seconds, or None where no objective is set."""
        return None if self.e2e_p99 is None else duration_s(self.e2e_p99)


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one success is worth to the business, USD: the same for all, or what an attribute of the request says.

    attribute: key of a span attribute of the request whose value is a number of USD.
    """

    usd_per_success: Usd | None = None
    attribute: str | None = None

    def __post_init__(self) -> None:
        """Refuse both or neither."""
        if (self.usd_per_success is None) == (self.attribute is None):
            raise ValueError("a value is either usd_per_success or attribute")


class ClassSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one class needs. priority: 1 is served first; classes without one come after, in order of the
    file.  delay_usd_per_s: what a second of delay of one of its requests costs the business.  quality_margin: by how
    much a cheaper model may score worse than today's, in the unit of the scores.  deadline: after how long its requests
    must be done that may wait for hours of low demand.  data: the classification of all of its data.
    """

    slo: Slo = Slo()
    value: Value | None = None
    delay_usd_per_s: Usd | None = None
    priority: Count | None = None
    deferrable: bool = False
    deadline: str | None = None
    allowed_models: tuple[str, ...] = ()
    quality_margin: Margin = 0.05
    boundary: DataBoundary | None = None
    data: str | None = None

    def __post_init__(self) -> None:
        """Refuse text that is no duration."""
        if self.deadline is not None:
            duration_s(self.deadline)

    @property
    def deadline_s(self) -> float | None:
        """Seconds, or None where none is set."""
        return None if self.deadline is None else duration_s(self.deadline)


class Finance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What exports for finance say of who pays. provider: of what is one's own.  tenant_salt: goes before a
    tenant's name when it is hashed, so that nobody finds it by hashing names.
    """

    billing_account_id: str = "costctl"
    billing_account_name: str | None = None
    provider: str = "self-hosted"
    tenant_salt: str = ""


class Chargeback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By what the bill is charged back, and who pays for which values of it. by: as ``analyze --by``.  payers: who pays
    → values, ``*`` for any run of characters; of several that a value is in, the first of the file.
    """

    by: str = "tenant"
    payers: dict[str, tuple[str, ...]] = {}

    def __post_init__(self) -> None:
        """Refuse a value that two pay for."""
        named: dict[str, str] = {}
        for payer, values in self.payers.items():
            for value in values:
                if named.setdefault(value, payer) != payer:
                    raise ValueError(
                        f"chargeback.payers: {value} is named for {named[value]} and for {payer}"
                    )


class Privacy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of what people and models said. prompt_salt: goes into the hashes of prompts, so that nobody finds
    what was said by hashing guesses; hashes of different salts have nothing in common.  keep_attributes: attributes
    whose text is stored as it is, ``*`` for any run of characters.
    """

    prompt_salt: str = ""
    keep_attributes: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole configuration. bills: pool or provider → month ("2026-11") → USD invoiced.  invoices: what else is on
    them.

    billing: provider, or "*" for any → outcome → what of it is billed.  commitments, breakeven: capacity that could be
    paid for by time, and is not.
    """

    pools: dict[str, Pool] = {}
    storage: dict[str, Storage] = {}
    classes: dict[str, ClassSettings] = {}
    bills: dict[str, dict[str, Usd]] = {}
    invoices: tuple[Invoice, ...] = ()
    internet_usd_per_gb_egress: Usd | None = None
    network: Network = Network()
    tools: dict[str, Tool] = {}
    finance: Finance = Finance()
    chargeback: Chargeback = Chargeback()
    privacy: Privacy = Privacy()
    prices: PriceSettings = PriceSettings()
    billing: dict[str, dict[Outcome, BillingRule]] = {}
    commitments: dict[str, Commitment] = {}
    breakeven: dict[str, OwnReplicas] = {}
    placement: PlacementSettings = PlacementSettings()
    gates: tuple[Gate, ...] = ()
    audit: AuditSettings = AuditSettings()
    data: DataSettings = DataSettings()
    providers: dict[str, ProviderSettings] = {}

    @property
    def read_attributes(self) -> tuple[str, ...]:
        """The attributes that the settings read: to match pools, storage and tools, for the value of a success, and for
        what data a call carries.
        """
        matches = (
            *(each.match for each in self.pools.values()),
            *(each.match for each in self.storage.values()),
            *(each.match for each in self.tools.values()),
        )
        values = (each.value.attribute for each in self.classes.values() if each.value is not None)
        read = (*matches, values, (self.data.attribute,))
        return tuple(sorted({key for each in read for key in each if key is not None}))

    def __post_init__(self) -> None:
        """Refuse a pool to measure, or a classification of data, that there is not, and an invoice without an amount or
        named twice.
        """
        bound = {name: self._bound(name, declared) for name, declared in self.classes.items()}
        msgspec.structs.force_setattr(self, "classes", bound)
        for name, each in self.breakeven.items():
            if each.pool is not None and each.pool not in self.pools:
                near = difflib.get_close_matches(each.pool, self.pools, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ValueError(f"breakeven.{name}.pool is {each.pool}, which [pools] does not have{hint}")
        named: set[tuple[str, str]] = set()
        for number, invoice in enumerate(self.invoices, start=1):
            key = (invoice.of, invoice.month)
            if invoice.month not in self.bills.get(invoice.of, {}):
                raise ValueError(
                    f"invoices[{number}] is of {invoice.of} in {invoice.month}, for which [bills] has no amount"
                )
            if key in named:
                raise ValueError(
                    f"invoices[{number}] is of {invoice.of} in {invoice.month}, as an earlier one is"
                )
            named.add(key)

    def _bound(self, name: str, declared: ClassSettings) -> ClassSettings:
        """The class within the boundary of its classification too."""
        if declared.data is None:
            return declared
        found = self.data.classifications.get(declared.data)
        if found is None:
            near = difflib.get_close_matches(declared.data, self.data.classifications, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(
                f"classes.{name}.data is {declared.data}, which [data.classifications] does not have{hint}"
            )
        try:
            within = found if declared.boundary is None else stricter(declared.boundary, found)
        except ValueError as error:
            raise ValueError(f"classes.{name}: boundary and data exclude each other: {error}") from error
        return msgspec.structs.replace(declared, boundary=within)
