"""A limit over a backend of several replicas is shared by them in the replay, and that is told."""

from __future__ import annotations

from msgspec.structs import replace

from costctl.documents.policy import AtMost, Policy, Queue
from costctl.levers.from_policy import from_policy
from costctl.levers.platform import ClassRules, Platform, PoolRules
from costctl.levers.shared_limits import SharedLimit, shared_limits
from tests.policy.policies import sound_policy

TODAY = Platform(
    pools={
        "embedder": PoolRules("static", 1, 16, "least_outstanding"),
        "large": PoolRules("continuous", 3, 32, "least_outstanding"),
    },
    classes={"rag": ClassRules(("embedder",)), "embedding_batch": ClassRules(("embedder",))},
)


def with_depth(depth: AtMost) -> Policy:
    policy = sound_policy()
    rag, batch = policy.classes
    return replace(policy, classes=(replace(rag, queue=Queue(depth=depth)), batch))


def test_limits_over_a_backend_are_told_with_what_a_replica_may_hold() -> None:
    # The policy counts the embedder's replicas itself, two of them; those of the other pool are today's three.
    assert shared_limits(sound_policy(), TODAY) == (
        SharedLimit("/backends/0/max_concurrency", 64, 3, 21),
        SharedLimit("/classes/0/queue/depth", 9, 2, 4),
    )


def test_what_is_told_is_what_is_replayed() -> None:
    settings, _ = from_policy(sound_policy(), TODAY)
    replayed = {each.key: each.value for each in settings}
    assert replayed["pool.large.max_num_seqs"] == 21
    assert replayed["class.rag.queue.limit"] == 4


def test_a_limit_per_replica_is_not_shared() -> None:
    found = shared_limits(with_depth(AtMost(value=9, scope="per_replica")), TODAY)
    assert [each.pointer for each in found] == ["/backends/0/max_concurrency"]


def test_one_replica_shares_with_nobody() -> None:
    alone = Platform(
        {**TODAY.pools, "large": PoolRules("continuous", 1, 32, "least_outstanding")}, TODAY.classes
    )
    found = shared_limits(sound_policy(), alone)
    assert [each.pointer for each in found] == ["/classes/0/queue/depth"]
