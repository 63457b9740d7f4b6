"""The prompt of one span, hashed the slow way: attribute by attribute, each prefix from its beginning.

It shares the dialects' tables with costctl.ingest, and no other code.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable
from typing import Any

from costctl.ingest.dialect import KeyRule, PromptRules, Vocabulary

Blocks = list[str] | None  # of which kinds of blocks a message is made; None where that cannot be told
# What a part says, its characters, its blocks, its role, whether it says something, and whether all of it is text.
Said = tuple[bytes, int, Blocks, str, bool, bool]
UNSAID = {"cache_control", "cachePoint", "cache_point", "finish_reason"}
FORMAT = {"type", "role", "id", "tool_call_id", "mime_type", "modality"}
NO_TEXT = {"blob", "uri", "file", "image", "image_url", "input_image", "audio", "input_audio", "video"}
KEYS_OF_NO_TEXT = {
    "image",
    "document",
    "video",
    "audio",
    "inlineData",
    "inline_data",
    "fileData",
    "file_data",
}
INSTRUCTIONS = {"system", "developer"}
DECIDES_NOTHING = {
    "user",
    "metadata",
    "stream",
    "stream_options",
    "extra_headers",
    "timeout",
    "tools",
    "messages",
}


def prefixes_slowly(
    texts: dict[str, str],
    events: list[tuple[str, dict[str, str]]],
    row: dict[str, Any],
    vocabulary: Vocabulary,
) -> dict[str, Any]:
    """The columns of a span that is a call. texts: its attributes; of each event its name, and likewise."""
    prompt = _prompt(texts, vocabulary.prompts)
    if prompt is None:
        told = [found for _, said in events if (found := _prompt(said, vocabulary.prompts)) is not None]
        names = {name for rules in vocabulary.prompts for name in rules.events}
        one_by_one = [
            _part({"role": name.split(".")[-2], **said}) for name, said in events if name in names and said
        ]
        prompt = told[-1] if told else ([], one_by_one, b"") if one_by_one else None
    if prompt is None or not row["is_model_call"]:
        return {}
    before, messages, decides = prompt
    if not all(says for *_, says, _ in (*before, *messages)):
        return {}
    while messages and messages[0][3] in INSTRUCTIONS:
        before, messages = [*before, messages[0]], messages[1:]
    first = (b"".join(said for said, *_ in before), sum(each[1] for each in before), [])
    parts = [first, *((said, characters, blocks) for said, characters, blocks, *_ in messages)]
    is_text = all(each[5] for each in (*before, *messages))
    spelled = [b"".join(_framed(said) for said, *_ in parts[: place + 1]) for place in range(len(parts))]
    model = (row["model_requested"] or "").encode()
    return {
        "prefix_keys": [_digest(each) for each in spelled],
        "prefix_tokens": _sizes([characters for _, characters, _ in parts], row["input_tokens"])
        if is_text
        else None,
        "prefix_blocks": _positions([each[2] for each in messages]),
        "content_key": row["content_key"] or _digest(spelled[-1] + decides + model),
    }


def _framed(said: bytes) -> bytes:
    return len(said).to_bytes(8, "little") + said


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _sizes(characters: list[int], tokens: int | None) -> list[int] | None:
    if tokens is None:
        return None
    total = sum(characters)
    if total == 0:
        return [0] * (len(characters) - 1) + [tokens]
    ratio = tokens / total
    before = [math.floor(sum(characters[: place + 1]) * ratio + 0.5) for place in range(len(characters) - 1)]
    return [*before, tokens]


def _prompt(
    texts: dict[str, str], dialects: Iterable[PromptRules]
) -> tuple[list[Said], list[Said], bytes] | None:
    for rules in dialects:
        messages = _section(texts, rules.messages)
        if not messages:
            continue
        before = [*(_section(texts, rules.tools) or []), *(_section(texts, rules.system) or [])]
        decides = b"".join(key.encode() + _deciding(texts[key]) for key in rules.decides if key in texts)
        return before, messages, decides
    return None


def _deciding(text: str) -> bytes:
    value = _json(text) if text.startswith("{") else text
    if isinstance(value, dict):
        value = {key: each for key, each in value.items() if key not in DECIDES_NOTHING}
    return _spelled(value) + b"\n"


def _section(texts: dict[str, str], rules: Iterable[KeyRule]) -> list[Said] | None:
    for rule in rules:
        found = _numbered(texts, rule.key) if "*" in rule.key else _written(texts, rule)
        if found:
            return found
    return None


def _numbered(texts: dict[str, str], pattern: str) -> list[Said]:
    before, after = pattern.split("*")
    messages: dict[int, dict[str, str]] = {}
    for key, text in texts.items():
        if not key.startswith(before):
            continue
        number, _, rest = key[len(before) :].partition(".")
        if not re.fullmatch(r"\d+", number) or (after and "." + rest != after):
            continue
        messages.setdefault(int(number), {})["" if after else rest] = text
    if sorted(messages) != list(range(len(messages))):
        return []
    return [_part(messages[number]) for number in sorted(messages)]


def _written(texts: dict[str, str], rule: KeyRule) -> list[Said]:
    if rule.key not in texts:
        return []
    text = texts[rule.key]
    value = _json(text)
    if rule.field is not None:
        for name in (
            [rule.field] if isinstance(value, dict) and rule.field in value else rule.field.split(".")
        ):
            value = value.get(name) if isinstance(value, dict) else None
    elif isinstance(value, dict) and "messages" in value:
        return []
    elif value is None:
        return [] if not text or text.lstrip()[:1] in ("[", "{") else [_part(text)]
    if value is None or value == "":
        return []
    return [_part(each) for each in value] if isinstance(value, list) else [_part(value)]


def _part(value: Any) -> Said:
    plain = _without(value)
    return _spelled(plain), _characters(plain), _blocks(plain), _role(plain), _says(plain), _is_text(plain)


def _role(message: Any) -> str:
    if not isinstance(message, dict):
        return ""
    return str(message.get("role") or message.get("message.role") or message.get("type") or "").lower()


def _says(message: Any) -> bool:
    """Whether something is said, beside words of the format; a tool may be called with nothing."""
    if {"call", "result"} & set(_blocks(message) or ()):
        return True
    if isinstance(message, dict):
        return any(_says(each) for key, each in message.items() if key.split(".")[-1] not in FORMAT)
    return any(map(_says, message)) if isinstance(message, list) else message not in (None, "")


def _is_text(message: Any) -> bool:
    """Whether it holds no file or image: by type, by a key that holds one, or within a text that lists blocks."""
    if isinstance(message, str) and message.startswith("[{"):
        return _is_text(_json(message))
    if not isinstance(message, dict):
        return all(map(_is_text, message)) if isinstance(message, list) else True
    kinds = [value for key, value in message.items() if key.split(".")[-1] == "type"]
    held = [value for key, value in message.items() if key in KEYS_OF_NO_TEXT and isinstance(value, dict)]
    if any(kind in NO_TEXT for kind in kinds) or any(
        {"source", "mimeType", "mime_type"} & set(each) for each in held
    ):
        return False
    return all(map(_is_text, message.values()))


def _positions(messages: list[Blocks]) -> list[int] | None:
    """Of the first part 0, and of each message the positions up to its end, counted from the beginning each time."""
    if None in messages:
        return None
    counts = []
    for end in range(len(messages) + 1):
        blocks = [kind for message in messages[:end] for kind in message or ()]
        runs = [
            kind
            for place, kind in enumerate(blocks)
            if kind == "other" or place == 0 or blocks[place - 1] != kind
        ]
        counts.append(len(runs))
    return counts


def _blocks(message: Any) -> Blocks:
    if isinstance(message, str):
        return ["other"] if message else []
    if not isinstance(message, dict):
        return None
    told = {re.sub(r"^message\.", "", key): value for key, value in message.items()}
    is_of_langchain = told.get("type") in {"human", "ai", "system", "tool", "function"}
    role = told.get("role", told.get("type") if is_of_langchain else None)
    if role is None:
        return None if told.get("type") is None else [_block(told)]
    blocks = _held(told)
    if blocks is None:
        return None
    if role in {"tool", "function"} and "result" not in blocks:
        return ["result"]
    calls = told.get("tool_calls")
    count = len(calls) if isinstance(calls, list) else len(_numbers(told, "tool_calls"))
    return blocks + ["call"] * count


def _held(told: dict[str, Any]) -> Blocks:
    for name in ("contents", "content"):
        if numbers := _numbers(told, name):
            return ["other"] * len(numbers)
    held = next((told[name] for name in ("parts", "contents", "content") if told.get(name) is not None), "")
    if isinstance(held, str) and held[:2] == "[{":
        held = _json(held)
    if isinstance(held, list):
        return [_block(each) for each in held if each]
    return _blocks(held)


def _numbers(told: dict[str, Any], name: str) -> set[str]:
    return {found[1] for key in told if (found := re.fullmatch(name + r"\.(\d+)(\..*)?", key))}


def _block(block: Any) -> str:
    if isinstance(block, dict):
        words = [str(block.get("type", "")), *block]
        for word in words:
            plain = re.sub(r"[_-]", "", word).lower()
            if plain in {"tooluse", "toolcall", "functioncall"}:
                return "call"
            if plain in {"toolresult", "toolcallresponse", "functioncalloutput", "functionresponse"}:
                return "result"
    return "other"


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(each) for key, each in value.items() if key not in UNSAID}
    return [_without(each) for each in value] if isinstance(value, list) else value


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(map(_characters, value))
    if not isinstance(value, dict) or value.get("type") in NO_TEXT:
        return 0
    return sum(_characters(each) for key, each in value.items() if key.split(".")[-1] not in FORMAT)


def _spelled(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(
        "utf-8", "replace"
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
