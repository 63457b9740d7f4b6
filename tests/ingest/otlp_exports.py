"""Generated OTLP exports that hold every way of writing that real exporters were seen to use."""

from __future__ import annotations

import base64
import json
import random
import struct
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from costctl.ingest.dialect import shipped_vocabulary

Json = dict[str, Any]
START_NS = 1_795_478_400_000_000_000
OTHER_KEYS = (
    "app.step",
    "gen_ai.response.id",
    "llm.request.functions.0.name",
    "gen_ai.input.messages",
    "ai.prompt",
)
NUMBERED_KEYS = ("retrieval.documents.3.document.id", "embedding.embeddings.11.embedding.text")
TEXTS = (
    "",
    "stop",
    "OpenAI",
    "openai.chat",
    "True",
    "false",
    '["stop"]',
    '"quoted"',
    "[]",
    "12",
    "1.5",
    "None",
    'ünï "x" \\ 😀',
    "\n\t",
)
WORDS = (
    "chat",
    "embedding",
    "LLM",
    "RETRIEVER",
    "agent",
    "ai.generateText",
    "generation",
    "span",
    "ERROR",
    "rerank",
)
JSON_TEXTS = (
    '{"input": 100, "output": 5, "cache_read_input_tokens": 40, "output_reasoning": 7, "total": 0.25}',
    '{"prompt_tokens": 90, "prompt_tokens_details": {"cached_tokens": 10}, "completion_tokens": 3}',
    "{'prompt_tokens_details': {'cached_tokens': 4}, 'completion_tokens_details': {'reasoning': None}}",
    '{"max_tokens": "Infinity", "model": "m-1", "stream": true, "temperature": 0}',
    "no json",
)


def export(seed: int, spans: int) -> Json:
    """One export in the canonical spelling: integers as text, ids in hex, enums as numbers."""
    source = random.Random(seed)
    return {
        "resourceSpans": [_resource_spans(source, number, spans) for number in range(source.randint(1, 3))]
    }


def _resource_spans(source: random.Random, number: int, spans: int) -> Json:
    resource = {"service.name": f"service-{number % 2}", "cloud.region": "eu", "process.pid": number}
    if source.random() < 0.5:
        resource["k8s.pod.name"] = f"pod-{number}"
    scopes = [{"scope": _scope(source), "spans": [_span(source) for _ in range(spans)]} for _ in range(2)]
    return {
        "resource": {"attributes": [pair(key, value) for key, value in resource.items()]},
        "scopeSpans": scopes,
    }


def _scope(source: random.Random) -> Json:
    scope: Json = {"name": "scope", "version": "1"}
    if source.random() < 0.5:
        scope["attributes"] = [pair("public_key", "pk"), pair("number", 3)]
    return scope


def pair(key: str, value: Any) -> Json:
    """An attribute in the canonical spelling."""
    return {"key": key, "value": any_value(value)}


