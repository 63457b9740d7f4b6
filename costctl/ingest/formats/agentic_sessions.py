"""Which calls and agents does a recorded session of a coding agent hold, as benchmarks share them?

Shape in: a stream of JSON objects, a session each: ``{id, block_size, hash_id_scope, requests}``. A request is a call
({t, model, in, out, hash_ids, stop, api_time, ttft}) or an agent with requests of its own; t counts seconds from the
beginning of the session or, within an agent, of the agent.  Shape out: ``Batch`` after ``Batch``: a trace a session,
agents as the spans above their calls, and the hashed blocks of each prompt as the keys of its prefix.

No date is recorded: sessions begin at 1970, as those of other relative traces do. Blocks are known within a session,
unless ``hash_id_scope`` says that they are global.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from costctl.ingest.batch import Batch, Reject
from costctl.ingest.formats.canonical_rows import count, no_rows, number, rows_batch, text
from costctl.ingest.formats.found import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Json,
    hex_id,
    listed,
)
from costctl.ingest.formats.json_blocks import BLOCK_BYTES, json_blocks
from costctl.ingest.formats.json_documents import json_values
from costctl.ingest.formats.json_pieces import LOG_LAYOUT
from costctl.ingest.privacy import skeleton
from costctl.ingest.prompt_prefixes import prefix_tokens_of_blocks

NAME: Final = "agentic_sessions"
_MARKS: Final = (re.compile(rb'"hash_id_scope"\s*:'), re.compile(rb'"block_size"\s*:\s*\d'))
_NS_PER_S: Final = 10**9
_DEEPEST: Final = 32
_CALLS_AT_ONCE: Final = 2_000
_STREAMED: Final = {"s": True, "n": False}
_FINISH: Final = {"end_turn": "stop", "max_tokens": "length"}


def is_agentic_sessions(head: bytes) -> bool:
    """Whether the first bytes are of such a session."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n[").startswith(b"{") and all(mark.search(head) for mark in _MARKS)


def read_agentic_sessions(stream: BinaryIO) -> Iterator[Batch]:
    """Batches of canonical spans."""
    for block in json_blocks(stream, BLOCK_BYTES, LOG_LAYOUT):
        for place, line in enumerate(block.lines()):
            position = int(block.positions[place])
            is_cut = block.is_unterminated and place == len(block.positions) - 1
            yield from _line_batches(line, position, is_cut=is_cut)


def _line_batches(line: bytes, position: int, *, is_cut: bool) -> Iterator[Batch]:
    written = line.decode("utf-8", "replace")
    try:
        values = list(json_values(written))
    except (ValueError, RecursionError):
        code = "truncated" if is_cut else "bad_json"
        fault = Reject(position, code, "A session that is not valid JSON.", skeleton(written))
        yield no_rows(fault)
        return
    sessions = [each for value in values for each in (value if isinstance(value, list) else [value])]
    for session in sessions:
        yield from _session_batches(session, position)


@dataclass(slots=True)
class _Session:
    """What a walk through a session has found. scope: before the number of a block, so that it means the same wherever
    it stands.  block_tokens: tokens of a block, None where that is not said.  rows: of the canonical columns.
    rejects: requests that are none.
    """

    id: str
    trace_id: str
    scope: str
    block_tokens: int | None
    position: int
    rows: list[Json] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def span_id(self, place: str) -> str:
        return hashlib.sha256(f"{self.id} {place}".encode("utf-8", "replace")).hexdigest()[:SPAN_ID_DIGITS]

    def reject(self, message: str) -> None:
        self.rejects.append(Reject(self.position, "bad_value", message, ""))


