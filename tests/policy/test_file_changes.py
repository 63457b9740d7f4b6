"""What would change in a present file is shown by place, and nothing of the present file is lost from view."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from costctl import verbs
from costctl.documents.file_changes import Changed, FileChanges, Placed
from costctl.errors import InputError
from costctl.policy.file_changes import file_changes, shown_value
from costctl.policy.reading import read_yaml
from costctl.policy.targets.protobuf_text import read_protobuf_text
from costctl.policy.targets.registry import TARGETS, emission_of, reader_of
from tests.policy.policies import sound_policy

OURS = """
model_list:
- model_name: gpt-4o
  litellm_params: {model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY, rpm: 60}
- model_name: small
  litellm_params: {model: openai/small}
router_settings: {routing_strategy: simple-shuffle}
"""
THEIRS = """
# our gateway
general_settings: {master_key: sk-1234, alerting: [slack]}   # never shown
model_list:
- model_name: large
  litellm_params: {model: openai/large}
- model_name: gpt-4o
  litellm_params: {model: openai/gpt-4o, api_key: sk-1, rpm: 100, extra_headers: {X-Auth: abc}}
router_settings: {routing_strategy: simple-shuffle}
"""


def changes(present: str, written: str) -> FileChanges:
    return file_changes(present, written, read_yaml)


def test_what_is_new_what_differs_and_what_only_stands_there_is_told_apart() -> None:
    found = changes(THEIRS, OURS)
    gpt = "model_list[gpt-4o → openai/gpt-4o].litellm_params"
    assert found.added == (Placed("model_list[small → openai/small]", 2),)
    assert found.changed == (
        Changed(f"{gpt}.api_key", "(masked)", "os.environ/OPENAI_API_KEY"),
        Changed(f"{gpt}.rpm", "100", "60"),
    )
    assert found.only_present == (
        Placed("general_settings", 2),
        Placed("model_list[large → openai/large]", 2),
        Placed(f"{gpt}.extra_headers.X-Auth", 1, "(masked)"),
    )
    assert (found.same, found.comment_lines) == (3, (2, 3))


def test_no_secret_of_the_present_file_is_in_the_document() -> None:
    text = str(changes(THEIRS, OURS))
    assert not any(secret in text for secret in ("sk-1234", "sk-1", "abc"))


def test_a_key_that_stands_as_a_value_among_keys_is_not_shown() -> None:
    present = "providers: {openai: {keys: [{name: a, value: sk-7}]}}\nvirtual_keys: [{id: b, value: sk-8}]"
    found = changes(present, "providers: {openai: {keys: [{name: a, value: env.OPENAI_API_KEY}]}}")
    assert found.changed == (Changed("providers.openai.keys[a].value", "(masked)", "env.OPENAI_API_KEY"),)
    assert "sk-8" not in str(found)


@pytest.mark.parametrize(
    ("target", "kept", "moved"),
    [
        ("envoy", "name: batch", "routes in order"),
        ("envoy-ai-gateway", "name: batch", "rules in order"),
        ("haproxy", "str(batch)", "classes in order"),
    ],
)
def test_classes_in_another_order_are_a_difference_where_the_first_wins(
    target: str, kept: str, moved: str
) -> None:
    policy = sound_policy()
    text, turned = (
        emission_of(target, each, None).files
        for each in (policy, replace(policy, classes=policy.classes[::-1]))
    )
    (name,) = text
    assert kept in turned[name]
    found = file_changes(turned[name], text[name], reader_of(target))
    assert any(moved in each.place for each in found.changed)


@pytest.mark.parametrize(
    "place",
    [("api_key",), ("apiKey",), ("spec", "clientSecret"), ("env", "[HF_TOKEN]", "value"), ("keys", "[a]", "value"),
     ("Secret mine", "data", "a"), ("stringData", "a"), ("extra_headers", "x")],
    ids=".".join,
)  # fmt: skip
def test_what_the_names_of_keys_call_a_secret_is_not_shown(place: tuple[str, ...]) -> None:
    assert shown_value(place, "abc") == "(masked)"
    assert shown_value(place, "os.environ/KEY") == "os.environ/KEY"


@pytest.mark.parametrize(
    "value", ["sk-ant-LOOKSLIKE", "least-busy-sk-live-87654321", "AKIAIOSFODNN7EXAMPLE", "redis://u:p@h"]
)
def test_what_looks_like_a_key_is_not_shown_wherever_it_stands(value: str) -> None:
    assert shown_value(("router_settings", "region_name"), value) == "(masked)"


@pytest.mark.parametrize("place", [("monkey",), ("max_tokens",), ("env", "[MODEL]", "value")], ids=".".join)
def test_what_no_name_calls_a_secret_is_shown(place: tuple[str, ...]) -> None:
    assert shown_value(place, "abc") == "abc"


def test_a_secret_within_a_value_is_masked_too() -> None:
    found = changes(
        "a: {cache: {api_key: abc, url: 'redis://u:abc@h', size: 1}, b: ['http://u:abc@h']}",
        "a: {cache: 1, b: 2}",
    )
    assert "abc" not in str(found)
    assert found.changed[-1].present == '["(masked)"]'


def test_the_order_of_deployments_and_of_keys_is_no_difference() -> None:
    content = yaml.safe_load(OURS)
    content["model_list"].reverse()
    assert changes(yaml.safe_dump(content, sort_keys=True), OURS).is_same


def test_two_members_of_one_name_are_compared_one_by_one() -> None:
    found = changes("a: [{name: x, v: 1}, {name: x, v: 2}]", "a: [{name: x, v: 1}, {name: x, v: 3}]")
    assert found.changed == (Changed("a[x #2].v", "2", "3"),)


@pytest.mark.parametrize("target", [target.name for target in TARGETS])
def test_a_file_is_the_same_as_itself_and_differs_from_nothing(target: str, tmp_path: Path) -> None:
    emission = emission_of(target, sound_policy(), None)
    text = emission.files[emission.main]
    assert file_changes(text, text, reader_of(target)).is_same
    assert file_changes("", text, reader_of(target)).added
    present = tmp_path / "present"
    present.write_text(text)
    assert verbs.changes_of_file(target, text, present).comment_lines == ()


@pytest.mark.parametrize("text", ["a: [1, 2", "a: b: c", "!!python/object:os.system x", "\x00"])
def test_a_file_that_cannot_be_read_is_refused_without_a_word_of_it(tmp_path: Path, text: str) -> None:
    present = tmp_path / "config.yaml"
    present.write_text("secret: sk-99\n" + text)
    with pytest.raises(InputError, match="Cannot compare with") as refused:
        verbs.changes_of_file("litellm", OURS, present)
    assert "sk-99" not in str(refused.value.why)


def test_protobuf_text_is_read_with_its_brackets_and_lists() -> None:
    text = 'name: "a b" # c\nx { y: [1, 2] z: REJECT }\nx: < y: 3 >\n'
    assert read_protobuf_text(text) == {
        "name": '"a b"',
        "x": [{"y": ["1", "2"], "z": "REJECT"}, {"y": "3"}],
    }


@pytest.mark.parametrize("text", ["x {", "x: [1", "}", "x:", "{ }", "x: 1 ]"])
def test_brackets_that_do_not_match_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"bracket|field"):
        read_protobuf_text(text)
