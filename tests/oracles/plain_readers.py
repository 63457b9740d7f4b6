"""Trace formats read in plain Python, file by file: how many spans and model calls, how many tokens, what
failed.

Each reader looks at one format's own fields and shares no code with costctl. A model call is a span that
names tokens or is marked as one and has no such span below it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AGENT_OPERATIONS = ("invoke_agent", "create_agent", "execute_tool")


@dataclass(frozen=True)
class Read:
    """spans: records in the file.  distinct: of them, with different ids.  calls: leaves among the model
    calls.
    """

    spans: int
    distinct: int
    calls: int
    input_tokens: int
    output_tokens: int
    failed: int


@dataclass(frozen=True)
class Plain:
    key: tuple[str, str]
    parent: tuple[str, str] | None
    is_call: bool
    is_timed: bool
    input_tokens: int | None
    output_tokens: int | None
    is_failed: bool


def summed(records: list[Plain]) -> Read:
    first: dict[tuple[str, str], Plain] = {}
    for record in records:
        if record.is_timed:
            first.setdefault(record.key, record)
    wrappers: set[tuple[str, str]] = set()
    for record in first.values():
        parent = record.parent if record.is_call else None
        while parent in first and parent not in wrappers:
            wrappers.add(parent)
            parent = first[parent].parent
    calls = [record for record in first.values() if record.is_call and record.key not in wrappers]
    return Read(
        len(records),
        len(first),
        len(calls),
        sum(call.input_tokens or 0 for call in calls),
        sum(call.output_tokens or 0 for call in calls),
        sum(call.is_failed for call in calls),
    )


def _whole(*values: Any) -> int | None:
    return next((int(value) for value in values if value is not None), None)


def read_jaeger(path: Path) -> Read:
    """Jaeger's answers: traces under ``data``."""
    records = []
    for trace in json.loads(path.read_text())["data"]:
        for span in trace["spans"]:
            tags = {tag["key"]: tag["value"] for tag in span["tags"]}
            parents = [each for each in span["references"] if each["refType"] == "CHILD_OF"]
            into = _whole(tags.get("gen_ai.usage.input_tokens"), tags.get("gen_ai.usage.prompt_tokens"))
            out = _whole(tags.get("gen_ai.usage.output_tokens"), tags.get("gen_ai.usage.completion_tokens"))
            records.append(
                Plain(
                    (span["traceID"], span["spanID"]),
                    (span["traceID"], parents[0]["spanID"]) if parents else None,
                    into is not None,
                    True,
                    into,
                    out,
                    tags.get("error") is True,
                )
            )
    return summed(records)


def read_any_agent(path: Path) -> Read:
    """any-agent's dumps: ``spans`` with integer ids."""
    records = []
    for span in json.loads(path.read_text())["spans"]:
        said, parent = span["attributes"], span.get("parent")
        records.append(
            Plain(
                (str(span["context"]["trace_id"]), str(span["context"]["span_id"])),
                None if parent is None else (str(parent["trace_id"]), str(parent["span_id"])),
                said.get("gen_ai.operation.name") == "call_llm",
                True,
                _whole(said.get("gen_ai.usage.input_tokens")),
                _whole(said.get("gen_ai.usage.output_tokens")),
                span["status"]["status_code"] == "error",
            )
        )
    return summed(records)


def read_langfuse(path: Path) -> Read:
    """Langfuse's downloads: ``observations`` of one trace."""
    records = []
    for each in json.loads(path.read_text())["observations"]:
        usage, parent = each["usageDetails"], each["parentObservationId"]
        is_call = each["type"] == "GENERATION"
        records.append(
            Plain(
                (each["traceId"], each["id"]),
                (each["traceId"], parent) if parent else None,
                is_call,
                True,
                _whole(usage.get("input")),
                _whole(usage.get("output")),
                each["level"] == "ERROR",
            )
        )
    return summed(records)


def read_zipkin(path: Path) -> Read:
    """Zipkin's lists: spans without model calls; a span without a timestamp cannot be placed."""
    return summed(
        [
            Plain(
                (each["traceId"], each["id"] + (" shared" if each.get("shared") else "")),
                None,
                False,
                "timestamp" in each,
                None,
                None,
                "error" in each.get("tags", {}),
            )
            for each in json.loads(path.read_text())
        ]
    )


def read_envoy(path: Path) -> Read:
    """Envoy AI Gateway's recordings: one call without ids and times a file, in OpenInference's attributes."""
    span = json.loads(path.read_text())
    said = {each["key"]: each["value"] for each in span["attributes"]}
    into, out = (said.get(f"llm.token_count.{name}", {}).get("intValue") for name in ("prompt", "completion"))
    is_failed = span.get("status", {}).get("code") == "STATUS_CODE_ERROR"
    is_call = said["openinference.span.kind"]["stringValue"] in ("LLM", "EMBEDDING")
    return summed([Plain(("", path.name), None, is_call, True, _whole(into), _whole(out), is_failed)])


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file with one a line."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def tokens_served(rows: Iterable[dict[str, Any]], endpoint: str) -> tuple[int, int]:
    """Input and output tokens of the answers whose usage the mock server sent, at an endpoint."""
    sent = [
        row
        for row in rows
        if row["path"] == endpoint and row["status"] == 200 and row.get("usage_sent", True) and "pt" in row
    ]
    return sum(row["pt"] for row in sent), sum(row.get("ct", 0) for row in sent)


READERS: dict[str, Callable[[Path], Read]] = {
    "spans/agentevals/*.json": read_jaeger,
    "spans/any_agent/*.json": read_any_agent,
    "spans/langfuse_framework_traces/*.json": read_langfuse,
    "spans/zipkin/*.json": read_zipkin,
    "spans/envoy_ai_gateway_openinference/*.json": read_envoy,
}
