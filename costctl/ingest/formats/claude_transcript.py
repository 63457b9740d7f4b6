"""Which model calls does a transcript of Claude Code tell of?

Shape in: the lines of ~/.claude/projects/*/*.jsonl, or of ``claude -p --output-format stream-json``, in order.  Shape
out: a span a call, with the numbers of the lines that tell of it. While an answer streams, the message is written again
and again under one id, each time with the usage so far: it is one call, and the last usage holds. A session that is
resumed or forked begins with a copy of the older one; the ids of a call are made of its message's, so that the copy is
known. Shape of the lines: https://github.com/ryoppippi/ccusage, https://code.claude.com/docs/en/data-usage
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from costctl.ingest.formats.found import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Json,
    ToldCall,
    hex_id,
    listed,
    named,
    ns_text,
)
from costctl.ingest.formats.otlp_normalise import attributes_of
from costctl.ingest.formats.sdk_spans import flat_attributes

_MOST_OPEN: Final = (
    1_000  # messages that further lines may still add to; agents that run side by side are dozens
)
_NS_PER_S: Final = 10**9
_SYNTHETIC: Final = "<synthetic>"
_KEPT: Final = (
    "requestId",
    "sessionId",
    "session_id",
    "isSidechain",
    "parent_tool_use_id",
    "costUSD",
    "durationMs",
    "isApiErrorMessage",
)
_IDS: Final = ("uuid", "leafUuid", "messageId")


def is_claude_line(line: Json) -> bool:
    """Whether the line is one of a transcript of Claude Code."""
    if not isinstance(line.get("type"), str):
        return False
    if line["type"] == "summary":
        return "leafUuid" in line
    return ("sessionId" in line or "session_id" in line) and any(name in line for name in _IDS)


class ClaudeTranscript:
    """Reads the lines of one source in order. It remembers the messages that may still be streaming."""

    service = "claude-code"

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[list[int], Json]] = OrderedDict()

    def calls(self, line: Json, position: int) -> tuple[bool, list[ToldCall]]:
        """Whether the line tells of a call, and the calls of which no more lines are expected."""
        said = _answer_in(line)
        if said is None:
            return False, []
        message = named(said.get("message"))
        key = f"{message.get('id') or said.get('uuid')} {said.get('requestId') or ''}"
        lines, known = self._open.pop(key, ([], {}))
        lines.append(position)
        self._open[key] = (lines, _later(known, said))
        if len(self._open) <= _MOST_OPEN:
            return True, []
        oldest, (its_lines, its) = self._open.popitem(last=False)
        return True, _calls(oldest, its_lines, its)

    def rest(self) -> list[ToldCall]:
        """The calls that were still open at the end."""
        found = [call for key, (lines, said) in self._open.items() for call in _calls(key, lines, said)]
        self._open.clear()
        return found


def _answer_in(line: Json) -> Json | None:
    """The line, or the one that it reports of a subagent, if it is an answer of a model."""
    if line.get("type") == "progress":
        inner = named(named(line.get("data")).get("message"))
        line = {
            **inner,
            "sessionId": line.get("sessionId"),
            "timestamp": inner.get("timestamp", line.get("timestamp")),
        }
    message = named(line.get("message"))
    if line.get("type") != "assistant" or not message:
        return None
    model = message.get("model")
    is_answer = isinstance(model, str) and model not in ("", _SYNTHETIC)
    return line if is_answer or (named(message.get("usage")) and model != _SYNTHETIC) else None


def _later(known: Json, said: Json) -> Json:
    """What is known of a message when one more line has told of it: the last usage, and the first time. What was said
    is not kept.
    """
    before, message = named(known.get("message")), named(said.get("message"))
    kept = {name: message.get(name, before.get(name)) for name in ("model", "stop_reason")}
    kept["usage"] = named(message.get("usage")) or named(before.get("usage"))
    line = {name: said[name] for name in _KEPT if said.get(name) is not None}
    first = known.get("timestamp") or said.get("timestamp")
    return {**known, **line, "message": kept, "timestamp": first}


def _calls(key: str, lines: list[int], said: Json) -> list[ToldCall]:
    """The call, and one more for each time that the server made the conversation shorter on the way, whose tokens the
    usage leaves out (https://platform.claude.com/docs/en/build-with-claude/compaction).
    """
    usage = named(named(said["message"]).get("usage"))
    iterations = [named(each) for each in listed(usage.get("iterations"))]
    usage = {name: each for name, each in usage.items() if name != "iterations"}
    compactions = [each for each in iterations if each.get("type") == "compaction"]
    extra = [
        ToldCall((lines[-1],), _span(f"{key} compaction {number}", said, each))
        for number, each in enumerate(compactions, 1)
    ]
    return [ToldCall(tuple(lines), _span(key, said, usage)), *extra]


def _span(key: str, said: Json, usage: Json) -> Json:
    message = said["message"]
    start = ns_text(said.get("timestamp"), _NS_PER_S)
    length = said.get("durationMs")
    facts = {
        "gen_ai.operation.name": "chat",
        "claude_code.model": message.get("model"),
        "claude_code.request_id": said.get("requestId"),
        "claude_code.cost_usd": said.get("costUSD"),
        "claude_code.stop_reason": message.get("stop_reason"),
        "session.id": said.get("sessionId") or said.get("session_id"),
        "claude_code.is_sidechain": said.get("isSidechain") or said.get("parent_tool_use_id") is not None,
        "claude_code.error": "api_error" if said.get("isApiErrorMessage") else None,
        **{f"claude_code.usage.{name}": each for name, each in flat_attributes(usage)},
    }
    span = {
        "traceId": hex_id(f"call {key}", TRACE_ID_DIGITS),
        "spanId": hex_id(f"call {key}", SPAN_ID_DIGITS),
        "name": "claude_code.message",
        "startTimeUnixNano": start,
        "endTimeUnixNano": None if start is None else _end(start, length),
        "attributes": attributes_of({name: each for name, each in facts.items() if each is not None}),
    }
    return {name: each for name, each in span.items() if each is not None}


def _end(start: str, length_ms: Any) -> str | None:
    if isinstance(length_ms, bool) or not isinstance(length_ms, int | float) or not 0 <= length_ms < 10**9:
        return None
    return str(int(start) + round(length_ms * 10**6))
