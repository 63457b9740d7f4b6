"""YAML that would take a machine to read is refused at once: aliases of aliases, lists in lists in lists."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from costctl.errors import InputError
from costctl.policy.merging.tree import read_tree, values_of
from costctl.policy.reading import MOST_DEEP, policy_from_text, read_yaml

NAMES = "abcdefghij"
MANY = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in itertools.pairwise(NAMES)
)
READERS = (read_yaml, values_of)


@pytest.mark.parametrize("read", READERS, ids=["policy", "merged"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MANY, "more than 1,000,000 values"),
        ("a: &a [*a]", "within what it means"),
        ("a: &a {b: *a}", "within what it means"),
        ("[" * 100_000, "nested too deeply"),
        ("{a: " * 100_000, "nested too deeply"),
    ],
    ids=["many", "endless list", "endless map", "deep list", "deep map"],
)
def test_what_would_take_a_machine_is_refused(read: Callable[[str], Any], text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(text)


def test_lines_of_what_is_too_deep_are_not_looked_for() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        read_tree("[" * 100_000)


def test_as_deep_as_may_be_is_read() -> None:
    deep = "[" * (MOST_DEEP - 1) + "]" * (MOST_DEEP - 1)
    assert read_yaml(deep) == values_of(deep) == json.loads(deep)


@given(
    st.recursive(st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3), max_leaves=9)
)
def test_aliases_of_a_usual_file_are_read_as_what_they_mean(value: Any) -> None:
    text = yaml.safe_dump({"a": value, "b": [value, value]})
    assert read_yaml(text) == {"a": value, "b": [value, value]}


@pytest.mark.parametrize(("text", "said"), [("", "It is empty."), ("[" * 1000, "nested too deeply")])
def test_a_policy_that_cannot_be_read_names_its_file(text: str, said: str) -> None:
    with pytest.raises(InputError, match=r"The policy deployed\.yaml cannot be read") as refused:
        policy_from_text(text, "deployed.yaml")
    assert said in refused.value.why