def _session_batches(value: Any, position: int) -> Iterator[Batch]:
    if not isinstance(value, dict) or not isinstance(value.get("requests"), list):
        fault = Reject(
            position, "not_a_request", "A JSON value that is not a session: it has no list of requests.", ""
        )
        yield no_rows(fault)
        return
    name = str(value.get("id") or hashlib.sha256(repr(value["requests"][:4]).encode()).hexdigest()[:16])
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
    is_global = value.get("hash_id_scope") == "global"
    session = _Session(
        name,
        hex_id(f"session {name}", TRACE_ID_DIGITS) or digest,
        "" if is_global else digest[:10],
        count(value.get("block_size")),
        position,
    )
    end_ns = _walk(session, value["requests"], "session", 0, 0)
    session.rows.insert(0, _agent(session, "session", None, "session", 0, end_ns))
    for first in range(0, len(session.rows), _CALLS_AT_ONCE):
        part = session.rows[first : first + _CALLS_AT_ONCE]
        batch = rows_batch(part, [position] * len(part), NAME)
        rejects = (*session.rejects, *batch.rejects) if first == 0 else batch.rejects
        yield Batch(batch.spans, rejects, batch.resources)


def _walk(session: _Session, requests: list[Any], place: str, begin_ns: int, depth: int) -> int | None:
    """Adds the requests below one agent; when the last of them had ended. begin_ns: when the agent began."""
    ends: list[int] = []
    for at, request in enumerate(requests):
        start_s = number(request.get("t")) if isinstance(request, dict) else None
        if start_s is None or depth > _DEEPEST:
            session.reject("A request without a time, or one that is nested too deep.")
            continue
        start_ns = begin_ns + round(start_s * _NS_PER_S)
        own = f"{place}/{at}"
        if isinstance(request.get("requests"), list):
            end_ns = _nested(session, request, place, own, start_ns, depth)
        else:
            end_ns = _call(session, request, place, own, start_ns)
        ends += [start_ns if end_ns is None else end_ns]
    return max(ends, default=None)


def _nested(session: _Session, request: Json, place: str, own: str, start_ns: int, depth: int) -> int | None:
    """Adds an agent and what it asked for; when it ended."""
    length_ms = number(request.get("duration_ms"))
    where = len(session.rows)
    last_ns = _walk(session, request["requests"], own, start_ns, depth + 1)
    end_ns = last_ns if length_ms is None else start_ns + round(length_ms * 1e6)
    name = text(request.get("subagent_type")) or "agent"
    session.rows.insert(where, _agent(session, own, place, name, start_ns, end_ns))
    return end_ns


def _agent(
    session: _Session, own: str, place: str | None, name: str, start_ns: int, end_ns: int | None
) -> Json:
    return {
        "trace_id": session.trace_id,
        "span_id": session.span_id(own),
        "parent_span_id": None if place is None else session.span_id(place),
        "name": name,
        "operation": "invoke_agent",
        "start_ns": start_ns,
        "end_ns": end_ns,
        "session_id": session.id,
    }


def _call(session: _Session, request: Json, place: str, own: str, start_ns: int) -> int | None:
    """Adds a call; when it ended, None where that was not recorded."""
    length_s = number(request.get("api_time"))
    end_ns = None if length_s is None or length_s < 0 else start_ns + round(length_s * _NS_PER_S)
    stop = text(request.get("stop"))
    blocks = listed(request.get("hash_ids"))
    session.rows.append(
        {
            "trace_id": session.trace_id,
            "span_id": session.span_id(own),
            "parent_span_id": session.span_id(place),
            "name": "call",
            "operation": "chat",
            "start_ns": start_ns,
            "end_ns": end_ns,
            "session_id": session.id,
            "model_served": text(request.get("model")),
            "input_tokens": count(request.get("in")),
            "output_tokens": count(request.get("out")),
            "prefix_keys": [f"{session.scope}{block}" for block in blocks],
            "prefix_tokens": prefix_tokens_of_blocks(blocks, session.block_tokens, count(request.get("in"))),
            "is_stream": _STREAMED.get(str(request.get("type"))),
            "ttft_s": number(request.get("ttft")),
            "finish_reason": None if stop is None else _FINISH.get(stop, stop),
        }
    )
    return end_ns
