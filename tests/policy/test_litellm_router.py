"""LiteLLM's own router loads the files, and every class is answered by a deployment that the policy names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from costctl import verbs
from costctl.documents.policy import Fallback, Operation, Policy, PolicyClass
from costctl.observation import Question
from costctl.policy.targets.litellm_checks import faults_in
from costctl.policy.targets.litellm_groups import layout_of
from costctl.policy.targets.litellm_providers import providers
from costctl.policy.targets.registry import emission_of
from tests.conftest import unwatched
from tests.policy.test_litellm_file import asking, bought, own, with_parts
from tests.policy.validators import said_by, validator
from tests.synth.written_shop import small_shop_in

ASK = Path(__file__).with_name("ask_litellm.py")
LIST_PROVIDERS = "import json, litellm; print(json.dumps([str(each.value) for each in litellm.LlmProviders]))"
REFUSED = """
import json, sys
from litellm import BadRequestError, Router
refused = []
for model in json.load(sys.stdin):
    try:
        Router(model_list=[{"model_name": "a", "litellm_params": {"model": model}}])
    except BadRequestError:
        refused.append(model)
print(json.dumps(refused))
"""
FALLS_BACK = """
import asyncio, sys, yaml
from litellm import Router
config = yaml.safe_load(sys.stdin)
for each in config["model_list"]:
    fails = each["litellm_params"]["model"] == "hosted_vllm/small"
    each["litellm_params"]["mock_response"] = "litellm.InternalServerError" if fails else "answered"
router = Router(model_list=config["model_list"], num_retries=0, **config["router_settings"])
facts = {"metadata": {"tags": ["sort"]}, "messages": [{"role": "user", "content": "a"}]}
print(asyncio.run(router.acompletion(model=sys.argv[1], **facts))._hidden_params["model_id"])
"""
WAITS = """
import sys, yaml
from litellm import Router
config = yaml.safe_load(sys.stdin)
router = Router(model_list=config["model_list"], **config["router_settings"])
print(router._time_to_sleep_before_retry(Exception(), 2, 3, [], [1]))
"""
REAL = (
    "instrumented/litellm/traces_len4be.pb",
    "instrumented/otel_v2_2.4b0_optin/otlp_file_exporter.jsonl",
    "instrumented/traceloop/otlp_file_exporter.jsonl",
    "spans/any_agent",
)


def answers(repository: Path, text: str) -> dict[tuple[str, str | None], dict[str, Any]]:
    """By name and tag, the litellm_params of the deployment that answered the mocked call."""
    config = yaml.safe_load(text)
    assert faults_in(config) == ()
    by_id = {each["model_info"]["id"]: each["litellm_params"] for each in config["model_list"]}
    lines = said_by(validator(repository, "litellm"), ASK, text).splitlines()
    said = [json.loads(line) for line in lines]
    return {(each["asked"], each["tag"]): by_id[each["id"]] for each in said}


def every_class_is_served_where_the_policy_says(repository: Path, policy: Policy) -> None:
    found = answers(repository, emission_of("litellm", policy, None).files["litellm.yaml"])
    layout = layout_of(policy)
    served = [kind for number, kind in enumerate(policy.classes) if number not in layout.left_out]
    assert served
    for kind in served:
        for name in kind.match.model or ():
            answered = found.get((name, kind.request_class)) or found[name, None]
            assert answered["model"] in models_of(kind, policy), (name, kind.id)


def models_of(kind: PolicyClass, policy: Policy) -> set[str]:
    """What LiteLLM calls the backends of a class."""
    asked = layout_of(policy).asked
    return {asked[each.backend].model for each in kind.placement.targets if each.backend in asked}


def test_the_file_of_the_sample_traces_serves_every_class(repository: Path, sample_policy: Policy) -> None:
    every_class_is_served_where_the_policy_says(repository, sample_policy)


def test_the_file_of_a_team_that_buys_tokens_serves_every_class(repository: Path, tmp_path: Path) -> None:
    _, _, question = small_shop_in(tmp_path)
    every_class_is_served_where_the_policy_says(repository, verbs.policy_for(question, unwatched))


@pytest.mark.parametrize("traces", REAL)
def test_the_file_of_real_traces_serves_every_class(
    repository: Path, real_traces: Path, tmp_path: Path, traces: str
) -> None:
    (tmp_path / "costctl.toml").write_text("")
    question = Question(paths=(str(real_traces / traces),), config=tmp_path / "costctl.toml")
    every_class_is_served_where_the_policy_says(repository, verbs.policy_for(question, unwatched))


@pytest.mark.parametrize(("name", "answers_then"), [("large", "large@premium"), ("small", "large@premium")])
def test_a_class_whose_backend_fails_is_answered_by_the_other(
    repository: Path, name: str, answers_then: str
) -> None:
    policy = with_parts(
        (own("premium", "large"), own("economy", "small")),
        asking("chat", "large", "premium"),
        asking("sort", name, "economy", fallback=(Fallback(backend="premium", on=("error",)),)),
    )
    text = emission_of("litellm", policy, None).files["litellm.yaml"]
    said = said_by(validator(repository, "litellm"), FALLS_BACK.replace("sys.argv[1]", repr(name)), text)
    assert said.splitlines()[-1] == answers_then


def test_the_router_waits_as_long_as_the_class_asks(repository: Path) -> None:
    kind = asking("chat", "gpt-4o", "gpt-4o", backoff_us=6_500_000)
    text = emission_of("litellm", with_parts((bought("openai", "gpt-4o"),), kind), None).files["litellm.yaml"]
    waited_s = float(said_by(validator(repository, "litellm"), WAITS, text).splitlines()[-1])
    assert 7.0 <= waited_s <= 8.0  # whole seconds, and LiteLLM's own jitter


def test_every_kind_of_provider_is_loaded_and_answers(repository: Path) -> None:
    backends = (
        *(bought(name, f"model-{number}") for number, name in enumerate(providers())),
        bought("aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"),
        own("gpu", "llama"),
    )
    classes = [asking(f"c{number}", f"asked-{number}", each.id) for number, each in enumerate(backends)]
    policy = with_parts(backends, *classes)
    every_class_is_served_where_the_policy_says(repository, policy)


def test_embeddings_and_reranking_are_answered_as_such(repository: Path) -> None:
    backends = (bought("openai", "text-embedding-3-small"), bought("cohere", "rerank-v3.5"))
    classes = [
        asking("embedding_batch", "text-embedding-3-small", "text-embedding-3-small"),
        asking("search", "rerank-v3.5", "rerank-v3.5"),
    ]
    operations: tuple[tuple[Operation, ...], ...] = (("embedding",), ("rerank",))
    typed = [
        msgspec.structs.replace(kind, match=msgspec.structs.replace(kind.match, operation=operation))
        for kind, operation in zip(classes, operations, strict=True)
    ]
    every_class_is_served_where_the_policy_says(repository, with_parts(backends, *typed))


def test_the_names_of_providers_are_litellms_own(repository: Path) -> None:
    known = json.loads(said_by(validator(repository, "litellm"), LIST_PROVIDERS, ""))
    assert set(providers()) <= set(known)


def test_what_our_own_checks_refuse_litellm_refuses_too(repository: Path) -> None:
    models = ["self_hosted/llama", "nobody/llama", "an-unknown-model"]
    for model in models:
        assert faults_in({"model_list": [{"model_name": "a", "litellm_params": {"model": model}}]})
    said = said_by(validator(repository, "litellm"), REFUSED, json.dumps(models))
    assert json.loads(said.splitlines()[-1]) == models