def any_value(value: Any) -> Json:
    """An AnyValue in the canonical spelling."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(each) for each in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [pair(key, each) for key, each in value.items()]}}
    return {} if value is None else {"stringValue": value}


def _span(source: random.Random) -> Json:
    start = START_NS + source.randrange(10**9)
    span: Json = {
        "traceId": f"{source.getrandbits(120) + 1:032x}",
        "spanId": f"{source.getrandbits(60) + 1:016x}",
        "name": source.choice(
            ("chat m", "llm_request", "raw_gen_ai_request", "prefill_forward", "Req 1a2b", "work")
        ),
        "kind": source.randrange(6),
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + source.randrange(10**10)),
        "attributes": _attributes(source),
        "status": source.choice(({}, {"code": 1}, {"code": 2})),
    }
    if source.random() < 0.7:
        span["parentSpanId"] = source.choice((f"{source.getrandbits(60) + 1:016x}", "", "0" * 16))
    if source.random() < 0.2:
        span["droppedAttributesCount"] = source.randrange(3)
    if source.random() < 0.4:
        span["events"] = [_event(source, start) for _ in range(source.randint(1, 3))]
    if source.random() < 0.1:
        del span[source.choice(("traceId", "spanId", "startTimeUnixNano", "endTimeUnixNano"))]
    return span


def _event(source: random.Random, start: int) -> Json:
    name = source.choice(("exception", "First Token Stream Event", "gen_ai.content.completion.chunk", "note"))
    event: Json = {"name": name, "timeUnixNano": str(start + source.randrange(10**9))}
    if name == "exception":
        event["attributes"] = [
            pair("exception.type", "openai.RateLimitError"),
            pair("exception.message", "secret"),
        ]
    return event


def _attributes(source: random.Random) -> list[Json]:
    wanted = sorted({rule.key for rules in shipped_vocabulary().columns.values() for rule in rules})
    keys = source.sample(wanted, source.randint(0, 8))
    keys += source.sample((*OTHER_KEYS, *NUMBERED_KEYS, "db.system", "server.address", "server.port"), 2)
    return [pair(key, _value(source, key)) for key in keys]


def _value(source: random.Random, key: str) -> Any:
    if key in ("langfuse.observation.completion_start_time",):
        return '"2026-11-24T00:01:19.946343Z"'
    if key.startswith(
        ("langfuse.observation.usage", "langfuse.observation.cost", "llm.invocation", "metadata.usage")
    ):
        return source.choice(JSON_TEXTS)
    if "token" in key or key.endswith(("size", "reads", "bytes", "documents", "attempt")):
        return source.choice((0, 5, 100, 1000, -1, "12", "many", 3.0, 2**40))
    if key == "db.system":
        return source.choice(("qdrant", "redis", "postgresql"))
    kinds = (
        TEXTS,
        WORDS,
        (0, 3, 0.25, 1e-5, 1e20),
        (True, False),
        (None, ["stop", "x"], [], [1, True, 0.5], {"a": 1}, b"\x00\xff", [[1]], {"a": {"b": [1]}}),
    )
    return source.choice(source.choices(kinds, weights=(4, 4, 2, 1, 2))[0])


# Ways of writing the same export.


def as_lines(exports: list[Json]) -> bytes:
    """One export a line, as a collector writes."""
    return b"".join(
        json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for each in exports
    )


def as_pretty(exports: list[Json]) -> bytes:
    """Pretty-printed documents one after another."""
    return b"\n".join(json.dumps(each, indent=2).encode() for each in exports)


def as_array(exports: list[Json]) -> bytes:
    """One array of exports on one line."""
    return json.dumps(exports).encode()


def as_one_document(exports: list[Json]) -> bytes:
    """All ResourceSpans in one document, pretty-printed."""
    return json.dumps(
        {"resourceSpans": [each for one in exports for each in one["resourceSpans"]]}, indent=1
    ).encode()


def as_concatenated(exports: list[Json]) -> bytes:
    """Documents with nothing between them."""
    return b"".join(json.dumps(each).encode() for each in exports)


LAYOUTS = (as_lines, as_pretty, as_array, as_one_document, as_concatenated)


def with_numbers(value: Any) -> Any:
    """Integers and times as JSON numbers, as JavaScript exporters write."""
    return _each(
        value, lambda key, inner: int(inner) if key == "intValue" or key.endswith("UnixNano") else inner
    )


def with_enum_names(value: Any) -> Any:
    """Kinds and status codes by their names."""
    kinds = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
    codes = ("UNSET", "OK", "ERROR")

    def spelled(key: str, inner: Any) -> Any:
        if key == "kind":
            return f"SPAN_KIND_{kinds[inner]}"
        return f"STATUS_CODE_{codes[inner]}" if key == "code" else inner

    return _each(value, spelled)


def with_base64_ids(value: Any) -> Any:
    """Ids as protobuf's own JSON writes them."""

    def spelled(key: str, inner: Any) -> Any:
        is_id = key in ("traceId", "spanId", "parentSpanId") and inner
        return base64.b64encode(bytes.fromhex(inner)).decode() if is_id else inner

    return _each(value, spelled)


def with_stripped_ids(value: Any) -> Any:
    """Trace ids without their leading zeros, in upper case."""
    return _each(value, lambda key, inner: inner.lstrip("0").upper() if key == "traceId" else inner)


def with_microseconds(value: Any) -> Any:
    """Times cut to microseconds, still in fields named for nanoseconds."""
    return _each(value, lambda key, inner: str(int(inner) // 1000) if key.endswith("UnixNano") else inner)


def with_snake_case(value: Any) -> Any:
    """Keys of the wire format in snake_case."""
    if isinstance(value, list):
        return [with_snake_case(each) for each in value]
    if isinstance(value, dict):
        return {
            "".join(f"_{c.lower()}" if c.isupper() else c for c in key): with_snake_case(inner)
            for key, inner in value.items()
        }
    return value


def with_batches(value: Json) -> Json:
    """As Tempo exports: ``batches``, and the instrumentation library of old."""
    renamed = {"scopeSpans": "instrumentationLibrarySpans", "scope": "instrumentationLibrary"}
    emitters = [
        {
            "resource": emitter["resource"],
            "instrumentationLibrarySpans": [
                {renamed.get(key, key): inner for key, inner in one.items()} for one in emitter["scopeSpans"]
            ],
        }
        for emitter in value["resourceSpans"]
    ]
    return {"batches": emitters}


def in_trace(value: Json) -> Json:
    """As the second version of Tempo's interface wraps an export."""
    return {"trace": value}


SPELLINGS = (
    with_numbers,
    with_enum_names,
    with_base64_ids,
    with_stripped_ids,
    with_snake_case,
    with_batches,
    in_trace,
)


def _each(value: Any, change: Any) -> Any:
    if isinstance(value, list):
        return [_each(each, change) for each in value]
    if isinstance(value, dict):
        return {
            key: change(key, inner) if not isinstance(inner, dict | list) else _each(inner, change)
            for key, inner in value.items()
        }
    return value


def as_message(value: Json) -> bytes:
    """The export as protobuf."""
    message = ParseDict(with_base64_ids(value), ExportTraceServiceRequest())
    return bytes(message.SerializeToString())


def framed_big_endian(messages: list[bytes]) -> bytes:
    """Messages each after its length in four bytes."""
    return b"".join(struct.pack(">I", len(message)) + message for message in messages)
