"""A file for LiteLLM that somebody spoiled is refused: by its router, by its own list of words, or by our checks.

LiteLLM takes much that it then does nothing about; what it takes stands here too, with what our checks say of it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from costctl.documents.policy import Fallback
from costctl.policy.targets.litellm_checks import faults_in
from costctl.policy.targets.registry import emission_of
from tests.policy.test_litellm_file import asking, own, with_parts
from tests.policy.validators import said_by, validator

SERVE = Path(__file__).with_name("serve_litellm.py")
Config = dict[str, Any]


def sound() -> Config:
    """Two names, one of which two classes ask for in different ways, and a fallback; the other sticks."""
    policy = with_parts(
        (own("a", "llama"), own("b", "llama"), own("c", "qwen")),
        asking("chat", "llama", "a", fallback=(Fallback(backend="c", on=("error",)),), retries=1),
        asking("sort", "llama", "b"),
        asking("write", "qwen", "c", "b", affinity="prefix"),
    )
    config: Config = yaml.safe_load(emission_of("litellm", policy, None).files["litellm.yaml"])
    return config


def first(config: Config) -> Config:
    params: Config = config["model_list"][0]["litellm_params"]
    return params


def router(config: Config) -> Config:
    settings: Config = config["router_settings"]
    return settings


def same_id_twice(config: Config) -> None:
    config["model_list"][1]["model_info"]["id"] = config["model_list"][0]["model_info"]["id"]


# What is spoiled, and whether LiteLLM itself says so.
MUTATIONS: Final[dict[str, tuple[Callable[[Config], object], bool]]] = {
    "a model without a provider": (lambda it: first(it).update(model="llama"), True),
    "a provider that there is not": (lambda it: first(it).update(model="self_hosted/llama"), True),
    "a deployment without a name": (lambda it: it["model_list"][0].pop("model_name"), True),
    "a rate that is no number": (lambda it: first(it).update(rpm="many"), True),
    "tags that are no list": (lambda it: first(it).update(tags="chat"), True),
    "a strategy that there is not": (lambda it: router(it).update(routing_strategy="simple-shufle"), True),
    "a setting that there is not": (lambda it: router(it).update(enable_tag_filterng=True), True),
    "a parameter that there is not": (lambda it: first(it).update(max_paralel_requests=4), True),
    "fallbacks that are no list": (lambda it: router(it).update(fallbacks={"llama": ["qwen"]}), True),
    "a server without an address": (lambda it: first(it).pop("api_base"), False),
    "a fallback to nowhere": (lambda it: router(it).update(fallbacks=[{"llama": ["qwem"]}]), False),
    "an alias that is a group": (lambda it: router(it).update(model_group_alias={"qwen": "llama"}), False),
    "an id given twice": (same_id_twice, False),
    "a weight below 0": (lambda it: first(it).update(weight=-1), False),
    "no call in progress": (lambda it: first(it).update(max_parallel_requests=0), False),
    "a time-out in words": (lambda it: first(it).update(timeout="soon"), False),
    "an order of 0": (lambda it: first(it).update(order=0), False),
    "a group for no request without a tag": (lambda it: first(it).update(tags=["chat"]), False),
    "a check that there is not": (lambda it: router(it).update(optional_pre_call_checks=["promt"]), False),
    "retries of what there is not": (
        lambda it: router(it).update(model_group_retry_policy={"llama": {"TimeOutRetries": 2}}),
        False,
    ),
    "stickiness that overrules tags": (
        lambda it: router(it).update(model_group_affinity_config={"llama": ["deployment_affinity"]}),
        False,
    ),
}


def spoiled(name: str) -> Config:
    config = copy.deepcopy(sound())
    MUTATIONS[name][0](config)
    return config


@pytest.fixture(scope="module")
def refusals(repository: Path) -> dict[str, str]:
    """By mutation, what LiteLLM says against it, and of the file that nobody spoiled."""
    texts = {"none": yaml.safe_dump(sound()), **{name: yaml.safe_dump(spoiled(name)) for name in MUTATIONS}}
    asked = {"refusal": [[text] for text in texts.values()]}
    said = json.loads(said_by(validator(repository, "litellm"), SERVE, json.dumps(asked)).splitlines()[-1])
    return dict(zip(texts, said["refusal"], strict=True))


def test_the_file_that_nobody_spoiled_is_taken(refusals: dict[str, str]) -> None:
    assert refusals["none"] == ""
    assert faults_in(sound()) == ()


@pytest.mark.parametrize("name", [name for name, (_, by_litellm) in MUTATIONS.items() if by_litellm])
def test_litellm_refuses_a_spoiled_file(refusals: dict[str, str], name: str) -> None:
    assert refusals[name] != ""


@pytest.mark.parametrize("name", [name for name, (_, by_litellm) in MUTATIONS.items() if not by_litellm])
def test_our_checks_refuse_what_litellm_takes_and_does_nothing_about(
    refusals: dict[str, str], name: str
) -> None:
    assert refusals[name] == ""
    assert len(faults_in(spoiled(name))) == 1
