"""What a schema cannot say of a policy is found, and where."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from costctl.documents.policy import Batch, HeaderMatch, Match, Policy, PolicyClass, Queue, Target
from costctl.errors import InputError
from costctl.policy.checks import check_policy
from costctl.policy.pointers import leaf_pointers, policy_digest, resolves
from costctl.policy.reading import policy_from_text
from tests.policy.policies import sound_policy

FIRST, SECOND = sound_policy().classes


def with_classes(*classes: PolicyClass) -> Policy:
    return sound_policy(classes=classes)


def placed(kind: PolicyClass, **changes: object) -> PolicyClass:
    return msgspec.structs.replace(kind, placement=msgspec.structs.replace(kind.placement, **changes))


@pytest.mark.parametrize(
    ("policy", "code", "pointer"),
    [
        (sound_policy(default_class="nobody"), "unresolved", "/default_class"),
        (with_classes(msgspec.structs.replace(FIRST, lane="third"), SECOND), "unresolved", "/classes/0/lane"),
        (
            with_classes(placed(FIRST, targets=(Target(backend="nowhere", weight=1),)), SECOND),
            "unresolved",
            "/classes/0/placement/targets/0/backend",
        ),
        (with_classes(FIRST, msgspec.structs.replace(SECOND, id="rag")), "duplicate_id", "/classes/1/id"),
        (
            with_classes(placed(FIRST, targets=(Target(backend="embedder", weight=0),)), SECOND),
            "no_weight",
            "/classes/0/placement/targets",
        ),
        (with_classes(SECOND, FIRST), "unreachable", "/classes/1/match"),
    ],
)
def test_a_mistake_is_found_where_it_is(policy: Policy, code: str, pointer: str) -> None:
    assert (code, pointer) in [(finding.code, finding.pointer) for finding in check_policy(policy)]


def test_a_fallback_outside_the_boundary_is_found_like_a_target() -> None:
    far = msgspec.structs.replace(sound_policy().backends[0], jurisdiction="us")
    findings = check_policy(sound_policy(backends=(far, sound_policy().backends[1])))
    assert [finding.code for finding in findings] == ["outside_boundary"]
    assert findings[0].pointer == "/classes/0/placement/fallback/0/backend"


def test_what_a_backend_does_not_declare_lies_outside() -> None:
    silent = msgspec.structs.replace(sound_policy().backends[1], jurisdiction=None)
    findings = check_policy(sound_policy(backends=(sound_policy().backends[0], silent)))
    assert {finding.code for finding in findings} == {"outside_boundary"}


def test_a_call_may_not_wait_longer_than_its_timeout() -> None:
    slow = msgspec.structs.replace(SECOND, queue=Queue(max_wait_us=9_000_000, on_timeout="reject"))
    slow = msgspec.structs.replace(slow, why={**SECOND.why, "/queue": ("declared",)})
    assert "durations" in {finding.code for finding in check_policy(with_classes(FIRST, slow))}


def test_a_wait_within_the_batch_window_is_said_with_what_was_set() -> None:
    policy = sound_policy()
    brief = msgspec.structs.replace(FIRST, queue=Queue(max_wait_us=1_000, on_timeout="reject"))
    name = FIRST.placement.targets[0].backend
    gathering = tuple(
        msgspec.structs.replace(each, batch=Batch(window_us=2_000)) if each.id == name else each
        for each in policy.backends
    )
    found = check_policy(msgspec.structs.replace(policy, backends=gathering, classes=(brief, SECOND)))
    assert (
        f"{FIRST.id}: its longest wait (queue.max_wait_us), 1000 µs, is not longer than the batch window of {name} "
        "(batch.window_us), 2000 µs."
    ) in {each.message for each in found}


def test_every_setting_needs_evidence() -> None:
    bare = msgspec.structs.replace(SECOND, why={})
    pointers = {
        finding.pointer
        for finding in check_policy(with_classes(FIRST, bare))
        if finding.code == "no_evidence"
    }
    assert "/classes/1/retries" in pointers


def test_a_sound_policy_has_no_finding_and_survives_json_and_yaml() -> None:
    policy = sound_policy()
    assert check_policy(policy) == ()
    text = msgspec.json.encode(policy).decode()
    assert policy_from_text(text) == policy
    assert policy_from_text(msgspec.yaml.encode(policy).decode()) == policy


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": "costctl.policy/v2"}', "a: [1, 2"])
def test_text_that_is_no_policy_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError):
        policy_from_text(text)


def test_pointers_name_each_leaf_once_and_resolve() -> None:
    policy = sound_policy()
    document = json.loads(msgspec.json.encode(policy))
    pointers = leaf_pointers(policy)
    assert len(set(pointers)) == len(pointers)
    assert all(resolves(document, pointer) for pointer in pointers)
    assert not resolves(document, "/classes/7")


def test_the_digest_changes_with_any_value() -> None:
    digest = policy_digest(sound_policy())
    assert digest == policy_digest(sound_policy())
    other = with_classes(
        msgspec.structs.replace(FIRST, match=Match(headers=(HeaderMatch("x-a", "b"),))), SECOND
    )
    assert policy_digest(other) != digest


def test_the_committed_schema_refuses_what_is_no_policy(repository: Path) -> None:
    import jsonschema

    schema = json.loads((repository / "schemas" / "policy.schema.json").read_text())
    good = json.loads(msgspec.json.encode(sound_policy()))
    jsonschema.validate(good, schema)
    for change in ({"lanes": []}, {"classes": []}, {"surprise": 1}, {"schema_version": "v9"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**good, **change}, schema)
