"""Ten ways to spoil a file for Envoy AI Gateway: each is found by its schemas, or by what looks after them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from costctl.documents.policy import Admission, AtMost, Backend, Match, Policy, Queue
from costctl.policy.targets.aigw import emit_aigw
from costctl.policy.targets.kube_text import read_documents
from tests.policy.aigw_schemas import faults
from tests.policy.policies import kind_named, policy_of, pool_named

Objects = dict[str, Any]


def rich_policy() -> Policy:
    """A class with limits of every kind on a pool of its own, one at a provider, and the rest."""
    queue = Queue(depth=AtMost(value=9, scope="per_replica"))
    admission = Admission(requests_per_minute=60, tokens_per_minute=9000)
    kinds = (
        kind_named("a", "gpu", queue=queue, admission=admission, retries=2, timeout_us=2_500_000),
        kind_named("b", "paid"),
        kind_named("rest", "cpu", match=Match()),
    )
    backends = (
        pool_named("gpu", AtMost(value=8, scope="per_replica")),
        Backend(id="paid", model="gpt-5", provider="openai"),
        pool_named("cpu"),
    )
    return policy_of(*kinds, backends=backends)


def _rules(found: Objects) -> Any:
    return found["AIGatewayRoute costctl"]["spec"]["rules"]


def _spec(found: Objects, name: str) -> Any:
    return found[name]["spec"]


MUTATIONS: dict[str, Callable[[Objects], Any]] = {
    "a weight as text": lambda found: _rules(found)[0]["backendRefs"][0].update(weight="3"),
    "a field with a slip": lambda found: _rules(found)[0]["backendRefs"][0].update(modelOverride="llama"),
    "a backend that is not there": lambda found: found.pop("AIServiceBackend gpu-a"),
    "a priority below 0": lambda found: _rules(found)[0]["backendRefs"][0].update(priority=-1),
    "a backend without an interface": lambda found: _spec(found, "AIServiceBackend cpu").pop("schema"),
    "a name that two rules have": lambda found: _rules(found)[1].update(name="a"),
    "more rules than a route holds": lambda found: _rules(found).extend(
        {**_rules(found)[0], "name": f"more-{number}"} for number in range(13)
    ),
    "a path, which only the route below has": lambda found: _rules(found)[0]["matches"][0].update(
        path={"type": "PathPrefix", "value": "/v1"}
    ),
    "a time-out in microseconds": lambda found: _rules(found)[0]["timeouts"].update(request="2500000us"),
    "a quota that is documented as not enforced": lambda found: _spec(found, "QuotaPolicy gpu-a").update(
        serviceQuota={"quota": {"limit": 1, "duration": "1m"}}
    ),
    "a quota of a model that nobody asks for": lambda found: _spec(found, "QuotaPolicy gpu-a")[
        "perModelQuotas"
    ][0].update(modelName="qwen"),
    "a limit of a rule that is not there": lambda found: _spec(found, "BackendTrafficPolicy costctl-a")[
        "targetRefs"
    ][0].update(sectionName="gone"),
    "a breaker larger than can be": lambda found: _spec(found, "BackendTrafficPolicy costctl-a")[
        "circuitBreaker"
    ].update(maxConnections=2**32),
    "a key of another kind than it says": lambda found: _spec(found, "BackendSecurityPolicy gpt-5").update(
        type="AnthropicAPIKey"
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_file_for_envoy_ai_gateway_that_was_spoiled_is_found(name: str) -> None:
    found = read_documents(emit_aigw(rich_policy(), None).files["envoy-ai-gateway.yaml"])
    assert faults(found) == []
    worse = copy.deepcopy(found)
    MUTATIONS[name](worse)
    assert worse != found
    assert faults(worse)
