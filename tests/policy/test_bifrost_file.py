"""Bifrost: rules that take the calls of their classes, in order, and limits by provider."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
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
    Queue,
    RejectWhenBusy,
    ResponseCache,
    Target,
    Unlimited,
)
from costctl.errors import InfeasibleError
from costctl.policy.targets.bifrost import emit_bifrost
from costctl.policy.targets.bifrost_rules import expression, weights
from tests.policy.bifrost_schema import evaluated, faults
from tests.policy.policies import kind_named, policy_of, pool_named, sound_policy
from tests.policy.random_policies import policies
from tests.thoroughness import how_many

PER_REPLICA = "per_replica"
ODD = 'a "quote", a \\ back\\slash,\ta tab, ü and 😀'
OPERATIONS = {
    "chat_completion": "chat",
    "responses_stream": "chat",
    "text_completion": "completion",
    "embedding": "embedding",
    "speech": None,
}


def config(policy: Policy) -> Any:
    return json.loads(emit_bifrost(policy, None).files["bifrost.json"])


def rules(policy: Policy) -> Any:
    return config(policy)["governance"]["routing_rules"]


def entry(policy: Policy, pointer: str) -> str:
    """What the manifest says of a value."""
    entries = emit_bifrost(policy, None).manifest.entries
    return next(type(each).__name__ for each in entries if each.pointer == pointer)


def takes(match: Match, request: dict[str, Any]) -> bool:
    """Whether a class takes a request, by the words of the policy."""
    return (
        all(request["headers"].get(header.name) == header.value for header in match.headers)
        and (match.operation is None or OPERATIONS[request["request_type"]] in match.operation)
        and (match.model is None or request["model"] in match.model)
    )


def test_an_expression_takes_the_calls_of_its_class_and_no_others(repository: Path) -> None:
    values = (None, "1", ODD)
    headers = [
        (),
        (HeaderMatch(name="x-a", value=ODD),),
        tuple(HeaderMatch(name=f"x-{n}", value="1") for n in "ab"),
    ]
    operations = [None, ("chat",), ("embedding", "rerank"), ("completion",)]
    found = [
        Match(headers=each, operation=operation, model=model)
        for each, operation, model in itertools.product(headers, operations, (None, ("m", ODD)))
    ]
    requests = [
        {
            "headers": {name: value for name, value in (("x-a", a), ("x-b", b)) if value is not None},
            "request_type": kind,
            "model": model,
        }
        for a, b, kind, model in itertools.product(values, values[:2], OPERATIONS, (ODD, ""))
    ]
    said = evaluated(repository, [(expression(match), requests) for match in found])
    assert said == [[takes(match, request) for request in requests] for match in found]


def test_rules_stand_in_the_order_of_the_classes_and_the_last_takes_what_is_left() -> None:
    kinds = (kind_named("b", "gpu"), kind_named("a", "gpu"), kind_named("everything-else", "gpu"))
    found = rules(policy_of(*kinds, backends=(pool_named("gpu"),)))
    assert [rule["priority"] for rule in found] == [0, 1, 2, 3]
    assert [rule["id"] for rule in found][:2] == ["b", "a"]
    assert (found[3]["id"], found[3]["cel_expression"]) == ("everything-else", "true")
    assert "costctl emit --target bifrost" in found[3]["description"], "JSON has no comments"
    rest = policy_of(*kinds[:2], kind_named("rest", "gpu", match=Match()), backends=(pool_named("gpu"),))
    assert [rule["id"] for rule in rules(rest)] == ["b", "a", "rest"]


@settings(max_examples=how_many(10, thorough=50))
@given(policy=policies(is_one_boundary=True))
def test_whatever_is_written_has_known_fields_and_names_what_is_there(policy: Policy) -> None:
    assert faults(config(policy)) == []


@settings(max_examples=how_many(50, thorough=500))
@given(parts=st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_weights_are_parts_of_one_as_near_as_can_be(parts: list[int]) -> None:
    found = weights(parts)
    assert sum(found) == pytest.approx(1, abs=1e-12)
    assert all(0 < each <= 1 for each in found)
    assert found == pytest.approx([each / sum(parts) for each in parts], abs=1e-8)


def test_targets_take_their_parts_and_fallbacks_follow_in_order() -> None:
    split = kind_named("split", "a")
    placement = replace(
        split.placement,
        targets=tuple(
            Target(backend=name, weight=weight) for name, weight in zip("abc", (3, 1, 0), strict=True)
        ),
        fallback=(Fallback(backend="d", on=("error",)), Fallback(backend="a", on=("timeout",))),
    )
    backends = (*(replace(pool_named(name), model=f"model-{name}") for name in "abc"), pool_named("d"))
    policy = policy_of(replace(split, placement=placement), backends=backends)
    rule = rules(policy)[0]
    assert rule["targets"] == [
        {"provider": "a", "model": "model-a", "weight": 0.75},
        {"provider": "b", "model": "model-b", "weight": 0.25},
    ]
    assert rule["fallbacks"] == ["d/llama", "a/model-a"]
    assert faults(config(policy)) == []


def test_a_pool_is_a_provider_of_ones_own_that_has_its_models_and_no_others() -> None:
    both = (pool_named("gpu"), replace(pool_named("gpu"), id="gpu-2", model="qwen"))
    policy = policy_of(kind_named("a", "gpu"), kind_named("b", "gpu-2"), backends=both)
    assert config(policy)["providers"] == {
        "gpu": {
            "keys": [{"name": "gpu", "value": "env.GPU_API_KEY", "models": ["llama", "qwen"], "weight": 1}],
            "network_config": {"base_url": "http://gpu:8000", "allow_private_network": True},
            "custom_provider_config": {"base_provider_type": "openai"},
        }
    }


def providers(*bought: Backend) -> Any:
    """Providers of a policy whose classes are each sent to one of these."""
    kinds = [kind_named(f"k{number}", each.id) for number, each in enumerate(bought)]
    found = config(policy_of(*kinds, backends=bought))
    assert faults(found) == []
    return found["providers"]


def bought(name: str, provider: str, region: str | None = None) -> Backend:
    return Backend(id=name, model=f"model-{name}", provider=provider, region=region)


def test_a_provider_has_the_name_that_bifrost_has_for_it_or_one_of_its_own_for_each_region() -> None:
    one = providers(bought("a", "open_ai"), bought("b", "openai"), bought("c", "aws.bedrock", "eu-west-1"))
    assert list(one) == ["openai", "bedrock"]
    assert one["openai"]["keys"][0]["models"] == ["model-a", "model-b"]
    assert one["bedrock"]["keys"][0]["bedrock_key_config"] == {"region": "eu-west-1"}
    two = providers(bought("a", "openai", "eu"), bought("b", "openai", "us"), bought("c", "somebody"))
    assert list(two) == ["openai-eu", "openai-us", "model-c"]
    assert [each["custom_provider_config"]["base_provider_type"] for each in two.values()] == ["openai"] * 3


def test_a_pool_that_is_called_as_a_provider_of_bifrost_is_has_another_name() -> None:
    (name,) = config(policy_of(kind_named("a", "openai"), backends=(pool_named("openai"),)))["providers"]
    assert name.startswith("openai-")


@pytest.mark.parametrize("replicas", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("depths", "waiting", "drops", "said"),
    [
        ((AtMost(value=3, scope=PER_REPLICA),), lambda replicas: 3 * replicas, True, "Approximated"),
        ((AtMost(value=3, scope="per_backend"),) * 2, lambda _: 6, True, "Approximated"),
        ((RejectWhenBusy(),), lambda _: 1, True, "Approximated"),
        ((Unlimited(),), lambda _: 5000, False, "Exact"),
        ((AtMost(value=3, scope=PER_REPLICA), Unlimited()), lambda _: 5000, False, "Unsupported"),
    ],
    ids=["of each replica", "of two classes", "none", "any number", "some and any number"],
)
def test_a_provider_has_a_queue_as_long_as_those_of_its_classes(
    depths: Sequence[Any], waiting: Any, drops: bool, said: str, replicas: int
) -> None:
    kinds = [kind_named(f"k{number}", "gpu", queue=Queue(depth=depth)) for number, depth in enumerate(depths)]
    policy = policy_of(*kinds, backends=(pool_named("gpu", AtMost(value=8, scope=PER_REPLICA), replicas),))
    found = config(policy)
    limits = found["providers"]["gpu"]["concurrency_and_buffer_size"]
    assert limits == {"concurrency": 8 * replicas, "buffer_size": waiting(replicas)}
    assert found["client"]["drop_excess_requests"] is drops
    assert entry(policy, "/classes/0/queue/depth/kind") == said


def test_a_provider_has_the_longest_time_out_the_fewest_attempts_and_the_longest_wait_of_its_classes() -> (
    None
):
    a = kind_named("a", "gpu", timeout_us=2_500_000, retries=2, backoff_us=1)
    b = kind_named("b", "gpu", timeout_us=60_000_000, retries=1, backoff_us=2_000_001)
    policy = policy_of(a, b, backends=(pool_named("gpu"),))
    network = config(policy)["providers"]["gpu"]["network_config"]
    assert network["default_request_timeout_in_seconds"] == 60
    assert network["max_retries"] == 1
    assert (network["retry_backoff_initial"], network["retry_backoff_max"]) == (2001, 20010)
    assert [entry(policy, f"/classes/{number}/timeout_us") for number in (0, 1)] == ["Approximated", "Exact"]
    assert [entry(policy, f"/classes/{number}/retries") for number in (0, 1)] == ["Approximated", "Exact"]
    alone = policy_of(a, backends=(pool_named("gpu"),))
    assert config(alone)["providers"]["gpu"]["network_config"]["default_request_timeout_in_seconds"] == 3
    assert entry(alone, "/classes/0/timeout_us") == "Rounded"
    without = policy_of(a, kind_named("c", "gpu"), backends=(pool_named("gpu"),))
    written = config(without)["providers"]["gpu"]["network_config"]["default_request_timeout_in_seconds"]
    assert written == 30, "a class that says nothing keeps Bifrost's own"


def test_a_rate_is_counted_where_a_class_alone_asks_a_model() -> None:
    admission = Admission(requests_per_minute=60, tokens_per_minute=9000)
    a = kind_named("a", "gpu", admission=admission)
    policy = policy_of(
        a, kind_named("rest", "cpu", match=Match()), backends=(pool_named("gpu"), pool_named("cpu"))
    )
    governance = config(policy)["governance"]
    assert governance["model_configs"] == [
        {"id": "a", "model_name": "llama", "provider": "gpu", "rate_limit_id": "a"}
    ]
    (limit,) = governance["rate_limits"]
    assert (limit["request_max_limit"], limit["token_max_limit"]) == (60, 9000)
    shared = policy_of(a, kind_named("b", "gpu"), backends=(pool_named("gpu"),))
    assert "rate_limits" not in config(shared)["governance"]
    assert entry(shared, "/classes/0/admission/tokens_per_minute") == "Unsupported"


def test_answers_are_kept_only_for_calls_that_ask_for_it_and_the_manifest_says_who_must() -> None:
    kept = kind_named("a", "gpu", response_cache=ResponseCache(ttl_us=90_500_000, most_bytes=1))
    policy = policy_of(kept, kind_named("b", "gpu"), backends=(pool_named("gpu"),))
    found = config(policy)
    cache = found["plugins"][1]["config"]
    assert (cache["ttl"], cache["dimension"], "default_cache_key" in cache) == (90, 1, False)
    assert found["vector_store"]["config"] == {"addr": "env.REDIS_ADDR"}
    conditions = " ".join(emit_bifrost(policy, None).manifest.conditions)
    assert "x-bf-cache-key" in conditions
    assert "GPU_API_KEY, REDIS_ADDR" in conditions
    assert "vector_store" not in config(sound_policy())


def bound(default: str) -> Policy:
    """A class of the EU, and a default that is served in the US or in the EU."""
    inside, outside = (replace(pool_named(name), jurisdiction=name) for name in ("eu", "us"))
    only_eu = PolicyBoundary(enforcement="required", jurisdictions=("eu",))
    a = kind_named("a", "eu", data_boundary=only_eu)
    return policy_of(a, kind_named("rest", default, match=Match()), backends=(inside, outside))


def test_a_provider_outside_of_a_required_boundary_is_refused_as_a_caller_may_ask_for_it() -> None:
    with pytest.raises(InfeasibleError, match="a caller may ask for any provider") as refused:
        emit_bifrost(bound("us"), None)
    assert refused.value.exit_code == 5
    assert list(config(bound("eu"))["providers"]) == ["eu"]
    assert entry(bound("eu"), "/classes/0/data_boundary/enforcement") == "Exact"
