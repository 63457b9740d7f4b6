"""What clients ask for is one route, however its failed calls are named, and a provider is asked by its own name."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from costctl.documents.settings import Pool, Settings
from costctl.policy.routes import Place, Routes, is_dated, routes_of
from tests.relations.span_rows import chat, engine_of, span

SCHEMA = {
    "request_class": pl.String,
    "operation": pl.String,
    "provider": pl.String,
    "pool": pl.String,
    "model_requested": pl.String,
    "model": pl.String,
    "data_classification": pl.String,
    "calls": pl.Int64,
    "answered_calls": pl.Int64,
}


def used(requested: str | None, served: str | None, calls: int = 10, **facts: Any) -> dict[str, Any]:
    """A row of route_use; all calls are answered where nothing else is said."""
    row = {"request_class": "chat", "operation": "chat", "provider": "openai", "pool": None}
    return {
        **row,
        "model_requested": requested,
        "model": served,
        "data_classification": None,
        "calls": calls,
        "answered_calls": calls,
        **facts,
    }


def routes(*rows: dict[str, Any], settings: Settings | None = None) -> Routes:
    return routes_of(pl.DataFrame(list(rows), schema=SCHEMA), settings or Settings())


def only(found: Routes, request_class: str = "chat") -> tuple[tuple[str, ...], dict[Place, int]]:
    (route,) = found.by_class[request_class]
    return route.names, dict(route.calls)


def test_a_failed_call_that_names_no_answer_is_of_the_route_that_answers() -> None:
    found = routes(used("gpt-4o", "gpt-4o-2024-08-06", 90), used("gpt-4o", "gpt-4o", 7, answered_calls=0))
    place = Place(None, "openai", "gpt-4o", "gpt-4o-2024-08-06")
    assert only(found) == (("gpt-4o",), {place: 97})
    assert found.unanswered == {}


def test_a_short_name_that_only_fails_is_another_name_for_the_dated_model() -> None:
    found = routes(
        used("gpt-4o-2024-08-06", "gpt-4o-2024-08-06", 90), used("gpt-4o", "gpt-4o", 1, answered_calls=0)
    )
    assert only(found) == (("gpt-4o-2024-08-06", "gpt-4o"), {Place(None, "openai", "gpt-4o-2024-08-06"): 91})


def test_a_failed_call_without_a_provider_was_for_whoever_answers_that_name() -> None:
    found = routes(used("gpt-4o", "gpt-4o", 90), used("gpt-4o", None, 3, provider=None, answered_calls=0))
    assert only(found) == (("gpt-4o",), {Place(None, "openai", "gpt-4o"): 93})


def test_a_name_that_nobody_answers_has_no_route_and_is_said() -> None:
    found = routes(used("gpt-4o", "gpt-4o"), used("gpt-5-wrong", "gpt-5-wrong", 3, answered_calls=0))
    assert only(found)[0] == ("gpt-4o",)
    assert found.unanswered == {"gpt-5-wrong": 3}


def test_an_outage_of_one_provider_is_not_counted_for_another() -> None:
    found = routes(used("gpt-4o", "gpt-4o"), used("gpt-4o", "gpt-4o", 5, provider="azure", answered_calls=0))
    assert only(found) == (("gpt-4o",), {Place(None, "openai", "gpt-4o"): 10})
    assert found.unanswered == {"gpt-4o": 5}


def test_a_gateways_own_name_is_kept_and_the_model_behind_it_is_asked() -> None:
    found = routes(used("fast", "gpt-4.1-nano-2025-04-14"))
    assert only(found) == (("fast",), {Place(None, "openai", "gpt-4.1-nano-2025-04-14"): 10})


def test_azure_is_asked_by_the_name_of_the_deployment() -> None:
    found = routes(used("prod-chat", "gpt-4o-2024-08-06", provider="azure.ai.openai"))
    place = Place(None, "azure.ai.openai", "prod-chat", "gpt-4o-2024-08-06")
    assert only(found) == (("prod-chat",), {place: 10})


def test_bedrock_is_asked_by_the_arn_that_clients_name() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
    found = routes(used(arn, "anthropic.claude-sonnet-4-5-v1:0", provider="aws.bedrock"))
    assert only(found)[1] == {Place(None, "aws.bedrock", arn, "anthropic.claude-sonnet-4-5-v1:0"): 10}


def test_a_pool_is_asked_by_the_model_that_it_is_declared_to_have() -> None:
    settings = Settings(pools={"gpu": Pool(models=("llama-3.1-8b", "adapter"))})
    found = routes(used("chat-model", "llama-3.1-8b", pool="gpu"), settings=settings)
    assert only(found) == (("chat-model",), {Place("gpu", None, "llama-3.1-8b"): 10})


def test_an_undeclared_pool_is_asked_by_the_model_that_answered() -> None:
    found = routes(used("qwen", "qwen-2.5", pool="gpu"), settings=Settings(pools={"gpu": Pool()}))
    assert found.places() == (Place("gpu", None, "qwen-2.5"),)


def test_a_name_with_several_providers_is_one_route_with_several_places() -> None:
    found = routes(used("gpt-4o", "gpt-4o", 70), used("gpt-4o", "gpt-4o", 30, provider="azure"))
    assert only(found) == (
        ("gpt-4o",),
        {Place(None, "openai", "gpt-4o"): 70, Place(None, "azure", "gpt-4o"): 30},
    )


@pytest.mark.parametrize(
    ("operation", "expected"), [("embeddings", "embedding"), ("rerank", "rerank"), ("chat", None)]
)
def test_a_route_has_the_operation_of_most_of_its_calls(operation: str, expected: str | None) -> None:
    found = routes(used("m", "m", 9, operation=operation), used("m", "m", 1, operation="text_completion"))
    (route,) = found.by_class["chat"]
    assert route.operation == expected


@pytest.mark.parametrize(
    ("model", "name", "expected"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o", True),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5", True),
        ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet-latest", True),
        ("babbage:2023-07-21-v2", "babbage", True),
        ("gpt-4-0613", "gpt-4", True),
        ("gemini-1.5-pro-002", "gemini-1.5-pro", True),
        ("gemini-2.5-flash-preview-04-17", "gemini-2.5-flash", True),
        ("anthropic.claude-3-sonnet-20240229-v1:0", "anthropic.claude-3-sonnet", True),
        ("gpt-4o", "gpt-4", False),
        ("gpt-4.1-mini", "gpt-4.1", False),
        ("gpt-4o-mini-2024-07-18", "gpt-4o", False),
        ("gpt-4-32k", "gpt-4", False),
        ("llama3:8b", "llama3", False),
        ("gpt-4.1-nano", "fast", False),
    ],
)
def test_a_dated_model_is_the_one_of_its_short_name(model: str, name: str, expected: bool) -> None:
    assert is_dated(model, name) is expected


def test_the_relation_counts_calls_by_what_was_asked_for_and_what_answered() -> None:
    facts = {"provider": "openai", "model_requested": "gpt-4o"}
    spans = [
        span("a/root", 0, 10),
        chat("a/one/root", 1, 2, **facts, model_served="gpt-4o-2024-08-06"),
        chat("a/two/root", 3, 4, **facts, error_type="timeout", status="error"),
    ]
    rows = engine_of(spans).fetch("route_use").sort("model").rows(named=True)
    assert [(row["model_requested"], row["model"], row["calls"], row["answered_calls"]) for row in rows] == [
        ("gpt-4o", "gpt-4o", 1, 0),
        ("gpt-4o", "gpt-4o-2024-08-06", 1, 1),
    ]
