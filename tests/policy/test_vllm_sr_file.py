"""The file of vLLM Semantic Router: which class takes a chat, where it goes, and what it may not step around."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from msgspec.structs import replace

from costctl.documents.policy import (
    Admission,
    Backend,
    Caps,
    HeaderMatch,
    Match,
    Placement,
    Policy,
    PolicyClass,
    Routing,
    Target,
)
from costctl.errors import InfeasibleError
from costctl.policy.file_changes import file_changes
from costctl.policy.targets.vllm_sr import TARGET, emit_vllm_sr
from tests.policy.policies import EU_ONLY, kind_named, policy_of, pool_named, sound_policy
from tests.policy.random_policies import policies
from tests.policy.vllm_sr_choice import chosen
from tests.thoroughness import how_many

EU_POOL = Backend(id="eu", model="llama", pool="eu", jurisdiction="eu")
US_POOL = Backend(id="us", model="llama", pool="us", jurisdiction="us")


def config_of(policy: Policy) -> dict[str, Any]:
    return yaml.safe_load(emit_vllm_sr(policy, None).files["vllm-sr.yaml"])


def said(policy: Policy, pointer: str) -> set[str]:
    """How the values under a pointer are carried."""
    return {
        msgspec.to_builtins(each)["status"]
        for each in emit_vllm_sr(policy, None).manifest.entries
        if each.pointer == pointer or each.pointer.startswith(f"{pointer}/")
    }


def model_named(config: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in config["providers"]["models"] if each["name"] == name)


def decision_named(config: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in config["routing"]["decisions"] if each["name"] == name)


# --- which class takes a chat ---


def taker(policy: Policy, model: str, headers: dict[str, str]) -> PolicyClass:
    """The class that the policy gives a chat to."""
    for kind in policy.classes:
        is_told = all(headers.get(each.name) == each.value for each in kind.match.headers)
        is_chat = kind.match.operation is None or "chat" in kind.match.operation
        if is_told and is_chat and (kind.match.model is None or model in kind.match.model):
            return kind
    return next(kind for kind in policy.classes if kind.id == policy.default_class)


@settings(max_examples=how_many(5, thorough=50))
@given(policies(is_one_boundary=True))
def test_the_first_class_that_fits_takes_a_chat_whatever_its_header_and_the_model_it_asks_for(
    policy: Policy,
) -> None:
    config = config_of(policy)
    values = {header.value for kind in policy.classes for header in kind.match.headers} | {"nobody"}
    for name in sorted({each.model for each in policy.backends if each.model is not None}):
        for value in sorted(values):
            headers = {"x-costctl-class": value}
            kind = taker(policy, name, headers)
            found = chosen(config, name, headers)
            assert found is not None
            served = {each["name"] for each in model_named(config, found[1])["backend_refs"]}
            assert served <= {each.backend for each in kind.placement.targets}
            assert found[0] in (kind.id, "others")


def test_a_chat_without_its_header_is_one_of_the_default_class() -> None:
    policy = policy_of(
        kind_named("a", "one"), kind_named("b", "two"), backends=(pool_named("one"), pool_named("two"))
    )
    assert chosen(config_of(policy), "llama", {}) == ("others", "two")
    assert chosen(config_of(policy), "llama", {"x-costctl-class": "a"}) == ("a", "one")


def test_a_model_that_nobody_asks_for_is_refused_and_one_of_the_router_is_past_every_decision() -> None:
    config = config_of(policy_of(kind_named("a", "gpu"), backends=(pool_named("gpu"),)))
    assert chosen(config, "gpt-7", {}) is None
    assert chosen(config, "gpu", {}) == ("", "gpu")


def test_a_model_of_the_router_is_called_as_no_client_asks() -> None:
    pool = Backend(id="llama", model="llama", pool="llama")
    config = config_of(policy_of(kind_named("a", "llama"), backends=(pool,)))
    assert [each["name"] for each in config["providers"]["models"]] == ["at-llama"]
    assert chosen(config, "llama", {}) == ("others", "at-llama")


def test_classes_that_are_told_by_a_model_have_a_recipe_of_their_own() -> None:
    named = replace(kind_named("named", "one"), match=Match(model=("gpt-5", "gpt-5-mini")))
    policy = policy_of(named, kind_named("rest", "two"), backends=(pool_named("one"), pool_named("two")))
    config = config_of(policy)
    assert config["entrypoints"] == [{"model_names": ["gpt-5", "gpt-5-mini"], "recipe": "models-1"}]
    assert chosen(config, "gpt-5", {}) == ("named", "one")
    assert chosen(config, "llama", {}) == ("others", "two")


def test_the_router_knows_one_identity_so_classes_told_by_two_headers_are_refused() -> None:
    other = replace(kind_named("b", "gpu"), match=Match(headers=(HeaderMatch(name="x-team", value="b"),)))
    with pytest.raises(InfeasibleError) as refused:
        emit_vllm_sr(policy_of(kind_named("a", "gpu"), other, backends=(pool_named("gpu"),)), None)
    assert "x-costctl-class, x-team" in refused.value.why


# --- data boundaries ---


@pytest.mark.parametrize(
    "bound",
    [
        kind_named("a", "eu", data_boundary=EU_ONLY),
        replace(kind_named("a", "eu", data_boundary=EU_ONLY), match=Match()),
    ],
)
def test_a_model_outside_of_a_required_boundary_is_refused_since_a_client_may_name_it(
    bound: PolicyClass,
) -> None:
    policy = policy_of(bound, kind_named("b", "us"), backends=(EU_POOL, US_POOL))
    with pytest.raises(InfeasibleError) as refused:
        emit_vllm_sr(policy, None)
    assert "past every decision" in refused.value.why


def test_a_boundary_that_every_model_of_the_file_lies_within_is_kept() -> None:
    policy = policy_of(kind_named("a", "eu", data_boundary=EU_ONLY), backends=(EU_POOL, US_POOL))
    assert said(policy, "/classes/0/data_boundary") == {"exact"}
    assert [each["name"] for each in config_of(policy)["providers"]["models"]] == ["eu"]


def test_two_models_of_one_pool_are_both_held_to_the_boundary() -> None:
    inside, outside = replace(EU_POOL, pool="p"), replace(US_POOL, pool="p", model="qwen")
    policy = policy_of(
        kind_named("a", "eu", data_boundary=EU_ONLY), kind_named("b", "us"), backends=(inside, outside)
    )
    with pytest.raises(InfeasibleError):
        emit_vllm_sr(policy, None)


# --- what a decision carries ---


def split_over(one: Backend, other: Backend) -> Policy:
    kind = replace(
        kind_named("a", "one"),
        placement=Placement(targets=(Target(backend="one", weight=3), Target(backend="two", weight=7))),
    )
    return policy_of(kind, backends=(one, other))


def test_a_class_is_split_by_weight_over_backends_that_serve_one_model() -> None:
    policy = split_over(pool_named("one"), pool_named("two"))
    (model,) = config_of(policy)["providers"]["models"]
    assert [(each["endpoint"], each["weight"]) for each in model["backend_refs"]] == [
        ("one:8000", 3),
        ("two:8000", 7),
    ]
    assert said(policy, "/classes/0/placement/targets") == {"exact"}


def test_of_backends_that_serve_several_models_the_one_that_has_most_takes_all() -> None:
    policy = split_over(pool_named("one"), replace(pool_named("two"), model="qwen"))
    (model,) = config_of(policy)["providers"]["models"]
    assert [each["name"] for each in model["backend_refs"]] == ["two"]
    assert said(policy, "/classes/0/placement/targets") == {"approximated"}


def test_an_engine_is_told_the_lane_and_a_provider_is_not() -> None:
    bought = Backend(id="api", model="gpt-5", provider="openai")
    slow = replace(kind_named("slow", "gpu"), lane="third")
    config = config_of(policy_of(kind_named("fast", "api"), slow, backends=(pool_named("gpu"), bought)))
    update = [{"name": "x-vllm-priority", "value": "2"}]
    assert decision_named(config, "slow")["plugins"] == [
        {"type": "header_mutation", "configuration": {"update": update}}
    ]
    assert "plugins" not in decision_named(config, "fast")


def test_answers_are_as_long_as_the_class_may_have_them() -> None:
    config = config_of(
        policy_of(kind_named("a", "gpu", caps=Caps(output_tokens=99)), backends=(pool_named("gpu"),))
    )
    plugin = decision_named(config, "a")["plugins"][0]
    assert plugin["configuration"] == {"default_max_tokens": 99, "max_tokens_limit": 99}


def test_a_class_asks_no_more_than_it_may_where_its_header_is_its_own() -> None:
    most = Admission(requests_per_minute=60, tokens_per_minute=9000)
    own = policy_of(kind_named("a", "gpu", admission=most), backends=(pool_named("gpu"),))
    (limiter,) = config_of(own)["global"]["services"]["ratelimit"]["providers"]
    assert limiter["rules"] == [
        {
            "name": "a",
            "match": {"user": "a"},
            "requests_per_unit": 60,
            "tokens_per_unit": 9000,
            "unit": "minute",
        }
    ]
    shared = replace(kind_named("b", "gpu", admission=most), match=Match())
    policy = policy_of(shared, backends=(pool_named("gpu"),))
    assert "ratelimit" not in config_of(policy)["global"]["services"]
    assert said(policy, "/classes/0/admission") == {"unsupported"}


@pytest.mark.parametrize(
    ("timeouts_s", "written", "carried"),
    [
        ((60, 60), "60s", [{"exact"}, {"exact"}]),
        ((60, 90), "90s", [{"approximated"}, {"exact"}]),
        ((60, None), None, [{"approximated"}, set()]),
        ((600, None), "600s", [{"exact"}, set()]),
    ],
)
def test_one_time_out_holds_for_all(
    timeouts_s: tuple[int | None, ...], written: str | None, carried: list[set[str]]
) -> None:
    kinds = [
        kind_named(f"c{number}", "gpu", timeout_us=None if each is None else each * 1_000_000)
        for number, each in enumerate(timeouts_s)
    ]
    policy = policy_of(*kinds, backends=(pool_named("gpu"),))
    (listener,) = config_of(policy)["listeners"]
    assert listener.get("timeout") == written
    assert [said(policy, f"/classes/{number}/timeout_us") for number in range(2)] == carried


def test_a_class_that_asks_no_chats_is_not_in_the_file() -> None:
    embeds = replace(
        kind_named("embeds", "embedder", data_boundary=EU_ONLY), match=Match(operation=("embedding",))
    )
    policy = policy_of(
        embeds, kind_named("chats", "gpu"), backends=(pool_named("gpu"), pool_named("embedder"))
    )
    config = config_of(policy)
    assert [each["name"] for each in config["providers"]["models"]] == ["gpu"]
    assert said(policy, "/classes/0/placement") == {"unsupported"}
    assert said(policy, "/classes/0/data_boundary") == {"exact"}, "none of it goes through the router"


def test_a_rule_for_replicas_is_the_models() -> None:
    pool = replace(pool_named("gpu"), routing=Routing(rule="round_robin"))
    config = config_of(policy_of(kind_named("a", "gpu"), backends=(pool,)))
    assert model_named(config, "gpu")["reliability"] == {"lb_policy": "round_robin"}


def test_a_present_file_is_compared_decision_by_decision() -> None:
    now = emit_vllm_sr(sound_policy(), None).files["vllm-sr.yaml"]
    (changed,) = file_changes(now.replace("priority: 2", "priority: 9"), now, TARGET.read).changed
    assert changed.place == "routing.decisions[rag].priority"
    assert (changed.present, changed.written) == ("9", "2")
