"""Kubernetes objects as their consumers know them: every field, written by hand from the types of each project, and
nothing else. What a file has beyond it would be dropped in silence, so it fails here.

Sources: Gateway API 1.3 (HTTPRoute), Gateway API Inference Extension 1.6 (InferencePool), llm-d Router 0.10
(InferenceObjective, InferenceModelRewrite, EndpointPickerConfig), KEDA 2 (ScaledObject); read 2026-11-30.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.policy.validators import said_by, validator

Schema = dict[str, Any]
LABEL = {"type": "string", "pattern": r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"}
TEXT = {"type": "string", "minLength": 1}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
QUANTITY = {"type": "string", "pattern": r"^[1-9][0-9]*$"}  # "0" would mean the consumer's own
GO_DURATION = {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(h|m|s|ms|us))+$"}
GATEWAY_DURATION = {"type": "string", "pattern": r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"}
PLUGINS = (
    "active-request-scorer",
    "concurrency-detector",
    "kv-cache-utilization-scorer",
    "prefix-cache-scorer",
    "queue-scorer",
    "random-picker",
)


def fields(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Schema:
    """An object of these fields and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def items(of: Any, least: int = 1, most: int | None = None) -> Schema:
    """A list."""
    return {"type": "array", "items": of, "minItems": least, **({} if most is None else {"maxItems": most})}


def kind(api: str, name: str, **parts: Any) -> Schema:
    """An object of a kind. parts: what it has besides its name."""
    head = {"apiVersion": {"const": api}, "kind": {"const": name}, "metadata": fields({"name": LABEL})}
    return fields({**head, **parts})


HEADER_CHANGE = fields(
    {}, {"set": items(fields({"name": TEXT, "value": TEXT}), most=16), "remove": items(TEXT, most=16)}
)
FILTER = fields({"type": {"const": "RequestHeaderModifier"}, "requestHeaderModifier": HEADER_CHANGE})
MATCH = fields(
    {
        "path": fields(
            {"type": {"enum": ["Exact", "PathPrefix"]}, "value": {"type": "string", "pattern": "^/"}}
        )
    },
    {"headers": items(fields({"type": {"const": "Exact"}, "name": TEXT, "value": TEXT}), most=16)},
)
BACKEND = fields(
    {"group": {"type": "string"}, "kind": {"enum": ["InferencePool", "Service"]}, "name": LABEL},
    {
        "port": PORT,
        "weight": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "filters": items(FILTER),
    },
)
RULE = fields(
    {"matches": items(MATCH, most=64), "backendRefs": items(BACKEND, most=16)},
    {"filters": items(FILTER, most=16), "timeouts": fields({"request": GATEWAY_DURATION})},
)
POOL_REFERENCE = fields({"name": LABEL})
PICKER = fields(
    {"name": LABEL, "port": fields({"number": PORT}), "failureMode": {"enum": ["FailClose", "FailOpen"]}}
)
REWRITE = fields(
    {
        "matches": items(fields({"model": fields({"type": {"const": "Exact"}, "value": TEXT})})),
        "targets": items(fields({"modelRewrite": TEXT})),
    }
)
BAND = fields({"priority": {"type": "integer"}}, {"maxRequests": QUANTITY, "maxBytes": QUANTITY})
DETECTOR = fields(
    {"maxConcurrency": {"type": "integer", "minimum": 1}, "headroom": {"type": "number", "minimum": 0}}
)
CRON_TEXT = {"type": "string", "pattern": r"^[0-5]?[0-9] ([01]?[0-9]|2[0-3]) \* \* (\*|[0-6])$"}
CRON = fields(
    {
        "timezone": {"const": "Etc/UTC"},
        "start": CRON_TEXT,
        "end": CRON_TEXT,
        "desiredReplicas": {"type": "string", "pattern": "^[1-9][0-9]*$"},
    }
)
SCALE_DOWN = fields({"scaleDown": fields({"stabilizationWindowSeconds": {"const": 0}})})
OBJECTS: dict[str, Schema] = {
    "HTTPRoute": kind(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        spec=fields({"parentRefs": items(fields({"name": LABEL})), "rules": items(RULE, most=16)}),
    ),
    "InferencePool": kind(
        "inference.networking.k8s.io/v1",
        "InferencePool",
        spec=fields(
            {
                "selector": fields({"matchLabels": fields({"app": LABEL})}),
                "targetPorts": items(fields({"number": PORT}), most=8),
                "endpointPickerRef": PICKER,
            }
        ),
    ),
    "InferenceObjective": kind(
        "llm-d.ai/v1alpha2",
        "InferenceObjective",
        spec=fields({"priority": {"type": "integer"}, "poolRef": POOL_REFERENCE}),
    ),
    "InferenceModelRewrite": kind(
        "llm-d.ai/v1alpha2",
        "InferenceModelRewrite",
        spec=fields({"poolRef": POOL_REFERENCE, "rules": items(REWRITE)}),
    ),
    "ScaledObject": kind(
        "keda.sh/v1alpha1",
        "ScaledObject",
        spec=fields(
            {
                "scaleTargetRef": fields({"name": LABEL}),
                "minReplicaCount": {"type": "integer", "minimum": 1},
                "maxReplicaCount": {"type": "integer", "minimum": 1},
                "triggers": items(fields({"type": {"const": "cron"}, "metadata": CRON})),
            },
            {"advanced": fields({"horizontalPodAutoscalerConfig": fields({"behavior": SCALE_DOWN})})},
        ),
    ),
    "ConfigMap": kind(
        "v1", "ConfigMap", data={"type": "object", "minProperties": 1}
    ),
    "EndpointPickerConfig": fields(
        {
            "apiVersion": {"const": "llm-d.ai/v1alpha1"},
            "kind": {"const": "EndpointPickerConfig"},
            "featureGates": {"const": ["flowControl"]},
            "plugins": items(fields({"type": {"enum": list(PLUGINS)}}, {"parameters": DETECTOR})),
            "schedulingProfiles": items(
                fields(
                    {
                        "name": TEXT,
                        "plugins": items(fields({"pluginRef": TEXT}, {"weight": {"type": "number"}})),
                    }
                ),
                most=1,
            ),
            "flowControl": fields(
                {"priorityBands": items(BAND)},
                {
                    "defaultRequestTTL": GO_DURATION,
                    "saturationDetector": fields({"pluginRef": {"const": "concurrency-detector"}}),
                },
            ),
        }
    ),
}  # fmt: skip


