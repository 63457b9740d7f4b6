"""Envoy AI Gateway: routes that keep the order of the classes however many there are, limits by class, and objects
without a field that their consumers do not know.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from costctl.documents.policy import (
    Admission,
    AtMost,
    Backend,
    Fallback,
    HeaderMatch,
    Match,
    Policy,
    PolicyBoundary,
    PolicyClass,
    Queue,
    RejectWhenBusy,
    Routing,
    Target,
    Unlimited,
)
from costctl.errors import InfeasibleError
from costctl.policy.targets.aigw import emit_aigw
from costctl.policy.targets.http_match import PATH_ENDS
from costctl.policy.targets.kube_text import read_documents
from tests.policy.aigw_schemas import faults
from tests.policy.kube_schemas import said_by_projects
from tests.policy.policies import kind_named, policy_of, pool_named, sound_policy
from tests.policy.random_policies import policies
from tests.thoroughness import how_many

MODEL, PATH = "x-ai-eg-model", "x-ai-eg-original-path"
PER_REPLICA = "per_replica"
PATHS = (
    "/v1/chat/completions",
    "/anthropic/v1/messages?beta=true",
    "/v1/completions",
    "/v1/embeddings",
    "/cohere/v2/rerank",
)
HEADERS = [HeaderMatch(name=name, value=value) for name in ("x-a", "x-b") for value in ("1", "2")]


def objects(policy: Policy) -> dict[str, Any]:
    """What is written for a policy, by kind and name."""
    return read_documents(emit_aigw(policy, None).files["envoy-ai-gateway.yaml"])


def routes(policy: Policy) -> list[Any]:
    """The routes of a policy."""
    return [each for each in objects(policy).values() if each["kind"] == "AIGatewayRoute"]


def entry(policy: Policy, pointer: str) -> str:
    """What the manifest says of a value."""
    entries = emit_aigw(policy, None).manifest.entries
    return next(type(each).__name__ for each in entries if each.pointer == pointer)


def traffic(policy: Policy, rule: str) -> Any:
    """What a rule's policy says; empty where it has none."""
    return objects(policy).get(f"BackendTrafficPolicy costctl-{rule}", {"spec": {}})["spec"]


def chosen(found: Sequence[Any], headers: Mapping[str, str]) -> str:
    """The rule that takes a request: as Envoy Gateway sorts them, by headers, then by those of one value, then in
    order. A slow twin, written from https://github.com/envoyproxy/gateway/blob/v1.8.1/internal/gatewayapi/sort.go
    """
    rules = [rule for route in found for rule in route["spec"]["rules"]]
    pairs = [(rule["name"], match) for rule in rules for match in rule["matches"]]
    fitting = []
    for number, (name, match) in enumerate(pairs):
        asked = match.get("headers", ())
        if all(fits(header, headers.get(header["name"])) for header in asked):
            exact = sum(header["type"] == "Exact" for header in asked)
            fitting.append((len(asked), exact, -number, name))
    return max(fitting)[3]


def fits(header: Mapping[str, str], value: str | None) -> bool:
    if value is None:
        return False
    return (
        value == header["value"] if header["type"] == "Exact" else bool(re.fullmatch(header["value"], value))
    )


def takes(match: Match, path: str, headers: Mapping[str, str]) -> bool:
    """Whether a class takes a request, by the words of the policy."""
    ends = [end for each in match.operation or () for end in PATH_ENDS[each]]
    return (
        all(headers.get(header.name) == header.value for header in match.headers)
        and (not ends or path.split("?")[0].endswith(tuple(ends)))
        and (match.model is None or headers.get(MODEL) in match.model)
    )


matches = st.builds(
    Match,
    headers=st.lists(st.sampled_from(HEADERS), max_size=2, unique_by=lambda each: each.name).map(tuple),
    operation=st.none() | st.sampled_from([("chat",), ("embedding", "rerank"), ("chat", "completion")]),
    model=st.none() | st.sampled_from([("m",), ("m", "n")]),
).filter(lambda each: each != Match())


