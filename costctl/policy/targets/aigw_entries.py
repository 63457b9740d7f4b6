"""What does Envoy AI Gateway make of each value of a policy? One entry for every leaf.

In: a ledger, the policy, its rules and the pools that it reaches. Out: nothing; the ledger holds the entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from costctl.documents.policy import Backend, Policy, PolicyClass, RejectWhenBusy, Unlimited
from costctl.policy.ledger import Ledger
from costctl.policy.targets.aigw_backends import counted_at
from costctl.policy.targets.aigw_routes import Rule, followers, sells_tier
from costctl.policy.targets.aigw_traffic import (
    balancer_rule,
    is_one_match,
    own_pool,
    parallel,
    written_balancer,
)
from costctl.policy.targets.envoy_clusters import connections, pending
from costctl.policy.targets.gateway_entries import say_passed_on
from costctl.policy.targets.kube_text import gateway_ms
from costctl.policy.targets.reached_pools import ReachedPool, limited_depth

_CONSUMER: Final = "Envoy AI Gateway"
_NOT_ASKED: Final = "No class reaches it; it is not in the file."
_BREAKER: Final = "circuitBreaker"
_EACH_ENVOY: Final = "Each Envoy counts by itself, over all replicas."
_BY_CLASS: Final = (
    "The gateway counts by class, and a class that shares its pool, or has several, cannot be told."
)
_CAUSES: Final = ("error", "timeout", "overload")


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the file. by_backend: the pool of each."""

    policy: Policy
    rules: Sequence[Rule]
    by_backend: Mapping[str, ReachedPool]


def say_all(ledger: Ledger, policy: Policy, rules: Sequence[Rule], pools: Sequence[ReachedPool]) -> None:
    """An entry for every leaf of the policy."""
    written = Written(policy, rules, {each.id: pool for pool in pools for each in pool.backends})
    ledger.provenance()
    for index in range(len(policy.lanes)):
        ledger.unsupported(
            f"/lanes/{index}", "The gateway serves who came first; its priorities are of fallbacks."
        )
    for number, backend in enumerate(policy.backends):
        _say_backend(ledger, f"/backends/{number}", backend, written)
    for number, kind in enumerate(policy.classes):
        _say_class(ledger, f"/classes/{number}", kind, written)
    ledger.exact("/default_class", "the last match of each route")