def misfits(objects: Mapping[str, Any]) -> list[str]:
    """What is wrong with the fields of objects, by the schemas above."""
    return [f"{name}: {error.message}" for name, each in objects.items() for error in _errors(each)]


def _errors(each: Any) -> Iterator[jsonschema.ValidationError]:
    known = OBJECTS.get(each.get("kind"), {"not": {}})
    yield from jsonschema.Draft202012Validator(known).iter_errors(each)
    if each.get("kind") == "ConfigMap":
        for inner in each["data"].values():
            yield from _errors(inner)


ASK_MODELS = """
import { readFileSync } from "node:fs";
const homes = {
  BackendTLSPolicy: "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/BackendTLSPolicy",
  HTTPRoute: "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute",
  ScaledObject: "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject",
};
const found = [];
for (const each of JSON.parse(readFileSync(0, "utf8"))) {
  const model = (await import(homes[each.kind]))[each.kind];
  const { apiVersion, kind, ...parts } = each;
  try { new model(parts).validate(); found.push(""); } catch (error) { found.push(error.message); }
}
console.log(JSON.stringify(found));
"""

ASK_KUBERNETES = """
import json, sys, kubernetes_validate
found = []
for each in json.load(sys.stdin):
    try:
        kubernetes_validate.validate(each, "1.37", strict=True)
        found.append("")
    except kubernetes_validate.ValidationError as error:
        found.append(error.message)
print(json.dumps(found))
"""


def said_by_projects(repository: Path, objects: Sequence[Any]) -> list[str]:
    """What the schemas that Gateway API and KEDA publish say of objects of theirs; empty texts where they are fine."""
    home = repository / ".validators" / "kube-models"
    if not (home / ".installed").exists():
        pytest.skip("the schemas of Gateway API and KEDA are not installed; run: make validators, with npm")
    command = ["node", "--input-type=module", "--eval", ASK_MODELS]
    done = subprocess.run(
        command, input=json.dumps(objects), capture_output=True, text=True, check=False, cwd=home
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def said_by_kubernetes(repository: Path, objects: Sequence[Any]) -> list[str]:
    """What the strict schemas of Kubernetes say of objects of its own; empty texts where they are fine."""
    found: list[str] = json.loads(said_by(validator(repository, "kube"), ASK_KUBERNETES, json.dumps(objects)))
    return found