@pytest.mark.parametrize("others", [0, 14], ids=["one route", "two routes"])
@settings(max_examples=how_many(5, thorough=40))
@given(found=st.lists(matches, min_size=1, max_size=3))
def test_the_first_class_that_takes_a_request_is_the_rule_that_the_gateway_chooses(
    others: int, found: list[Match]
) -> None:
    kinds = [kind_named(f"k{number}", "gpu", match=each) for number, each in enumerate(found)]
    kinds[1:1] = [kind_named(f"other{number}", "gpu") for number in range(others)]
    policy = policy_of(*kinds, kind_named("rest", "gpu", match=Match()), backends=(pool_named("gpu"),))
    written = routes(policy)
    assert len(written) == (2 if others else 1)
    orders = (written, written[::-1]) if others else (written,)
    values = [[{}, {name: "1"}, {name: "2"}] for name in ("x-a", "x-b")]
    for path, given_headers, model in itertools.product(PATHS, itertools.product(*values), ("m", "n", "")):
        headers = {MODEL: model, PATH: path} | {k: v for part in given_headers for k, v in part.items()}
        first = next(kind.id for kind in policy.classes if takes(kind.match, path, headers))
        assert [chosen(order, headers) for order in orders] == [first] * len(orders)


@settings(max_examples=how_many(6, thorough=40))
@given(policy=policies(is_one_boundary=True))
def test_whatever_is_written_has_known_fields_and_names_what_is_there(policy: Policy) -> None:
    assert faults(objects(policy)) == []


def test_a_class_too_many_for_a_route_is_in_the_next_and_each_route_ends_in_the_default_class() -> None:
    kinds = [kind_named(f"k{number}", "gpu") for number in range(15)]
    found = routes(policy_of(*kinds, kind_named("rest", "gpu", match=Match()), backends=(pool_named("gpu"),)))
    assert [each["metadata"]["name"] for each in found] == ["costctl", "costctl-2"]
    assert [len(each["spec"]["rules"]) for each in found] == [15, 2]
    assert {each["spec"]["rules"][-1]["name"] for each in found} == {"rest"}
    assert {chosen([each], {}) for each in found} == {"rest"}


def test_a_class_that_takes_everything_takes_what_is_left_in_each_route_whichever_is_the_default() -> None:
    kinds = [kind_named(f"k{number}", "gpu") for number in range(16)]
    policy = policy_of(*kinds, kind_named("all", "gpu", match=Match()), backends=(pool_named("gpu"),))
    found = routes(replace(policy, default_class="k3"))
    assert {chosen([each], {}) for each in found} == {"all"}
    assert len(found) == 2


def test_a_default_class_that_is_told_by_something_takes_what_is_left_in_the_same_rule() -> None:
    (route,) = routes(
        policy_of(kind_named("a", "gpu"), kind_named("b", "gpu"), backends=(pool_named("gpu"),))
    )
    assert [rule["name"] for rule in route["spec"]["rules"]] == ["a", "b"]
    assert [match.get("headers") is None for match in route["spec"]["rules"][1]["matches"]] == [False, True]


def test_classes_whose_names_would_be_spelled_alike_are_told_apart() -> None:
    kinds = [kind_named(name, "gpu") for name in ("Support", "support", "route-not-found", "a.b_c")]
    (route,) = routes(policy_of(*kinds, backends=(pool_named("gpu"),)))
    names = [rule["name"] for rule in route["spec"]["rules"]]
    assert len(set(names)) == 4
    assert names[3] == "a-b-c"
    assert "route-not-found" not in names


def test_targets_are_weights_and_fallbacks_are_priorities_and_each_is_asked_by_its_own_name() -> None:
    split = kind_named("split", "a", timeout_us=90_000_000)
    placement = replace(
        split.placement,
        targets=tuple(
            Target(backend=name, weight=weight) for name, weight in zip("abc", (3, 1, 0), strict=True)
        ),
        fallback=(Fallback(backend="d", on=("error",)), Fallback(backend="e", on=("context_window",))),
    )
    backends = tuple(replace(pool_named(name), model=f"model-{name}") for name in "abcde")
    policy = policy_of(
        replace(split, placement=placement), kind_named("rest", "a", match=Match()), backends=backends
    )
    (route,) = routes(policy)
    assert route["spec"]["rules"][0]["backendRefs"] == [
        {"name": "a", "weight": 3, "modelNameOverride": "model-a"},
        {"name": "b", "weight": 1, "modelNameOverride": "model-b"},
        {"name": "d", "priority": 1, "modelNameOverride": "model-d"},
    ]
    assert route["spec"]["rules"][0]["timeouts"] == {"request": "1m30s"}
    assert route["spec"]["rules"][1]["timeouts"] == {"request": "0s"}
    retry = traffic(policy, "split")["retry"]
    assert (retry["numRetries"], retry["numAttemptsPerPriority"]) == (1, 1)
    assert entry(policy, "/classes/0/placement/fallback/1/backend") == "Unsupported"


