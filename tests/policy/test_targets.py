"""Policies as files of consumers: each value accounted for, boundaries kept, and the consumers' own code
accepts them.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml
from msgspec.structs import replace

from costctl.documents.policy import Batch, Policy, PolicyBoundary, RejectWhenBusy
from costctl.errors import InfeasibleError, UsageError
from costctl.policy.carried import carried
from costctl.policy.checks import check_policy
from costctl.policy.pointers import leaf_pointers
from costctl.policy.targets.registry import NAMES, OF_ONE_BACKEND, emission_of, require_target
from costctl.policy.targets.triton import emit_triton
from tests.policy.policies import sound_policy
from tests.policy.validators import said_by, validator

EVERY = ("triton", "litellm", "haproxy", "envoy", "envoy-ai-gateway", "bifrost", "llm-d", "kubernetes")
PARSE_TRITON = """
import sys
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2
config = text_format.Parse(sys.stdin.read(), model_config_pb2.ModelConfig())
batching = config.dynamic_batching
print(config.max_batch_size, batching.max_queue_delay_microseconds, batching.priority_levels)
"""


def test_the_policy_of_the_sample_traces_is_sound(sample_policy: Policy) -> None:
    assert check_policy(sample_policy) == ()


def test_the_default_class_is_the_busiest_that_somebody_waits_for(sample_policy: Policy) -> None:
    calls = {kind.id: kind.calls or 0 for kind in sample_policy.classes}
    waited_for = {kind.id for kind in sample_policy.classes if kind.match.operation is None}
    assert max(calls, key=calls.__getitem__) == "embedding_batch", "the busiest of all is nobody's default"
    assert sample_policy.default_class == max(waited_for, key=calls.__getitem__)


@pytest.mark.parametrize("target", EVERY)
def test_every_value_of_a_policy_is_accounted_for_once(target: str, sample_policy: Policy) -> None:
    for policy in (sound_policy(), sample_policy):
        manifest = emission_of(target, policy, None).manifest
        assert [entry.pointer for entry in manifest.entries] == list(leaf_pointers(policy))


@pytest.mark.parametrize("target", EVERY)
def test_what_is_not_carried_adds_up_to_the_values_that_the_manifest_lists(
    target: str, sample_policy: Policy
) -> None:
    for policy in (sound_policy(), sample_policy):
        said = carried(emission_of(target, policy, None).manifest, policy)
        assert said.unsupported > 0
        assert sum(each.values for each in said.missing) == said.unsupported
        assert len({each.subject for each in said.missing}) == len(said.missing)


def test_triton_serves_the_first_lane_at_level_one() -> None:
    text = emit_triton(sound_policy(), None).files["config.pbtxt"]
    swapped = sound_policy(lanes=tuple(reversed(sound_policy().lanes)))
    assert "key: 1\n" in text.split("timeout_action")[0]
    assert "key: 2\n" in emit_triton(swapped, None).files["config.pbtxt"].split("timeout_action")[0]


def test_a_limit_over_a_pool_is_split_among_its_servers_and_said_to_be_rounded() -> None:
    emission = emit_triton(sound_policy(), None)
    assert "max_queue_size: 4\n" in emission.files["config.pbtxt"]
    entry = next(item for item in emission.manifest.entries if item.pointer == "/classes/0/queue/depth/value")
    assert msgspec.to_builtins(entry) == {
        "status": "rounded",
        "pointer": "/classes/0/queue/depth/value",
        "from": 9,
        "to": 4,
        "written_as": "max_queue_size, of each server",
    }


@pytest.mark.parametrize(
    ("sizes", "written", "said"),
    [
        ((8, 16), "preferred_batch_size: [8, 16]", {"exact"}),
        ((8, 64), "preferred_batch_size: [8]", {"approximated"}),
        ((64,), None, {"unsupported"}),
    ],
)
def test_triton_is_told_no_preferred_size_that_a_batch_cannot_have(
    sizes: tuple[int, ...], written: str | None, said: set[str]
) -> None:
    policy = sound_policy()
    batch = Batch(window_us=20_000, max_size=32, preferred_sizes=sizes)
    embedder = replace(policy.backends[1], batch=batch)
    emission = emit_triton(replace(policy, backends=(policy.backends[0], embedder)), None)
    found = [line.strip() for line in emission.files["config.pbtxt"].splitlines() if "preferred" in line]
    assert found == ([] if written is None else [written])
    entries = [each for each in emission.manifest.entries if "preferred_sizes" in each.pointer]
    assert {msgspec.to_builtins(each)["status"] for each in entries} == said


def test_triton_is_never_told_zero_for_a_queue_that_holds_nothing() -> None:
    # To Triton, 0 is unlimited: the opposite.
    first, second = sound_policy().classes
    assert first.queue is not None
    strict = msgspec.structs.replace(
        first, queue=msgspec.structs.replace(first.queue, depth=RejectWhenBusy())
    )
    emission = emit_triton(sound_policy(classes=(strict, second)), None)
    assert "max_queue_size" not in emission.files["config.pbtxt"]
    entry = next(
        item for item in emission.manifest.entries if item.pointer.startswith("/classes/0/queue/depth")
    )
    assert type(entry).__name__ == "Unsupported"


def test_litellm_checks_before_it_calls_and_names_the_region_of_every_deployment(
    sample_policy: Policy,
) -> None:
    document = yaml.safe_load(emission_of("litellm", sample_policy, None).files["litellm.yaml"])
    assert document["router_settings"]["enable_pre_call_checks"] is True
    assert all(each["litellm_params"]["region_name"] for each in document["model_list"])


def test_every_fallback_that_litellm_is_told_of_exists(sample_policy: Policy) -> None:
    for policy in (sound_policy(), sample_policy):
        document = yaml.safe_load(emission_of("litellm", policy, None).files["litellm.yaml"])
        groups = {each["model_name"] for each in document["model_list"]}
        for key in ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks"):
            for rule in document["router_settings"].get(key, []):
                for group, others in rule.items():
                    assert {group, *others} <= groups


def test_a_required_boundary_that_a_caller_could_step_around_is_refused() -> None:
    # batch may leave the EU, rag may not; in one proxy a caller of rag could ask for batch's deployment.
    policy = sound_policy()
    outside = msgspec.structs.replace(
        policy.backends[0], id="abroad", jurisdiction="us", why={}, max_concurrency=None
    )
    first, second = policy.classes
    moved = msgspec.structs.replace(
        second, placement=msgspec.structs.replace(
            second.placement, targets=(msgspec.structs.replace(second.placement.targets[0], backend="abroad"),)
        )
    )  # fmt: skip
    mixed = sound_policy(backends=(*policy.backends, outside), classes=(first, moved))
    with pytest.raises(InfeasibleError) as refused:
        emission_of("litellm", mixed, None)
    assert refused.value.exit_code == 5
    assert "abroad" in str(refused.value)


def test_an_advisory_boundary_does_not_refuse() -> None:
    policy = sound_policy()
    advisory = PolicyBoundary(enforcement="advisory", jurisdictions=("mars",))
    first, second = policy.classes
    relaxed = msgspec.structs.replace(first, data_boundary=advisory)
    assert emission_of("litellm", sound_policy(classes=(relaxed, second)), None).files["litellm.yaml"]


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean triton"):
        require_target("tritn")


@pytest.mark.parametrize("target", sorted(set(NAMES) - set(OF_ONE_BACKEND)))
def test_a_target_whose_file_is_of_all_backends_refuses_to_be_told_one(target: str) -> None:
    with pytest.raises(UsageError, match="--target triton"):
        require_target(target, "llama")


def test_triton_asks_which_backend_where_it_is_not_clear() -> None:
    with pytest.raises(UsageError, match="--backend"):
        emit_triton(sound_policy(backends=sound_policy().backends[:1]), None)


def test_tritons_own_parser_reads_the_file(repository: Path, sample_policy: Policy) -> None:
    python = validator(repository, "triton")
    assert said_by(python, PARSE_TRITON, emit_triton(sound_policy(), None).files["config.pbtxt"]).split() == [
        "32", "20000", "2",
    ]  # fmt: skip
    said_by(python, PARSE_TRITON, emit_triton(sample_policy, None).files["config.pbtxt"])
