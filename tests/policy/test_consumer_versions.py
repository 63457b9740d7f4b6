"""What a version of a consumer lacks is not written, and its manifest says so of every value that is lost by it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from msgspec.structs import replace

from costctl.documents.coverage import Unsupported
from costctl.documents.policy import Policy, PromptCache, Routing
from costctl.errors import CostctlError, UsageError
from costctl.policy.ledger import Emission
from costctl.policy.pointers import leaf_pointers, policy_digest
from costctl.policy.targets.registry import TARGETS, emission_of
from costctl.policy.targets.versions import Versions
from tests.policy.merged import mixed_policy
from tests.policy.policies import sound_policy
from tests.policy.random_policies import policies
from tests.thoroughness import how_many

VERSIONED = {target.name: target.versions for target in TARGETS if target.versions is not None}
BACKENDS = {"vllm": "large", "ray-serve": "large"}


def written(target: str, version: str | None, policy: Policy | None = None) -> Emission:
    return emission_of(target, policy or sound_policy(), BACKENDS.get(target), version)


def lost(target: str, version: str, policy: Policy) -> set[str]:
    """Pointers that this version does not carry, and the newest does."""
    then, now = written(target, version, policy).manifest, written(target, None, policy).manifest
    return {
        old.pointer
        for old, new in zip(then.entries, now.entries, strict=True)
        if isinstance(old, Unsupported) and not isinstance(new, Unsupported)
    }


def queued() -> Policy:
    """A pool of engines that calls of a class may wait for."""
    first, second = sound_policy().classes
    placed = replace(
        first.placement, targets=(replace(first.placement.targets[0], backend="large"),), fallback=()
    )
    return sound_policy(
        backends=tuple(replace(each, replicas=1) for each in sound_policy().backends),
        classes=(replace(first, placement=placed), second),
    )


def test_vllm_bounds_its_queue_from_0_29_on() -> None:
    assert "max-num-queued-reqs" in written("vllm", "0.29.0", queued()).files["vllm.yaml"]
    before = written("vllm", "0.28.0", queued())
    assert "max-num-queued-reqs" not in before.files["vllm.yaml"]
    assert {pointer.rpartition("/")[0] for pointer in lost("vllm", "0.28.0", queued())} == {
        "/classes/0/queue/depth"
    }
    reasons = {each.reason for each in before.manifest.entries if isinstance(each, Unsupported)}
    assert "vLLM 0.28.0 has no max-num-queued-reqs; it is there from 0.29 on." in reasons


def test_vllm_reads_the_priority_of_a_request_from_its_body_before_0_28() -> None:
    for version, told in (("0.27", "the field priority in the body"), ("0.28", "the header X-Vllm-Priority")):
        assert any(told in each for each in written("vllm", version).manifest.conditions)


def test_ray_serve_has_the_queue_of_the_engines_that_it_brings_and_its_routers() -> None:
    policy = queued()
    large = replace(policy.backends[0], routing=Routing(rule="round_robin"))
    policy = replace(policy, backends=(large, *policy.backends[1:]))
    assert lost("ray-serve", "2.55", policy) >= {"/backends/0/routing/rule", "/classes/0/queue/depth/value"}
    assert "RoundRobinRouter" in written("ray-serve", "2.56.1", policy).files["serve.yaml"]


def test_litellm_asks_for_prompt_caches_from_1_66_3_on() -> None:
    first, second = sound_policy().classes
    bought = [
        replace(each, pool=None, provider="anthropic", model="claude-sonnet-4-5")
        for each in sound_policy().backends
    ]
    kind = replace(first, prompt_cache=PromptCache(keep="5m"))
    policy = sound_policy(backends=tuple(bought), classes=(kind, replace(second, data_boundary=None)))
    assert lost("litellm", "1.66.0", policy) == {"/classes/0/prompt_cache/keep"}
    assert lost("litellm", "v1.66.3-stable", policy) == set()


@pytest.mark.parametrize("target", list(VERSIONED))
def test_the_newest_gets_the_file_of_today_and_the_manifest_says_which(target: str) -> None:
    versions = VERSIONED[target]
    assert isinstance(versions, Versions)
    today, then = written(target, None), written(target, versions.newest)
    assert then.manifest.consumer.version == versions.newest
    old, new = today.files[today.main].splitlines(), then.files[then.main].splitlines()
    assert len(old) == len(new)
    assert {
        line.split(":")[0].split(" ")[1] for line, other in zip(old, new, strict=True) if line != other
    } <= {
        "For",
        "Again",
    }


@pytest.mark.parametrize("target", list(VERSIONED))
def test_a_version_that_nothing_is_known_of_is_refused_with_what_is_known(target: str) -> None:
    versions = VERSIONED[target]
    assert isinstance(versions, Versions)
    for version in ("0.0.1", "99.1", "latest", ""):
        with pytest.raises(UsageError) as refused:
            written(target, version)
        assert versions.oldest in refused.value.why
        assert versions.newest in refused.value.why


def test_malicious_releases_and_consumers_of_one_version_are_refused() -> None:
    with pytest.raises(UsageError, match="malicious"):
        written("litellm", "1.82.7")
    with pytest.raises(UsageError, match="means nothing to the target triton"):
        emission_of("triton", sound_policy(), "embedder", "2.50")


@settings(max_examples=how_many(4, thorough=15), deadline=None)
@given(policies(is_one_boundary=True))
def test_every_value_has_its_entry_for_every_version_and_the_file_is_of_the_policy(policy: Policy) -> None:
    for target, versions in VERSIONED.items():
        assert isinstance(versions, Versions)
        for version in (versions.oldest, *(each.version for each in versions.settings)):
            backend = policy.backends[0].id if target in BACKENDS else None
            try:
                found = emission_of(target, policy, backend, version)
            except CostctlError as refused:
                assert refused.next_step
                continue
            assert [each.pointer for each in found.manifest.entries] == list(leaf_pointers(policy))
            assert found.manifest.policy_digest == policy_digest(policy)
            assert policy_digest(policy) in found.files[found.main]
            assert found.manifest.consumer.version == version


def test_merged_files_may_be_of_a_version_too() -> None:
    text = written("litellm", "1.70.0", mixed_policy()).files["litellm.yaml"]
    assert text.startswith("# For LiteLLM 1.70.0, written")
    assert "--consumer-version 1.70.0" in text
    assert yaml.safe_load(text)["model_list"]
