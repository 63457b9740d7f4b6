"""llm-d: a route that keeps the order of the classes, pools that serve lanes in order, and files without a field that
their consumers do not know.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from costctl.documents.policy import (
    AtMost,
    Backend,
    HeaderMatch,
    Match,
    Policy,
    PolicyBoundary,
    Queue,
    RejectWhenBusy,
    Routing,
    Target,
    Unlimited,
)
from costctl.errors import InfeasibleError
from costctl.policy.targets.http_match import PATH_ENDS
from costctl.policy.targets.kube_text import UNBOUNDED, gateway_duration, read_documents
from costctl.policy.targets.llmd import emit_llmd
from tests.policy.gateway_choice import Request, chosen
from tests.policy.policies import kind_named, policy_of, pool_named
from tests.thoroughness import how_many

MODEL = "x-gateway-model-name"
PER_REPLICA = "per_replica"
PATHS = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/rerank", "/other"]
HEADERS = [HeaderMatch(name=name, value=value) for name in ("x-a", "x-b", "x-c") for value in ("1", "2")]


def objects(policy: Policy) -> dict[str, Any]:
    """What is written for a policy, by kind and name."""
    return read_documents(emit_llmd(policy, None).files["llm-d.yaml"])


def picker(policy: Policy, pool: str = "gpu") -> dict[str, Any]:
    """The configuration of the endpoint picker of a pool."""
    found: dict[str, Any] = objects(policy)[f"ConfigMap {pool}-epp-policy"]["data"]["policy.yaml"]
    return found


def entry(policy: Policy, pointer: str) -> str:
    """What the manifest says of a value."""
    entries = emit_llmd(policy, None).manifest.entries
    return next(type(each).__name__ for each in entries if each.pointer == pointer)


def takes(match: Match, request: Request) -> bool:
    """Whether a class takes a request, by the words of the policy."""
    ends = [end for each in match.operation or () for end in PATH_ENDS[each]]
    return (
        all(request.headers.get(header.name) == header.value for header in match.headers)
        and (not ends or any(request.path == f"/v1{end.removeprefix('/v1')}" for end in ends))
        and (match.model is None or request.headers.get(MODEL) in match.model)
    )


matches = st.builds(
    Match,
    headers=st.lists(st.sampled_from(HEADERS), max_size=2, unique_by=lambda each: each.name).map(tuple),
    operation=st.none() | st.sampled_from([("chat",), ("embedding", "rerank"), ("completion",)]),
    model=st.none() | st.sampled_from([("m",), ("n",)]),
)


@settings(max_examples=how_many(25, thorough=40))
@given(found=st.lists(matches, min_size=1, max_size=3))
def test_the_first_class_that_takes_a_request_is_the_rule_that_a_gateway_chooses(found: list[Match]) -> None:
    kinds = [kind_named(f"k{number}", "gpu", match=each) for number, each in enumerate(found)]
    policy = policy_of(*kinds, kind_named("rest", "gpu", match=Match()), backends=(pool_named("gpu"),))
    route = objects(policy)["HTTPRoute costctl"]
    values = [[{}, {name: "1"}, {name: "2"}] for name in ("x-a", "x-b", "x-c")]
    given_headers = [{**a, **b, **c} for a, b, c in itertools.product(*values)]
    for path, headers, model in itertools.product(PATHS, given_headers, ({}, {MODEL: "m"}, {MODEL: "n"})):
        request = Request(path, {**headers, **model})
        first = next(at for at, kind in enumerate(policy.classes) if takes(kind.match, request))
        assert chosen(route, request) == first


def test_more_classes_than_one_route_has_rules_are_refused() -> None:
    kinds = [kind_named(f"k{number}", "gpu") for number in range(16)]
    backends = (pool_named("gpu"),)
    with pytest.raises(InfeasibleError, match="order of the classes"):
        emit_llmd(policy_of(*kinds, backends=backends), None)
    last = kind_named("rest", "gpu", match=Match())
    assert (
        len(objects(policy_of(*kinds[1:], last, backends=backends))["HTTPRoute costctl"]["spec"]["rules"])
        == 16
    )


def test_the_first_lane_has_the_highest_priority_and_a_call_without_one_is_last() -> None:
    kinds = [kind_named(name, "gpu", lane=name) for name in ("first", "second", "third")]
    found = objects(policy_of(*kinds, backends=(pool_named("gpu"),)))
    priorities = [found[f"InferenceObjective gpu-lane-{place}"]["spec"]["priority"] for place in (1, 2, 3)]
    assert priorities == [2, 1, 0]
    rules = found["HTTPRoute costctl"]["spec"]["rules"]
    set_to = [rule["filters"][0]["requestHeaderModifier"]["set"][0]["value"] for rule in rules]
    assert set_to == ["gpu-lane-1", "gpu-lane-2", "gpu-lane-3", "gpu-lane-3"]


@pytest.mark.parametrize(
    ("depth", "written", "said"),
    [
        (AtMost(value=12, scope=PER_REPLICA), {"maxRequests": "36"}, "Approximated"),
        (AtMost(value=7, scope="per_backend"), {"maxRequests": "7"}, "Approximated"),
        (RejectWhenBusy(), {"maxRequests": "1"}, "Approximated"),
        (Unlimited(), {"maxRequests": str(UNBOUNDED), "maxBytes": str(UNBOUNDED)}, "Exact"),
        (AtMost(value=7, scope="per_caller"), {}, "Unsupported"),
    ],
)
def test_a_band_is_never_as_long_as_zero_which_would_be_five_thousand(
    depth: Any, written: dict[str, str], said: str
) -> None:
    policy = policy_of(
        kind_named("a", "gpu", queue=Queue(depth=depth)), backends=(pool_named("gpu", replicas=3),)
    )
    (band,) = picker(policy)["flowControl"]["priorityBands"]
    assert band == {"priority": 2, **written}
    assert entry(policy, "/classes/0/queue/depth/kind") == said


def test_a_band_is_as_long_as_the_queues_of_its_classes_together_and_the_shortest_wait_holds() -> None:
    a = kind_named("a", "gpu", queue=Queue(depth=AtMost(value=3, scope=PER_REPLICA), max_wait_us=1_500_000))
    b = kind_named("b", "gpu", queue=Queue(depth=AtMost(value=4, scope=PER_REPLICA), max_wait_us=Unlimited()))
    policy = policy_of(a, b, backends=(pool_named("gpu"),))
    flow = picker(policy)["flowControl"]
    assert flow["priorityBands"] == [{"priority": 2, "maxRequests": "7"}]
    assert flow["defaultRequestTTL"] == "1.5s"
    assert entry(policy, "/classes/0/queue/max_wait_us") == "Exact"
    assert entry(policy, "/classes/1/queue/max_wait_us/kind") == "Approximated"
    endless = policy_of(b, backends=(pool_named("gpu"),))
    assert picker(endless)["flowControl"]["defaultRequestTTL"] == "0s"
    assert (
        "defaultRequestTTL"
        not in picker(policy_of(kind_named("c", "gpu"), backends=(pool_named("gpu"),)))["flowControl"]
    )


@pytest.mark.parametrize(
    ("limit", "written"),
    [
        (AtMost(value=8, scope=PER_REPLICA), 8),
        (AtMost(value=8, scope="per_backend"), 4),
        (Unlimited(), UNBOUNDED),
        (RejectWhenBusy(), None),
        (None, None),
    ],
)
def test_what_a_replica_has_in_progress_is_bounded_and_fills_no_queue_of_its_own(
    limit: Any, written: int | None
) -> None:
    config = picker(policy_of(kind_named("a", "gpu"), backends=(pool_named("gpu", limit, replicas=2),)))
    found = [plugin["parameters"] for plugin in config["plugins"] if plugin["type"] == "concurrency-detector"]
    assert found == ([] if written is None else [{"maxConcurrency": written, "headroom": 0}])
    detector = config["flowControl"].get("saturationDetector")
    assert detector == (None if written is None else {"pluginRef": "concurrency-detector"})


@pytest.mark.parametrize(
    ("rule", "plugins", "said"),
    [
        ("round_robin", ["random-picker"], "Approximated"),
        ("least_outstanding", ["active-request-scorer"], "Exact"),
        ("prefix_affinity", ["prefix-cache-scorer", "active-request-scorer"], "Approximated"),
    ],
)
def test_replicas_are_chosen_by_the_rule_of_the_pool(rule: Any, plugins: list[str], said: str) -> None:
    pool = replace(pool_named("gpu"), routing=Routing(rule=rule))
    policy = policy_of(kind_named("a", "gpu"), backends=(pool,))
    profile = picker(policy)["schedulingProfiles"][0]["plugins"]
    assert [each["pluginRef"] for each in profile] == plugins
    assert entry(policy, "/backends/0/routing/rule") == said


def test_a_name_that_clients_ask_by_becomes_the_model_that_is_served() -> None:
    asked = kind_named("a", "gpu", match=Match(model=("gpt-5", "llama")))
    found = objects(policy_of(asked, backends=(pool_named("gpu"),)))
    (rule,) = found["InferenceModelRewrite gpu"]["spec"]["rules"]
    assert rule["matches"] == [{"model": {"type": "Exact", "value": "gpt-5"}}]
    assert rule["targets"] == [{"modelRewrite": "llama"}]
    other = replace(pool_named("gpu"), id="gpu-2", model="qwen")
    both = policy_of(asked, kind_named("b", "gpu-2"), backends=(pool_named("gpu"), other))
    emission = emit_llmd(both, None)
    assert "InferenceModelRewrite" not in emission.files["llm-d.yaml"]
    assert any("answers to gpt-5" in each for each in emission.manifest.conditions)


def test_a_provider_is_a_service_by_weight_and_is_not_told_the_lane() -> None:
    bought = Backend(id="paid", model="gpt-5", provider="openai")
    split = kind_named("a", "gpu")
    targets = (Target(backend="gpu", weight=3), Target(backend="paid", weight=1))
    split = replace(split, placement=replace(split.placement, targets=targets))
    (rule, _) = objects(policy_of(split, backends=(pool_named("gpu"), bought)))["HTTPRoute costctl"]["spec"][
        "rules"
    ]
    own, paid = rule["backendRefs"]
    assert (own["kind"], own["weight"], paid["kind"], paid["weight"]) == ("InferencePool", 3, "Service", 1)
    assert "set" not in paid["filters"][0]["requestHeaderModifier"]


def bound_by_operation(default: str) -> Policy:
    """A class of the EU that its operation tells, and a default that is served in the US or in the EU."""
    inside = replace(pool_named("eu"), jurisdiction="eu")
    outside = replace(pool_named("us"), jurisdiction="us")
    only_eu = PolicyBoundary(enforcement="required", jurisdictions=("eu",))
    embeds = kind_named("embeds", "eu", match=Match(operation=("embedding",)), data_boundary=only_eu)
    return policy_of(embeds, kind_named("rest", default, match=Match()), backends=(inside, outside))


def test_a_class_that_an_unusual_path_would_take_out_of_its_boundary_is_refused() -> None:
    with pytest.raises(InfeasibleError, match="a path that says no operation") as refused:
        emit_llmd(bound_by_operation("us"), None)
    assert refused.value.exit_code == 5
    policy = bound_by_operation("eu")
    assert entry(policy, "/classes/0/data_boundary/enforcement") == "Exact"


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (1, "1ms"),
        (1000, "1ms"),
        (2_500_000, "2s500ms"),
        (90_000_000, "1m30s"),
        (3_600_000_001, "1h1ms"),
        (2**53 - 1, "99999h59m59s999ms"),
    ],
)
def test_a_time_out_is_whole_milliseconds_rounded_up(us: int, text: str) -> None:
    assert gateway_duration(us) == text
