"""Where does a Gateway send a class's calls? One HTTPRoute whose rules are the classes.

In: a policy, the pools that it reaches, what they are called. Out: an HTTPRoute as a plain dict. A rule names pools by
weight, and says to the endpoint picker of each who is served first, in place of what a client may have said.
https://gateway-api.sigs.k8s.io/reference/spec/#httproute
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from costctl.documents.policy import Match, Policy, PolicyClass
from costctl.policy.targets.kube_text import Object, gateway_duration, object_of
from costctl.policy.targets.llmd_pools import objective_name, serves
from costctl.policy.targets.reached_pools import ReachedPool
from costctl.policy.targets.route_order import Seen, ordered, seen_by

GATEWAY: Final = "inference-gateway"
MODEL_HEADER: Final = "x-gateway-model-name"
ROUTE: Final = "costctl"
_OBJECTIVE: Final = "x-llm-d-inference-objective"
_FORMER_OBJECTIVE: Final = "x-gateway-inference-objective"
_TLS_PORT: Final = 443


def route_of(policy: Policy, pools: Sequence[ReachedPool], hosts: Mapping[str, str]) -> Object:
    """The route. hosts: by pool, what it is called. Raises InfeasibleError where one route cannot hold the classes."""
    kinds = list(policy.classes)
    matches = [seen_by(kind.match, MODEL_HEADER) for kind in kinds]
    default = next(kind for kind in kinds if kind.id == policy.default_class)
    if default.match != Match():
        kinds.append(default)
        matches.append(seen_by(Match(), MODEL_HEADER))
    lanes = [lane.id for lane in policy.lanes]
    rules = [
        _rule(kind, found, parts_of(kind, pools), hosts, lanes.index(kind.lane))
        for kind, found in zip(kinds, ordered(matches, "llm-d"), strict=True)
    ]
    return object_of(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        ROUTE,
        spec={"parentRefs": [{"name": GATEWAY}], "rules": rules},
    )


def parts_of(kind: PolicyClass, pools: Iterable[ReachedPool]) -> list[tuple[ReachedPool, int]]:
    """The pools that a class is sent to first, each with its weight; models of one pool are together."""
    by_backend = {backend.id: pool for pool in pools for backend in pool.backends}
    weights: Counter[str] = Counter()
    for target in kind.placement.targets:
        weights[by_backend[target.backend].name] += target.weight
    named = {pool.name: pool for pool in by_backend.values()}
    return [(named[name], weight) for name, weight in weights.items() if weight]


def _rule(
    kind: PolicyClass,
    seen: Sequence[Seen],
    parts: Sequence[tuple[ReachedPool, int]],
    hosts: Mapping[str, str],
    place: int,
) -> Object:
    found: Object = {"matches": [_match(each) for each in seen]}
    references = [_reference(pool, hosts[pool.name]) for pool, _ in parts]
    filters = [_filter(pool, hosts[pool.name], place) for pool, _ in parts]
    if len(parts) == 1:
        found["filters"] = filters
        found["backendRefs"] = references
    else:
        found["backendRefs"] = [
            {**reference, "weight": weight, "filters": [each]}
            for reference, (_, weight), each in zip(references, parts, filters, strict=True)
        ]
    if kind.timeout_us is not None:
        found["timeouts"] = {"request": gateway_duration(kind.timeout_us)}
    return found


def _match(seen: Seen) -> Object:
    path = {"type": "PathPrefix", "value": "/"}
    if seen.path is not None:
        path = {"type": "Exact", "value": seen.path}
    headers = [{"type": "Exact", "name": name, "value": value} for name, value in sorted(seen.headers)]
    return {"path": path, **({"headers": headers} if headers else {})}


def _reference(pool: ReachedPool, host: str) -> Object:
    if serves(pool):
        return {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": host}
    return {"group": "", "kind": "Service", "name": host, "port": _TLS_PORT}


def _filter(pool: ReachedPool, host: str, place: int) -> Object:
    """What a client says of its own priority is replaced, and not told to a provider."""
    if serves(pool):
        change: Object = {
            "set": [{"name": _OBJECTIVE, "value": objective_name(host, place)}],
            "remove": [_FORMER_OBJECTIVE],
        }
    else:
        change = {"remove": [_OBJECTIVE, _FORMER_OBJECTIVE]}
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": change}
