"""What is recommended, written into a policy, read back and replayed is the setting that was judged."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import msgspec
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from costctl.documents.changes import SettingChange
from costctl.documents.policy import AtMost, Backend, Lane, Policy, PolicyClass, Queue
from costctl.documents.settings import ClassSettings
from costctl.errors import InputError
from costctl.levers.apply import applied, value_of
from costctl.levers.from_policy import from_policy
from costctl.levers.limits import limit_over_backend, limit_per_replica
from costctl.levers.platform import ClassRules, Platform, PoolRules
from costctl.levers.settings import Setting, change_of, setting, settings_in
from costctl.levers.table import LEVERS
from costctl.levers.to_policy import to_policy
from costctl.policy.reading import policy_from_text
from costctl.policy.targets.registry import TARGETS, emission_of
from costctl.policy.targets.target import Target
from costctl.scenario.setups import pools_of
from costctl.simulate.lanes import Lanes
from costctl.simulate.workload import Pool, PoolSetup, ServiceModel
from tests.levers.worlds import CLASSES, World, changes, policy_of, worlds

ANY_MODEL = {name: ClassSettings(allowed_models=("model-a", "model-b", "model-c")) for name in CLASSES}


def emitted(world: World, settings: tuple[Setting, ...]) -> Policy:
    """The policy as a file has it, after the recommendation was one too."""
    written_down = [change_of(each, value_of(world.today, each.lever, each.subject)) for each in settings]
    text = msgspec.json.encode(written_down)
    read = settings_in(msgspec.json.decode(text, type=list[SettingChange]), "a recommendation")
    written = to_policy(world.policy, read, world.today, ANY_MODEL)
    assert written.not_carried == ()
    return policy_from_text(msgspec.json.encode(written.policy).decode())


def replayed(today: Platform, platform: Platform) -> dict[str, tuple[object, ...]]:
    """What a replay is given of each pool."""
    fitted = {
        name: Pool(
            ServiceModel(rules.discipline, 0.02, 0.001, 1e-5),
            PoolSetup(rules.replicas, 8, "least_outstanding", 0.0, lanes=Lanes.plain(len(CLASSES))),
        )
        for name, rules in today.pools.items()
    }
    pools = pools_of(fitted, CLASSES, today, platform)
    return {
        name: (
            pool.setup.replicas,
            pool.setup.max_num_seqs,
            pool.setup.batch_window_s,
            pool.setup.lanes.rank.tolist(),
            pool.setup.lanes.queue_limit.tolist(),
            pool.setup.lanes.time_to_live_s.tolist(),
            pool.setup.lanes.retries.tolist(),
            pool.setup.lanes.timeout_s.tolist(),
            pool.setup.lanes.fallbacks,
            pool.setup.lanes.concurrency.tolist(),
            pool.setup.lanes.per_minute.tolist(),
            pool.setup.preferred_sizes,
        )
        for name, pool in zip(fitted, pools, strict=True)
    }


@given(st.data())
def test_a_policy_read_back_is_what_was_written_into_it(data: st.DataObject) -> None:
    world = data.draw(worlds())
    settings = data.draw(changes(world))
    read, left_out = from_policy(emitted(world, settings), world.today)
    assert read == settings
    assert left_out == ()


@given(st.data())
def test_what_is_judged_is_what_a_replay_of_the_policy_runs(data: st.DataObject) -> None:
    world = data.draw(worlds())
    settings = data.draw(changes(world))
    judged = applied(world.today, settings)
    read, _ = from_policy(emitted(world, settings), world.today)
    again = applied(world.today, read)
    assert again == judged
    assert replayed(world.today, again) == replayed(world.today, judged)


@given(worlds(), st.permutations(CLASSES), st.integers(1, 3))
def test_an_order_of_service_is_read_back_as_it_was_written(
    world: World, order: list[str], ranked: int
) -> None:
    # Whoever has no lane is served after those with one; the last of all who have one has nobody to go before.
    served = [name for name in order if name in world.today.classes]
    with_lane = served[: min(ranked, len(served) - 1)]
    assume(with_lane)
    settings = tuple(setting("class", "lane", name, place) for place, name in enumerate(with_lane, start=1))
    read, left_out = from_policy(emitted(world, settings), world.today)
    assert left_out == ()
    assert {each.key: each.value for each in read} == {each.key: each.value for each in settings}


def _triton_rules(policy: Policy, backend: str) -> dict[str, int]:
    text = emission_of("triton", policy, backend).files["config.pbtxt"]
    return {name: int(value) for name, value in re.findall(r"(\w+): (\d+)", text)}


def _static_pools(world: World) -> Iterator[str]:
    return (name for name, rules in world.today.pools.items() if rules.discipline == "static")


@given(st.data())
def test_tritons_file_says_per_server_what_the_replay_was_given_per_replica(data: st.DataObject) -> None:
    world = data.draw(worlds())
    assume(any(_static_pools(world)))
    settings = data.draw(changes(world))
    policy, judged = emitted(world, settings), applied(world.today, settings)
    for pool in _static_pools(world):
        rules = _triton_rules(policy, pool)
        assert rules["max_batch_size"] == judged.pools[pool].max_num_seqs
        assert rules["max_queue_delay_microseconds"] == round(judged.pools[pool].batch_window_s * 1e6)
        served = {
            kind.request_class
            for kind in policy.classes
            if any(target.backend == pool for target in kind.placement.targets)
        }
        said = {each.subject for each in settings if each.lever.name == "queue.limit"} & served
        limits = [judged.classes[name].queue_limit for name in sorted(said)]
        bounded = [limit for limit in limits if limit is not None]
        assert rules.get("max_queue_size", 0) == min(bounded, default=0)  # 0 is unlimited to Triton


@given(st.data())
def test_litellms_file_counts_over_all_replicas_what_the_replay_was_given_per_replica(
    data: st.DataObject,
) -> None:
    world = data.draw(worlds())
    settings = data.draw(changes(world))
    policy, judged = emitted(world, settings), applied(world.today, settings)
    document = yaml.safe_load(emission_of("litellm", policy, None).files["litellm.yaml"])
    found: dict[str, list[int | None]] = defaultdict(list)
    for each in document["model_list"]:
        pool = each["litellm_params"]["model"].removeprefix("hosted_vllm/model-")
        found[pool].append(each["litellm_params"].get("max_parallel_requests"))
    counted = {backend.pool for backend in policy.backends if backend.replicas is not None}
    limited = {name for name in found if judged.pools[name].discipline == "continuous" and name in counted}
    # The deployments of a pool have its limit together, and each of them one at least.
    assert {name: sum(limit or 0 for limit in found[name]) for name in limited} == {
        name: max(judged.pools[name].replicas * judged.pools[name].max_num_seqs, len(found[name]))
        for name in limited
    }
    assert {limit for name in found.keys() - limited for limit in found[name]} <= {None}


@given(worlds(), st.permutations(CLASSES), st.integers(0, 2))
def test_a_demotion_is_read_back_where_it_goes_to_the_lane_served_next(
    world: World, order: list[str], place: int
) -> None:
    served = [name for name in order if name in world.today.classes]
    assume(place + 1 < len(served))
    lanes = tuple(setting("class", "lane", name, rank) for rank, name in enumerate(served[:-1], start=1))
    demoted = (
        setting("class", "queue.on_expiry", served[place], "demote"),
        setting("class", "queue.demote_to", served[place], served[place + 1]),
    )
    read, left_out = from_policy(emitted(world, (*lanes, *demoted)), world.today)
    assert left_out == ()
    assert {each.key: each.value for each in read} == {each.key: each.value for each in (*lanes, *demoted)}


def test_a_demotion_to_another_class_than_the_next_is_not_carried() -> None:
    today = Platform(
        {"a": PoolRules("continuous", 1, 8, "least_outstanding")},
        {name: ClassRules(("a",), lane=rank) for rank, name in enumerate(CLASSES, start=1)},
    )
    wanted = (
        setting("class", "lane", CLASSES[0], 1),
        setting("class", "lane", CLASSES[1], 2),
        setting("class", "queue.on_expiry", CLASSES[0], "demote"),
        setting("class", "queue.demote_to", CLASSES[0], CLASSES[2]),
    )
    written = to_policy(policy_of(today), wanted, today, ANY_MODEL)
    assert [each.setting.lever.name for each in written.not_carried] == ["queue.on_expiry", "queue.demote_to"]
    assert all(kind.queue is None for kind in written.policy.classes)


def test_twelve_waiting_calls_on_three_replicas_are_twelve_everywhere() -> None:
    world = three_replicas()
    limit = (setting("class", "queue.limit", "chat", 12),)
    policy = emitted(world, limit)
    assert policy.classes[0].queue == Queue(depth=AtMost(12, "per_replica"))
    assert applied(world.today, from_policy(policy, world.today)[0]).classes["chat"].queue_limit == 12
    setup = replayed(world.today, applied(world.today, limit))["a"]
    assert setup[4] == [12, -1, -1]  # of chat; -1 is no limit
    assert _triton_rules(policy, "a")["max_queue_size"] == 12
    manifest = emission_of("litellm", policy, None).manifest
    (entry, *_) = [each for each in manifest.entries if each.pointer.startswith("/classes/0/queue")]
    assert type(entry).__name__ == "Unsupported"  # LiteLLM has no bounded queue, and the manifest says so


def three_replicas() -> World:
    today = Platform({"a": PoolRules("static", 3, 8, "least_outstanding")}, {"chat": ClassRules(("a",))})
    return World(today, policy_of(today))


def test_entries_of_a_class_that_differ_are_named_and_change_nothing() -> None:
    world = three_replicas()
    (entry,) = world.policy.classes
    other = msgspec.structs.replace(
        entry, id="other", lane="lane-2", queue=Queue(depth=AtMost(3, "per_replica"))
    )
    policy = msgspec.structs.replace(
        world.policy, lanes=(Lane("lane-1"), Lane("lane-2")), classes=(entry, other)
    )
    read, left_out = from_policy(policy, world.today)
    assert read == ()
    assert {each.pointer for each in left_out} == {
        "/classes/0/lane",
        "/classes/1/lane",
        "/classes/1/queue/depth",
    }


def test_a_limit_over_replicas_that_nobody_counts_is_no_exact_number() -> None:
    world = three_replicas()
    depth = Queue(depth=AtMost(12, "per_backend"))
    (entry,) = world.policy.classes
    policy = msgspec.structs.replace(
        policy_of(world.today, says_replicas=False), classes=(msgspec.structs.replace(entry, queue=depth),)
    )
    emission = emission_of("triton", policy, "a")
    assert "max_queue_size" not in emission.files["config.pbtxt"]
    (status,) = {
        type(each).__name__
        for each in emission.manifest.entries
        if each.pointer.startswith("/classes/0/queue/depth")
    }
    assert status == "Unsupported"


def test_a_value_that_no_replay_can_hold_is_left_out_with_its_bounds() -> None:
    world = three_replicas()
    (backend,) = world.policy.backends
    many = msgspec.structs.replace(backend, replicas=2**31 - 1)
    read, left_out = from_policy(msgspec.structs.replace(world.policy, backends=(many,)), world.today)
    assert read == ()
    assert [each.pointer for each in left_out] == ["/backends/0/replicas"]
    assert "10000" in left_out[0].reason


def test_a_policy_of_another_version_is_to_be_made_again() -> None:
    text = msgspec.json.encode(three_replicas().policy).decode().replace("policy/v2", "policy/v1")
    with pytest.raises(InputError, match="another version") as refused:
        policy_from_text(text)
    assert "costctl emit" in refused.value.next_step


@given(st.integers(1, 1000), st.integers(1, 4))
def test_a_limit_over_a_backend_is_never_exceeded_by_its_replicas(value: int, replicas: int) -> None:
    limit = AtMost(value, "per_backend")
    each = limit_per_replica(limit, replicas)
    assert each is not None
    assert each * replicas <= max(value, replicas)
    assert (each + 1) * replicas > value
    assert limit_over_backend(AtMost(each, "per_replica"), replicas) == each * replicas


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_target_takes_a_policy_with_every_lever_that_it_can_carry(target: Target) -> None:
    world = three_replicas()
    settings = (
        setting("pool", "replicas", "a", 4),
        setting("pool", "batch.window", "a", 0.02),
        setting("pool", "batch.preferred", "a", "2,4"),
        setting("class", "queue.limit", "chat", 5),
        setting("class", "queue.max_wait", "chat", 2.0),
        setting("class", "retries", "chat", 1),
    )
    manifest = target.emit(emitted(world, settings), "a" if target.takes_backend else None).manifest
    assert len(manifest.entries) == len({entry.pointer for entry in manifest.entries})


def test_every_lever_of_a_policy_names_a_place_that_the_document_has() -> None:
    placed = [(lever.owner, lever.pointer) for lever in LEVERS if lever.pointer is not None]
    assert placed
    for owner, pointer in placed:
        document = Backend if owner == "pool" else PolicyClass
        assert pointer.split("/")[1] in {field.name for field in msgspec.structs.fields(document)}
