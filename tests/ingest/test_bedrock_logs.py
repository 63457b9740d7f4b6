"""Amazon Bedrock's model invocation logs, as S3 and CloudWatch hold them, are read and priced as they come.

Shapes after https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html;
values are invented. Prices, USD per million: EU profile of Claude Sonnet 4.5 3.30 in, 16.50 out, 0.33 read from a
cache, 4.125 written, 6.60 written for an hour; Nova Lite 0.06 in, 0.24 out, 0.015 read.
https://aws.amazon.com/bedrock/pricing/
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.priced_logs import as_csv, as_parquet, lines, priced

NOVA = "amazon.nova-lite-v1:0"
SONNET = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"


def invocation(
    number: int, model: str, operation: str, counts: dict[str, int], body: Any = None, **more: Any
) -> dict[str, Any]:
    """One log entry. counts: input, read, written, output; one that is left out is not logged."""
    named = {
        "inputTokenCount": counts.get("input"),
        "cacheReadInputTokenCount": counts.get("read"),
        "cacheWriteInputTokenCount": counts.get("written"),
    }
    asked = {
        "messages": [{"role": "user", "content": [{"text": "swordfish"}]}],
        "inferenceConfig": {"maxTokens": 512},
    }
    output: dict[str, Any] = {"outputContentType": "application/json", "outputBodyJson": body or {}}
    if "output" in counts:
        output["outputTokenCount"] = counts["output"]
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": f"2026-11-20T10:{number:02}:00Z",
        "accountId": "123456789012",
        "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/app/team-a"},
        "region": "eu-west-1",
        "requestId": f"request-{number}",
        "operation": operation,
        "modelId": model,
        "input": {
            "inputContentType": "application/json",
            "inputBodyJson": asked,
            **{name: count for name, count in named.items() if count is not None},
        },
        "output": output,
        **more,
    }


def test_converse_counts_neither_what_the_cache_served_nor_what_it_took_up(tmp_path: Path) -> None:
    body = {
        "stopReason": "tool_use",
        "metrics": {"latencyMs": 4200},
        "usage": {"inputTokens": 120, "outputTokens": 700, "totalTokens": 22_820, "cacheReadInputTokens": 20_000,
                  "cacheWriteInputTokens": 2_000},
    }  # fmt: skip
    counts = {"input": 120, "read": 20_000, "written": 2_000, "output": 700}
    entry = invocation(
        0, f"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/{SONNET}", "Converse", counts, body
    )
    found = priced(tmp_path, lines([entry]))
    assert found.unread == set()
    assert found.usd == pytest.approx((120 * 3.3 + 20_000 * 0.33 + 2_000 * 4.125 + 700 * 16.5) / 1e6)
    (span,) = found.spans
    assert (span["input_tokens"], span["cached_input_tokens"], span["cache_write_tokens"]) == (
        22_120,
        20_000,
        2_000,
    )
    assert (span["operation"], span["provider"], span["is_stream"], span["finish_reason"]) == (
        "chat", "aws", False, "tool_use",
    )  # fmt: skip
    assert (span["end_ns"] - span["start_ns"], span["max_tokens"], span["region"]) == (
        4_200_000_000,
        512,
        "eu-west-1",
    )
    assert (span["tenant"], span["response_id"]) == (entry["identity"]["arn"], "request-0")


def test_a_streamed_invocation_tells_of_its_first_byte_and_of_what_is_kept_for_an_hour(
    tmp_path: Path,
) -> None:
    """InvokeModelWithResponseStream logs the events of the stream as a list."""
    usage = {"input_tokens": 3, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 5_000,
             "cache_creation": {"ephemeral_5m_input_tokens": 1_000, "ephemeral_1h_input_tokens": 4_000}}  # fmt: skip
    metrics = {
        "inputTokenCount": 3,
        "outputTokenCount": 13,
        "invocationLatency": 3037,
        "firstByteLatency": 2635,
    }
    body = [
        {"type": "message_start", "message": {"id": "msg_bdrk_1", "model": "claude", "usage": usage}},
        {"type": "content_block_delta", "delta": {"text": "swordfish"}},
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics},
    ]
    counts = {"input": 3, "read": 0, "written": 5_000, "output": 13}
    found = priced(tmp_path, lines([invocation(0, SONNET, "InvokeModelWithResponseStream", counts, body)]))
    assert found.usd == pytest.approx((3 * 3.3 + 1_000 * 4.125 + 4_000 * 6.6 + 13 * 16.5) / 1e6)
    assert found.unread == set()
    (span,) = found.spans
    assert (span["ttft_s"], span["is_stream"], span["response_id"]) == (2.635, True, "msg_bdrk_1")
    assert span["end_ns"] - span["start_ns"] == 3_037_000_000


def test_several_objects_a_packed_file_and_a_throttled_call(tmp_path: Path) -> None:
    entries = [
        invocation(0, NOVA, "ConverseStream", {"input": 400, "read": 0, "written": 0, "output": 38}),
        invocation(1, NOVA, "Converse", {"input": 1_000, "read": 600, "written": 0, "output": 10},
                   inferenceRegion="eu-north-1"),
        invocation(2, NOVA, "Converse", {"input": 0}, errorCode="ThrottlingException"),
    ]  # fmt: skip
    found = priced(tmp_path, gzip.compress(lines(entries).encode()))
    assert found.usd == pytest.approx((400 * 0.06 + 38 * 0.24 + 1_000 * 0.06 + 600 * 0.015 + 10 * 0.24) / 1e6)
    assert [call["outcome"] for call in found.calls] == ["success", "success", "rate_limited"]
    assert [span["region"] for span in found.spans] == ["eu-west-1", "eu-north-1", "eu-west-1"]
    assert [span["is_stream"] for span in found.spans] == [True, False, False]


def test_each_maker_repeats_the_counts_in_its_own_words(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html; Nova Lite's price stands for all."""
    counts = {"input": 300, "output": 20}
    bodies = [
        {
            "generation": "swordfish",
            "prompt_token_count": 300,
            "generation_token_count": 20,
            "stop_reason": "stop",
        },
        {"inputTextTokenCount": 300, "results": [{"tokenCount": 20, "outputText": "swordfish"}]},
        {"usage": {"prompt_tokens": 300, "completion_tokens": 20, "total_tokens": 320}},
    ]
    entries = [invocation(number, NOVA, "InvokeModel", counts, body) for number, body in enumerate(bodies)]
    found = priced(tmp_path, lines(entries))
    assert found.unread == set()
    assert found.usd == pytest.approx(3 * (300 * 0.06 + 20 * 0.24) / 1e6)


