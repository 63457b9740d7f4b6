"""A file for vLLM Semantic Router that was spoiled is refused: by its own validation, or, where that says nothing, by
what is known of the router.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from costctl.documents.policy import Admission, Backend, Caps, HeaderMatch, Match, Policy, Routing
from costctl.policy.targets.vllm_sr import emit_vllm_sr
from tests.policy.policies import kind_named, policy_of, pool_named
from tests.policy.random_policies import policies
from tests.policy.validators import said_by, validator
from tests.thoroughness import how_many

SPOILED = {
    "wrong type": ("priority: 2", "priority: high"),
    "wrong version": ("version: v0.3", "version: v3"),
    "unknown field": ("provider_model_id:", "model_id:"),
    "unknown field of the limiter": ("unit: minute", "per: minute"),
    "unknown field of the identity": ("user_id_header:", "user_header:"),
    "dangling model": ("  modelRefs:\n    - model: gpu\n", "  modelRefs:\n    - model: nothing\n"),
    "dangling signal": ("- type: authz\n        name: rag", "- type: authz\n        name: rog"),
    "dangling recipe": ("recipe: models-1", "recipe: models-7"),
    "dangling default": ("defaults:\n    model: gpu", "defaults:\n    model: cpu"),
    "out of range": ("retry_count: 4", "retry_count: 40"),
    "negative weight": ("weight: 1\n", "weight: -1\n"),
    "longest answer of nothing": ("max_tokens_limit: 99", "max_tokens_limit: 0"),
    "no such port": ("port: 8899", "port: 88990"),
    "negative limit": ("requests_per_unit: 60", "requests_per_unit: -60"),
    "missing required": ("- name: rag\n      role: rag", "- role: rag"),
    "no models": ("    modelRefs:\n    - model: gpu\n", ""),
    "duplicated model": ("- name: provider-model\n", "- name: gpu\n"),
    "duplicated decision": ("- name: batch\n    priority", "- name: rag\n    priority"),
    "a name that is taken": ("- llama\n", "- gpt-5\n"),
    "unknown strategy": ("strategy: priority", "strategy: first"),
    "unknown plugin": ("type: request_params", "type: request_parameters"),
    "unknown subject": ("kind: User", "kind: Person"),
    "unknown limiter": ("type: local-limiter", "type: global-limiter"),
    "unknown balance": ("lb_policy: least_request", "lb_policy: best"),
}


def whole_policy() -> Policy:
    """A policy of which everything is written that the router can be told."""
    rag = kind_named(
        "rag", "gpu", admission=Admission(requests_per_minute=60), caps=Caps(output_tokens=99), retries=4
    )
    named = replace(
        kind_named("named", "provider-model"),
        match=Match(headers=(HeaderMatch(name="x-costctl-class", value="named"),), model=("gpt-5",)),
    )
    bought = Backend(id="provider-model", model="gpt-5", provider="openai")
    pool = replace(pool_named("gpu"), routing=Routing(rule="least_outstanding"))
    return policy_of(rag, named, kind_named("batch", "gpu"), backends=(pool, bought))


def written() -> str:
    return emit_vllm_sr(whole_policy(), None).files["vllm-sr.yaml"]


def spoiled(name: str) -> str:
    before, after = SPOILED[name]
    assert before in written()
    return written().replace(before, after, 1)


def of_policies_at_random() -> dict[str, str]:
    """Files of sound policies, by a number."""
    found: list[str] = []

    @settings(max_examples=how_many(2, thorough=25))
    @given(policies(is_one_boundary=True))
    def collect(policy: Policy) -> None:
        found.append(emit_vllm_sr(policy, None).files["vllm-sr.yaml"])

    collect()
    return {f"random {number}": text for number, text in enumerate(found)}


@pytest.fixture(scope="module")
def answers(repository: Path, sample_policy: Policy) -> dict[str, str]:
    """What is said of files as they are written, and of each that was spoiled; the router's code is asked once."""
    texts = {"whole": written(), "sample": emit_vllm_sr(sample_policy, None).files["vllm-sr.yaml"]}
    texts |= of_policies_at_random() | {name: spoiled(name) for name in SPOILED}
    program = Path(__file__).with_name("ask_vllm_sr.py")
    return json.loads(said_by(validator(repository, "vllm_sr"), program, json.dumps(texts)))


def test_the_router_reads_files_as_they_are_written(answers: dict[str, str]) -> None:
    assert {name: reason for name, reason in answers.items() if reason and name not in SPOILED} == {}
    assert "sample" in answers


@pytest.mark.parametrize("name", SPOILED)
def test_a_file_that_was_spoiled_is_refused(name: str, answers: dict[str, str]) -> None:
    assert answers[name]
