"""The objects of Envoy AI Gateway as it knows them: every field that a file may have, written by hand from its types.

Sources: Envoy AI Gateway 1.1 (AIGatewayRoute, AIServiceBackend and BackendSecurityPolicy v1beta1, QuotaPolicy
v1alpha1), Envoy Gateway 1.8 (Backend, BackendTrafficPolicy), Gateway API 1.5 (BackendTLSPolicy, and what becomes of a
route); read 2026-12-01.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from tests.policy.kube_schemas import GATEWAY_DURATION, LABEL, PORT, TEXT, Schema, fields, items

GROUP = "aigateway.envoyproxy.io"
NAME = {"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 253}
HOST = {"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"}
BREAKER = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
SECRET = fields({"secretRef": fields({"name": LABEL})})
TRIGGERS = ("5xx", "connect-failure", "gateway-error", "refused-stream", "reset", "retriable-status-codes")
INTERFACES = (
    "OpenAI", "Cohere", "AWSBedrock", "AzureOpenAI", "GCPVertexAI", "GCPAnthropic", "Anthropic", "AWSAnthropic",
)  # fmt: skip


def kind(api: str, name: str, spec: Schema) -> Schema:
    """An object of a kind, whose names may begin with a digit."""
    return fields(
        {
            "apiVersion": {"const": api},
            "kind": {"const": name},
            "metadata": fields({"name": NAME}),
            "spec": spec,
        }
    )


def reference(group: str, name: str, **more: Any) -> Schema:
    """A reference to an object of a kind."""
    return fields({"group": {"const": group}, "kind": {"const": name}, "name": NAME}, more)


HEADER = fields(
    {"type": {"enum": ["Exact", "RegularExpression"]}, "name": TEXT, "value": {**TEXT, "maxLength": 4096}}
)
BACKEND_REF = fields(
    {"name": TEXT},
    {
        "weight": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "priority": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
        "modelNameOverride": {"type": "string"},
        "bodyMutation": fields({"set": items(fields({"path": TEXT, "value": TEXT}), most=16)}),
    },
)
RULE = fields(
    {
        "name": {"allOf": [NAME, {"not": {"const": "route-not-found"}}]},
        "matches": items(fields({}, {"headers": items(HEADER, most=16)}), most=64),
        "backendRefs": items(BACKEND_REF, most=16),
        "timeouts": fields({"request": GATEWAY_DURATION}),
    }
)
PARENT = reference("gateway.networking.k8s.io", "Gateway")
RETRY = fields(
    {
        "numRetries": {"type": "integer", "minimum": 0},
        "retryOn": fields({"triggers": items({"enum": list(TRIGGERS)}), "httpStatusCodes": items(STATUS)}),
    },
    {
        "numAttemptsPerPriority": {"type": "integer", "minimum": 0},
        "perRetry": fields(
            {"backOff": fields({"baseInterval": GATEWAY_DURATION, "maxInterval": GATEWAY_DURATION})}
        ),
    },
)
RATE = fields(
    {
        "limit": fields(
            {
                "requests": {"type": "integer", "minimum": 1, "maximum": 2**32 - 1},
                "unit": {"enum": ["Second", "Minute", "Hour", "Day", "Month", "Year"]},
            }
        )
    }
)
TRAFFIC = fields(
    {"targetRefs": items(reference("gateway.networking.k8s.io", "HTTPRoute", sectionName=NAME), most=1)},
    {
        "circuitBreaker": fields(
            {}, dict.fromkeys(("maxConnections", "maxPendingRequests", "maxParallelRequests"), BREAKER)
        ),
        "loadBalancer": fields({"type": {"enum": ["LeastRequest", "RoundRobin", "Random"]}}),
        "rateLimit": fields({"local": fields({"rules": items(RATE, most=16)})}),
        "retry": RETRY,
    },
)
BUCKET = fields({"limit": {"type": "integer", "minimum": 0}, "duration": {"enum": ["1s", "1m", "1h", "1d"]}})
QUOTA = fields({"modelName": TEXT, "quota": fields({"mode": {"const": "Shared"}, "defaultBucket": BUCKET})})
SERVICES = items(reference(GROUP, "AIServiceBackend"), most=16)


def key(name: str, field: str, of: Schema) -> Schema:
    """A way to show who asks: its type, and the field of that type and no other."""
    return fields({"targetRefs": SERVICES, "type": {"const": name}, field: of})


OBJECTS: dict[str, Schema] = {
    "AIGatewayRoute": kind(
        f"{GROUP}/v1beta1",
        "AIGatewayRoute",
        fields({"parentRefs": items(PARENT, most=16), "rules": items(RULE, most=15)}),
    ),
    "AIServiceBackend": kind(
        f"{GROUP}/v1beta1",
        "AIServiceBackend",
        fields(
            {
                "schema": fields({"name": {"enum": list(INTERFACES)}}, {"version": TEXT, "prefix": TEXT}),
                "backendRef": reference("gateway.envoyproxy.io", "Backend"),
            }
        ),
    ),
    "BackendSecurityPolicy": kind(
        f"{GROUP}/v1beta1",
        "BackendSecurityPolicy",
        {
            "oneOf": [
                key("APIKey", "apiKey", SECRET),
                key("AnthropicAPIKey", "anthropicAPIKey", SECRET),
                key("AzureAPIKey", "azureAPIKey", SECRET),
                key("AWSCredentials", "awsCredentials", fields({"region": TEXT, "credentialsFile": SECRET})),
                key(
                    "GCPCredentials",
                    "gcpCredentials",
                    fields({"projectName": TEXT, "region": TEXT, "credentialsFile": SECRET}),
                ),
            ]
        },
    ),
    "QuotaPolicy": kind(
        f"{GROUP}/v1alpha1", "QuotaPolicy", fields({"targetRefs": SERVICES, "perModelQuotas": items(QUOTA, most=128)})
    ),
    "Backend": kind(
        "gateway.envoyproxy.io/v1alpha1",
        "Backend",
        fields({"endpoints": items(fields({"fqdn": fields({"hostname": HOST, "port": PORT})}), most=256)}),
    ),
    "BackendTrafficPolicy": kind("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy", TRAFFIC),
    "BackendTLSPolicy": kind(
        "gateway.networking.k8s.io/v1",
        "BackendTLSPolicy",
        fields(
            {
                "targetRefs": items(reference("gateway.envoyproxy.io", "Backend"), most=16),
                "validation": fields({"wellKnownCACertificates": {"const": "System"}, "hostname": HOST}),
            }
        ),
    ),
}  # fmt: skip


def faults(objects: Mapping[str, Any]) -> list[str]:
    """What the gateway's schemas refuse, and what they take in silence: names of nothing, names given twice, more
    matches than the route that is made of it may have, a quota for a model that is not asked for by that name.
    """
    misfits = [
        f"{name}: {error.message}"
        for name, each in objects.items()
        for error in jsonschema.Draft202012Validator(OBJECTS.get(each.get("kind"), {"not": {}})).iter_errors(
            each
        )
    ]
    return misfits or [*_dangling(objects), *_of_routes(objects), *_of_quotas(objects)]


def _dangling(objects: Mapping[str, Any]) -> Iterator[str]:
    rules = {
        (route["metadata"]["name"], rule["name"])
        for route in _of_kind(objects, "AIGatewayRoute")
        for rule in route["spec"]["rules"]
    }
    for route in _of_kind(objects, "AIGatewayRoute"):
        for rule in route["spec"]["rules"]:
            for part in rule["backendRefs"]:
                if f"AIServiceBackend {part['name']}" not in objects:
                    yield f"{rule['name']} is sent to {part['name']}, which is not there"
    for each in objects.values():
        spec = each["spec"]
        for target in (*spec.get("targetRefs", ()), *([spec["backendRef"]] if "backendRef" in spec else ())):
            if target["kind"] == "HTTPRoute":
                is_there = (target["name"], target.get("sectionName")) in rules
            else:
                is_there = f"{target['kind']} {target['name']}" in objects
            if not is_there:
                yield f"{each['metadata']['name']} names {target['name']}, which is not there"


def _of_routes(objects: Mapping[str, Any]) -> Iterator[str]:
    for route in _of_kind(objects, "AIGatewayRoute"):
        names = Counter(rule["name"] for rule in route["spec"]["rules"])
        yield from (f"two rules are called {name}" for name, count in names.items() if count > 1)
        if sum(len(rule["matches"]) for rule in route["spec"]["rules"]) + 1 > 128:
            yield "a route has more than 128 matches"
        for rule in route["spec"]["rules"]:
            for match in rule["matches"]:
                headers = [header["name"].lower() for header in match.get("headers", ())]
                if len(set(headers)) < len(headers):
                    yield f"{rule['name']} matches a header twice"


def _of_quotas(objects: Mapping[str, Any]) -> Iterator[str]:
    asked = {
        (part["name"], part.get("modelNameOverride"))
        for route in _of_kind(objects, "AIGatewayRoute")
        for rule in route["spec"]["rules"]
        for part in rule["backendRefs"]
    }
    for policy in _of_kind(objects, "QuotaPolicy"):
        for target in policy["spec"]["targetRefs"]:
            for quota in policy["spec"]["perModelQuotas"]:
                if (target["name"], quota["modelName"]) not in asked:
                    yield f"nobody asks {target['name']} for the model that is counted there"


def _of_kind(objects: Mapping[str, Any], name: str) -> list[Any]:
    return [each for each in objects.values() if each["kind"] == name]
