"""costctl.explanation/v2: one request, or one class, through every relation, as ``costctl explain`` prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from costctl.documents.cache_misses import CallCache, Missed
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.explanation/v2"


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that the rules may look at. value: null where it was not observed."""

    feature: str
    value: str | bool | int | float | None


class BoundCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bound of a rule. wanted: what the rule asks for.  found: the request's value, null where not observed;
    a bound is not met by what was not observed.
    """

    bound: str
    wanted: str | float
    found: str | int | float | None
    is_met: bool


class RuleOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one rule, or one alternative of it, says to a request. request_class: the class that it gives; null where
    the rule takes the label and the request has none.  is_met: every bound holds.  is_taken: the first that does.
    """

    rule_order: int
    rule: str
    request_class: str | None
    bounds: tuple[BoundCheck, ...]
    is_met: bool
    is_taken: bool


class SpanLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One span, after its parent and before its later siblings. depth: 0 for an entry.  start_s, duration_s: seconds,
    the start counted from the request's; null where no time was recorded.  model, tokens: as the span tells them.
    """

    depth: int
    name: str | None
    stage: str
    operation: str | None
    start_s: float | None
    duration_s: float | None
    replica: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    is_failed: bool


class CallLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One execution of a model. start_s: seconds from the request's start.  queue_s, ttft_s: seconds.  share_s: its
    part of its replica's busy time; alone_s: seconds in which no other call was in progress there.  tenant: whose it
    is; null where none is named.
    """

    call_id: str
    tenant: str | None
    operation: str | None
    provider: str | None
    model: str | None
    pool: str | None
    replica: str
    is_replica_observed: bool
    start_s: float | None
    duration_s: float | None
    queue_s: float | None
    ttft_s: float | None
    input_tokens: int | None
    cached_input_tokens: int | None
    output_tokens: int | None
    is_failed: bool
    is_retried: bool
    share_s: float | None
    alone_s: float | None


class RecordLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One span that tells of a model call. call_id: the call; null where the span sums up several.  is_counted: it is
    the record that counts.  recorder: the instrumentation scope, else the dialect.
    """

    call_id: str | None
    name: str | None
    recorder: str | None
    is_counted: bool
    reason: str


class StageLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time in a stage, seconds; over the stages it sums to the duration."""

    stage: str
    self_s: float
    share_ratio: float


class ChargeLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that was used. usd: null where quantity or price is unknown; ``note`` says which.  outcome,
    billing_rule: of the call, and by which rule it was billed; null for what no call caused.  is_recorded: the amount
    is what the call's own record says, where there is no price; the quantity is that amount.
    """

    call_id: str | None
    component: str
    resource: str | None
    quantity: float | None
    unit: str
    usd_per_unit: float | None
    usd: float | None
    is_recorded: bool
    is_wasted: bool
    outcome: str | None
    billing_rule: str | None
    note: str | None


class CostPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was paid for one component and resource. usd: null where nothing of it has an amount, a lower bound where
    there are unpriced_charges.  usd_ratio: of what has an amount.
    """

    component: str
    resource: str | None
    usd: float | None
    usd_ratio: float | None
    unpriced_charges: int


class StepCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The steps of a request of several: see docs/explanation/sessions.md for each word."""

    steps: int
    turns: int
    tool_runs: int
    distinct_tools: int
    longest_run: int | None
    same_calls: int | None
    evidence: str | None
    is_looping: bool | None


class RequestExplanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request. start: RFC 3339, UTC.  spans, calls, records: the first of them; ``span_count``, ``call_count`` and
    ``record_count`` say how many there are.  usd: sum of what is priced, null where nothing is.  stages, cost_parts:
    the largest first.  caches: of the calls that are listed and are bought by the token; empty where no call of any
    request has a prompt that is known.
    """

    request_id: str
    trace_id: str
    route: str | None
    service: str | None
    tenant: str | None
    session_id: str | None
    start: str | None
    duration_s: float | None
    ttft_s: float | None
    is_success: bool
    attempts: int
    request_class: str
    rule: str
    features: tuple[Feature, ...]
    rules: tuple[RuleOutcome, ...]
    steps: StepCount | None
    span_count: int
    spans: tuple[SpanLine, ...]
    call_count: int
    calls: tuple[CallLine, ...]
    record_count: int
    records: tuple[RecordLine, ...]
    stages: tuple[StageLine, ...]
    usd: float | None
    unpriced_charges: int
    charges: tuple[ChargeLine, ...]
    cost_parts: tuple[CostPart, ...] = ()
    caches: tuple[CallCache, ...] = ()

    @property
    def longest_call(self) -> CallLine | None:
        """The call that took longest, of those that are listed; None where none was timed."""
        timed = [call for call in self.calls if call.duration_s is not None]
        return max(timed, key=lambda call: call.duration_s or 0.0, default=None)

    @property
    def dearest_misses(self) -> tuple[tuple[int, CallCache], ...]:
        """``numbered_caches``, that of most avoidable money first."""
        return tuple(
            sorted(self.numbered_caches, key=lambda each: (-(each[1].avoidable_usd or 0.0), each[0]))
        )

    @property
    def numbered_caches(self) -> tuple[tuple[int, CallCache], ...]:
        """What its calls did not read from a cache, each with the number of its call, from 1."""
        numbers = {call.call_id: number for number, call in enumerate(self.calls, 1)}
        return tuple((numbers[each.call_id], each) for each in self.caches)

    @property
    def calls_left_out(self) -> int:
        """How many calls come after those that are listed."""
        return self.call_count - len(self.calls)

    @property
    def records_left_out(self) -> int:
        """How many records come after those that are listed."""
        return self.record_count - len(self.records)


class ChargeSum(NamedTuple):
    """Charges together. usd: of those that have an amount, None where none has."""

    charges: int
    usd: float | None
    unpriced_charges: int


def sum_of(charges: Sequence[ChargeLine]) -> ChargeSum:
    """The charges together."""
    amounts = [charge.usd for charge in charges if charge.usd is not None]
    return ChargeSum(len(charges), sum(amounts) if amounts else None, len(charges) - len(amounts))


class RequestName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request of the same trace that is not explained here. ``costctl explain`` takes its request_id."""

    request_id: str
    route: str | None
    start: str | None


class ClassRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that gives the class, or one alternative of it. definition: its bounds in words.  requests: those that it
    took.
    """

    rule_order: int
    rule: str
    definition: str
    requests: int


class ClassExample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An example request. example: typical (the median duration), slow (the 95th percentile) or
    expensive (the 95th percentile of cost): the quantiles of the analysis, which are requests.  usd: a lower bound
    where there are unpriced_charges.
    """

    example: str
    trace_id: str
    request_id: str
    duration_s: float | None
    usd: float | None
    unpriced_charges: int


class ClassExplanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class. usd: sum of what is priced, null where nothing is; a lower bound where there are unpriced_charges.

    stages, cost_parts: of all its requests, the largest first.  wasted_usd: of usd, on attempts that failed or were
    repeated.  missed: what was not read from prompt caches; null where no prompt of it is known.  missed_calls: the
    calls of most avoidable money.
    """

    request_class: str
    requests: int
    successes: int
    usd: float | None
    unpriced_charges: int
    rules: tuple[ClassRule, ...]
    examples: tuple[ClassExample, ...]
    stages: tuple[StageLine, ...] = ()
    cost_parts: tuple[CostPart, ...] = ()
    wasted_usd: float | None = None
    missed: Missed | None = None
    missed_calls: tuple[CallCache, ...] = ()


class RuleExplanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. request_class: that it gives; null of one that takes the label.  definition: its bounds in words.
    requests, request_ratio: that it took.  rules_before, requests_before: the rules that come before it, and what
    they took.
    """

    rule: str
    request_class: str | None
    definition: str
    requests: int
    request_ratio: float
    rules_before: int
    requests_before: int


class Explanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl explain --format json`` prints: requests, a class or a rule; the others are empty."""

    schema_version: str
    provenance: Provenance
    asked: str
    requests: tuple[RequestExplanation, ...]
    other_requests: tuple[RequestName, ...]
    request_class: ClassExplanation | None
    rule: RuleExplanation | None = None