@pytest.mark.parametrize("replicas", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("depth", "waiting", "said"),
    [
        (AtMost(value=12, scope=PER_REPLICA), lambda replicas: 12 * replicas, "Approximated"),
        (AtMost(value=12, scope="per_backend"), lambda _: 12, "Approximated"),
        (RejectWhenBusy(), lambda _: 1, "Approximated"),
        (Unlimited(), lambda _: 2**32 - 1, "Exact"),
    ],
    ids=["of each replica", "of all", "none", "any number"],
)
def test_limits_are_counted_over_all_replicas_of_a_pool_that_one_class_has(
    depth: Any, waiting: Any, said: str, replicas: int
) -> None:
    pool = pool_named("gpu", AtMost(value=8, scope=PER_REPLICA), replicas)
    policy = policy_of(kind_named("a", "gpu", queue=Queue(depth=depth)), backends=(pool,))
    found = traffic(policy, "a")["circuitBreaker"]
    most = 8 * replicas
    assert found == {
        "maxConnections": most,
        "maxPendingRequests": waiting(replicas),
        "maxParallelRequests": most,
    }
    assert entry(policy, "/classes/0/queue/depth/kind") == said


def test_a_pool_of_two_classes_has_no_limit_here_and_the_manifest_says_so() -> None:
    queue = Queue(depth=AtMost(value=3, scope=PER_REPLICA))
    pool = pool_named("gpu", AtMost(value=8, scope=PER_REPLICA))
    policy = policy_of(kind_named("a", "gpu", queue=queue), kind_named("b", "gpu"), backends=(pool,))
    assert "circuitBreaker" not in traffic(policy, "a")
    assert entry(policy, "/backends/0/max_concurrency/value") == "Unsupported"
    assert entry(policy, "/classes/0/queue/depth/value") == "Unsupported"


def test_what_a_class_may_have_in_progress_and_ask_for_in_a_minute_is_counted_by_class() -> None:
    admission = Admission(
        concurrency=AtMost(value=5, scope="global"), requests_per_minute=60, tokens_per_minute=9000
    )
    a = kind_named("a", "gpu", admission=admission)
    policy = policy_of(a, kind_named("rest", "gpu", match=Match()), backends=(pool_named("gpu"),))
    found = traffic(policy, "a")
    assert found["circuitBreaker"] == {"maxParallelRequests": 5}
    assert found["rateLimit"] == {"local": {"rules": [{"limit": {"requests": 60, "unit": "Minute"}}]}}
    quota = objects(policy)["QuotaPolicy gpu-a"]["spec"]
    assert [each["name"] for each in quota["targetRefs"]] == ["gpu-a"], "no other class is counted there"
    bucket = {"mode": "Shared", "defaultBucket": {"limit": 9000, "duration": "1m"}}
    assert quota["perModelQuotas"] == [{"modelName": "llama", "quota": bucket}]
    rules = routes(policy)[0]["spec"]["rules"]
    assert [rule["backendRefs"][0]["name"] for rule in rules] == ["gpu-a", "gpu"]


def test_a_rate_of_a_class_of_several_matches_is_not_written_once_for_each() -> None:
    several = kind_named(
        "a", "gpu", match=Match(model=("m", "n")), admission=Admission(requests_per_minute=60)
    )
    policy = policy_of(several, kind_named("rest", "gpu", match=Match()), backends=(pool_named("gpu"),))
    assert "rateLimit" not in traffic(policy, "a")
    assert entry(policy, "/classes/0/admission/requests_per_minute") == "Unsupported"


@pytest.mark.parametrize(
    ("rule", "balancer", "said"),
    [
        ("round_robin", "RoundRobin", "Exact"),
        ("least_outstanding", "LeastRequest", "Exact"),
        ("prefix_affinity", "LeastRequest", "Approximated"),
    ],
)
def test_replicas_are_chosen_by_the_rule_of_the_pool(rule: Any, balancer: str, said: str) -> None:
    pool = replace(pool_named("gpu"), routing=Routing(rule=rule))
    policy = policy_of(kind_named("a", "gpu"), backends=(pool,))
    assert traffic(policy, "a")["loadBalancer"] == {"type": balancer}
    assert entry(policy, "/backends/0/routing/rule") == said


