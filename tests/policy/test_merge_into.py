"""A file that is in use keeps every line when settings are merged into it, and gets every one of them back."""

from __future__ import annotations

import pytest
import yaml

from costctl.errors import InputError
from costctl.policy.merging.merge import taken_out
from costctl.policy.targets.registry import emission_of
from tests.policy.merge_shapes import ENVOY, LITELLM
from tests.policy.merged import holds, merged, mixed_policy, values, without_marks

SHAPES = [(target, name) for target, shapes in (("litellm", LITELLM), ("envoy", ENVOY)) for name in shapes]
TEXTS = {"litellm": LITELLM, "envoy": ENVOY}
SMALL = "model_list:\n- model_name: other\n  litellm_params:\n    model: openai/other\n"


@pytest.mark.parametrize(("target", "shape"), SHAPES)
def test_every_line_stays_and_all_of_ours_is_there(target: str, shape: str) -> None:
    text = TEXTS[target][shape]
    found = merged(target, text).text
    lines = iter(found.split("\n"))
    assert all(any(line in (each, f"#| {each}") for line in lines) for each in text.split("\n") if each)
    assert holds(values(found), values(text))
    alone = emission_of(target, mixed_policy(), None)
    ours = yaml.safe_load(alone.files[alone.main])
    if target == "envoy":
        del ours["static_resources"]["listeners"][0]["address"]  # the port may be another
        ours["static_resources"]["clusters"] = [
            {"name": each["name"], "lb_policy": each["lb_policy"]}
            for each in ours["static_resources"]["clusters"]
        ]
    else:
        ours["model_list"] = [
            {"model_name": each["model_name"], "litellm_params": {"model": each["litellm_params"]["model"]}}
            for each in ours["model_list"]
        ]
    assert holds({**values(found), "model_list": None}, {**ours, "model_list": None})
    assert all(
        any(holds(there, each) for there in values(found)["model_list"])
        for each in ours.get("model_list", ())
    )


@pytest.mark.parametrize(("target", "shape"), SHAPES)
def test_taken_out_again_the_file_is_what_it_was(target: str, shape: str) -> None:
    text = TEXTS[target][shape]
    found = merged(target, text)
    assert taken_out(found.text).text == text
    assert without_marks(found.text) == text


@pytest.mark.parametrize(("target", "shape"), SHAPES)
def test_a_second_merge_changes_nothing(target: str, shape: str) -> None:
    once = merged(target, TEXTS[target][shape])
    again = merged(target, once.text)
    assert (again.text, again.merged.taken_out) == (once.text, once.merged.blocks)


@pytest.mark.parametrize("target", ["litellm", "envoy"])
def test_another_policy_takes_the_place_of_the_first_and_of_nothing_else(target: str) -> None:
    other = mixed_policy(classes=mixed_policy().classes[1:])
    for text in TEXTS[target].values():
        assert merged(target, merged(target, text).text, other).text == merged(target, text, other).text


def test_the_merged_lines_say_where_they_come_from() -> None:
    lines = merged("litellm", SMALL).text.splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("# >>> costctl"))
    assert lines[begin + 1].startswith("# For LiteLLM ")
    assert any("Policy: policy-1, sha256:" in line for line in lines[begin : begin + 6])


def test_what_somebody_edited_between_the_marks_is_not_lost_unasked() -> None:
    edited = merged("litellm", SMALL).text.replace("timeout: 2.0", "timeout: 20.0")
    with pytest.raises(InputError) as refused:
        merged("litellm", edited)
    first, last = (int(word) for word in refused.value.why.split() if word.isdecimal())
    assert "timeout: 20.0" in "\n".join(edited.splitlines()[first - 1 : last])
    assert "20.0" not in str(refused.value)
    assert merged("litellm", edited, is_replacing=True).text == merged("litellm", SMALL).text


def test_lines_that_were_only_indented_or_ended_otherwise_are_not_edited() -> None:
    once = merged("litellm", SMALL).text
    assert taken_out(once.replace("\n", "\r\n")).text == SMALL.replace("\n", "\r\n")
    assert taken_out("".join(f"  {line}\n" for line in once.splitlines())).text == "".join(
        f"  {line}\n" for line in SMALL.splitlines()
    )


def test_a_block_that_somebody_deleted_as_a_whole_is_written_again() -> None:
    once = merged("litellm", SMALL).text
    begin = once.index("# >>> costctl")
    assert merged("litellm", once[:begin]).text == once


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model_list: [\n", "line 2"),
        ("a: 1\n---\nmodel_list: []\n", "2 YAML documents"),
        ("- model_name: a\n", "no map"),
        ('{"model_list": []}', "in brackets"),
        ("model_list:\t# ours\n", "in line 1"),
        ("a: \x00\n", "does not allow"),
        ("a: 1\rb: 2\n", "carriage return"),
        ("a: &x [*x]\n", "within what it means"),
        ("a: *secret\n", "found undefined alias in line 1"),
        ("a: !!int secret\n", "a value that does not fit its tag"),
        ("[" * 700 + "]" * 700, "nested too deeply"),
        ("# <<< costctl\na: 1\n", "line 1 ends nothing"),
        (merged("litellm", SMALL).text.replace("# <<< costctl\n", "", 1), "has no end"),
    ],
    ids=[
        "broken",
        "documents",
        "list",
        "json",
        "tab",
        "control",
        "return",
        "circle",
        "alias",
        "tag",
        "deep",
        "end",
        "no-end",
    ],
)
def test_a_file_that_cannot_be_merged_into_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        merged("litellm", text)
    assert said in refused.value.why
    assert "secret" not in str(refused.value)
