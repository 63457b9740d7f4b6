"""LiteLLM's file is one to merge: names of clients, real providers, keys from the environment, no limit given twice."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

from costctl.documents.policy import (
    Admission,
    AtMost,
    Backend,
    Fallback,
    HeaderMatch,
    Match,
    Placement,
    Policy,
    PolicyClass,
    Target,
)
from costctl.errors import InputError, NotEnoughDataError
from costctl.policy.ledger import Emission
from costctl.policy.pointers import leaf_pointers
from costctl.policy.targets.litellm_checks import faults_in
from costctl.policy.targets.litellm_groups import shares
from costctl.policy.targets.litellm_providers import prefix_of
from costctl.policy.targets.registry import emission_of
from tests.policy.policies import sound_policy

WHY = {"/lane": ("declared",), "/placement": ("declared",), "/admission": ("declared",)}


def asking(class_id: str, model: str | tuple[str, ...], *backends: str | Target, **facts: Any) -> PolicyClass:
    """A class that asks for a model by name and is served by these backends."""
    targets = tuple(each if isinstance(each, Target) else Target(each, 1) for each in backends)
    facts = {"placement": Placement(targets=targets, fallback=facts.pop("fallback", ())), **facts}
    names = (model,) if isinstance(model, str) else model
    match = Match(headers=(HeaderMatch("x-request-class", class_id),), model=names)
    return PolicyClass(
        **{"id": class_id, "request_class": class_id, "lane": "first", "match": match, "why": WHY, **facts}
    )


def bought(provider: str | None, model: str, **facts: Any) -> Backend:
    return Backend(id=model.replace(":", "-").replace("/", "-"), provider=provider, model=model, **facts)


def own(name: str, model: str, most: int = 64) -> Backend:
    return Backend(
        id=name, pool=name, model=model, max_concurrency=AtMost(value=most, scope="per_backend"), why={}
    )


def with_parts(backends: tuple[Backend, ...], *classes: PolicyClass, **facts: Any) -> Policy:
    return sound_policy(**{"backends": backends, "classes": classes, "default_class": classes[0].id, **facts})


def emitted(policy: Policy) -> Emission:
    emission = emission_of("litellm", policy, None)
    assert [entry.pointer for entry in emission.manifest.entries] == list(leaf_pointers(policy))
    return emission


def config_of(policy: Policy) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(emitted(policy).files["litellm.yaml"])
    assert faults_in(config) == ()
    return config


def params(config: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [each["litellm_params"] for each in config["model_list"] if each["model_name"] == name]


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("openai", "gpt-4o", "openai/gpt-4o"),
        ("azure.ai.openai", "prod-chat", "azure/prod-chat"),
        ("azure.ai.inference", "phi-4", "azure_ai/phi-4"),
        ("aws.bedrock", "anthropic.claude-sonnet-4-5-v1:0", "bedrock/anthropic.claude-sonnet-4-5-v1:0"),
        ("aws.bedrock", "arn:aws:bedrock:x:1:p/a", "bedrock/converse/arn:aws:bedrock:x:1:p/a"),
        ("gcp.vertex_ai", "gemini-2.5-pro", "vertex_ai/gemini-2.5-pro"),
        ("gcp.gemini", "gemini-2.5-pro", "gemini/gemini-2.5-pro"),
        ("x_ai", "grok-4", "xai/grok-4"),
        ("mistral_ai", "mistral-large-latest", "mistral/mistral-large-latest"),
        ("self_hosted", "llama-3.1-8b", "hosted_vllm/llama-3.1-8b"),
        ("vllm", "llama-3.1-8b", "hosted_vllm/llama-3.1-8b"),
        (None, "mistral/mistral-small", "mistral/mistral-small"),
    ],
)
def test_a_provider_is_called_as_litellm_calls_it(provider: str | None, model: str, expected: str) -> None:
    backend = bought(provider, model)
    config = config_of(with_parts((backend,), asking("chat", "asked", backend.id)))
    (found,) = params(config, "asked")
    assert found["model"] == expected


def test_keys_and_addresses_are_read_from_the_environment() -> None:
    backends = (
        bought("openai", "gpt-4o"),
        bought("azure", "prod"),
        own("gpu-1", "llama"),
        bought("vllm", "qwen"),
    )
    classes = [asking(f"c{number}", f"m{number}", each.id) for number, each in enumerate(backends)]
    config = config_of(with_parts(backends, *classes))
    read = {str(value) for each in config["model_list"] for value in each["litellm_params"].values()}
    assert {value for value in read if value.startswith("os.environ/")} == {
        "os.environ/OPENAI_API_KEY",
        "os.environ/AZURE_API_KEY",
        "os.environ/AZURE_API_BASE",
        "os.environ/AZURE_API_VERSION",
        "os.environ/GPU_1_API_BASE",
        "os.environ/QWEN_API_BASE",
    }


def test_a_declared_region_takes_the_place_of_its_variable() -> None:
    backend = bought("aws.bedrock", "claude", region="eu-west-1")
    policy = with_parts((backend,), asking("chat", "claude", "claude"))
    assert params(config_of(policy), "claude")[0]["aws_region_name"] == "eu-west-1"
    assert "AWS_REGION_NAME" not in emitted(policy).files["litellm.yaml"]


@pytest.mark.parametrize(
    ("provider", "model", "base_model"),
    [
        ("azure", "prod-chat", "azure/answering"),
        ("aws.bedrock", "arn:aws:bedrock:x:1:p/a", "answering"),
        ("openai", "gpt-4o", None),
    ],
)
def test_a_deployment_whose_name_says_nothing_of_its_model_names_the_model(
    provider: str, model: str, base_model: str | None
) -> None:
    backend = bought(provider, model, answers_as="answering")
    config = config_of(with_parts((backend,), asking("chat", "asked", backend.id)))
    assert config["model_list"][0]["model_info"].get("base_model") == base_model


def test_a_provider_that_was_not_observed_is_left_out_and_said() -> None:
    backends = (bought("openai", "gpt-4o"), bought(None, "mystery"))
    policy = with_parts(backends, asking("chat", "gpt-4o", "gpt-4o"), asking("other", "mystery", "mystery"))
    emission = emitted(policy)
    text = emission.files["litellm.yaml"]
    assert "# Left out: mystery of other. The provider was not observed, and LiteLLM needs it." in text
    assert [each["model_name"] for each in yaml.safe_load(text)["model_list"]] == ["gpt-4o"]
    said = {entry.pointer: msgspec.to_builtins(entry)["status"] for entry in emission.manifest.entries}
    assert said["/classes/1/placement/targets/0/backend"] == "unsupported"


def test_a_file_without_a_single_route_is_refused() -> None:
    policy = with_parts((bought(None, "mystery"),), asking("chat", "mystery", "mystery"))
    with pytest.raises(NotEnoughDataError, match="none of the policy's backends"):
        emission_of("litellm", policy, None)


def test_classes_that_ask_for_one_name_and_are_served_alike_are_one_group_without_tags() -> None:
    config = config_of(
        with_parts(
            (bought("openai", "gpt-4o"),), asking("a", "gpt-4o", "gpt-4o"), asking("b", "gpt-4o", "gpt-4o")
        )
    )
    assert [each["model_name"] for each in config["model_list"]] == ["gpt-4o"]
    assert "tags" not in config["model_list"][0]["litellm_params"]
    assert "enable_tag_filtering" not in config["router_settings"]


def test_a_class_that_is_served_elsewhere_keeps_its_name_and_has_a_tag() -> None:
    backends = (own("premium", "large"), own("economy", "small"))
    policy = with_parts(backends, asking("chat", "large", "premium"), asking("sort", "large", "economy"))
    config = config_of(policy)
    assert [(each["model"], each["tags"]) for each in params(config, "large")] == [
        ("hosted_vllm/large", ["chat", "default"]),
        ("hosted_vllm/small", ["sort"]),
    ]
    assert config["router_settings"]["enable_tag_filtering"] is True


def test_a_request_without_a_tag_gets_the_model_that_it_asks_for() -> None:
    # sort is the default class of the policy; even so, who asks for large and says no more is given large.
    backends = (own("premium", "large"), own("economy", "small"))
    policy = with_parts(
        backends, asking("chat", "large", "premium"), asking("sort", "large", "economy"), default_class="sort"
    )
    tagged = [each for each in params(config_of(policy), "large") if "default" in each["tags"]]
    assert [each["model"] for each in tagged] == ["hosted_vllm/large"]


def test_other_names_for_a_route_are_aliases() -> None:
    policy = with_parts((bought("openai", "gpt-4o"),), asking("a", ("gpt-4o", "gpt-4o-old"), "gpt-4o"))
    assert config_of(policy)["router_settings"]["model_group_alias"] == {"gpt-4o-old": "gpt-4o"}


def test_the_longest_wait_of_a_class_is_that_of_the_router_in_whole_seconds() -> None:
    backends = (bought("openai", "gpt-4o"), bought("openai", "gpt-4o-mini"))
    classes = (
        asking("a", "gpt-4o", "gpt-4o", backoff_us=2_500_000),
        asking("b", "gpt-4o-mini", "gpt-4o-mini", backoff_us=30_000_000),
    )
    emission = emitted(with_parts(backends, *classes))
    assert yaml.safe_load(emission.files["litellm.yaml"])["router_settings"]["retry_after"] == 30
    assert any("MAX_RETRY_DELAY is 30 or more" in each for each in emission.manifest.conditions)
    said = {entry.pointer: msgspec.to_builtins(entry) for entry in emission.manifest.entries}
    assert said["/classes/0/backoff_us"]["status"] == "approximated"
    assert "one least wait for all groups" in said["/classes/0/backoff_us"]["reason"]
    short = emitted(with_parts(backends, classes[0]))
    assert yaml.safe_load(short.files["litellm.yaml"])["router_settings"]["retry_after"] == 3
    assert not any("MAX_RETRY_DELAY" in each for each in short.manifest.conditions)


def test_the_limit_of_a_pool_is_shared_by_its_deployments_by_their_calls() -> None:
    pool = own("gpu", "small", most=60)
    policy = with_parts((pool,), asking("a", "one", "gpu", calls=500), asking("b", "two", "gpu", calls=100))
    config = config_of(policy)
    assert [params(config, name)[0]["max_parallel_requests"] for name in ("one", "two")] == [50, 10]
    entry = next(
        each
        for each in emitted(policy).manifest.entries
        if each.pointer == "/backends/0/max_concurrency/value"
    )
    assert msgspec.to_builtins(entry)["status"] == "approximated"


def test_models_of_one_pool_share_its_limit() -> None:
    backends = tuple(
        msgspec.structs.replace(own("gpu", model, most=10), id=f"gpu.{model}")
        for model in ("base", "adapter")
    )
    config = config_of(
        with_parts(backends, asking("a", "base", "gpu.base"), asking("b", "adapter", "gpu.adapter"))
    )
    limits = [each["litellm_params"]["max_parallel_requests"] for each in config["model_list"]]
    assert limits == [5, 5]


@pytest.mark.parametrize(
    ("total", "calls", "expected"),
    [
        (64, [10.0], (64,)),
        (64, [3.0, 1.0], (48, 16)),
        (10, [1.0, 1.0, 1.0], (4, 3, 3)),
        (10, [None, 5.0], (5, 5)),
        (2, [100.0, 1.0, 1.0], (1, 1, 1)),
        (7, [0.0, 0.0], (4, 3)),
    ],
)
def test_shares_are_whole_and_together_the_limit(
    total: int, calls: list[float | None], expected: tuple[int, ...]
) -> None:
    assert shares(total, calls) == expected


def test_a_rate_of_a_class_is_shared_by_its_deployments_by_weight() -> None:
    backends = (bought("openai", "gpt-4o"), bought("azure", "prod"))
    kind = asking(
        "a", "gpt-4o", Target("gpt-4o", 3), Target("prod", 1), admission=Admission(requests_per_minute=100)
    )
    found = params(config_of(with_parts(backends, kind)), "gpt-4o")
    assert {each["model"]: (each["rpm"], each["weight"]) for each in found} == {
        "openai/gpt-4o": (75, 3),
        "azure/prod": (25, 1),
    }


def test_a_class_falls_back_to_a_group_that_clients_know_where_there_is_one() -> None:
    fallback = (Fallback(backend="premium", on=("error", "context_window")),)
    policy = with_parts(
        (own("premium", "large"), own("economy", "small")),
        asking("chat", "large", "premium"),
        asking("sort", "small", "economy", fallback=fallback),
    )
    config = config_of(policy)
    assert config["router_settings"]["fallbacks"] == [{"small": ["large"]}]
    assert config["router_settings"]["context_window_fallbacks"] == [{"small": ["large"]}]
    assert [each["model_name"] for each in config["model_list"]] == ["large", "small"]


def test_a_class_falls_back_within_its_group_where_another_class_is_served_there() -> None:
    policy = with_parts(
        (own("premium", "large"), own("economy", "small")),
        asking("chat", "large", "premium"),
        asking("sort", "large", "economy", fallback=(Fallback(backend="premium", on=("error",)),)),
    )
    config = config_of(policy)
    assert [(each["order"], each["tags"]) for each in params(config, "large")] == [
        (2, ["chat", "sort", "default"]),
        (1, ["sort"]),
    ]
    assert "fallbacks" not in config["router_settings"]
    assert params(config, "large")[0]["max_parallel_requests"] == 64


def test_a_backend_that_only_stands_in_is_a_group_of_its_own() -> None:
    fallback = (Fallback(backend="spare", on=("error",)),)
    config = config_of(
        with_parts(
            (own("gpu", "small"), own("spare", "small")), asking("a", "small", "gpu", fallback=fallback)
        )
    )
    assert config["router_settings"]["fallbacks"] == [{"small": ["spare"]}]
    assert [each["model"] for each in params(config, "spare")] == ["hosted_vllm/small"]


def test_what_says_where_the_file_comes_from_stands_at_its_head_and_is_the_same_again() -> None:
    policy = sound_policy()
    text = emitted(policy).files["litellm.yaml"]
    assert text == emitted(policy).files["litellm.yaml"]
    head = [line for line in text.splitlines() if line.startswith("# ")][:4]
    assert head[0] == "# For LiteLLM 1.103.7, written by costctl 0.1.0."
    assert emitted(policy).manifest.policy_digest in head[2]
    assert "costctl emit --target litellm" in head[3]


def test_a_hand_written_policy_without_names_asks_by_the_model() -> None:
    names = {each["model_name"] for each in config_of(sound_policy())["model_list"]}
    assert names == {"bge-m3", "large"}


@pytest.mark.parametrize("name", ["self hosted cluster", "nobody", ""])
def test_a_provider_that_litellm_does_not_have_is_not_guessed(name: str) -> None:
    assert prefix_of(name) is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"model": "self_hosted/x"}, "does not begin with a provider"),
        ({"model": "gpt-4o"}, "does not begin with a provider"),
        ({"model": "hosted_vllm/x"}, "has no api_base"),
        ({"model": "openai/x", "rpm": 0}, "rpm of a is less than 1"),
    ],
)
def test_what_litellm_would_refuse_in_a_deployment_is_found(changes: dict[str, Any], fault: str) -> None:
    config = {"model_list": [{"model_name": "a", "litellm_params": changes}], "router_settings": {}}
    assert any(fault in each for each in faults_in(config))


@pytest.mark.parametrize(
    ("router", "fault"),
    [
        ({"fallbacks": [{"a": ["nowhere"]}]}, "names the group nowhere"),
        ({"model_group_alias": {"b": "nowhere"}}, "names the group nowhere"),
        ({"model_group_alias": {"a": "a"}}, "The alias a is the name of a group too"),
        ({"enable_tag_filtering": True}, "has no deployment for requests without a tag"),
    ],
)
def test_what_litellm_would_refuse_in_its_router_is_found(router: dict[str, Any], fault: str) -> None:
    deployment = {
        "model_name": "a",
        "litellm_params": {"model": "openai/x", "tags": ["t"]},
        "model_info": {"id": "1"},
    }
    found = faults_in({"model_list": [deployment], "router_settings": router})
    assert any(fault in each for each in found)


def test_an_id_that_is_given_twice_is_found() -> None:
    deployment = {"model_name": "a", "litellm_params": {"model": "openai/x"}, "model_info": {"id": "1"}}
    assert faults_in({"model_list": [deployment, deployment]}) == (
        "The id 1 is given to several deployments.",
    )


def test_a_policy_of_which_litellm_would_refuse_the_file_is_refused() -> None:
    policy = with_parts((bought("openai", "gpt-4o"),), asking("a", "", "gpt-4o"))
    with pytest.raises(InputError, match="LiteLLM would refuse the file"):
        emission_of("litellm", policy, None)
