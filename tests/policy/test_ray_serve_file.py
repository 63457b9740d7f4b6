"""An application of Ray Serve LLM: Ray reads every field of it, the engine is told what vLLM itself would be, and a
file that was spoiled is not taken for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from msgspec.structs import replace

from costctl.documents.policy import AtMost, Backend, Match, Policy, Queue, Routing, Unlimited
from costctl.policy.targets.ray_serve import emit_ray_serve
from costctl.policy.targets.target import is_own
from costctl.policy.targets.vllm import emit_vllm
from tests.policy.policies import kind_named, policy_of, pool_named, sound_policy
from tests.policy.random_policies import policies
from tests.policy.validators import said_by, validator
from tests.policy.vllm_serve import RefusedError, arguments_read

FOUR_EACH = AtMost(value=4, scope="per_replica")
PREFIXES = Routing(rule="prefix_affinity", most_ahead=AtMost(value=7, scope="per_replica"))

TWICE = """applications:
- name: gpu
  route_prefix: /twice
  import_path: ray.serve.llm:build_openai_app
  args:
    llm_configs: []
"""
SPOILED = [
    ("applications:", "application:"),
    ("import_path:", "importpath:"),
    ("ray.serve.llm:build_openai_app", "ray.serve.llm:build_app"),
    ("route_prefix: /", "route: /"),
    ("llm_configs:", "models:"),
    ("model_loading_config:", "model_loading:"),
    ("model_id:", "model_name:"),
    ("num_replicas: 3", "num_replicas: three"),
    ("num_replicas: 3", "num_replicas: -1"),
    ("num_replicas: 3", "replica_count: 3"),
    ("PrefixCacheAffinityRouter", "PrefixRouter"),
    ("imbalanced_threshold:", "most_ahead:"),
    ("engine_kwargs:", "engine_args:"),
    ("applications:\n", TWICE),
]


def written(policy: Policy, backend: str | None = None) -> str:
    return emit_ray_serve(policy, backend).files["serve.yaml"]


def model_in(text: str) -> dict[str, Any]:
    """The only model of a file."""
    (application,) = yaml.safe_load(text)["applications"]
    (model,) = application["args"]["llm_configs"]
    return model


def engine_read(model: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's arguments, as vLLM reads them."""
    arguments = {name.replace("_", "-"): value for name, value in model.get("engine_kwargs", {}).items()}
    return arguments_read(yaml.safe_dump(arguments))


def said(policy: Policy, pointer: str) -> set[str]:
    """How the values under a pointer are carried."""
    entries = emit_ray_serve(policy, None).manifest.entries
    return {
        msgspec.to_builtins(each)["status"]
        for each in entries
        if each.pointer == pointer or each.pointer.startswith(f"{pointer}/")
    }


def whole_policy() -> Policy:
    """A policy of which everything is written that Ray can be told."""
    pool = replace(pool_named("gpu", FOUR_EACH, replicas=3), routing=PREFIXES)
    return policy_of(kind_named("a", "gpu", queue=Queue(depth=FOUR_EACH)), backends=(pool,))


@pytest.fixture(scope="module")
def answers(repository: Path, sample_policy: Policy) -> dict[str, str]:
    """What Ray says of files as they are written, and of the whole one with a change; it is asked once for all."""
    plain = policy_of(kind_named("a", "gpu"), backends=(pool_named("gpu"),))
    in_turn = replace(pool_named("gpu"), routing=Routing(rule="round_robin"))
    texts = {
        "whole": written(whole_policy()),
        "plain": written(plain),
        "in turn": written(policy_of(kind_named("a", "gpu"), backends=(in_turn,))),
        "sound": written(sound_policy()),
    }
    texts |= {each.id: written(sample_policy, each.id) for each in sample_policy.backends if is_own(each)}
    texts |= {after: texts["whole"].replace(before, after) for before, after in SPOILED}
    program = Path(__file__).with_name("ask_ray.py")
    return json.loads(said_by(validator(repository, "ray"), program, json.dumps(texts)))


def test_ray_reads_every_field_that_is_written(answers: dict[str, str]) -> None:
    refused = {name: reason for name, reason in answers.items() if reason}
    assert sorted(refused) == sorted(after for _, after in SPOILED)


@pytest.mark.parametrize(("before", "after"), SPOILED, ids=[after for _, after in SPOILED])
def test_a_file_that_was_spoiled_is_refused(before: str, after: str, answers: dict[str, str]) -> None:
    assert before in written(whole_policy())
    assert answers[after]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("max_num_seqs: 4", "max_num_seqs: 0"),
        ("max_num_queued_reqs: 8", "max_queue: 8"),
        ("scheduling_policy: priority", "scheduling_policy: highest"),
    ],
)
def test_an_argument_that_vllm_does_not_take_is_refused(before: str, after: str) -> None:
    text = written(whole_policy())
    assert before in text
    with pytest.raises(RefusedError):
        engine_read(model_in(text.replace(before, after)))


@given(policies())
def test_the_engine_is_told_what_vllm_itself_would_be(policy: Policy) -> None:
    for backend in filter(is_own, policy.backends):
        direct = arguments_read(emit_vllm(policy, backend.id).files["vllm.yaml"])
        del direct["served_model_name"]
        model = model_in(written(policy, backend.id))
        assert engine_read(model) == direct
        assert model["model_loading_config"] == {"model_id": backend.model}
        assert model.get("deployment_config", {}).get("num_replicas") == backend.replicas


def test_ray_keeps_no_queue_of_its_own_since_it_knows_no_lanes() -> None:
    deployment = model_in(written(whole_policy()))["deployment_config"]
    assert {"max_ongoing_requests", "max_queued_requests"} & set(deployment) == set()


@pytest.mark.parametrize(
    ("ahead", "kwargs", "carried"),
    [
        (AtMost(value=7, scope="per_replica"), {"imbalanced_threshold": 7}, {"approximated"}),
        (Unlimited(), None, {"exact"}),
    ],
)
def test_how_far_a_replica_may_be_ahead_is_said_where_prefixes_are_kept(
    ahead: AtMost | Unlimited, kwargs: dict[str, int] | None, carried: set[str]
) -> None:
    pool = replace(pool_named("gpu"), routing=Routing(rule="prefix_affinity", most_ahead=ahead))
    policy = policy_of(kind_named("a", "gpu"), backends=(pool,))
    router = model_in(written(policy))["deployment_config"]["request_router_config"]
    assert router.get("request_router_kwargs") == kwargs
    assert said(policy, "/backends/0/routing/most_ahead") == carried


def test_a_model_has_one_name() -> None:
    kind = kind_named("a", "gpu", match=Match(model=("llama", "gpt-5")))
    policy = policy_of(kind, backends=(pool_named("gpu"),))
    assert said(policy, "/classes/0/match/model/0") == {"exact"}
    assert said(policy, "/classes/0/match/model/1") == {"unsupported"}


def test_a_pool_that_does_not_say_what_it_serves_is_called_as_clients_ask() -> None:
    nameless = Backend(id="gpu", pool="gpu")
    asked = kind_named("a", "gpu", match=Match(model=("gpt-5",)))
    assert model_in(written(policy_of(asked, backends=(nameless,))))["model_loading_config"] == {
        "model_id": "gpt-5"
    }