def _say_backend(ledger: Ledger, here: str, backend: Backend, written: Written) -> None:
    pool = written.by_backend.get(backend.id)
    if pool is None:
        ledger.not_applicable(here, _NOT_ASKED)
        return
    ledger.exact(f"{here}/id", "Backend, AIServiceBackend")
    if ledger.has(f"{here}/model"):
        ledger.exact(f"{here}/model", "backendRefs.modelNameOverride")
    if ledger.has(f"{here}/max_concurrency"):
        _say_concurrency(ledger, f"{here}/max_concurrency", backend, pool, written)
    for part in ("replicas", "schedule", "start_up_us"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", "The gateway starts no replicas; it finds them by DNS.")
    if ledger.has(f"{here}/routing/rule"):
        _say_balancer(ledger, f"{here}/routing/rule", pool, written)
    if ledger.has(f"{here}/routing/most_ahead"):
        ledger.unsupported(f"{here}/routing/most_ahead", "Envoy knows no prefixes of prompts.")
    for part in ("batching", "batch"):
        if ledger.has(f"{here}/{part}"):
            ledger.not_applicable(f"{here}/{part}", "For the server behind it.")
    ledger.not_applicable(here, "Says where the server stands; nothing is routed by it.")


def _say_concurrency(
    ledger: Ledger, here: str, backend: Backend, pool: ReachedPool, written: Written
) -> None:
    kinds = [kind for _, kind in pool.reached]
    if len(kinds) != 1 or own_pool(kinds[0], written.by_backend) is None:
        ledger.unsupported(here, _BY_CLASS)
    elif isinstance(backend.max_concurrency, Unlimited):
        ledger.exact(here, f"{_BREAKER}.maxConnections, as large as can be")
    elif connections(pool) is None:
        ledger.unsupported(here, "The gateway counts over known replicas.")
    else:
        ledger.approximated(here, _EACH_ENVOY, f"{_BREAKER}.maxConnections")


def _say_balancer(ledger: Ledger, here: str, pool: ReachedPool, written: Written) -> None:
    found = {balancer_rule(kind, written.by_backend) for _, kind in pool.targets}
    if not pool.targets:
        ledger.unsupported(here, "Only fallbacks reach it, and go by the rule of the class's own pool.")
    elif found != {pool.rule}:
        ledger.approximated(
            here, "A class has one rule for all its pools: that of the first.", "loadBalancer.type"
        )
    elif pool.rule == "prefix_affinity":
        ledger.approximated(here, "Envoy knows no prefixes of prompts.", "loadBalancer.type LeastRequest")
    else:
        ledger.exact(here, f"loadBalancer.type {written_balancer(pool.rule)}")


def _say_class(ledger: Ledger, here: str, kind: PolicyClass, written: Written) -> None:
    ledger.exact(f"{here}/id", "the name of a rule")
    ledger.exact(f"{here}/match", "matches.headers")
    ledger.unsupported(f"{here}/lane", "The gateway serves who came first.")
    ledger.exact(f"{here}/placement/targets", "backendRefs, by weight")
    _say_fallbacks(ledger, f"{here}/placement/fallback", kind)
    if kind.queue is not None:
        _say_queue(ledger, f"{here}/queue", kind, written)
    if kind.admission is not None:
        _say_admission(ledger, f"{here}/admission", kind, written)
    if kind.timeout_us is not None:
        after_us = 1000 * gateway_ms(kind.timeout_us)
        if after_us == kind.timeout_us:
            ledger.exact(f"{here}/timeout_us", "timeouts.request")
        else:
            ledger.rounded(f"{here}/timeout_us", kind.timeout_us, after_us, "timeouts.request")
    _say_attempts(ledger, here, kind)
    if ledger.has(f"{here}/service_tier"):
        _say_tier(ledger, f"{here}/service_tier", kind, written)
    if ledger.has(f"{here}/caps/output_tokens"):
        reason = "A change of the body would also raise a caller's own smaller number."
        ledger.unsupported(f"{here}/caps/output_tokens", reason)
    say_passed_on(ledger, here, _CONSUMER, "backendRefs")


def _say_fallbacks(ledger: Ledger, here: str, kind: PolicyClass) -> None:
    used = {each.backend for each in followers(kind)}
    for place, fallback in enumerate(kind.placement.fallback):
        at = f"{here}/{place}"
        if fallback.backend not in used:
            ledger.unsupported(at, "Envoy does not know why a model would not answer.")
            continue
        ledger.exact(f"{at}/backend", "backendRefs.priority, next in order")
        for nth, cause in enumerate(fallback.on):
            if cause in _CAUSES:
                reason = (
                    "Any failed call is tried again there: errors, refusals and time-outs are not told apart."
                )
                ledger.approximated(f"{at}/on/{nth}", reason, "retry.numAttemptsPerPriority")
            else:
                ledger.unsupported(f"{at}/on/{nth}", "Envoy does not know why a model would not answer.")


def _say_queue(ledger: Ledger, here: str, kind: PolicyClass, written: Written) -> None:
    depth = limited_depth(kind)
    if depth is not None:
        pool = own_pool(kind, written.by_backend)
        at = f"{_BREAKER}.maxPendingRequests"
        if pool is None:
            ledger.unsupported(f"{here}/depth", _BY_CLASS)
        elif connections(pool) is None:
            ledger.unsupported(f"{here}/depth", "Nothing waits for a pool without a limit of connections.")
        elif pending(pool) is None:
            ledger.unsupported(f"{here}/depth", "The gateway counts over known replicas.")
        elif isinstance(depth, Unlimited):
            ledger.exact(f"{here}/depth", f"{at}, as large as can be")
        elif isinstance(depth, RejectWhenBusy):
            reason = "One may wait at least: Envoy counts the call for which a connection is opened."
            ledger.approximated(f"{here}/depth", reason, at)
        else:
            ledger.approximated(f"{here}/depth", _EACH_ENVOY, at)
    for part in ("max_wait_us", "on_timeout"):
        if ledger.has(f"{here}/{part}"):
            reason = "Envoy has no time-out of its queue; a call's own counts its wait too."
            ledger.unsupported(f"{here}/{part}", reason)


def _say_admission(ledger: Ledger, here: str, kind: PolicyClass, written: Written) -> None:
    if ledger.has(f"{here}/concurrency"):
        limit = None if kind.admission is None else kind.admission.concurrency
        at = f"{_BREAKER}.maxParallelRequests"
        if parallel(kind, written.by_backend) is None:
            reason = "The gateway counts the calls of a class; it knows no callers, and no replicas of several pools."
            ledger.unsupported(f"{here}/concurrency", reason)
        elif isinstance(limit, Unlimited):
            ledger.exact(f"{here}/concurrency", f"{at}, as large as can be")
        else:
            ledger.approximated(f"{here}/concurrency", "Each Envoy counts by itself.", at)
    if ledger.has(f"{here}/requests_per_minute"):
        if is_one_match(written.rules, kind):
            reason = "A bucket that is filled once a minute; each Envoy has its own."
            ledger.approximated(f"{here}/requests_per_minute", reason, "rateLimit.local")
        else:
            reason = "The class has several matches, and the gateway has a bucket for each: more would get through."
            ledger.unsupported(f"{here}/requests_per_minute", reason)
    if ledger.has(f"{here}/tokens_per_minute"):
        if counted_at(kind, written.by_backend) is not None:
            reason = "Counted when an answer has ended: calls in progress may go beyond it."
            ledger.approximated(f"{here}/tokens_per_minute", reason, "QuotaPolicy.perModelQuotas")
        else:
            reason = (
                "The gateway counts tokens by backend and model: the class has several, or an unknown one."
            )
            ledger.unsupported(f"{here}/tokens_per_minute", reason)


def _say_attempts(ledger: Ledger, here: str, kind: PolicyClass) -> None:
    after = followers(kind)
    if kind.retries is not None:
        if after and kind.retries != 0:
            reason = "Each further try goes to the next fallback first."
            ledger.approximated(f"{here}/retries", reason, "retry.numRetries")
        elif after:
            reason = "One try for each fallback, as Envoy falls back by trying again."
            ledger.approximated(f"{here}/retries", reason, "retry.numRetries")
        else:
            ledger.exact(f"{here}/retries", "retry.numRetries; no retry policy for 0")
    if kind.backoff_us is not None:
        if kind.backoff_us and (kind.retries or after):
            reason = "Envoy waits a random part of it, in whole milliseconds, longer with each try."
            ledger.approximated(f"{here}/backoff_us", reason, "retry.perRetry.backOff.baseInterval")
        elif kind.backoff_us:
            ledger.unsupported(f"{here}/backoff_us", "Nothing is tried again.")
        else:
            ledger.unsupported(f"{here}/backoff_us", "Envoy's own wait of 25 ms holds.")


def _say_tier(ledger: Ledger, here: str, kind: PolicyClass, written: Written) -> None:
    names = [target.backend for target in kind.placement.targets if target.weight]
    names += [each.backend for each in followers(kind)]
    backends = {each.id: each for each in written.policy.backends}
    selling = [name for name in names if sells_tier(kind, backends[name])]
    if kind.service_tier == "batch":
        ledger.unsupported(here, "The gateway sends calls one by one; a batch is a file that callers send.")
    elif not selling:
        ledger.unsupported(here, "Nobody that the class is sent to takes a tier in this field.")
    elif len(selling) < len(names):
        reason = "Not every backend of the class takes a tier in this field."
        ledger.approximated(here, reason, "backendRefs.bodyMutation")
    else:
        ledger.exact(here, "backendRefs.bodyMutation, in place of what a caller says")
