"""Azure OpenAI's diagnostic logs: rows that share a correlation id are accounts of one call, which is priced once.

Shapes after https://learn.microsoft.com/azure/ai-foundry/openai/how-to/monitor-openai,
https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs-schema and
https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics; values are invented. Prices, USD per
million: GPT-4o 2.50 in, 1.25 cached, 10 out; GPT-4.1 mini 0.40, 0.10, 1.60; text-embedding-3-small 0.02.
https://azure.microsoft.com/pricing/details/cognitive-services/openai-service/
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.priced_logs import as_csv, lines, priced

CHAT = "ChatCompletions_Create"


def record(
    number: int, category: str, properties: dict[str, Any], operation: str = CHAT, status: str = "200"
) -> dict[str, Any]:
    """One resource log record of call ``number``."""
    return {
        "time": f"2026-11-20T10:{number:02}:00.1234567Z",
        "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/AOAI",
        "category": category,
        "operationName": operation,
        "durationMs": 1500,
        "callerIpAddress": "10.0.0.***",
        "correlationId": f"corr-{number}",
        "resultSignature": status,
        "location": "swedencentral",
        "tenant": "swedencentral",
        "properties": json.dumps(properties),
    }


def answered(number: int, model: str, tokens_in: int, tokens_out: int, **more: Any) -> dict[str, Any]:
    """A RequestResponse record that names model and tokens."""
    properties = {
        "apiName": "Azure OpenAI API version 2024-10-21",
        "streamType": "Non-Streaming",
        "modelDeploymentName": "prod",
        "modelName": model,
        "objectId": "",
        "callerObjectId": f"caller-{number}",
        "promptTokens": tokens_in,
        "completionTokens": tokens_out,
        **more,
    }
    return record(number, "RequestResponse", properties)


def empty(number: int, category: str = "RequestResponse", status: str = "200") -> dict[str, Any]:
    """The twin that says nothing."""
    return record(
        number, category, {"apiName": "Azure OpenAI API version 2024-10-21", "objectId": ""}, status=status
    )


def used(number: int, model: str, counts: dict[str, list[int]]) -> dict[str, Any]:
    """An AzureOpenAIRequestUsage record, whose counts are lists."""
    return record(
        number, "AzureOpenAIRequestUsage", {**counts, "modelName": model, "modelDeploymentName": "prod"}
    )


USAGE = {"promptTokens": [2_000], "cachedTokens": [1_500], "generatedTokens": [300]}
OF_USAGE = (500 * 2.5 + 1_500 * 1.25 + 300 * 10) / 1e6


def test_three_records_of_one_call_are_one_call_in_whatever_order(tmp_path: Path) -> None:
    records = [answered(0, "gpt-4o", 2_000, 300), empty(0), used(0, "gpt-4o", USAGE), empty(0, "Trace")]
    for number, ordered in enumerate((records, records[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = priced(folder, lines(ordered))
        assert (len(found.calls), found.unread) == (1, set())
        assert found.usd == pytest.approx(OF_USAGE)
        assert found.calls[0]["cached_input_tokens"] == 1_500
        assert found.reports[0].rejected_by_code == {"not_a_request": 2}


def test_categories_lie_in_containers_of_their_own(tmp_path: Path) -> None:
    """insights-logs-requestresponse and insights-logs-azureopenairequestusage are files of their own."""
    first = lines([answered(0, "gpt-4o", 2_000, 300), empty(0), answered(1, "gpt-4.1-mini", 100, 10)])
    found = priced(
        tmp_path,
        first,
        lines([used(0, "gpt-4o", USAGE)]),
        lines([empty(0, "Audit"), used(2, "gpt-4o", {**USAGE, "cachedTokens": [0]})]),
    )
    assert len(found.calls) == 3
    alone = (100 * 0.4 + 10 * 1.6) + (2_000 * 2.5 + 300 * 10)
    assert found.usd == pytest.approx(OF_USAGE + alone / 1e6)


def test_records_in_one_document_and_a_count_for_each_of_several_inputs(tmp_path: Path) -> None:
    """As an event hub delivers them; the inputs of an embedding are counted one by one."""
    usage = {"promptTokens": [900, 700, 400], "cachedTokens": [], "generatedTokens": []}
    embedded = {**used(0, "text-embedding-3-small", usage), "operationName": "Embeddings_Create"}
    found = priced(tmp_path, json.dumps({"records": [embedded, empty(0)]}))
    assert found.usd == pytest.approx((900 + 700 + 400) * 0.02 / 1e6)
    assert found.spans[0]["start_ns"] % 10**9 == 123_456_700


def test_a_refused_call_costs_nothing_and_is_counted_once(tmp_path: Path) -> None:
    refused = record(
        0,
        "RequestResponse",
        {"modelName": "gpt-4o", "modelDeploymentName": "prod", "streamType": "Streaming"},
        status="429",
    )
    found = priced(tmp_path, lines([refused, empty(0, status="429"), answered(1, "gpt-4o", 1_000, 100)]))
    assert [call["outcome"] for call in found.calls] == ["rate_limited", "success"]
    assert found.usd == pytest.approx((1_000 * 2.5 + 100 * 10) / 1e6)
    assert [span["is_stream"] for span in found.spans] == [True, False]
    assert found.spans[1]["tenant"] == "caller-1"


def test_a_stream_without_counts_is_a_call_of_unknown_cost(tmp_path: Path) -> None:
    streamed = record(0, "RequestResponse", {"modelName": "gpt-4o", "streamType": "Streaming"})
    found = priced(tmp_path, lines([streamed]))
    assert found.unpriced == {"tokens were not observed"}
    assert len(found.calls) == 1


def test_log_analytics_exports_the_same_as_a_table(tmp_path: Path) -> None:
    """AzureDiagnostics: names in capitals, the properties as a text in properties_s."""
    table = [
        {
            "TimeGenerated": each["time"],
            "ResourceId": each["resourceId"],
            "Category": each["category"],
            "OperationName": each["operationName"],
            "DurationMs": each["durationMs"],
            "CorrelationId": each["correlationId"],
            "ResultSignature": each["resultSignature"],
            "location_s": each["location"],
            "properties_s": each["properties"],
        }
        for each in (
            answered(0, "gpt-4o", 2_000, 300),
            empty(0),
            used(0, "gpt-4o", USAGE),
            record(
                1,
                "RequestResponse",
                {"modelName": "text-embedding-3-small", "promptTokens": 4_000},
                "Embeddings_Create",
            ),
        )
    ]
    for number, text in enumerate((as_csv(table), json.dumps(table))):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = priced(folder, text)
        assert [(call["operation"], call["provider"]) for call in found.calls] == [
            ("chat", "azure"),
            ("embeddings", "azure"),
        ]
        assert found.usd == pytest.approx(OF_USAGE + 4_000 * 0.02 / 1e6)
