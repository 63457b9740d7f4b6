"""What runs one model on Dynamo? A DynamoGraphDeployment: a front end that routes, and its workers.

In: an engine, what it is called, what its router is told. Out: Kubernetes objects as plain dicts; the policy of the
router is a ConfigMap that the front end has as a file.
Read 2026-12-01: deploy/operator/api/v1beta1/dynamographdeployment_types.go, dynamocomponentdeployment_types.go at
https://github.com/ai-dynamo/dynamo; dynamo/vllm/args.py in the package ai-dynamo 1.6.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from costctl.policy.targets.kube_text import Object, object_of, yaml_text
from costctl.policy.targets.vllm_arguments import Engine, arguments_of

VERSION: Final = "1.6"
POLICY_NAME: Final = "router-policy.yaml"
_IMAGE: Final = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1"
_FOLDER: Final = "/etc/dynamo"
_VOLUME: Final = "router-policy"
_EVENTS: Final = {  # a worker tells the router which blocks its cache has
    "publisher": "zmq",
    "topic": "kv-events",
    "endpoint": "tcp://*:20080",
    "enable_kv_cache_events": True,
}
# What vLLM bounds together with what runs; Dynamo's router bounds what waits, by class.
_ROUTERS: Final = "max-num-queued-reqs"


def objects_of(
    engine: Engine, host: str, model: str, mode: str | None, policy: Mapping[str, Any] | None
) -> Iterator[Object]:
    """All objects. host: what the deployment is called.  model: what the engine loads.  policy: of the router."""
    if policy is not None:
        yield object_of("v1", "ConfigMap", config_name(host), data={POLICY_NAME: yaml_text(policy)})
    components = [_front_end(host, mode, has_policy=policy is not None), _workers(engine, model)]
    spec = {"backendFramework": "vllm", "components": components}
    yield object_of("nvidia.com/v1beta1", "DynamoGraphDeployment", host, spec=spec)


def config_name(host: str) -> str:
    """The ConfigMap that has the policy of the router."""
    return f"{host}-router-policy"


def worker_arguments(engine: Engine, model: str) -> list[str]:
    """The command line of ``python3 -m dynamo.vllm``."""
    found = {"model": model, **arguments_of(engine)}
    found.pop(_ROUTERS, None)
    names = found.pop("served-model-name", None) or [model]
    found = {"model": model, "served-model-name": [each for each in names if is_one_name(each)], **found}
    if engine.keeps_prefixes:
        found["kv-events-config"] = _EVENTS
    return [word for name, value in found.items() for word in _words(name, value)]


def is_one_name(name: str) -> bool:
    """Whether Dynamo takes a name for one: it reads several where there is a comma."""
    return "," not in name


def _words(name: str, value: Any) -> list[str]:
    match value:
        case True:
            return [f"--{name}"]
        case list():
            return [f"--{name}", *value] if value else []
        case dict():
            return [f"--{name}", json.dumps(value)]
        case _:
            return [f"--{name}", str(value)]


def _front_end(host: str, mode: str | None, *, has_policy: bool) -> Object:
    arguments = [] if mode is None else ["--router-mode", mode]
    container: Object = {"name": "main", "image": _IMAGE, "command": ["python3", "-m", "dynamo.frontend"]}
    pod: Object = {"containers": [container]}
    if has_policy:
        arguments += ["--router-policy-config", f"{_FOLDER}/{POLICY_NAME}"]
        container["volumeMounts"] = [{"name": _VOLUME, "mountPath": _FOLDER, "readOnly": True}]
        pod["volumes"] = [{"name": _VOLUME, "configMap": {"name": config_name(host)}}]
    if arguments:
        container["args"] = arguments
    return {"name": "frontend", "type": "frontend", "replicas": 1, "podTemplate": {"spec": pod}}


def _workers(engine: Engine, model: str) -> Object:
    container = {
        "name": "main",
        "image": _IMAGE,
        "command": ["python3", "-m", "dynamo.vllm"],
        "args": worker_arguments(engine, model),
    }
    replicas = {} if engine.backend.replicas is None else {"replicas": engine.backend.replicas}
    return {
        "name": "worker",
        "type": "worker",
        **replicas,
        "podTemplate": {"spec": {"containers": [container]}},
    }
