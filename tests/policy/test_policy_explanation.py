"""Why a policy says what it says: every setting once, with the evidence that names it and no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from msgspec.structs import replace

from costctl.documents.policy import Policy, PolicyEvidence
from costctl.errors import UsageError
from costctl.policy.explanation import policy_explanation
from costctl.policy.placed_settings import placed_settings
from tests.policy.policies import sound_policy
from tests.policy.random_policies import policies


def facts(policy: Policy, asked: str | None) -> dict[str, list[str]]:
    found = policy_explanation(policy, asked, "policy.json").settings
    return {f"{each.of} {each.setting}": [fact.id for fact in each.facts] for each in found}


@given(policies())
def test_the_whole_of_a_policy_has_every_setting_once(policy: Policy) -> None:
    found = policy_explanation(policy, None, "policy.json").settings
    assert [(each.of, each.setting) for each in found] == [
        (each.of, each.setting) for each in placed_settings(policy)
    ]
    assert len({each.pointer for each in found}) == len(found)


def test_a_class_has_its_own_settings_with_what_they_rest_on() -> None:
    assert facts(sound_policy(), "rag") == {
        "class rag match": [],
        "class rag lane": ["declared"],
        "class rag placement.targets": ["declared"],
        "class rag placement.fallback": ["declared"],
        "class rag queue.depth": ["declared"],
        "class rag queue.max_wait_us": ["declared"],
        "class rag queue.on_timeout": ["declared"],
        "class rag data_boundary": ["declared"],
    }


def test_a_setting_that_advice_changed_does_not_rest_on_what_its_group_was_declared_as() -> None:
    policy = sound_policy()
    advice = PolicyEvidence(id="advice", kind="simulated", statement="Longer windows were replayed.")
    why = {"/batch": ("declared",), "/batch/window_us": ("advice",)}
    embedder = replace(policy.backends[1], why=why)
    changed = replace(policy, backends=(policy.backends[0], embedder), evidence=(*policy.evidence, advice))
    found = facts(changed, "embedder")
    assert found["backend embedder batch.window_us"] == ["advice"]
    assert found["backend embedder batch.max_size"] == ["declared"]


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ("/classes/0/queue/depth", ["class rag queue.depth"]),
        (
            "/classes/0/queue",
            ["class rag queue.depth", "class rag queue.max_wait_us", "class rag queue.on_timeout"],
        ),
        ("/lanes", ["policy lanes"]),
    ],
)
def test_a_pointer_is_answered_by_what_is_at_it_or_under_it(asked: str, settings: list[str]) -> None:
    assert list(facts(sound_policy(), asked)) == settings


def test_what_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean rag"):
        policy_explanation(sound_policy(), "rga", "policy.json")
    with pytest.raises(UsageError, match="JSON Pointer"):
        policy_explanation(sound_policy(), "/classes/9", "policy.json")


def test_advice_and_its_expectations_lead_on_to_requests(sample_policy: Policy) -> None:
    found = policy_explanation(sample_policy, "classification", "policy.json")
    assert found.request_classes == ("classification",)
    assert found.advice[0].startswith("tier_placement.classification")
    assert {each.evidence for each in found.expected} == set(found.advice)
    assert "batch_window.embedder" not in {each.evidence for each in found.expected}
