"""How many calls of a class may be under way at Envoy AI Gateway, and what happens to one that fails?

In: the rules of its routes, the pools that a policy reaches. Out: a BackendTrafficPolicy of Envoy Gateway for each
rule that needs one. Envoy Gateway makes a cluster of each rule, so that what it counts is counted by class; its buckets
are by match.
https://github.com/envoyproxy/gateway/blob/v1.8.1/api/v1alpha1/circuitbreaker_types.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from costctl.documents.policy import AtMost, PolicyClass, Unlimited
from costctl.levers.limits import limit_over_backend
from costctl.policy.targets.aigw_routes import Rule, followers
from costctl.policy.targets.envoy_clusters import MOST, connections, pending
from costctl.policy.targets.kube_text import Object, gateway_duration, object_of
from costctl.policy.targets.reached_pools import ReachedPool

_RETRIED: Final = ("connect-failure", "refused-stream", "reset", "5xx", "retriable-status-codes")
_TOO_MANY_REQUESTS: Final = 429
_BALANCERS: Final[Mapping[str | None, str]] = {
    "round_robin": "RoundRobin",
    "least_outstanding": "LeastRequest",
    "prefix_affinity": "LeastRequest",
}


def traffic_objects(rules: Sequence[Rule], pools: Sequence[ReachedPool]) -> Iterator[Object]:
    """The policies of rules that need one, in their order."""
    by_backend = {backend.id: pool for pool in pools for backend in pool.backends}
    for rule in rules:
        parts = {
            "circuitBreaker": breakers(rule.kind, by_backend),
            "loadBalancer": _balancer(rule.kind, by_backend),
            "rateLimit": _rate(rule.kind) if is_one_match(rules, rule.kind) else {},
            "retry": _attempts(rule.kind),
        }
        spec = {name: part for name, part in parts.items() if part}
        if spec:
            target = {
                "group": "gateway.networking.k8s.io",
                "kind": "HTTPRoute",
                "name": rule.route,
                "sectionName": rule.label,
            }
            yield object_of(
                "gateway.envoyproxy.io/v1alpha1",
                "BackendTrafficPolicy",
                f"{rule.route}-{rule.label}",
                spec={"targetRefs": [target], **spec},
            )


def own_pool(kind: PolicyClass, by_backend: Mapping[str, ReachedPool]) -> ReachedPool | None:
    """The only pool that a class is sent to, if no other class reaches it: by class is by pool there."""
    names = [target.backend for target in kind.placement.targets if target.weight]
    pools = {by_backend[name].name: by_backend[name] for name in names}
    pools |= {by_backend[each.backend].name: by_backend[each.backend] for each in followers(kind)}
    only = next(iter(pools.values()))
    return only if len(pools) == 1 and len(only.reached) == 1 else None


def parallel(kind: PolicyClass, by_backend: Mapping[str, ReachedPool]) -> int | None:
    """Calls of the class in progress; None where it sets no number that Envoy can count."""
    limit = None if kind.admission is None else kind.admission.concurrency
    if isinstance(limit, Unlimited):
        return MOST
    if not isinstance(limit, AtMost):
        return None
    if limit.scope == "global":
        return limit.value
    pools = {by_backend[each.backend].name for each in kind.placement.targets if each.weight}
    pools |= {by_backend[each.backend].name for each in followers(kind)}
    if len(pools) != 1:
        return None
    pool = by_backend[kind.placement.targets[0].backend]
    return limit_over_backend(limit, pool.replicas)


def breakers(kind: PolicyClass, by_backend: Mapping[str, ReachedPool]) -> Object:
    """What may be under way at once. Whatever is left out of breakers that are there is 1,024."""
    pool = own_pool(kind, by_backend)
    most = None if pool is None else connections(pool)
    waiting = None if pool is None or most is None else pending(pool)
    own = parallel(kind, by_backend)
    found = {
        "maxConnections": most,
        "maxPendingRequests": waiting,
        "maxParallelRequests": most if own is None else own,
    }
    return {name: value for name, value in found.items() if value is not None}


def is_one_match(rules: Sequence[Rule], kind: PolicyClass) -> bool:
    """Whether a class has one match where it is told: a bucket of tokens for each would let more through."""
    return max((len(rule.matches) for rule in rules if rule.kind is kind), default=0) == 1


def balancer_rule(kind: PolicyClass, by_backend: Mapping[str, ReachedPool]) -> str | None:
    """How a class's calls are given to replicas: as its first pool that says so."""
    pools = [by_backend[each.backend] for each in kind.placement.targets if each.weight]
    return next((pool.rule for pool in pools if pool.rule is not None), None)


def written_balancer(rule: str | None) -> str | None:
    """Envoy Gateway's word for a rule."""
    return _BALANCERS.get(rule)


def attempts(kind: PolicyClass) -> int:
    """Further tries: those of the class, and one at least for each fallback."""
    return max(kind.retries or 0, len(followers(kind)))


def _balancer(kind: PolicyClass, by_backend: Mapping[str, ReachedPool]) -> Object:
    found = written_balancer(balancer_rule(kind, by_backend))
    return {} if found is None else {"type": found}


def _rate(kind: PolicyClass) -> Object:
    rate = None if kind.admission is None else kind.admission.requests_per_minute
    return {} if rate is None else {"local": {"rules": [{"limit": {"requests": rate, "unit": "Minute"}}]}}


def _attempts(kind: PolicyClass) -> Object:
    count = attempts(kind)
    if count == 0:
        return {}
    found: Object = {
        "numRetries": count,
        "retryOn": {"triggers": list(_RETRIED), "httpStatusCodes": [_TOO_MANY_REQUESTS]},
    }
    if followers(kind):
        found["numAttemptsPerPriority"] = 1
    if kind.backoff_us:
        intervals = {
            "baseInterval": gateway_duration(kind.backoff_us),
            "maxInterval": gateway_duration(10 * kind.backoff_us),
        }
        found["perRetry"] = {"backOff": intervals}
    return found
