"""What stands twice in a file: consumers keep one of two values, or of two objects, and do not say which. Where a file
is read to be compared, it is found for every consumer whose files are YAML.
"""

from __future__ import annotations

from typing import Any

import pytest

from costctl.policy.file_changes import file_changes
from costctl.policy.targets.kube_text import read_documents
from costctl.policy.targets.registry import TARGETS
from costctl.policy.targets.target import Target
from tests.policy.policies import sound_policy

YAML = [target for target in TARGETS if target.form == "yaml"]
OBJECTS = [target for target in YAML if target.read is read_documents]


def text_of(target: Target) -> str:
    """What is written for a consumer."""
    emission = target.emit(sound_policy(), "large" if target.takes_backend else None)
    return emission.files[emission.main]


def with_a_key_twice(text: str) -> tuple[str, int]:
    """The text with its last line that is a key and a value once more, and the number of that line."""
    lines = text.splitlines()
    last = max(
        number
        for number, line in enumerate(lines)
        if ": " in line and not line.startswith("#") and not line.lstrip().startswith("-")
    )
    return "\n".join([*lines[: last + 1], *lines[last:]]) + "\n", last + 2


@pytest.mark.parametrize("target", YAML, ids=[target.name for target in YAML])
def test_a_key_that_stands_twice_is_found(target: Target) -> None:
    text = text_of(target)
    target.read(text)
    twice, line = with_a_key_twice(text)
    with pytest.raises(ValueError, match="a key stands twice"):
        target.read(twice)
    assert twice.splitlines()[line - 1] == twice.splitlines()[line - 2]


@pytest.mark.parametrize("target", OBJECTS, ids=[target.name for target in OBJECTS])
def test_an_object_that_stands_twice_is_found(target: Target) -> None:
    text = text_of(target)
    first = text.split("---\n")[1]
    with pytest.raises(ValueError, match="the same object as one before"):
        target.read(f"{text}---\n{first}")


@pytest.mark.parametrize(
    ("target", "before", "twice", "place"),
    [
        ("envoy", "\n  clusters:\n", "\n  clusters:\n  - name: embedder\n", "clusters[embedder #2]"),
        ("vllm-sr", "  decisions:\n", "  decisions:\n  - name: rag\n", "decisions[rag #2]"),
        ("dynamo", "  components:\n", "  components:\n  - name: worker\n", "components[worker #2]"),
    ],
)
def test_a_name_that_stands_twice_in_a_list_is_told_of(
    target: str, before: str, twice: str, place: str
) -> None:
    consumer = next(each for each in TARGETS if each.name == target)
    written = text_of(consumer)
    assert written.count(before) == 1
    changes = file_changes(written.replace(before, twice), written, consumer.read)
    told: list[Any] = [*changes.changed, *changes.only_present]
    assert any(place in each.place for each in told)
