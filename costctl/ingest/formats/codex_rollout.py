"""Which model calls does a session file of Codex tell of?

Shape in: the lines of ~/.codex/sessions/**/rollout-*.jsonl in order: ``{"timestamp", "type", "payload"}``.  Shape
out: a span a call, with the number of the line that tells of it. After each call a ``token_count`` says what it used
(``last_token_usage``) and what the session has used (``total_token_usage``): sums are never added, and one that has
not grown tells of no new call. Where only the sum is there, a call is what it has grown by.
https://github.com/openai/codex/blob/main/codex-rs/protocol/src/protocol.rs
"""

from __future__ import annotations

from typing import Any, Final

from costctl.ingest.formats.found import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Json,
    ToldCall,
    hex_id,
    named,
    ns_text,
)
from costctl.ingest.formats.otlp_normalise import attributes_of
from costctl.ingest.formats.otlp_values import json_text

_NS_PER_S: Final = 10**9
_TYPES: Final = frozenset({"session_meta", "turn_context", "event_msg", "response_item", "compacted"})


def is_codex_line(line: Json) -> bool:
    """Whether the line is one of a session file of Codex."""
    kind = line.get("type")
    return isinstance(kind, str) and kind in _TYPES and isinstance(line.get("payload"), dict)


class CodexRollout:
    """Reads the lines of one source in order. It remembers the session, the model in use and the last sum.

    A session that was forked begins with a copy of the older one, its sums included; calls are known by the oldest
    session and the sum that they led to, so that a copy is the same call.
    """

    service = "codex"

    def __init__(self) -> None:
        self._session: Any = None
        self._family: Any = None
        self._context: Json = {}
        self._provider: Any = None
        self._sum: Json = {}

    def calls(self, line: Json, position: int) -> tuple[bool, list[ToldCall]]:
        """Whether the line tells of a call, and that call."""
        payload = named(line.get("payload"))
        if line.get("type") == "session_meta":
            self._begin(named(payload.get("meta")) or payload)
        elif line.get("type") == "turn_context":
            self._context = {
                **self._context,
                **{name: each for name, each in payload.items() if each is not None},
            }
        elif payload.get("type") == "token_count":
            used = self._used(named(payload.get("info")))
            if any(used.values()):
                return True, [ToldCall((position,), self._span(line, used))]
        return False, []

    def rest(self) -> list[ToldCall]:
        """No call stays open."""
        return []

    def _begin(self, meta: Json) -> None:
        """The session's own id is the first; ids of sessions that it was copied from may follow."""
        own = meta.get("id") or meta.get("session_id")
        self._session = self._session or own
        self._family = meta.get("forked_from_id") or own or self._family
        self._provider = meta.get("model_provider") or self._provider

    def _used(self, info: Json) -> Json:
        """What the call used; nothing where the session's sum has not grown."""
        total, last = _counts(info.get("total_token_usage")), _counts(info.get("last_token_usage"))
        before, self._sum = self._sum, total or self._sum
        if total and total == before:
            return {}
        if last:
            return last
        if total.get("input_tokens", 0) < before.get("input_tokens", 0):
            before = {}  # the sum began anew
        return {name: each - before.get(name, 0) for name, each in total.items()}

    def _span(self, line: Json, used: Json) -> Json:
        start = ns_text(line.get("timestamp"), _NS_PER_S)
        key = json_text(
            [self._family, self._context.get("model"), sorted(self._sum.items()), sorted(used.items())]
        )
        if not self._sum:
            key = json_text([key, line.get("timestamp")])
        facts = {
            "gen_ai.operation.name": "chat",
            "codex.model": self._context.get("model"),
            "codex.model_provider": self._provider,
            "codex.service_tier": self._context.get("service_tier"),
            "conversation.id": self._session,
            **{f"codex.usage.{name}": each for name, each in used.items()},
        }
        span = {
            "traceId": hex_id(f"call {key}", TRACE_ID_DIGITS),
            "spanId": hex_id(f"call {key}", SPAN_ID_DIGITS),
            "name": "codex.token_count",
            "startTimeUnixNano": start,
            "attributes": attributes_of({name: each for name, each in facts.items() if each is not None}),
        }
        return {name: each for name, each in span.items() if each is not None}


def _counts(usage: Any) -> Json:
    """The counts of a usage; what is no count is left out."""
    return {
        name: each
        for name, each in named(usage).items()
        if isinstance(each, int) and not isinstance(each, bool)
    }