def test_an_embedding_is_none_of_a_chat_and_has_no_answer_to_pay_for(tmp_path: Path) -> None:
    """Titan's text embeddings are invoked; their name says what they are. 0.02 USD per million."""
    entry = invocation(0, "amazon.titan-embed-text-v2:0", "InvokeModel", {"input": 5_000})
    found = priced(tmp_path, lines([entry]))
    assert [call["operation"] for call in found.calls] == ["embeddings"]
    assert found.calls[0]["input_tokens"] == 5_000


def test_cloudwatch_wraps_the_entry_in_an_event(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
    counts = {"input": 1_000, "read": 0, "written": 0, "output": 100}
    events = [
        {"logStreamName": "aws/bedrock/modelinvocations", "timestamp": 1_795_168_800_000, "eventId": str(number),
         "message": json.dumps(invocation(number, NOVA, "Converse", counts)), "ingestionTime": 1_795_168_860_000}
        for number in range(3)
    ]  # fmt: skip
    each = (1_000 * 0.06 + 100 * 0.24) / 1e6
    wrapped = [
        json.dumps({"events": events, "searchedLogStreams": []}),
        lines(events),
        as_csv({"@timestamp": "2026-11-20 10:00:00.000", "@message": event["message"]} for event in events),
    ]
    for number, text in enumerate(wrapped):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = priced(folder, text)
        assert (len(found.calls), found.dialects) == (3, {"bedrock"})
        assert found.usd == pytest.approx(3 * each)


def test_insights_cuts_each_entry_into_fields(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html"""
    counts = {"input": 1_000, "read": 500, "written": 0, "output": 100}
    results = [
        [
            {"field": "@timestamp", "value": "2026-11-20 10:00:00.000"},
            {"field": "@message", "value": json.dumps(invocation(number, NOVA, "Converse", counts))},
            {"field": "@ptr", "value": "C"},
        ]
        for number in range(2)
    ]
    found = priced(tmp_path, json.dumps({"results": results, "status": "Complete"}))
    assert (len(found.calls), found.reports[0].rejected) == (2, 0)
    assert found.usd == pytest.approx(2 * (1_000 * 0.06 + 500 * 0.015 + 100 * 0.24) / 1e6)


def test_a_table_of_entries_is_read_as_the_entries_are(tmp_path: Path) -> None:
    """As a query engine over the bucket writes them: Parquet with structs, CSV with JSON texts."""
    counts = {"input": 100, "read": 2_000, "written": 300, "output": 40}
    body = {"stopReason": "end_turn", "metrics": {"latencyMs": 900}}
    entries = [invocation(number, SONNET, "Converse", counts, body) for number in range(2)]
    usd = 2 * (100 * 3.3 + 2_000 * 0.33 + 300 * 4.125 + 40 * 16.5) / 1e6
    for number, written in enumerate((as_parquet(entries), as_csv(entries))):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = priced(folder, written)
        assert found.usd == pytest.approx(usd)
        assert {span["end_ns"] - span["start_ns"] for span in found.spans} == {900_000_000}


def test_counts_that_were_not_logged_are_not_free(tmp_path: Path) -> None:
    found = priced(tmp_path, lines([invocation(0, NOVA, "InvokeModel", {})]))
    assert [(call["input_tokens"], call["output_tokens"]) for call in found.calls] == [(None, None)]
    assert found.unpriced == {"tokens were not observed"}
