"""What assignments and a policy make of today's rules."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from costctl.documents.policy import Admission, AtMost, Placement, Queue, RejectWhenBusy, Target
from costctl.errors import UsageError
from costctl.levers.apply import applied, differences
from costctl.levers.from_policy import from_policy
from costctl.levers.platform import ClassRules, Failure, Platform, PoolRules
from costctl.levers.reading import setting_of
from costctl.scenario.setups import pools_of, served_by
from costctl.simulate.lanes import Fallback, FallbackCause
from costctl.simulate.workload import Outage, Scaling
from tests.levers.small_platforms import CLASSES, platform, pool
from tests.policy.policies import sound_policy

TODAY = platform()
NAMES = {"class": sorted(TODAY.classes), "pool": sorted(TODAY.pools)}


def after(*texts: str) -> Platform:
    return applied(TODAY, [setting_of(text, NAMES) for text in texts])


def changes(*texts: str) -> dict[str, object]:
    return {each.setting.key: each.setting.value for each in differences(TODAY, after(*texts))}


def test_nothing_set_changes_nothing() -> None:
    assert changes() == {}
    assert after() == TODAY


def test_what_is_set_to_what_it_is_changes_nothing() -> None:
    assert changes("pool.small.replicas=1", "class.chat.pool=large", "class.chat.queue.limit=unlimited") == {}


def test_the_later_counts() -> None:
    assert changes("pool.small.replicas=2", "pool.small.replicas=3") == {"pool.small.replicas": 3}


def test_the_window_of_a_class_is_that_of_its_pool() -> None:
    assert changes("class.rag.batch.window=10ms") == {"pool.embedder.batch.window": 0.01}
    with pytest.raises(UsageError, match="no batch window"):
        after("class.chat.batch.window=10ms")


def test_a_setting_that_the_pool_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="static batches"):
        after("pool.embedder.max_num_seqs=8")
    with pytest.raises(UsageError, match="continuously"):
        after("pool.small.batch.window=10ms")


def test_a_class_moves_with_the_calls_that_its_new_pool_can_serve() -> None:
    assert after("class.rag.pool=large").classes["rag"].pools == ("embedder", "large")
    with pytest.raises(UsageError, match="another way"):
        after("class.chat.pool=embedder")


def test_replicas_beyond_those_recorded_need_a_rule_that_gives_them_calls() -> None:
    assert changes("pool.large.replicas=3") == {
        "pool.large.replicas": 3,
        "pool.large.dispatch": "least_outstanding",
    }


def test_what_is_not_replayed_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"pool\.small\.dispatch"):
        pools_of({}, CLASSES, TODAY, after("pool.small.dispatch=prefix_affinity"))


def test_rules_become_setups() -> None:
    wanted = after(
        "class.rag.lane=1",
        "class.chat.queue.limit=5",
        "class.chat.retries=2",
        "class.rag.queue.max_wait=2s",
        "class.rag.min_share=10%",
        "pool.small.replicas=4",
    )
    (small,) = pools_of({"small": pool()}, CLASSES, TODAY, wanted)
    lanes = small.setup.lanes
    assert small.setup.replicas == 4
    assert lanes.rank[CLASSES.index("rag")] < lanes.rank[CLASSES.index("chat")]
    assert lanes.queue_limit.tolist() == [5, -1]
    assert lanes.time_to_live_s.tolist() == [float("inf"), 2.0]
    assert lanes.retries.tolist() == [2, 0]
    assert lanes.min_share.tolist() == [0.0, 0.1]
    assert lanes.weight is None
    assert small.model == pool().model


def test_a_call_falls_back_to_pools_that_serve_in_the_same_way() -> None:
    fitted = {"embedder": pool(), "large": pool(), "small": pool()}
    wanted = after("class.chat.fallback=small:overload+timeout", "class.rag.fallback=large")
    embedder, large, small = (each.setup.lanes.fallbacks for each in pools_of(fitted, CLASSES, TODAY, wanted))
    late_or_full = FallbackCause.OVERLOAD | FallbackCause.TIMEOUT
    any_cause = late_or_full | FallbackCause.ERROR | FallbackCause.CONTEXT_WINDOW
    # A call of chat is at large; one of rag at small, or at embedder, which has no like.
    assert large == ((Fallback(2, late_or_full),), ())
    assert small == ((), (Fallback(1, any_cause),))
    assert embedder == ((), ())
    with pytest.raises(UsageError, match="embedder, which cannot take them"):
        pools_of(fitted, CLASSES, TODAY, after("class.chat.fallback=embedder"))


def test_outages_and_scaling_become_setups() -> None:
    parts = ("least=1", "most=4", "target_outstanding=2", "interval=10s", "delay=30s", "idle=60s")
    scaled = after(*(f"pool.small.scaling.{part}" for part in parts))
    platform = Platform(scaled.pools, scaled.classes, (Failure("small", 1, 60.0, 90.0),))
    (small,) = pools_of({"small": pool()}, CLASSES, TODAY, platform)
    assert small.setup.scaling == Scaling(1, 4, 2.0, 10.0, 30.0, 60.0)
    assert small.setup.outages == (Outage(0, 60.0, 90.0),)


def test_calls_move_with_their_class_and_others_stay() -> None:
    names = ["embedder", "large", "small"]
    lane, served = np.array([0, 1, 1]), np.array([1, 0, 2])
    assert served_by(served, lane, names, CLASSES, TODAY).tolist() == [1, 0, 2]
    assert served_by(served, lane, names, CLASSES, after("class.rag.pool=large")).tolist() == [1, 0, 1]
    assert served_by(served, lane, names, CLASSES, after("class.chat.pool=small")).tolist() == [2, 0, 2]


POLICY_TODAY = Platform(
    pools={
        "embedder": PoolRules("static", 1, 16, "least_outstanding"),
        "large": PoolRules("continuous", 1, 32, "least_outstanding"),
    },
    classes={"rag": ClassRules(("embedder",)), "embedding_batch": ClassRules(("embedder",))},
)


def test_a_policy_says_the_same_as_settings_by_hand() -> None:
    settings, left_out = from_policy(sound_policy(), POLICY_TODAY)
    found = {each.key: each.value for each in settings}
    assert found == {
        "pool.embedder.replicas": 2,
        "pool.embedder.batch.size": 32,
        "pool.embedder.batch.window": 0.02,
        "pool.large.max_num_seqs": 64,
        "class.rag.lane": 1,
        "class.rag.queue.limit": 4,
        "class.rag.queue.max_wait": 0.5,
        "class.embedding_batch.retries": 2,
        "class.embedding_batch.timeout": 2.5,
    }
    assert {each.pointer for each in left_out} == {"/classes/0/placement/fallback/0"}  # large does not embed


def test_what_a_policy_says_and_the_replay_cannot_do_is_named() -> None:
    policy = sound_policy()
    rag, batch = policy.classes
    split = Placement(targets=(Target("embedder", 50), Target("large", 50)))
    queue = Queue(depth=RejectWhenBusy(), on_timeout="demote")
    changed_rag = msgspec.structs.replace(rag, placement=split, queue=queue)
    policy = msgspec.structs.replace(policy, classes=(changed_rag, batch))
    settings, left_out = from_policy(policy, POLICY_TODAY)
    found = {each.key: each.value for each in settings}
    assert (found["class.rag.queue.on_expiry"], found["class.rag.queue.demote_to"]) == (
        "demote",
        "embedding_batch",  # the class of the lane that is served next
    )
    assert {each.pointer for each in left_out} == {
        "/classes/0/placement/targets",
        "/classes/0/queue/depth",
    }


def test_what_waited_too_long_in_the_last_lane_has_no_queue_to_wait_on_in() -> None:
    policy = sound_policy()
    rag, batch = policy.classes
    demoted = msgspec.structs.replace(batch, queue=Queue(max_wait_us=1_000_000, on_timeout="demote"))
    _, left_out = from_policy(msgspec.structs.replace(policy, classes=(rag, demoted)), POLICY_TODAY)
    assert "/classes/1/queue/on_timeout" in {each.pointer for each in left_out}


def test_what_a_class_may_take_is_replayed_where_it_is_counted_over_the_class() -> None:
    policy = sound_policy()
    rag, batch = policy.classes
    over_all = Admission(concurrency=AtMost(5, "global"), requests_per_minute=120, tokens_per_minute=9_000)
    policy = msgspec.structs.replace(
        policy,
        classes=(
            msgspec.structs.replace(rag, admission=over_all),
            msgspec.structs.replace(batch, admission=Admission(concurrency=AtMost(5, "per_caller"))),
        ),
    )
    settings, left_out = from_policy(policy, POLICY_TODAY)
    found = {each.key: each.value for each in settings if "admission" in each.key}
    assert found == {"class.rag.admission.concurrency": 5, "class.rag.admission.per_minute": 120}
    assert {each.pointer for each in left_out if "admission" in each.pointer} == {
        "/classes/0/admission/tokens_per_minute",
        "/classes/1/admission/concurrency",
    }


def test_a_class_whose_entries_count_apart_is_not_replayed_with_one_count() -> None:
    policy = sound_policy()
    rag, batch = policy.classes
    twice = [
        msgspec.structs.replace(rag, id=name, admission=Admission(requests_per_minute=10)) for name in "ab"
    ]
    settings, left_out = from_policy(msgspec.structs.replace(policy, classes=(*twice, batch)), POLICY_TODAY)
    assert not [each for each in settings if "admission" in each.key]
    assert {each.pointer for each in left_out if "admission" in each.pointer} == {
        f"/classes/{index}/admission/requests_per_minute" for index in (0, 1)
    }


def test_a_limit_over_a_backend_is_shared_by_its_replicas() -> None:
    policy = sound_policy()
    rag = policy.classes[0]
    queue = Queue(depth=AtMost(value=9, scope="per_backend"))
    policy = msgspec.structs.replace(
        policy, classes=(msgspec.structs.replace(rag, queue=queue), policy.classes[1])
    )
    twice = Platform(
        {**POLICY_TODAY.pools, "embedder": PoolRules("static", 2, 16, "least_outstanding")},
        POLICY_TODAY.classes,
    )
    settings, _ = from_policy(policy, twice)
    (limit,) = [each.value for each in settings if each.key == "class.rag.queue.limit"]
    assert limit == 4
