"""``emit --diff`` against files as people deploy them: every value of theirs is told of, once, and no secret is."""

from __future__ import annotations

from typing import Any

import pytest

from costctl.policy.file_changes import file_changes
from costctl.policy.merging.tree import values_of
from costctl.policy.targets.registry import TARGETS, emission_of, reader_of
from tests.policy.deployed_shapes import DEPLOYED
from tests.policy.merge_shapes import ENVOY, LITELLM
from tests.policy.policies import sound_policy

FILES = [
    *((name, text) for name, text in DEPLOYED.items()),
    *(("litellm", text) for text in LITELLM.values() if "!" not in text),
    *(("envoy", text) for text in ENVOY.values()),
]
SECRETS = ("sk-literal-secret", "sk-1234", "user:pass", "token-abc123", "Bearer abc")


def leaves(value: Any) -> int:
    """How many values there are: scalars, lists of scalars, and what is empty."""
    if isinstance(value, dict) and value:
        return sum(leaves(each) for each in value.values())
    if isinstance(value, list | tuple) and any(isinstance(each, dict | list) for each in value):
        return sum(leaves(each) for each in value)
    return 1


def test_there_is_a_deployed_file_for_every_consumer() -> None:
    assert {name for name, _ in FILES} == {target.name for target in TARGETS}


@pytest.mark.parametrize("number", range(len(FILES)))
def test_every_value_of_a_deployed_file_is_told_of(number: int) -> None:
    target, text = FILES[number]
    read = reader_of(target)
    backend = {"triton": "embedder", **dict.fromkeys(("dynamo", "ray-serve", "vllm"), "large")}.get(target)
    emission = emission_of(target, sound_policy(), backend)
    changes = file_changes(text, emission.files[emission.main], read)
    told = changes.same + len(changes.changed) + sum(each.values for each in changes.only_present)
    assert told == leaves(read(text))
    comments = sum("#" in line for line in text.splitlines())
    assert len(changes.comment_lines) <= comments
    assert not any(secret in str(changes) for secret in SECRETS)


def test_a_merged_file_differs_from_the_one_that_was_there_by_ours_alone() -> None:
    from tests.policy.merged import merged

    for target, shapes in (("litellm", LITELLM), ("envoy", ENVOY)):
        for text in shapes.values():
            changes = file_changes(text, merged(target, text).text, values_of)
            assert all(each.value in ("null", "{}", "[]") for each in changes.only_present)
            assert all(each.present in ("null", "{}", "[]") for each in changes.changed), changes.changed
