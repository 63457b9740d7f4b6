"""Which events of coding agents tell of a model call, and under which names do they say it?

Shape in: the name of a log event and its attributes.  Shape out: the attributes under names that mean nothing on the
spans of others (``model`` becomes ``codex.model``), or None where the event tells of no call that another event does
not tell of.

Claude Code: https://code.claude.com/docs/en/monitoring-usage
Codex: https://github.com/openai/codex/blob/main/codex-rs/otel/src/events/session_telemetry.rs
Gemini CLI, and Qwen Code, which is made of it: https://github.com/google-gemini/gemini-cli/blob/main/docs/cli/telemetry.md
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from costctl.ingest.formats.found import Json

# Agent → what stands before its plain names.
_PREFIXES: Final = {
    "claude_code": "claude_code.",
    "codex": "codex.",
    "gemini_cli": "gemini_cli.",
    "qwen-code": "qwen_code.",
}
AGENT_PREFIXES: Final = tuple(_PREFIXES.values())
_CLAUDE_CODE_SCOPE: Final = "com.anthropic.claude_code"
_ANSWERS: Final = frozenset({"api_request", "api_error", "api_response", "api_refusal"})
_FIRST_ERROR_STATUS: Final = 400
_COMPLETED: Final = "response.completed"
_INPUT: Final = "input_token_count"
_TOOL_INPUT: Final = "tool_token_count"


def agent_event(names: Iterable[Any], scope: str | None) -> str:
    """The name of an agent's event, ``claude_code.api_request``; nothing where it is no agent's.

    names: what the record calls itself.  scope: who wrote it; Claude Code names its events there and leaves its own
    name out of theirs.
    """
    words = [name for name in names if isinstance(name, str)]
    full = next((word for word in words if word.partition(".")[0] in _PREFIXES), None)
    if full is not None:
        return full
    return f"claude_code.{words[0]}" if words and (scope or "").startswith(_CLAUDE_CODE_SCOPE) else ""


def agent_attributes(name: str, said: Json) -> Json | None:
    """The attributes of an event under names of their own; those of anyone else's record as they are.

    name: as ``agent_event`` gives it.
    """
    agent, _, event = name.partition(".")
    if agent not in _PREFIXES:
        return said
    if not _is_answer(agent, event, said):
        return None
    prefix = _PREFIXES[agent]
    if agent in ("gemini_cli", "qwen-code"):
        said = _with_tool_input(said)
    return {key if "." in key else prefix + key: each for key, each in said.items()}


def _is_answer(agent: str, event: str, said: Json) -> bool:
    """Whether the event is the record of a call. Codex tells of each answer when its stream is complete, and of the
    attempts apart, of which only the failed ones have no answer. Claude Code and Gemini CLI tell of an attempt and of
    its answer by names that differ from one to the other.
    """
    if agent == "codex":
        if event in ("sse_event", "websocket_event"):
            return said.get("event.kind") == _COMPLETED and _INPUT in said
        return event == "api_request" and _has_failed(said)
    if agent == "claude_code":
        return event in _ANSWERS
    return event in _ANSWERS and event != "api_request"


def _has_failed(said: Json) -> bool:
    status = _whole(said.get("http.response.status_code", said.get("http_status")))
    return "error.message" in said or (status is not None and status >= _FIRST_ERROR_STATUS)


def _with_tool_input(said: Json) -> Json:
    """Gemini counts what tools put into the prompt beside the prompt; here the input holds both."""
    given, by_tools = _whole(said.get(_INPUT)), _whole(said.get(_TOOL_INPUT))
    if given is None or by_tools is None:
        return said
    rest = {key: each for key, each in said.items() if key != _TOOL_INPUT}
    return {**rest, _INPUT: given + by_tools}


def _whole(value: Any) -> int | None:
    """A count, also one written as text."""
    if isinstance(value, bool):
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
