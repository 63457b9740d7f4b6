"""Of how many content blocks is a message made, as a provider counts them that looks back for what it has cached?

Shape in: a message as it was recorded, decoded.  Shape out: a letter for each of its blocks, in their order; of a
prompt the positions up to the end of each part. A run of calls of tools is one position, and so is a run of their
results, also where several messages hold it.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching#how-automatic-prefix-checking-works,
read 2026-11-30.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise
from typing import Any, Final

from costctl.ingest.attribute_text import parsed_json

OTHER: Final = "o"
CALL: Final = "c"
RESULT: Final = "r"
_RUNS: Final = frozenset({CALL, RESULT})

# How interfaces and instrumentations name a call of a tool and its result: by the type of a block, or by its key.
_LETTER_OF: Final = {
    **dict.fromkeys(("tool_use", "tool_call", "tool-call", "function_call", "toolUse", "functionCall"), CALL),
    **dict.fromkeys(
        (
            "tool_result", "tool-result", "tool_call_response", "function_call_output", "toolResult",
            "functionResponse",
        ),
        RESULT,
    ),
}  # fmt: skip
_ROLES_OF_RESULTS: Final = frozenset({"tool", "function"})
_TYPES_OF_MESSAGES: Final = frozenset({"human", "ai", "system", "tool", "function"})  # in place of a role
_HELD: Final = ("parts", "contents", "content")
_IN_A_LIST: Final = re.compile(r"(contents|content|tool_calls)\.(\d+)(?:\..*)?")


def letters_of(message: Any) -> str | None:
    """A letter for each block of a message: ``OTHER``, ``CALL`` or ``RESULT``; None where it cannot be told."""
    if isinstance(message, str):
        return OTHER if message else ""
    if not isinstance(message, Mapping):
        return None
    said = {key.removeprefix("message."): value for key, value in message.items()}
    kind = said.get("type")
    role = said.get("role", kind if kind in _TYPES_OF_MESSAGES else None)
    if role is None:
        return None if kind is None else _letter(said)
    numbered = _numbered(said)
    blocks = numbered["contents"] or numbered["content"] or _blocks_in(said)
    if blocks is None:
        return None
    if role in _ROLES_OF_RESULTS and RESULT not in blocks:
        return RESULT
    calls = said.get("tool_calls")
    return blocks + CALL * (len(calls) if isinstance(calls, list) else len(numbered["tool_calls"]))


def positions_of(parts: Iterable[str | None]) -> list[int] | None:
    """Positions up to the end of each part, by its letters; None where those of one are not known."""
    counts, before = [], ""
    for letters in parts:
        if letters is None:
            return None
        joined = before + letters
        counts.append(_runs(joined) - len(before))
        before = joined[-1:]
    return list(accumulate(counts))


def _runs(letters: str) -> int:
    """Positions of blocks that follow one another: those of a run share one."""
    shared = sum(first == second and first in _RUNS for first, second in pairwise(letters))
    return len(letters) - shared


def _blocks_in(said: Mapping[str, Any]) -> str | None:
    """Of what a message holds: a text, a list of blocks, or such a list that is written as text."""
    held = next((said[key] for key in _HELD if said.get(key) is not None), "")
    if isinstance(held, str) and held.startswith("[{"):
        held = parsed_json(held)
    if isinstance(held, list):
        return "".join(map(_letter, filter(None, held)))
    return letters_of(held)


def _letter(block: Any) -> str:
    if not isinstance(block, Mapping):
        return OTHER
    named = _LETTER_OF.get(block.get("type", ""))
    return named or next((_LETTER_OF[key] for key in block if key in _LETTER_OF), OTHER)


def _numbered(said: Mapping[str, Any]) -> dict[str, str]:
    """Of keys such as ``contents.0.message_content.text`` a letter for each number, by the list."""
    numbers: dict[str, set[int]] = {"contents": set(), "content": set(), "tool_calls": set()}
    for key in said:
        if (found := _IN_A_LIST.fullmatch(key)) is not None:
            numbers[found[1]].add(int(found[2]))
    return {name: OTHER * len(each) for name, each in numbers.items()}
