"""A large OTLP/JSON file such as a collector's file exporter writes. Same seed, same bytes."""

from __future__ import annotations

import base64
import json
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_SPANS_PER_LINE = 64
_START_NS = 1_795_478_400_000_000_000
_MODELS = ("gpt-4.1", "gpt-4.1-mini", "llama-3.3-70b", "text-embedding-3-small")


def write_otlp_lines(path: Path, megabytes: int, seed: int = 7) -> int:
    """Writes about so many megabytes of lines; the number of spans in them."""
    random_source = random.Random(seed)
    spans, size = 0, 0
    with path.open("w", encoding="utf-8") as file:
        while size < megabytes * 1_000_000:
            line = json.dumps(_export(random_source, spans), separators=(",", ":"))
            file.write(line + "\n")
            size += len(line) + 1
            spans += _SPANS_PER_LINE
    return spans


def write_otlp_messages(lines: Path, path: Path) -> None:
    """The same spans as protobuf, each message after its length in four bytes, as the collector's file
    exporter writes.
    """
    with lines.open("rb") as source, path.open("wb") as file:
        for line in source:
            document = json.loads(line)
            for emitter in document["resourceSpans"]:
                for scope in emitter["scopeSpans"]:
                    for span in scope["spans"]:
                        for key in ("traceId", "spanId", "parentSpanId"):
                            if key in span:
                                span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
            message = ParseDict(document, ExportTraceServiceRequest()).SerializeToString()
            file.write(struct.pack(">I", len(message)) + message)


def otlp_lines(spans: int, seed: int = 7) -> Iterator[bytes]:
    """Lines with so many spans, made by giving the ids of a few hundred lines new numbers: faster than anyone
    reads.
    """
    random_source = random.Random(seed)
    pattern = [
        json.dumps(_export(random_source, number * _SPANS_PER_LINE), separators=(",", ":")).encode() + b"\n"
        for number in range(_PATTERN_LINES)
    ]
    for turn in range(-(-spans // (_PATTERN_LINES * _SPANS_PER_LINE))):
        fresh = b'"traceId":"%08x' % turn
        for line in pattern[: -(-(spans - turn * _PATTERN_LINES * _SPANS_PER_LINE) // _SPANS_PER_LINE)]:
            yield line.replace(b'"traceId":"00000000', fresh)


_PATTERN_LINES = 200


def _export(random_source: random.Random, first: int) -> dict[str, Any]:
    replica = random_source.randrange(8)
    resource = {
        "service.name": "gateway",
        "service.instance.id": f"replica-{replica}",
        "k8s.pod.name": f"gateway-{replica}",
        "cloud.region": "eu-west-2",
        "telemetry.sdk.language": "python",
    }
    spans = [_span(random_source, first + number) for number in range(_SPANS_PER_LINE)]
    scope = {"name": "opentelemetry.util.genai.handler", "version": "1.1b0"}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [_pair(key, value) for key, value in resource.items()]},
                "scopeSpans": [{"scope": scope, "spans": spans}],
            }
        ]
    }


def _pair(key: str, value: str | int | bool | float | list[str]) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    if isinstance(value, float):
        return {"key": key, "value": {"doubleValue": value}}
    if isinstance(value, list):
        return {"key": key, "value": {"arrayValue": {"values": [{"stringValue": each} for each in value]}}}
    return {"key": key, "value": {"stringValue": value}}


def _span(random_source: random.Random, number: int) -> dict[str, Any]:
    start_ns = _START_NS + number * 1_000_000
    kind = number % 3
    attributes = _model_call(random_source) if kind else {"tenant.id": f"t{number % 20}", "app.step": "rag"}
    span: dict[str, Any] = {
        "traceId": f"{number // 3 + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "name": "chat" if kind else "handle_request",
        "kind": 3 if kind else 2,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + random_source.randrange(10_000_000, 9_000_000_000)),
        "attributes": [_pair(key, value) for key, value in attributes.items()],
        "status": {},
    }
    if kind:
        span["parentSpanId"] = f"{number - kind + 1:016x}"
    return span


def _model_call(random_source: random.Random) -> dict[str, Any]:
    model = random_source.choice(_MODELS)
    return {
        "gen_ai.operation.name": "embeddings" if model.startswith("text") else "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.response.model": model + "-2026-10-01",
        "gen_ai.request.temperature": 0.7,
        "gen_ai.request.max_tokens": 512,
        "gen_ai.usage.input_tokens": random_source.randrange(20, 8000),
        "gen_ai.usage.output_tokens": random_source.randrange(1, 900),
        "gen_ai.usage.cache_read.input_tokens": random_source.randrange(0, 20),
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.id": f"chatcmpl-{random_source.getrandbits(96):024x}",
        "gen_ai.response.time_to_first_chunk": random_source.random(),
    }
