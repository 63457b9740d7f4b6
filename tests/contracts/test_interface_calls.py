"""Which spans are uses of an interface, of which, and what their records carry."""

from __future__ import annotations

import random
from typing import Any

from costctl.contracts.draft import contract_of
from costctl.contracts.uses import interfaces_in
from costctl.documents.contract import Contract, Drafted
from tests.relations.span_rows import chat, engine_of, span

SPANS = [
    span("a/root", 0, 9, service="api"),
    span("a/look/root", 0, 1, stage="cache", cache_hit=False, attributes=[("db.system.name", "redis")]),
    span(
        "a/find/root",
        1,
        2,
        operation="retrieval",
        stage="retrieval",
        documents=3,
        attributes=[("db.system.name", "qdrant"), ("db.operation.name", "Query")],
    ),
    span(
        "a/again/find", 1, 2, operation="retrieval", stage="retrieval",
        attributes=[("db.system.name", "qdrant"), ("db.operation.name", "query")],
    ),
    span("a/kb/root", 2, 3, operation="retrieval", stage="retrieval", attributes=[("gen_ai.data_source.id", "kb-1")]),
    span("a/run/root", 3, 4, operation="execute_tool", name="execute_tool weather", stage="tool"),
    chat(
        "a/call/root",
        4,
        6,
        stage="decode",
        model_requested="gpt-4.1",
        model_served="gpt-4.1-2026",
        input_tokens=10,
        output_tokens=2,
        finish_reason="stop",
        tenant="jane@example.com",
        attributes=[
            ("gen_ai.prompt.0.role", "user"),
            ("gen_ai.prompt.1.role", "7"),
            ("gen_ai.request.temperature", "0.5"),
            ("app.answer", "sha256:0123456789abcdef"),
            ("app.sha256:0123456789abcdef", "1"),
        ],
    ),
]  # fmt: skip


def drafted(spans: list[dict[str, Any]]) -> Contract:
    uses = interfaces_in(engine_of(spans).fetch("interface_call"))
    return contract_of(uses, Drafted("test", len({each["trace_id"] for each in spans})))


def test_each_kind_is_told_apart_by_operation_and_name_and_an_inner_span_of_one_use_is_no_further_use() -> (
    None
):
    found = {each.key: each.calls for each in drafted(SPANS).interfaces}
    assert found == {
        ("cache", "cache", "", "redis"): 1,
        ("vector store", "retrieval", "query", "qdrant"): 1,
        ("retrieval", "retrieval", "retrieval", "kb-1"): 1,
        ("tool", "tool", "execute_tool", "weather"): 1,
        ("model", "model_call", "chat", "gpt-4.1"): 1,
    }


def test_attributes_have_the_narrowest_type_of_their_values_and_nothing_else_is_said_of_them() -> None:
    model = next(each for each in drafted(SPANS).interfaces if each.kind == "model")
    assert {each.name: each.type for each in model.attributes if "." in each.name} == {
        "gen_ai.prompt.*.role": "text",
        "gen_ai.request.temperature": "number",
        "app.answer": "text",
    }
    assert "jane" not in str(model)
    assert {each.name for each in model.attributes} >= {"tenant", "input_tokens", "finish_reason", "model"}


def test_the_order_of_records_does_not_matter() -> None:
    shuffled = [*SPANS, *({**each, "trace_id": "b"} for each in SPANS)]
    before = drafted(shuffled)
    random.Random(7).shuffle(shuffled)
    assert drafted(shuffled) == before
