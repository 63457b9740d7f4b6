"""The arguments of an engine: what vLLM reads in the file is what the policy says, and a file that was spoiled is not
taken for it.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace

from costctl.documents.coverage import Approximated, Exact
from costctl.documents.policy import (
    AtMost,
    Backend,
    Caps,
    Limit,
    Match,
    Policy,
    Queue,
    RejectWhenBusy,
    Routing,
    Unlimited,
)
from costctl.errors import UsageError
from costctl.policy.targets.target import is_own
from costctl.policy.targets.vllm import emit_vllm
from tests.policy.policies import kind_named, policy_of, pool_named
from tests.policy.random_policies import policies
from tests.policy.vllm_serve import RefusedError, arguments_read

FOUR_EACH = AtMost(value=4, scope="per_replica")


def read(policy: Policy, backend: str | None = None) -> dict[str, Any]:
    """What vLLM reads in the file."""
    return arguments_read(emit_vllm(policy, backend).files["vllm.yaml"])


def said(policy: Policy, pointer: str) -> set[str]:
    """How the values under a pointer are carried."""
    entries = emit_vllm(policy, None).manifest.entries
    return {
        msgspec.to_builtins(each)["status"]
        for each in entries
        if each.pointer == pointer or each.pointer.startswith(f"{pointer}/")
    }


def waiting(depth: Limit | None) -> Queue:
    return Queue(depth=depth)


def test_what_may_wait_is_counted_together_with_what_runs() -> None:
    # 8 run; a may have 3 waiting, b 2 over two replicas, c none: 8 + 3 + 1 + 0.
    pool = pool_named("gpu", AtMost(value=8, scope="per_replica"), replicas=2)
    kinds = [
        kind_named("a", "gpu", queue=waiting(AtMost(value=3, scope="per_replica"))),
        kind_named("b", "gpu", queue=waiting(AtMost(value=2, scope="per_backend"))),
        kind_named("c", "gpu", queue=waiting(RejectWhenBusy())),
    ]
    found = read(policy_of(*kinds, backends=(pool,)))
    assert (found["max_num_seqs"], found["max_num_queued_reqs"]) == (8, 12)


@pytest.mark.parametrize("other", [None, Unlimited()])
def test_a_class_that_may_have_any_number_waiting_leaves_the_engine_without_a_limit(
    other: Limit | None,
) -> None:
    kinds = [
        kind_named("a", "gpu", queue=waiting(FOUR_EACH)),
        kind_named("b", "gpu", queue=waiting(other)),
    ]
    policy = policy_of(*kinds, backends=(pool_named("gpu", FOUR_EACH),))
    assert "max_num_queued_reqs" not in read(policy)
    assert said(policy, "/classes/0/queue/depth") == {"unsupported"}


def test_nobody_is_turned_away_by_a_limit_of_zero() -> None:
    # 0 would turn every request away: a class that may have none waiting still runs.
    policy = policy_of(
        kind_named("a", "gpu", queue=waiting(RejectWhenBusy())), backends=(pool_named("gpu", FOUR_EACH),)
    )
    assert read(policy)["max_num_queued_reqs"] == 4


def test_a_limit_over_a_pool_is_shared_by_its_engines() -> None:
    policy = policy_of(
        kind_named("a", "gpu"),
        backends=(pool_named("gpu", AtMost(value=9, scope="per_backend"), replicas=2),),
    )
    assert read(policy)["max_num_seqs"] == 4
    assert said(policy, "/backends/0/max_concurrency/value") == {"rounded"}


def test_an_engine_answers_to_every_name_its_own_first() -> None:
    kind = kind_named("a", "gpu", match=Match(model=("zephyr", "--port", "gpt-5")))
    found = read(policy_of(kind, backends=(pool_named("gpu"),)))
    assert found["served_model_name"] == ["llama", "gpt-5", "zephyr"]
    assert "port" not in found


def test_lanes_are_told_by_a_priority_whose_lowest_is_served_first() -> None:
    kinds = [kind_named("a", "gpu", lane="second"), kind_named("b", "gpu", lane="third")]
    emission = emit_vllm(policy_of(*kinds, backends=(pool_named("gpu"),)), None)
    assert arguments_read(emission.files["vllm.yaml"])["scheduling_policy"] == "priority"
    assert any("(second 1, third 2)" in each for each in emission.manifest.conditions)
    lane = next(each for each in emission.manifest.entries if each.pointer == "/classes/1/lane")
    assert lane == Exact(pointer="/classes/1/lane", written_as="X-Vllm-Priority: 2, the lowest first")


def test_embeddings_have_no_priority() -> None:
    kind = kind_named("a", "gpu", match=Match(operation=("embedding",)))
    policy = policy_of(kind, backends=(pool_named("gpu"),))
    assert "scheduling_policy" not in read(policy)
    assert said(policy, "/classes/0/lane") == {"unsupported"}


@pytest.mark.parametrize(
    ("caps", "written", "carried"),
    [
        ((500, 500), {"max_new_tokens": 500}, {"exact"}),
        ((500, 900), {"max_new_tokens": 900}, {"approximated"}),
        ((500, None), None, {"unsupported"}),
    ],
)
def test_no_class_gets_shorter_answers_than_it_may_have(
    caps: tuple[int | None, ...], written: dict[str, int] | None, carried: set[str]
) -> None:
    kinds = [kind_named(f"c{cap}-{at}", "gpu", caps=Caps(output_tokens=cap)) for at, cap in enumerate(caps)]
    policy = policy_of(*kinds, backends=(pool_named("gpu"),))
    assert read(policy).get("override_generation_config") == written
    assert said(policy, "/classes/0/caps/output_tokens") == carried


def test_prefixes_are_kept_where_calls_are_sent_to_them() -> None:
    pool = replace(pool_named("gpu"), routing=Routing(rule="prefix_affinity"))
    assert read(policy_of(kind_named("a", "gpu"), backends=(pool,)))["enable_prefix_caching"] is True
    policy = policy_of(kind_named("a", "gpu"), backends=(pool_named("gpu"),))
    assert "enable_prefix_caching" not in read(policy)


def test_a_file_that_sets_nothing_is_still_a_map() -> None:
    bare = replace(pool_named("gpu"), model=None)
    policy = policy_of(kind_named("a", "gpu"), backends=(bare,))
    assert read(replace(policy, lanes=policy.lanes[:1])) == {}


def test_more_sequences_than_tokens_of_a_step_are_said_to_need_more_tokens() -> None:
    policy = policy_of(
        kind_named("a", "gpu"), backends=(pool_named("gpu", AtMost(value=3000, scope="per_replica")),)
    )
    assert any(
        "max-num-batched-tokens is 3,000" in each for each in emit_vllm(policy, None).manifest.conditions
    )


def test_a_model_of_a_provider_has_no_engine() -> None:
    bought = Backend(id="gpt", model="gpt-5", provider="openai")
    policy = policy_of(kind_named("a", "gpt"), backends=(bought, pool_named("gpu")))
    with pytest.raises(UsageError, match="bought by the token") as refused:
        emit_vllm(policy, "gpt")
    assert "gpu" in refused.value.next_step


@given(policies())
def test_vllm_reads_whatever_is_written_for_it_as_the_policy_says(policy: Policy) -> None:
    for backend in filter(is_own, policy.backends):
        emission = emit_vllm(policy, backend.id)
        found = arguments_read(emission.files["vllm.yaml"])
        assert len(found) == emission.contents[0][0], "an argument was lost"
        most = found.get("max_num_seqs")
        assert found.get("max_num_queued_reqs", most) == most or found["max_num_queued_reqs"] > most
        assert found["served_model_name"][0] == backend.model
        assert not any(
            isinstance(each, Approximated) and "/data_boundary/" in each.pointer
            for each in emission.manifest.entries
        )


def test_vllm_reads_what_is_written_for_every_pool_of_the_sample(sample_policy: Policy) -> None:
    pools = [each for each in sample_policy.backends if is_own(each)]
    found = [read(sample_policy, each.id) for each in pools]
    assert [each["served_model_name"][0] for each in found] == [each.model for each in pools]


SPOILED = [
    ("max-num-seqs: 4", "max-num-seqs: 0"),
    ("max-num-seqs: 4", "max-num-seqs: many"),
    ("max-num-seqs: 4", "max_sequences: 4"),
    ("max-num-seqs: 4", "max-num-seqs: 5000"),
    ("max-num-seqs: 4", "max-num-seqs: [4, 5]"),
    ("max-num-queued-reqs: 8", "max-num-queued-reqs: -1"),
    ("max-num-queued-reqs: 8", "max-num-queued-reqs: unlimited"),
    ("max-num-queued-reqs: 8", "max-waiting-queue-length: 4"),
    ("scheduling-policy: priority", "scheduling-policy: highest-first"),
    ("scheduling-policy: priority", "scheduling-policy: [priority, fcfs]"),
    ("enable-prefix-caching: true", "enable-prefix-caching: 1"),
    ("max_new_tokens: 500", "max_new_tokens: 500\nmax-tokens: 500"),
]


@pytest.mark.parametrize(("before", "after"), SPOILED, ids=[after for _, after in SPOILED])
def test_a_file_that_was_spoiled_is_refused(before: str, after: str) -> None:
    pool = replace(pool_named("gpu", FOUR_EACH), routing=Routing(rule="prefix_affinity"))
    kind = kind_named("a", "gpu", queue=waiting(FOUR_EACH), caps=Caps(output_tokens=500))
    text = emit_vllm(policy_of(kind, backends=(pool,)), None).files["vllm.yaml"]
    assert text.count(before) == 1
    with pytest.raises(RefusedError):
        arguments_read(text.replace(before, after))