PROVIDERS = {
    "openai": ("OpenAI", "APIKey"),
    "anthropic": ("Anthropic", "AnthropicAPIKey"),
    "azure.ai.openai": ("AzureOpenAI", "AzureAPIKey"),
    "aws.bedrock": ("AWSBedrock", "AWSCredentials"),
    "gcp.vertex_ai": ("GCPVertexAI", "GCPCredentials"),
    "somebody": ("OpenAI", "APIKey"),
}


def bought_policy(provider: str = "openai") -> Policy:
    """A class that is sent to a provider, and one of a pool."""
    paid = Backend(id="paid", model="gpt-5", provider=provider, region="eu-west-1")
    kinds = (kind_named("a", "paid", service_tier="flex"), kind_named("rest", "gpu", match=Match()))
    return policy_of(*kinds, backends=(paid, pool_named("gpu")))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_is_asked_in_its_own_words_with_a_key_of_its_kind(provider: str) -> None:
    found = objects(bought_policy(provider))
    assert faults(found) == []
    interface, key = PROVIDERS[provider]
    assert found["AIServiceBackend gpt-5"]["spec"]["schema"]["name"] == interface
    assert found["BackendSecurityPolicy gpt-5"]["spec"]["type"] == key
    assert found["Backend gpt-5"]["spec"]["endpoints"][0]["fqdn"]["port"] == 443


def test_a_tier_is_set_for_who_sells_it_in_place_of_what_a_caller_says() -> None:
    (route,) = routes(bought_policy())
    change = {"set": [{"path": "service_tier", "value": '"flex"'}]}
    assert route["spec"]["rules"][0]["backendRefs"][0]["bodyMutation"] == change
    assert entry(bought_policy(), "/classes/0/service_tier") == "Exact"
    assert entry(bought_policy("anthropic"), "/classes/0/service_tier") == "Unsupported"


def test_gateway_apis_own_schema_takes_the_certificates(repository: Path) -> None:
    certificate = objects(bought_policy())["BackendTLSPolicy gpt-5"]
    slip = {**certificate, "spec": {**certificate["spec"], "validation": {"hostname": "a.example.com"}}}
    said, of_slip = said_by_projects(repository, [certificate, {**slip, "spec": {"targetRefs": []}}])
    assert said == ""
    assert of_slip


def bound(default: str) -> Policy:
    """A class of the EU that its header tells, and a default that is served in the US or in the EU."""
    inside, outside = (replace(pool_named(name), jurisdiction=name) for name in ("eu", "us"))
    only_eu = PolicyBoundary(enforcement="required", jurisdictions=("eu",))
    a: PolicyClass = kind_named("a", "eu", data_boundary=only_eu)
    return policy_of(a, kind_named("rest", default, match=Match()), backends=(inside, outside))


def test_a_class_that_would_leave_its_boundary_without_its_label_is_refused() -> None:
    with pytest.raises(InfeasibleError, match="served as rest") as refused:
        emit_aigw(bound("us"), None)
    assert refused.value.exit_code == 5
    assert entry(bound("eu"), "/classes/0/data_boundary/enforcement") == "Exact"


def test_more_names_than_a_rule_has_matches_are_refused() -> None:
    names = tuple(f"model-{number}" for number in range(64))
    many = kind_named("a", "gpu", match=Match(model=names))
    with pytest.raises(InfeasibleError, match="order of the classes"):
        emit_aigw(
            policy_of(many, kind_named("rest", "gpu", match=Match()), backends=(pool_named("gpu"),)), None
        )


def test_the_small_policy_is_two_rules_two_backends_and_what_happens_to_a_call_that_fails() -> None:
    assert list(objects(sound_policy())) == [
        "AIGatewayRoute costctl",
        "Backend large",
        "AIServiceBackend large",
        "Backend embedder",
        "AIServiceBackend embedder",
        "BackendTrafficPolicy costctl-rag",
        "BackendTrafficPolicy costctl-batch",
    ]


def test_what_two_backends_are_one_address_of_is_written_once() -> None:
    one, other = (Backend(id=name, model="gpt-5", provider="openai") for name in ("one", "other"))
    policy = policy_of(kind_named("a", "one"), kind_named("b", "other"), backends=(one, other))
    found = objects(policy)
    assert [name for name in found if name.startswith("Backend ")] == ["Backend gpt-5"]
    assert faults(found) == []
