"""What does Envoy's file make of each value of a policy? One entry for every leaf.

In: a ledger, the policy and the pools that it reaches. Out: nothing; the ledger holds the entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from costctl.documents.policy import AtMost, Backend, Policy, PolicyClass, RejectWhenBusy, Unlimited
from costctl.policy.ledger import Ledger
from costctl.policy.targets.envoy_clusters import connections, followers, pending
from costctl.policy.targets.envoy_routes import place_told_to
from costctl.policy.targets.gateway_entries import say_passed_on, say_targets
from costctl.policy.targets.reached_pools import ReachedPool, limited_depth
from costctl.policy.targets.vllm_arguments import PRIORITY_HEADER

_NOT_ASKED: Final = "No class reaches it; it is not in the file."
_BREAKER: Final = "circuit_breakers.thresholds"
_BY_ENGINES: Final = "Envoy serves who came first; engines of vLLM put in order what they have."
_TOLD: Final = f"request_headers_to_add {PRIORITY_HEADER}"
_EACH_ENVOY: Final = "Each Envoy counts by itself, over all replicas."


def say_all(ledger: Ledger, policy: Policy, pools: Sequence[ReachedPool]) -> None:
    """An entry for every leaf of the policy."""
    ledger.provenance()
    told = {kind.id for kind in policy.classes if place_told_to(policy, kind, pools) is not None}
    for index, lane in enumerate(policy.lanes):
        if any(kind.lane == lane.id and kind.id in told for kind in policy.classes):
            ledger.approximated(f"/lanes/{index}", _BY_ENGINES, f"{_TOLD}: {index}, the lowest first")
        else:
            ledger.unsupported(
                f"/lanes/{index}", "Envoy serves who came first; its priorities are of endpoints."
            )
    by_backend = {each.id: pool for pool in pools for each in pool.backends}
    for number, backend in enumerate(policy.backends):
        _say_backend(ledger, f"/backends/{number}", backend, by_backend.get(backend.id))
    for number, kind in enumerate(policy.classes):
        if kind.id in told:
            ledger.approximated(f"/classes/{number}/lane", _BY_ENGINES, _TOLD)
        _say_class(ledger, f"/classes/{number}", kind, by_backend)
    ledger.exact("/default_class", "the last route")


def _say_backend(ledger: Ledger, here: str, backend: Backend, pool: ReachedPool | None) -> None:
    if pool is None:
        ledger.not_applicable(here, _NOT_ASKED)
        return
    ledger.exact(f"{here}/id", f"cluster {pool.name}")
    limit = backend.max_concurrency
    if isinstance(limit, Unlimited):
        ledger.exact(f"{here}/max_concurrency", f"{_BREAKER}.max_connections, as large as can be")
    elif limit is not None and connections(pool) is None:
        ledger.unsupported(f"{here}/max_concurrency", "Envoy counts over a cluster of known replicas.")
    elif limit is not None:
        ledger.approximated(f"{here}/max_concurrency", _EACH_ENVOY, f"{_BREAKER}.max_connections")
    for part in ("replicas", "schedule", "start_up_us"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", "Envoy starts no replicas; it finds them by DNS.")
    if ledger.has(f"{here}/routing"):
        if backend.routing is not None and backend.routing.rule == "prefix_affinity":
            ledger.approximated(
                f"{here}/routing/rule", "Envoy knows no prefixes of prompts.", "lb_policy LEAST_REQUEST"
            )
        elif ledger.has(f"{here}/routing/rule"):
            ledger.exact(f"{here}/routing/rule", "lb_policy")
        if ledger.has(f"{here}/routing/most_ahead"):
            ledger.unsupported(f"{here}/routing/most_ahead", "Envoy knows no prefixes of prompts.")
    for part in ("batching", "batch"):
        if ledger.has(f"{here}/{part}"):
            ledger.not_applicable(f"{here}/{part}", "For the server behind it.")
    ledger.not_applicable(here, "Says where the server stands, and what it serves; nothing is routed by it.")


def _say_class(ledger: Ledger, here: str, kind: PolicyClass, by_backend: Mapping[str, ReachedPool]) -> None:
    ledger.exact(f"{here}/id", "the name of a route")
    ledger.exact(f"{here}/match", "the match of a route")
    ledger.unsupported(f"{here}/lane", "Envoy serves who came first.")
    say_targets(ledger, here, kind, by_backend, "cluster, or weighted_clusters")
    _say_fallbacks(
        ledger, f"{here}/placement/fallback", kind, {name: pool.name for name, pool in by_backend.items()}
    )
    pools = tuple(
        {by_backend[each.backend].name: by_backend[each.backend] for each in kind.placement.targets}.values()
    )
    if kind.queue is not None:
        _say_queue(ledger, f"{here}/queue", kind, pools)
    if kind.admission is not None:
        if ledger.has(f"{here}/admission/concurrency"):
            ledger.unsupported(
                f"{here}/admission/concurrency", "Envoy counts calls in progress by cluster, not by class."
            )
        if kind.admission.requests_per_minute is not None:
            reason = "A bucket that is filled once a minute; each Envoy has its own."
            ledger.approximated(
                f"{here}/admission/requests_per_minute", reason, "local_ratelimit.token_bucket"
            )
        if ledger.has(f"{here}/admission/tokens_per_minute"):
            ledger.unsupported(f"{here}/admission/tokens_per_minute", "Envoy counts no tokens here.")
    if kind.timeout_us is not None:
        ledger.exact(f"{here}/timeout_us", "route.timeout")
    _say_attempts(ledger, here, kind)
    say_passed_on(ledger, here, "Envoy", "targets and fallbacks")


def _say_fallbacks(ledger: Ledger, here: str, kind: PolicyClass, names: Mapping[str, str]) -> None:
    used = {
        name
        for target in kind.placement.targets
        if target.weight
        for name in followers(kind, target.backend, names)
    }
    for place, fallback in enumerate(kind.placement.fallback):
        at = f"{here}/{place}"
        if names[fallback.backend] not in used:
            ledger.unsupported(at, "Envoy does not know why a model would not answer.")
            continue
        ledger.exact(f"{at}/backend", "envoy.clusters.aggregate, next in order")
        for nth, cause in enumerate(fallback.on):
            if cause in ("error", "timeout", "overload"):
                reason = (
                    "Any failed call is tried again there: errors, refusals and time-outs are not told apart."
                )
                ledger.approximated(f"{at}/on/{nth}", reason, "retry_policy.retry_priority")
            else:
                ledger.unsupported(f"{at}/on/{nth}", "Envoy does not know why a model would not answer.")


def _say_queue(ledger: Ledger, here: str, kind: PolicyClass, pools: Sequence[ReachedPool]) -> None:
    depth = limited_depth(kind)
    if depth is not None:
        if any(connections(pool) is None for pool in pools) and not isinstance(depth, Unlimited):
            ledger.unsupported(f"{here}/depth", "Nothing waits for a cluster without a limit of connections.")
        elif any(pending(pool) is None for pool in pools):
            ledger.unsupported(
                f"{here}/depth", "A class of the same pool says nothing; Envoy has one queue a cluster."
            )
        elif isinstance(depth, RejectWhenBusy):
            reason = "One may wait at least: Envoy counts the call for which a connection is opened."
            ledger.approximated(f"{here}/depth", reason, f"{_BREAKER}.max_pending_requests")
        elif isinstance(depth, AtMost) and any(len(pool.targets) > 1 for pool in pools):
            reason = "Envoy has one queue a cluster: as long as those of all its classes together."
            ledger.approximated(f"{here}/depth", reason, f"{_BREAKER}.max_pending_requests")
        elif isinstance(depth, AtMost):
            ledger.approximated(f"{here}/depth", _EACH_ENVOY, f"{_BREAKER}.max_pending_requests")
        else:
            ledger.exact(f"{here}/depth", f"{_BREAKER}.max_pending_requests, as large as can be")
    for part in ("max_wait_us", "on_timeout"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(
                f"{here}/{part}", "Envoy has no time-out of its queue; a call's own counts its wait too."
            )


def _say_attempts(ledger: Ledger, here: str, kind: PolicyClass) -> None:
    if kind.retries is not None:
        if kind.placement.fallback and kind.retries != 0:
            reason = "Each further try goes to the next fallback first."
            ledger.approximated(f"{here}/retries", reason, "retry_policy.num_retries")
        elif kind.placement.fallback:
            reason = "One try for each fallback, as Envoy falls back by trying again."
            ledger.approximated(f"{here}/retries", reason, "retry_policy.num_retries")
        else:
            ledger.exact(f"{here}/retries", "retry_policy.num_retries")
    if kind.backoff_us is not None:
        if kind.retries or kind.placement.fallback:
            reason = "Envoy waits a random part of it, longer with each try."
            ledger.approximated(f"{here}/backoff_us", reason, "retry_policy.retry_back_off.base_interval")
        else:
            ledger.unsupported(f"{here}/backoff_us", "Nothing is tried again.")
