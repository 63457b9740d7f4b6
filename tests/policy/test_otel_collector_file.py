"""The processor that labels spans: each gets the class that the policy's own rules give it, the first that takes it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.policy import HeaderMatch, Match, Policy, PolicyClass
from costctl.policy.targets.otel_collector import emit_otel_collector
from tests.policy.policies import kind_named, policy_of, pool_named, sound_policy
from tests.policy.random_policies import policies
from tests.policy.transform_processor import RefusedConfigError, processed

POOL = pool_named("gpu")
OPERATIONS = {
    "chat": "chat",
    "generate_content": "chat",
    "text_completion": "completion",
    "embeddings": "embedding",
}
HEADER = "http.request.header.x-costctl-class"


def text_of(policy: Policy) -> str:
    return emit_otel_collector(policy, None).files["otelcol.yaml"]


def label(policy: Policy, **attributes: Any) -> str | None:
    """The label of a chat call with these attributes, dots written as two underscores."""
    span = {"gen_ai.operation.name": "chat"}
    span |= {name.replace("__", "."): value for name, value in attributes.items()}
    return processed(text_of(policy), span).get("costctl.class")


def told_by_model(name: str, *models: str) -> PolicyClass:
    return kind_named(name, "gpu", match=Match(model=models))


def takes(kind: PolicyClass, span: dict[str, Any]) -> bool:
    """Whether a class takes a call, read off its match (the slow twin of a statement)."""
    match = kind.match
    value = span.get(HEADER)
    sent = value[0] if isinstance(value, list) else value
    return (
        all(header.value == sent for header in match.headers)
        and (match.operation is None or OPERATIONS[span["gen_ai.operation.name"]] in match.operation)
        and (match.model is None or span.get("gen_ai.request.model") in match.model)
    )


@st.composite
def spans(draw: st.DrawFn) -> dict[str, Any]:
    """Calls with or without a header and a model."""
    number = draw(st.integers(0, 5))
    header = draw(st.sampled_from((None, f"class {number}", [f"class {number}"], [f"class {number}", "x"])))
    model = draw(st.sampled_from((None, "llama", "qwen", "bge", "gpt-5")))
    found = {
        "gen_ai.operation.name": draw(st.sampled_from(sorted(OPERATIONS))),
        "gen_ai.request.model": model,
        HEADER: header,
    }
    return {name: value for name, value in found.items() if value is not None}


@given(policies(), spans())
def test_a_span_gets_the_first_class_that_takes_its_call(policy: Policy, span: dict[str, Any]) -> None:
    expected = next((kind.request_class for kind in policy.classes if takes(kind, span)), None)
    assert processed(text_of(policy), span).get("costctl.class") == expected


@given(policies(), spans())
def test_nothing_of_a_span_changes_but_its_label(policy: Policy, span: dict[str, Any]) -> None:
    after = processed(text_of(policy), span)
    assert {name: value for name, value in after.items() if name != "costctl.class"} == span


def test_the_first_class_wins_and_what_none_takes_is_the_default_class() -> None:
    policy = policy_of(
        told_by_model("a", "gpt-5", "o9"), told_by_model("b", "gpt-5", "llama"), backends=(POOL,)
    )
    assert label(policy, gen_ai__request__model="gpt-5") == "a"
    assert label(policy, gen_ai__request__model="llama") == "b"
    assert label(policy, gen_ai__request__model="unheard of") == "b"


def test_a_label_that_is_there_stays() -> None:
    policy = policy_of(told_by_model("a", "gpt-5"), backends=(POOL,))
    assert label(policy, gen_ai__request__model="gpt-5", costctl__class="mine") == "mine"


def test_spans_that_are_no_calls_get_no_label() -> None:
    policy = policy_of(kind_named("a", "gpu", match=Match()), backends=(POOL,))
    assert processed(text_of(policy), {"db.system.name": "postgresql"}) == {"db.system.name": "postgresql"}
    assert label(policy, gen_ai__operation__name="execute_tool") is None
    assert label(policy) == "a"


def test_a_span_without_a_header_is_not_taken_for_what_is_left() -> None:
    # rag is told by its header; batch takes the rest, and a span whose header was not captured might be either.
    policy = sound_policy()
    assert label(policy) is None
    assert label(policy, **{HEADER: ["rag"]}) == "rag"
    entries = {each.pointer: each for each in emit_otel_collector(policy, None).manifest.entries}
    said = {pointer: msgspec.to_builtins(each)["status"] for pointer, each in entries.items()}
    assert said["/classes/0/match/headers/0/value"] == "exact"
    assert said["/classes/1/match"] == "unsupported"
    assert said["/default_class"] == "unsupported"


@pytest.mark.parametrize("name", ['a "b"', "back\\slash", "$HOME", "${env:KEY}", "é😀", "a\nb", "#c: [d]"])
def test_any_name_is_written_so_that_it_is_read_as_it_is(name: str) -> None:
    match = Match(headers=(HeaderMatch(name="x-costctl-class", value=name),), model=(name,))
    kind = msgspec.structs.replace(kind_named("a", "gpu", match=match), request_class=name)
    policy = policy_of(kind, backends=(POOL,))
    assert label(policy, gen_ai__request__model=name, **{HEADER: name}) == name


def test_calls_of_the_sample_are_labelled_as_its_policy_says(sample_policy: Policy) -> None:
    for kind in sample_policy.classes:
        for header in kind.match.headers:
            span = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "x", HEADER: [header.value]}
            expected = next((each.request_class for each in sample_policy.classes if takes(each, span)), None)
            assert processed(text_of(sample_policy), span).get("costctl.class") == expected


SPOILED = [
    ("processors:", "processor:"),
    ("transform/costctl", "transformer/costctl"),
    ("error_mode: ignore", "error_mode: skip"),
    ("error_mode:", "errors:"),
    ("trace_statements:", "span_statements:"),
    ("statements:\n      - set", "rules:\n      - set"),
    ("- set(", "- Set("),
    ("- set(span", "- set(resource"),
    (" where ", " when "),
    ("== nil", "= nil"),
    (" and (", " && ("),
    ('"rag")', "$rag)"),
]


@pytest.mark.parametrize(("before", "after"), SPOILED, ids=[after for _, after in SPOILED])
def test_a_file_that_was_spoiled_is_refused(before: str, after: str) -> None:
    text = text_of(sound_policy())
    assert before in text
    with pytest.raises(RefusedConfigError):
        processed(text.replace(before, after), {"gen_ai.operation.name": "chat"})
