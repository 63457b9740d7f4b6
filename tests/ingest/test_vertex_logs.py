"""Vertex AI's request-response logs, as BigQuery exports their table, are read and priced whatever the file.

Shapes after https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging,
https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse and
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude; values are invented. Prices, USD per
million: Gemini 2.5 Pro to 200,000 tokens 1.25 in, 10 out, 0.125 cached, above 2.50, 15, 0.25; Gemini 2.5 Flash 0.30,
2.50, 0.03, sound 1.00; Claude Sonnet 4.5 3 in, 15 out, 0.30 read from a cache, 3.75 written.
https://cloud.google.com/vertex-ai/generative-ai/pricing
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ingest.priced_logs import as_csv, lines, priced

PRO, FLASH = "gemini-2.5-pro", "gemini-2.5-flash"


def logged(
    number: int, model: str, response: Any, method: str = "generateContent", **request: Any
) -> dict[str, Any]:
    """One row of the table."""
    return {
        "endpoint": f"projects/p/locations/us-central1/publishers/google/models/{model}",
        "deployed_model_id": None,
        "logging_time": f"2026-11-20 10:{number:02}:00.123456Z",
        "request_id": 1_000 + number,
        "request_payload": [],
        "response_payload": [],
        "model": f"publishers/google/models/{model}",
        "model_version": "default",
        "api_method": method,
        "full_request": {"contents": [{"role": "user", "parts": [{"text": "swordfish"}]}], **request},
        "full_response": response,
        "metadata": {"request_latency": 2345},
    }


def gemini(model: str, **usage: Any) -> dict[str, Any]:
    """An answer of generateContent."""
    return {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "swordfish"}]}, "finishReason": "STOP"}
        ],
        "usageMetadata": usage,
        "modelVersion": model,
        "responseId": f"answer-of-{model}",
    }


CACHED = logged(
    0, PRO,
    gemini(PRO, promptTokenCount=30_000, cachedContentTokenCount=20_000, candidatesTokenCount=400,
           thoughtsTokenCount=600, totalTokenCount=31_000, trafficType="ON_DEMAND"),
    generationConfig={"maxOutputTokens": 2_048}, labels={"team": "search"},
)  # fmt: skip
OF_CACHED = (10_000 * 1.25 + 20_000 * 0.125 + (400 + 600) * 10) / 1e6
LONG = logged(
    1, PRO, gemini(PRO, promptTokenCount=250_000, candidatesTokenCount=100, totalTokenCount=250_100)
)
OF_LONG = (250_000 * 2.5 + 100 * 15) / 1e6
SOUND = logged(
    2, FLASH,
    gemini(FLASH, promptTokenCount=1_300, candidatesTokenCount=50, totalTokenCount=1_350,
           promptTokensDetails=[{"modality": "TEXT", "tokenCount": 300}, {"modality": "AUDIO", "tokenCount": 1_000}]),
    "streamGenerateContent",
)  # fmt: skip
OF_SOUND = (300 * 0.3 + 1_000 * 1.0 + 50 * 2.5) / 1e6
CLAUDE = logged(
    3, "claude-sonnet-4-5",
    {"id": "msg_vrtx_1", "type": "message", "model": "claude-sonnet-4-5-20250929", "stop_reason": "end_turn",
     "usage": {"input_tokens": 10, "cache_read_input_tokens": 5_000, "cache_creation_input_tokens": 1_000,
               "output_tokens": 200}},
    "rawPredict", max_tokens=1_024,
)  # fmt: skip
OF_CLAUDE = (10 * 3 + 5_000 * 0.3 + 1_000 * 3.75 + 200 * 15) / 1e6
ROWS = [CACHED, LONG, SOUND, CLAUDE]


def parquet(rows: list[dict[str, Any]]) -> bytes:
    """BigQuery writes JSON columns to Parquet as texts."""
    texts = [
        {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
        for row in rows
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(texts), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("written", [lines, as_csv, parquet, json.dumps])
def test_the_same_table_costs_the_same_in_every_file(tmp_path: Path, written: Any) -> None:
    found = priced(tmp_path, written(ROWS))
    assert (found.dialects, found.unread) == ({"vertex"}, set())
    assert [call["provider"] for call in found.calls] == ["google"] * 4
    assert found.usd == pytest.approx(OF_CACHED + OF_LONG + OF_SOUND + OF_CLAUDE)


def test_what_each_answer_says_besides(tmp_path: Path) -> None:
    cached, _, sound, claude = priced(tmp_path, lines(ROWS)).spans
    assert (cached["reasoning_tokens"], cached["max_tokens"], cached["tenant"]) == (600, 2_048, "search")
    assert (cached["model_served"], cached["response_id"], cached["service_tier"]) == (
        PRO,
        f"answer-of-{PRO}",
        "default",
    )
    assert cached["start_ns"] == 1_795_168_800_123_456_000
    assert (sound["input_audio_tokens"], sound["is_stream"], cached["is_stream"]) == (1_000, True, False)
    assert (claude["input_tokens"], claude["cached_input_tokens"], claude["response_id"]) == (
        6_010,
        5_000,
        "msg_vrtx_1",
    )


def test_the_service_writes_times_as_numbers_too(tmp_path: Path) -> None:
    """bq --format=json gives seconds since 1970, as a number or as a text in scientific notation."""
    rows = [{**CACHED, "logging_time": 1_795_168_800.5}, {**CACHED, "logging_time": "1.7951688015E9"}]
    found = priced(tmp_path, lines(rows))
    assert [span["start_ns"] for span in found.spans] == [
        1_795_168_800_500_000_000,
        1_795_168_801_500_000_000,
    ]


def test_an_error_and_an_answer_without_usage(tmp_path: Path) -> None:
    failed = logged(0, PRO, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}})
    silent = logged(1, PRO, gemini(PRO))
    found = priced(tmp_path, lines([failed, silent]))
    assert [call["outcome"] for call in found.calls] == ["rate_limited", "success"]
    assert "tokens were not observed" in found.unpriced


def test_throughput_that_was_bought_beforehand_has_no_price_by_the_token(tmp_path: Path) -> None:
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 10, "trafficType": "PROVISIONED_THROUGHPUT"}
    found = priced(tmp_path, lines([logged(0, PRO, gemini(PRO, **usage))]))
    assert found.usd == 0
    assert found.unpriced == {f"no price for {PRO} sold as provisioned on 2026-11-20"}
