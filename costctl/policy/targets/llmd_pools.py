"""What does llm-d know of a pool? Its InferencePool, the rules of its endpoint picker, and who is served first there.

In: the pools that a policy reaches, its lanes. Out: objects as plain dicts. The endpoint picker of a pool queues calls
in bands: the highest priority first, each as long as ``maxRequests``, where 0 means 5,000; a call waits
``defaultRequestTTL``.
https://github.com/llm-d/llm-d-router/blob/v0.10.0/apix/config/v1alpha1/endpointpickerconfig_types.go
https://github.com/kubernetes-sigs/gateway-api-inference-extension/blob/v1.6.0/api/v1/inferencepool_types.go
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from costctl.documents.policy import Lane, PolicyClass, Unlimited
from costctl.policy.targets.envoy_text import seconds
from costctl.policy.targets.kube_text import UNBOUNDED, Object, object_of, priority_of, yaml_text
from costctl.policy.targets.reached_pools import ReachedPool

PICKER_PORT: Final = 9002
SERVER_PORT: Final = 8000  # of vLLM
CONFIG_NAME: Final = "policy.yaml"
_OBJECTIVES: Final = "llm-d.ai/v1alpha2"
_POOLS: Final = "inference.networking.k8s.io/v1"
_DETECTOR: Final = "concurrency-detector"
_SCORERS: Final = {
    "least_outstanding": {"active-request-scorer": 1},
    "prefix_affinity": {"prefix-cache-scorer": 3, "active-request-scorer": 1},
    None: {"queue-scorer": 2, "kv-cache-utilization-scorer": 2, "prefix-cache-scorer": 3},  # llm-d's own
}


def serves(pool: ReachedPool) -> bool:
    """Whether llm-d serves it: a pool of one's own to which some class is sent first."""
    return not pool.is_bought and bool(pool.targets)


def objects_of(pool: ReachedPool, host: str, lanes: Sequence[Lane]) -> Iterator[Object]:
    """All objects of a pool. host: what it is called in the cluster."""
    picker = {"name": picker_name(host), "port": {"number": PICKER_PORT}, "failureMode": "FailClose"}
    spec = {
        "selector": {"matchLabels": {"app": host}},
        "targetPorts": [{"number": SERVER_PORT}],
        "endpointPickerRef": picker,
    }
    yield object_of(_POOLS, "InferencePool", host, spec=spec)
    data = {CONFIG_NAME: yaml_text(_picker_config(pool, lanes))}
    yield object_of("v1", "ConfigMap", config_name(host), data=data)
    for place, lane in enumerate(lanes):
        if _in_lane(pool, lane):
            objective = {"priority": priority_of(place, lanes), "poolRef": {"name": host}}
            yield object_of(_OBJECTIVES, "InferenceObjective", objective_name(host, place), spec=objective)
    renamed = rewritten(pool)
    if renamed:
        rules = [
            {"matches": [{"model": {"type": "Exact", "value": name}}], "targets": [{"modelRewrite": model}]}
            for name, model in renamed.items()
        ]
        rewrite = {"poolRef": {"name": host}, "rules": rules}
        yield object_of(_OBJECTIVES, "InferenceModelRewrite", host, spec=rewrite)


def picker_name(host: str) -> str:
    """The Service of a pool's endpoint picker."""
    return f"{host}-epp"


def config_name(host: str) -> str:
    """The ConfigMap that has the configuration of a pool's endpoint picker."""
    return f"{host}-epp-policy"


def objective_name(host: str, place: int) -> str:
    """The InferenceObjective of a lane in a pool. place: of the lane in the order of service, 0 first."""
    return f"{host}-lane-{place + 1}"


def band_length(pool: ReachedPool, lane: str) -> int | Unlimited | None:
    """How many calls of a lane may wait for a pool, one at least, as 0 would mean 5,000; None keeps llm-d's own."""
    length = pool.queue_of(_in_lane(pool, lane))
    return max(1, length) if isinstance(length, int) else length


def per_server(pool: ReachedPool) -> int | None:
    """Calls in progress that a replica takes; as many as can be said where the policy says that nothing limits them."""
    limits = [each.max_concurrency for each in pool.backends if each.max_concurrency is not None]
    if pool.per_server is None and limits and all(isinstance(each, Unlimited) for each in limits):
        return UNBOUNDED
    return pool.per_server


def rewritten(pool: ReachedPool) -> dict[str, str]:
    """Names that clients ask a pool of one model by, and that model; of several nobody can say which is meant."""
    asked = {each.backend for _, kind in pool.reached for each in kind.placement.targets}
    models = {each.model for each in pool.backends if each.id in asked}
    model = next(iter(models)) if len(models) == 1 else None
    return {} if model is None else dict.fromkeys(pool.names_asked(), model)


def _in_lane(pool: ReachedPool, lane: Lane | str) -> list[PolicyClass]:
    name = lane if isinstance(lane, str) else lane.id
    return [kind for _, kind in pool.targets if kind.lane == name]


def _picker_config(pool: ReachedPool, lanes: Sequence[Lane]) -> Object:
    limit = per_server(pool)
    profile: list[Object] = []
    plugins: list[Object] = []
    if limit is not None:
        plugins.append({"type": _DETECTOR, "parameters": {"maxConcurrency": limit, "headroom": 0}})
        profile.append({"pluginRef": _DETECTOR})
    if pool.rule == "round_robin":
        plugins.append({"type": "random-picker"})
        profile.append({"pluginRef": "random-picker"})
    for scorer, weight in _SCORERS.get(pool.rule, {}).items():
        plugins.append({"type": scorer})
        profile.append({"pluginRef": scorer, "weight": weight})
    return {
        "apiVersion": "llm-d.ai/v1alpha1",
        "kind": "EndpointPickerConfig",
        "featureGates": ["flowControl"],
        "plugins": plugins,
        "schedulingProfiles": [{"name": "default", "plugins": profile}],
        "flowControl": _flow_control(pool, lanes, has_limit=limit is not None),
    }


def _flow_control(pool: ReachedPool, lanes: Sequence[Lane], *, has_limit: bool) -> Object:
    found: dict[str, Any] = {}
    wait_us = pool.longest_wait_us()
    if wait_us is not None:
        found["defaultRequestTTL"] = seconds(wait_us)
    found["priorityBands"] = [
        {"priority": priority_of(place, lanes), **_band_limits(band_length(pool, lane.id))}
        for place, lane in enumerate(lanes)
        if _in_lane(pool, lane)
    ]
    if has_limit:
        found["saturationDetector"] = {"pluginRef": _DETECTOR}
    return found


def _band_limits(length: int | Unlimited | None) -> dict[str, str]:
    if length is None:
        return {}
    if isinstance(length, Unlimited):
        return {"maxRequests": str(UNBOUNDED), "maxBytes": str(UNBOUNDED)}
    return {"maxRequests": str(length)}
