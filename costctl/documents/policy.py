"""costctl.policy/v2: who is served first, where, in which batches, and how long may be waited.

The document names no product. Emitters (``costctl/policy/targets``) turn it into a consumer's own file.
What is absent keeps the consumer's default. Durations are whole microseconds. Lanes carry no numbers: the
order of the array is the order of service, so that no emitter can invert it. What a schema cannot say is
held by ``costctl/policy/checks.py``.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from costctl.documents.data_settings import Boundary, Enforcement, When
from costctl.documents.estimate import Estimate

SCHEMA_VERSION: Final = "costctl.policy/v2"

ID_PATTERN: Final = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$"
Id = Annotated[str, msgspec.Meta(pattern=ID_PATTERN)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
Instant = Annotated[
    str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", description="RFC 3339, in UTC")
]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
# 2**53 - 1: the largest count that every JSON reader keeps whole.
PositiveUs = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1, description="microseconds")]
DurationUs = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1, description="microseconds")]
Bytes = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1, description="bytes")]
Weight = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Names = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
Why = dict[Annotated[str, msgspec.Meta(pattern="^/")], Annotated[tuple[Id, ...], msgspec.Meta(min_length=1)]]

Operation = Literal["chat", "completion", "embedding", "rerank"]
Tokens = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1, description="tokens")]
FallbackCause = Literal["error", "timeout", "overload", "context_window", "content_policy"]
Scope = Literal["global", "per_backend", "per_replica", "per_caller"]
EvidenceKind = Literal["measured", "simulated", "computed", "declared", "default"]


class Unlimited(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="unlimited"):
    """No limit."""


class RejectWhenBusy(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="reject_when_busy"
):
    """Nothing may wait: what cannot start at once is refused."""


class AtMost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="at_most"):
    """At most ``value``, counted over ``scope``."""

    value: Positive
    scope: Scope


Limit = Unlimited | RejectWhenBusy | AtMost


class PolicyInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the policy was made from."""

    role: Literal["trace", "config", "prices"]
    digest: Digest
    records: Annotated[int, msgspec.Meta(ge=0)] | None = None


class GeneratedInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When and by what the policy was made. observed_from, observed_to: the period that was looked at."""

    at: Instant
    tool: Literal["costctl"]
    tool_version: Text
    seed: int
    command: str | None = None
    inputs: tuple[PolicyInput, ...] = ()
    observed_from: Instant | None = None
    observed_to: Instant | None = None


class Validity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when to when the evidence is taken to hold, and what is to be done after."""

    not_before: Instant
    not_after: Instant
    on_expiry: Literal["revert_to_baseline", "keep_and_warn", "fail_closed"]


class Lane(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A queue of its own. Its place in the array is its place in the order of service; index 0 is first."""

    id: Id


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How calls are gathered. window_us: how long the first waits for others.  max_size: calls at most."""

    window_us: DurationUs | None = None
    max_size: Positive | None = None
    preferred_sizes: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=1)] | None = None


class Routing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How calls are given to the replicas of a backend. most_ahead: calls that a replica may have more than the least
    loaded and still be chosen by prefix_affinity for the beginning of a prompt that it has.
    """

    rule: Literal["round_robin", "least_outstanding", "prefix_affinity"] | None = None
    most_ahead: Limit | None = None


class ScheduleStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From this minute on so many replicas are ready. minute: of the day, or of the week from Monday; UTC."""

    minute: Annotated[int, msgspec.Meta(ge=0, lt=7 * 24 * 60)]
    replicas: Positive


class ReplicaSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many replicas are ready when, again every day or week; before the first step the last holds."""

    period: Literal["day", "week"]
    steps: Annotated[tuple[ScheduleStep, ...], msgspec.Meta(min_length=1)]


class PolicyStore(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a backend keeps. at_most_us: for how long; 0 is nothing.  region, jurisdiction, boundary: where that lies.
    when: for every call, or for those that ask for it.
    """

    at_most_us: DurationUs
    region: Text | None = None
    jurisdiction: Text | None = None
    boundary: Boundary | None = None
    when: When = "always"


class PolicyKeeping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a backend keeps of the data that it is sent; what is absent is not known, and then outside of every data
    boundary that limits it. prompt_cache: prompts.  logs: prompts or answers.  batch: the files of a batch.
    """

    prompt_cache: PolicyStore | None = None
    logs: PolicyStore | None = None
    batch: PolicyStore | None = None


class Backend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One model in one pool, or at one provider.

    model: the name that it is asked by; absent where the pool does not say what it serves.  answers_as: the model
    that its answers name, where that is another name.  region, jurisdiction, boundary: absent where
    not declared, and then outside of every data boundary that asks for one.  max_concurrency: sequences in
    progress, over its scope.  schedule: in place of a constant number of replicas; start_up_us: how much earlier than
    it says a replica must be ordered to be ready.  keeps: of the data that it is sent.  why: JSON Pointer inside this
    backend → ids of evidence.
    """

    id: Id
    model: Text | None = None
    answers_as: Text | None = None
    pool: Text | None = None
    provider: Text | None = None
    region: Text | None = None
    jurisdiction: Text | None = None
    tier: Text | None = None
    boundary: Boundary | None = None
    replicas: Positive | None = None
    max_concurrency: Limit | None = None
    batching: Literal["static", "continuous"] | None = None
    batch: Batch | None = None
    routing: Routing | None = None
    schedule: ReplicaSchedule | None = None
    start_up_us: DurationUs | None = None
    keeps: PolicyKeeping | None = None
    why: Why = {}


class HeaderMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request header with exactly this value. The edge sets it, and strips what clients send under it."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+$")]
    value: Text


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a gateway can see when the request arrives. Every entry must hold; a list holds if one of it does.

    An empty match takes everything. model: the names that clients ask for, the usual one first.
    """

    headers: tuple[HeaderMatch, ...] = ()
    operation: Annotated[tuple[Operation, ...], msgspec.Meta(min_length=1)] | None = None
    model: Names | None = None


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many calls may wait, and how long. Unlimited is said; what is absent keeps the consumer's own limit.

    on_timeout: what happens to a call that waited max_wait_us.
    """

    depth: Limit | None = None
    max_wait_us: PositiveUs | Unlimited | None = None
    on_timeout: Literal["reject", "demote"] | None = None


class Admission(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a class may take. concurrency: its requests in progress."""

    concurrency: Limit | None = None
    requests_per_minute: Positive | None = None
    tokens_per_minute: Positive | None = None


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A backend and its part of the class's requests, by weight."""

    backend: Id
    weight: Weight


class Fallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A backend to try after the targets, in order of the array, and on what."""

    backend: Id
    on: Annotated[tuple[FallbackCause, ...], msgspec.Meta(min_length=1)]


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the class is served."""

    targets: Annotated[tuple[Target, ...], msgspec.Meta(min_length=1)]
    fallback: tuple[Fallback, ...] = ()


class PromptCache(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the provider is asked to keep of prompts. keep: for how long; "none" is not to ask.  until: up to where.

    Absent: as the calls ask today.
    """

    keep: Literal["none", "5m", "1h"] | None = None
    until: Literal["system", "conversation"] | None = None


class ResponseCache(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Answers are given again to who asks the same, word for word. ttl_us: for how long each is kept.  most_bytes: that
    all of them may take, the least recently used out first.
    """

    ttl_us: DurationUs | None = None
    most_bytes: Bytes | None = None


class DeferHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hours of every day, UTC, in minutes of the day; where the end is not after the begin, into the next day."""

    from_minute: Annotated[int, msgspec.Meta(ge=0, lt=24 * 60)]
    until_minute: Annotated[int, msgspec.Meta(ge=0, lt=24 * 60)]


class Defer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Requests wait for these hours, those that come within them not at all. within_us: how long one may wait; one that
    would have to wait longer is served at once.
    """

    hours: DeferHours | None = None
    within_us: DurationUs | None = None


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What calls may come to at most. steps: calls of one request.  input_tokens: that are sent, of the history the
    latest.  output_tokens: of an answer.
    """

    steps: Positive | None = None
    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None


class PolicyBoundary(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the class's data may go, and what may be kept of it; what is absent allows any. Fallbacks are bound by it
    too.

    cacheable_us: that a cache may keep a prompt or an answer; 0 is not at all.  logging: whether they may stand in a
    log.  retention_us: that anything may be kept, by a cache, a log or the file of a batch.  batch: whether they may
    wait in the file of a batch.
    """

    enforcement: Enforcement
    regions: Names | None = None
    jurisdictions: Names | None = None
    boundaries: Annotated[tuple[Boundary, ...], msgspec.Meta(min_length=1)] | None = None
    cacheable_us: DurationUs | None = None
    logging: bool | None = None
    retention_us: DurationUs | None = None
    batch: bool | None = None


class PolicyClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens to one class of calls. The first class in the array that matches takes the call.

    request_class: its name in the analysis.  calls: of the period that it rests on, by which a limit is shared that
    several classes have in common; absent where not observed.  backoff_us: that pass at least after an attempt that
    failed, before the next.  defer: hours for which its requests wait.
    data_classification: of the calls that it takes, as they tell it; absent takes any.  why: JSON Pointer inside this
    class → ids of evidence.

    Of what is bought by the token: prompt_cache, response_cache, caps; service_tier: what the calls are sold as;
    affinity: "prefix" where calls go to the deployment that has their prefix.
    """

    id: Id
    request_class: Text
    match: Match
    lane: Id
    placement: Placement
    calls: Annotated[int, msgspec.Meta(ge=0)] | None = None
    queue: Queue | None = None
    admission: Admission | None = None
    timeout_us: PositiveUs | None = None
    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] | None = None
    backoff_us: DurationUs | None = None
    prompt_cache: PromptCache | None = None
    affinity: Literal["none", "prefix"] | None = None
    service_tier: Literal["default", "batch", "flex", "priority"] | None = None
    response_cache: ResponseCache | None = None
    caps: Caps | None = None
    defer: Defer | None = None
    data_boundary: PolicyBoundary | None = None
    data_classification: Text | None = None
    why: Why = {}


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a change is expected to do: an estimate, or a quantity before (baseline) and after (proposed)."""

    metric: Text
    unit: Text
    evidence: Id
    request_class: Text | None = None
    pool: Text | None = None
    baseline: float | None = None
    proposed: float | None = None
    estimate: Estimate | None = None


class PolicyEvidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fact that a setting rests on; kind says how it is known."""

    id: Id
    kind: EvidenceKind
    statement: Text
    samples: Annotated[int, msgspec.Meta(ge=0)] | None = None
    value: Estimate | None = None


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The document that ``costctl emit --target policy`` writes."""

    schema_version: Literal["costctl.policy/v2"]
    policy_id: Id
    generated: GeneratedInfo
    validity: Validity
    lanes: Annotated[tuple[Lane, ...], msgspec.Meta(min_length=1)]
    backends: Annotated[tuple[Backend, ...], msgspec.Meta(min_length=1)]
    classes: Annotated[tuple[PolicyClass, ...], msgspec.Meta(min_length=1)]
    default_class: Id
    expected: tuple[Expectation, ...] = ()
    evidence: tuple[PolicyEvidence, ...] = ()
