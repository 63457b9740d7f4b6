"""A deployment of Dynamo: what the router and the engines are told, and that Dynamo reads all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from costctl.documents.policy import AtMost, Limit, Match, Policy, Queue, RejectWhenBusy, Routing
from costctl.levers.limits import limit_per_replica
from costctl.policy.file_changes import file_changes
from costctl.policy.targets.dynamo import TARGET, emit_dynamo
from costctl.policy.targets.dynamo_router import share_over_next
from costctl.policy.targets.target import is_own
from costctl.policy.targets.vllm import emit_vllm
from tests.policy.dynamo_reads import Deployment, why_refused
from tests.policy.policies import kind_named, policy_of, pool_named, sound_policy
from tests.policy.random_policies import policies
from tests.policy.vllm_serve import arguments_read, command_line_read
from tests.thoroughness import how_many

TWO_EACH = AtMost(value=2, scope="per_replica")
THIRD = "third"


def written(policy: Policy, backend: str | None = None) -> Deployment:
    return Deployment(emit_dynamo(policy, backend).files["dynamo.yaml"])


def said(policy: Policy, pointer: str) -> set[str]:
    """How the values under a pointer are carried."""
    return {
        msgspec.to_builtins(each)["status"]
        for each in emit_dynamo(policy, None).manifest.entries
        if each.pointer == pointer or each.pointer.startswith(f"{pointer}/")
    }


def one_lane(policy: Policy) -> Policy:
    """The policy with its first lane alone."""
    return replace(policy, lanes=policy.lanes[:1])


def with_rule(rule: str) -> Policy:
    pool = replace(pool_named("gpu"), routing=Routing(rule=rule))
    return one_lane(policy_of(kind_named("a", "gpu"), backends=(pool,)))


# --- what is written ---


def test_each_class_waits_in_a_queue_of_its_own_and_the_first_lane_is_read_first() -> None:
    fast = kind_named("fast", "gpu")
    slow = replace(kind_named("slow", "gpu", queue=Queue(depth=TWO_EACH)), lane=THIRD)
    told = written(policy_of(fast, slow, backends=(pool_named("gpu"),))).router()
    assert [each["name"] for each in told["policy_classes"]] == ["fast", "slow"]
    first, last = told["policy_classes"]
    assert (first["quantum"], last["quantum"]) == (1024, 1)
    assert "request_queue_limit_per_worker" not in first
    assert last["request_queue_limit_per_worker"] == 2
    assert told["default_policy_family"] == last["policy_family"] == "slow"


@pytest.mark.parametrize("lanes", [2, 3, 5, 17, 41])
def test_weights_of_lanes_fit_in_64_bits(lanes: int) -> None:
    assert share_over_next(lanes) >= 2
    assert share_over_next(lanes) ** (lanes - 1) * lanes < 2**63


@pytest.mark.parametrize(
    ("limit", "replicas", "each"),
    [
        (AtMost(value=8, scope="per_backend"), 4, 2),
        (AtMost(value=9, scope="per_backend"), 4, 2),
        (AtMost(value=9, scope="per_backend"), 1, 9),
        (AtMost(value=3, scope="per_replica"), 4, 3),
        (RejectWhenBusy(), 2, 0),
    ],
)
def test_a_limit_of_what_waits_is_counted_for_each_worker(limit: Limit, replicas: int, each: int) -> None:
    kind = kind_named("a", "gpu", queue=Queue(depth=limit))
    policy = policy_of(kind, backends=(pool_named("gpu", replicas=replicas),))
    (found,) = written(policy).router()["policy_classes"]
    assert found["request_queue_limit_per_worker"] == each


@settings(max_examples=how_many(5, thorough=50))
@given(policies())
def test_workers_together_hold_what_the_limit_of_a_class_allows_and_no_other_class_has_one(
    policy: Policy,
) -> None:
    for backend in filter(is_own, policy.backends):
        file = written(policy, backend.id)
        told = {} if file.policy is None else {each["name"]: each for each in _classes_told(file)}
        for kind in policy.classes:
            is_sent = any(each.backend == backend.id and each.weight for each in kind.placement.targets)
            depth = kind.queue.depth if kind.queue is not None and is_sent else None
            expected = 0 if isinstance(depth, RejectWhenBusy) else None
            if isinstance(depth, AtMost):
                expected = limit_per_replica(depth, backend.replicas)
            assert told.get(kind.id, {}).get("request_queue_limit_per_worker") == expected


def _classes_told(file: Deployment) -> list[dict[str, Any]]:
    return file.router().get("policy_classes", [])


@pytest.mark.parametrize(
    ("rule", "words", "carried"),
    [
        ("round_robin", ["--router-mode", "round-robin"], {"exact"}),
        ("least_outstanding", ["--router-mode", "least-loaded"], {"exact"}),
        ("prefix_affinity", ["--router-mode", "kv"], {"approximated"}),
    ],
)
def test_calls_are_given_to_replicas_by_the_rule(rule: str, words: list[str], carried: set[str]) -> None:
    assert written(with_rule(rule)).words("frontend") == words
    assert said(with_rule(rule), "/backends/0/routing/rule") == carried


def test_workers_tell_the_router_what_they_keep_only_where_prefixes_are_kept() -> None:
    assert "--kv-events-config" in written(with_rule("prefix_affinity")).words("worker")
    assert "--kv-events-config" not in written(with_rule("round_robin")).words("worker")


def test_a_router_that_keeps_classes_but_no_prefixes_goes_by_load_alone() -> None:
    kind = kind_named("a", "gpu", queue=Queue(depth=TWO_EACH))
    told = written(policy_of(kind, backends=(pool_named("gpu"),))).router()
    assert told["router"] == {"use_kv_events": False, "router_assume_kv_reuse": False}
    assert told["worker_selection"]["instances"][0]["parameters"] == {"overlap_score_credit": 0.0}


def test_a_request_without_a_class_waits_as_the_default_or_as_the_last_that_comes_here() -> None:
    waits = Queue(depth=TWO_EACH)
    first, last = kind_named("first", "gpu", queue=waits), kind_named("last", "gpu", queue=waits)
    elsewhere = kind_named("elsewhere", "other")
    pools = (pool_named("gpu"), pool_named("other"))
    ours = policy_of(first, last, backends=pools[:1])
    assert written(replace(ours, default_class="first")).router()["default_policy_family"] == "first"
    foreign = policy_of(first, last, elsewhere, backends=pools)
    assert written(foreign, "gpu").router()["default_policy_family"] == "last"


def test_engines_are_told_lanes_though_only_one_comes_here_and_nothing_is_kept_apart() -> None:
    policy = policy_of(kind_named("a", "gpu"), backends=(pool_named("gpu"),))
    assert written(policy).policy is None
    assert "priority" in written(policy).words("worker")
    told = " ".join(emit_dynamo(policy, None).manifest.conditions)
    assert "x-dynamo-request-priority of each, by lane (first 2)" in told
    assert "x-dynamo-meta-policy-class" not in told


def test_a_name_with_a_comma_would_be_two_names_to_dynamo() -> None:
    kind = kind_named("a", "gpu", match=Match(model=("llama", "one,two")))
    policy = policy_of(kind, backends=(pool_named("gpu"),))
    words = written(policy).words("worker")
    assert words[words.index("--served-model-name") + 1] == "llama"
    assert "one,two" not in words
    assert said(policy, "/classes/0/match/model/1") == {"unsupported"}


def test_a_pool_that_no_class_reaches_has_a_front_end_and_no_policy() -> None:
    policy = policy_of(kind_named("a", "gpu"), backends=(pool_named("gpu"), pool_named("idle")))
    assert written(policy, "idle").policy is None
    assert written(policy, "idle").words("frontend") == []


def test_a_present_deployment_is_compared_component_by_component() -> None:
    policy = policy_of(kind_named("a", "gpu"), backends=(pool_named("gpu", replicas=2),))
    now = emit_dynamo(policy, None).files["dynamo.yaml"]
    changes = file_changes(now.replace("replicas: 2", "replicas: 5"), now, TARGET.read)
    (changed,) = changes.changed
    assert (changed.present, changed.written) == ("5", "2")
    assert changed.place == "DynamoGraphDeployment gpu.spec.components[worker].replicas"


# --- Dynamo's own code ---


@settings(max_examples=how_many(5, thorough=50))
@given(policies())
def test_engines_are_told_what_vllm_itself_would_be_but_for_what_waits(policy: Policy) -> None:
    for backend in filter(is_own, policy.backends):
        direct = arguments_read(emit_vllm(policy, backend.id).files["vllm.yaml"])
        direct.pop("max_num_queued_reqs", None)
        told = command_line_read(written(policy, backend.id).words("worker"))
        told.pop("kv_events_config", None)
        assert told.pop("model") == backend.model
        assert told == {"served_model_name": [backend.model], **direct}


def test_dynamo_reads_deployments_of_policies_as_they_come(
    repository: Path, sample_policy: Policy, random_dynamo_texts: dict[str, str]
) -> None:
    texts = {each.id: emit(sample_policy, each.id) for each in sample_policy.backends if is_own(each)}
    texts |= {rule: emit(with_rule(rule)) for rule in ("round_robin", "least_outstanding", "prefix_affinity")}
    texts |= {"sound": emit(sound_policy())} | random_dynamo_texts
    answers = why_refused(repository, texts)
    assert {name: reason for name, reason in answers.items() if reason} == {}


def emit(policy: Policy, backend: str | None = None) -> str:
    return emit_dynamo(policy, backend).files["dynamo.yaml"]


@pytest.fixture(scope="module")
def random_dynamo_texts() -> dict[str, str]:
    """Files of policies at random."""
    found: dict[str, str] = {}

    @settings(max_examples=how_many(2, thorough=25))
    @given(policies())
    def collect(policy: Policy) -> None:
        for backend in filter(is_own, policy.backends):
            found[f"random {len(found)}"] = emit(policy, backend.id)

    collect()
    return found
