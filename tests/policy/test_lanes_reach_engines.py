"""Engines of vLLM serve by the header X-Vllm-Priority: the gateways in front of them say it, and no caller does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from costctl.documents.policy import Backend, Lane, Policy
from costctl.policy.targets.registry import emission_of
from tests.policy import test_envoy_serves, test_haproxy_serves
from tests.policy.gateways import ask, model_servers
from tests.policy.policies import kind_named, policy_of, pool_named
from tests.policy.validators import program

PROMOTED = {"X-Vllm-Priority": "-100"}
TOLD = ["0", "1", None]  # of the first lane, of the second, and of an embedder, whose engine reads none


def two_lanes_and_an_embedder() -> Policy:
    embeds = kind_named("embed", "gpu", lane="second")
    embeds = replace(embeds, match=replace(embeds.match, operation=("embedding",)))
    return policy_of(
        kind_named("now", "gpu"),
        embeds,
        kind_named("late", "gpu", lane="second"),
        backends=(pool_named("gpu"),),
    )


def promoted(port: int) -> None:
    """A request of each class, each of which calls itself more urgent than all."""
    for kind, path in (("now", "chat/completions"), ("late", "chat/completions"), ("embed", "embeddings")):
        answer = ask(port, {"model": "llama"}, {"x-costctl-class": kind, **PROMOTED}, f"/v1/{path}")
        assert answer.status == 200


def test_haproxy_tells_the_lane_and_takes_out_what_callers_say(tmp_path: Path) -> None:
    if shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("haproxy is not installed; run: make validators")
    with model_servers("GPU_ADDRESS") as servers:
        with test_haproxy_serves.gateway(two_lanes_and_an_embedder(), servers, tmp_path) as proxy:
            promoted(proxy.port)
        assert servers["GPU_ADDRESS"].priorities == TOLD


def test_envoy_tells_the_lane_and_takes_out_what_callers_say(repository: Path, tmp_path: Path) -> None:
    envoy = program(repository, "envoy", "envoy")
    with model_servers("gpu") as servers:
        with test_envoy_serves.gateway(envoy, two_lanes_and_an_embedder(), servers, tmp_path) as proxy:
            promoted(proxy.port)
        assert servers["gpu"].priorities == TOLD


@pytest.mark.parametrize("target", ["haproxy", "envoy"])
@pytest.mark.parametrize(
    "policy",
    [
        replace(
            policy_of(kind_named("only", "gpu"), backends=(pool_named("gpu"),)), lanes=(Lane(id="first"),)
        ),
        policy_of(
            kind_named("now", "api"),
            kind_named("late", "api", lane="second"),
            backends=(Backend(id="api", provider="openai", model="gpt-4.1"),),
        ),
        policy_of(
            kind_named("now", "gpu"),
            kind_named("late", "gpu", lane="second"),
            backends=(replace(pool_named("gpu"), batching="static"),),
        ),
    ],
    ids=["one lane", "a provider", "whole batches"],
)
def test_where_no_engine_serves_by_lane_nothing_is_said_of_it(target: str, policy: Policy) -> None:
    emission = emission_of(target, policy, None)
    assert "Vllm-Priority" not in emission.files[emission.main]
    assert not any("Vllm" in each for each in emission.manifest.conditions)
