"""Which calls and tools do request traces of NVIDIA Dynamo tell of?

Shape in: a stream of JSON lines: a record of the schema ``dynamo.request.trace.v1``, or of its forerunner
``dynamo.agent.trace.v1``, bare or as the file sink wraps it (``{"timestamp", "event"}``).  Shape out: ``Batch`` after
``Batch``: a call for each ``request_end``, a tool for each ``tool_end`` or ``tool_error``, below the call that asked
for it where that was in the same source.
https://docs.nvidia.com/dynamo/dev/reference/observability/request-traces

Input tokens include those that the cache served. The hashes of a prompt's blocks are those of a sequence, so that equal
ones are equal prefixes wherever they stand.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from costctl.ingest.batch import Batch
from costctl.ingest.formats.canonical_rows import count, line_batches, number, text
from costctl.ingest.formats.found import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Json,
    hex_id,
    listed,
    named,
)
from costctl.ingest.prompt_prefixes import prefix_tokens_of_blocks

NAME: Final = "dynamo_trace"
_SCHEMAS: Final = ("dynamo.request.trace.", "dynamo.agent.trace.")
_MARK: Final = tuple(b'"' + schema.encode() for schema in _SCHEMAS)
_TOOL_ENDS: Final = ("tool_end", "tool_error")
_MOST_TOOLS: Final = 100_000  # calls of tools that were asked for and have not ended
_NO_CALL: Final = "A record that is neither the end of a request nor the end of a tool call."
_NS_PER_MS: Final = 10**6
_FAILED: Final = ("error", "failed", "cancelled", "canceled", "timeout")


def is_dynamo_trace(head: bytes) -> bool:
    """Whether the first bytes are of such a trace."""
    first = head.lstrip().split(b"\n", 1)[0]
    return first.startswith(b"{") and any(mark in first for mark in _MARK)


def read_dynamo_trace(stream: BinaryIO) -> Iterator[Batch]:
    """Batches of canonical spans."""
    callers = _Callers()

    def row_of(value: Any, _line: int) -> Json | None:
        record = _record(value)
        return None if record is None else _row(record, callers)

    yield from line_batches(stream, row_of, NAME, "not_a_request", _NO_CALL)


class _Callers:
    """Which call asked for which run of a tool."""

    def __init__(self) -> None:
        self._spans: OrderedDict[tuple[str, str], str] = OrderedDict()

    def add(self, session: str, tool_call: str, span_id: str) -> None:
        self._spans[session, tool_call] = span_id
        if len(self._spans) > _MOST_TOOLS:
            self._spans.popitem(last=False)

    def of(self, session: str, tool_call: str) -> str | None:
        return self._spans.get((session, tool_call))


def _record(value: Any) -> Json | None:
    """The record, out of what the file sink wraps around it; None where it is of another schema."""
    record = named(value)
    record = named(record.get("event")) if "schema" not in record else record
    return record if str(record.get("schema")).startswith(_SCHEMAS) else None


def _row(record: Json, callers: _Callers) -> Json | None:
    if record.get("event_type") == "request_end" and isinstance(record.get("request"), dict):
        return _call(record, record["request"], callers)
    if record.get("event_type") in _TOOL_ENDS and isinstance(record.get("tool"), dict):
        return _tool(record, record["tool"], callers)
    return None


def _session(record: Json) -> tuple[str | None, str | None]:
    """The run that the record belongs to, and what kind of run it is."""
    context = named(record.get("agent_context"))
    run = (
        text(context.get("session_id"))
        or text(context.get("workflow_id"))
        or text(context.get("trajectory_id"))
    )
    return run, text(context.get("session_type_id")) or text(context.get("workflow_type_id"))


def _ids(session: str | None, key: str) -> Json:
    """A trace for the session, for a record without one a trace of its own."""
    return {
        "trace_id": hex_id(f"session {session}" if session else f"record {key}", TRACE_ID_DIGITS),
        "span_id": hex_id(f"record {session} {key}", SPAN_ID_DIGITS),
    }


def _ns(milliseconds: Any) -> int | None:
    value = number(milliseconds)
    if value is None or value <= 0:
        return None
    whole = int(value)  # apart from the rest, so that no nanosecond is lost
    return whole * _NS_PER_MS + round((value - whole) * _NS_PER_MS)


def _seconds(milliseconds: Any) -> float | None:
    value = number(milliseconds)
    return None if value is None or value < 0 else value / 1e3


def _call(record: Json, request: Json, callers: _Callers) -> Json:
    session, kind = _session(record)
    end_ns, start_ns = _ns(record.get("event_time_unix_ms")), _ns(request.get("request_received_ms"))
    length_ns = _ns(request.get("total_time_ms"))
    if start_ns is not None and length_ns is not None:
        end_ns = start_ns + length_ns
    elif start_ns is None and end_ns is not None:
        start_ns = end_ns - (length_ns or 0)
        end_ns = None if length_ns is None else end_ns
    replay = named(request.get("replay"))
    finish = named(request.get("finish_reason_metadata"))
    worker = named(request.get("worker"))
    identity = (
        text(request.get("request_id"))
        or text(request.get("x_request_id"))
        or str(record.get("event_time_unix_ms"))
    )
    ids = _ids(session, identity)
    for tool in listed(finish.get("tool_calls")):
        callers.add(str(session), str(named(tool).get("id")), ids["span_id"])
    given = count(request.get("input_tokens"))
    input_tokens = count(replay.get("input_length")) if given is None else given
    blocks = [str(block) for block in listed(replay.get("input_sequence_hashes"))] or None
    replica = worker.get("decode_worker_id", worker.get("prefill_worker_id"))
    return {
        **ids,
        "name": "request",
        "operation": "chat",
        "start_ns": start_ns,
        "end_ns": end_ns,
        "session_id": session,
        "workload": kind,
        "model_served": text(request.get("model")),
        "input_tokens": input_tokens,
        "cached_input_tokens": count(request.get("cached_tokens")),
        "output_tokens": count(request.get("output_tokens")),
        "queue_s": _seconds(request.get("prefill_wait_time_ms")),
        "prefill_s": _seconds(request.get("prefill_time_ms")),
        "ttft_s": _seconds(request.get("ttft_ms")),
        "finish_reason": text(finish.get("finish_reason")),
        "replica_id": None if replica is None else str(replica),
        "response_id": text(request.get("x_request_id")) or text(request.get("request_id")),
        "prefix_keys": blocks,
        "prefix_tokens": prefix_tokens_of_blocks(blocks, count(replay.get("trace_block_size")), input_tokens),
    }


def _tool(record: Json, tool: Json, callers: _Callers) -> Json:
    session, kind = _session(record)
    end_ns = _ns(tool.get("ended_at_unix_ms")) or _ns(record.get("event_time_unix_ms"))
    start_ns, length_ns = _ns(tool.get("started_at_unix_ms")), _ns(tool.get("duration_ms"))
    if start_ns is None and end_ns is not None:
        start_ns = end_ns - (length_ns or 0)
    identity = str(tool.get("tool_call_id"))
    has_failed = record["event_type"] == "tool_error" or tool.get("status") in _FAILED
    return {
        **_ids(session, f"tool {identity} {start_ns}"),
        "parent_span_id": callers.of(str(session), identity),
        "name": text(tool.get("tool_class")) or text(tool.get("tool_name")) or "tool",
        "operation": "execute_tool",
        "stage": "tool",
        "start_ns": start_ns,
        "end_ns": end_ns,
        "session_id": session,
        "workload": kind,
        "status": "error" if has_failed else "ok",
        "error_type": text(tool.get("error_type")) if has_failed else None,
    }
