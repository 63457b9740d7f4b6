"""Where does Envoy send calls? A cluster for each pool, with its breakers, and one for each class that falls back.

In: the pools that a policy reaches, its classes. Out: clusters as plain dicts. Envoy queues first come, first served,
in a cluster; its breakers bound connections, of which each carries one call over HTTP/1.1, and what waits for one.
https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/cluster/v3/cluster.proto
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from costctl.documents.policy import AtMost, Limit, PolicyClass, Unlimited
from costctl.levers.limits import limit_over_backend
from costctl.policy.targets.addresses import host_names
from costctl.policy.targets.envoy_text import named
from costctl.policy.targets.reached_pools import ReachedPool

Yaml = dict[str, Any]
MOST: Final = 2**32 - 1  # what a breaker of Envoy can be set to: no limit
_PORT: Final = 8000  # of vLLM and of what is like it
_TLS_PORT: Final = 443
_AUTHORITIES: Final = "/etc/ssl/certs/ca-certificates.crt"
_FAILED: Final = ("error", "timeout", "overload")  # causes that Envoy can tell from another


def clusters_of(pools: Sequence[ReachedPool], classes: Sequence[PolicyClass]) -> list[Yaml]:
    """All clusters, those of the pools first."""
    hosts = hosts_of(pools)
    by_backend = {backend.id: pool.name for pool in pools for backend in pool.backends}
    return [
        *(_cluster(pool, hosts[pool.name]) for pool in pools),
        *(
            _chain(kind, target.backend, by_backend)
            for kind in classes
            for target in kind.placement.targets
            if target.weight and followers(kind, target.backend, by_backend)
        ),
    ]


def hosts_of(pools: Sequence[ReachedPool]) -> dict[str, str]:
    """By pool, the name that it is looked up by; no two are alike."""
    return host_names([each.backends[0] for each in pools])


def followers(kind: PolicyClass, backend: str, by_backend: Mapping[str, str]) -> tuple[str, ...]:
    """Pools to try after the one of a backend, where Envoy can tell that it failed."""
    found = (each for each in kind.placement.fallback if set(_FAILED) & set(each.on))
    names = dict.fromkeys(by_backend[each.backend] for each in found)
    return tuple(name for name in names if name != by_backend[backend])


def cluster_of(kind: PolicyClass, backend: str, by_backend: Mapping[str, str]) -> str:
    """The cluster that a class's calls for a backend go to."""
    pool = by_backend[backend]
    return f"{kind.id}:{pool}" if followers(kind, backend, by_backend) else pool


def connections(pool: ReachedPool) -> int | None:
    """Calls in progress over all replicas; None where the policy sets no number that Envoy can count."""
    limits = [each.max_concurrency for each in pool.backends if each.max_concurrency is not None]
    return _strictest(limits, pool.replicas)


def pending(pool: ReachedPool) -> int | None:
    """Calls of all classes that may wait; at least one, as the call for which a connection is opened waits too. None
    where the classes say nothing, or cannot be added up.
    """
    length = pool.queue_of([kind for _, kind in pool.targets])
    if isinstance(length, Unlimited):
        return MOST
    return None if length is None else max(1, length)


def _strictest(limits: Sequence[Limit], replicas: int | None) -> int | None:
    counted = [limit_over_backend(each, replicas) for each in limits if isinstance(each, AtMost)]
    numbers = [each for each in counted if each is not None]
    if numbers:
        return min(numbers)
    return MOST if limits and all(isinstance(each, Unlimited) for each in limits) else None


def _cluster(pool: ReachedPool, host: str) -> Yaml:
    port = _TLS_PORT if pool.is_bought else _PORT
    most = {"max_connections": connections(pool), "max_pending_requests": pending(pool)}
    limits = {name: value for name, value in most.items() if value is not None}
    address = {"socket_address": {"address": host, "port_value": port}}
    return {
        "name": pool.name,
        "type": "STRICT_DNS",
        "connect_timeout": "5s",
        "lb_policy": "ROUND_ROBIN" if pool.rule == "round_robin" else "LEAST_REQUEST",
        **({"circuit_breakers": {"thresholds": [{"priority": "DEFAULT", **limits}]}} if limits else {}),
        "load_assignment": {
            "cluster_name": pool.name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        **(_over_tls() if pool.is_bought else {}),
    }


def _over_tls() -> Yaml:
    """How a provider is asked: its certificate must be for the name that the request is for."""
    options = named("envoy.extensions.upstreams.http.v3.HttpProtocolOptions")
    options["upstream_http_protocol_options"] = {"auto_sni": True, "auto_san_validation": True}
    options["explicit_http_config"] = {"http_protocol_options": {}}
    context = named("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext")
    context["common_tls_context"] = {"validation_context": {"trusted_ca": {"filename": _AUTHORITIES}}}
    return {
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        },
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context},
    }


def _chain(kind: PolicyClass, backend: str, by_backend: Mapping[str, str]) -> Yaml:
    """A pool and those to try after it, as one cluster whose priorities are theirs."""
    config = named("envoy.extensions.clusters.aggregate.v3.ClusterConfig")
    config["clusters"] = [by_backend[backend], *followers(kind, backend, by_backend)]
    return {
        "name": cluster_of(kind, backend, by_backend),
        "connect_timeout": "5s",
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": {"name": "envoy.clusters.aggregate", "typed_config": config},
    }
