"""What does one message, tool or system prompt say, and is that all of it?

Shape in: a value as it was recorded, decoded.  Shape out: a ``Part``: what it says in one spelling, to be hashed, how
many characters of text that is, and what cannot be told of it. Content that was blanked, or is nested too deep to be
read, is not known: two such messages look alike and need not be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from costctl.ingest.attribute_text import parsed_json
from costctl.ingest.content_blocks import CALL, RESULT, letters_of
from costctl.ingest.formats.otlp_values import TOO_DEEP_TEXT

MOST_NESTED: Final = 100  # levels; as deep as protobuf reads
# What stands beside what is said, and changes from call to call where the prompt does not.
_UNSAID: Final = frozenset({"cache_control", "cachePoint", "cache_point", "finish_reason"})
# Words of the format, which no tokenizer sees.
_FORMAT: Final = frozenset({"type", "role", "id", "tool_call_id", "mime_type", "modality"})
# Content that is no text: its characters say nothing of its tokens.
_NO_TEXT: Final = frozenset(
    {
        "blob", "uri", "file", "image", "image_url", "input_image", "audio", "input_audio", "video", "document",
        "input_file", "media",
    }
)  # fmt: skip
# The same by the key of a block, as Bedrock and Gemini write it, and what such a key holds.
_KEYS_OF_NO_TEXT: Final = frozenset(
    {"image", "document", "video", "audio", "inlineData", "inline_data", "fileData", "file_data"}
)
_HELD_BY_NO_TEXT: Final = frozenset({"source", "mimeType", "mime_type"})
# What programs say to one another: blocks of content do not stand there.
_ARGUMENTS: Final = frozenset({"arguments", "input", "parameters", "input_schema", "schema", "function"})
_INSTRUCTIONS: Final = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True)
class Part:
    """What one part says, in one spelling, its length in characters of text, and a letter for each of its blocks, as of
    ``letters_of``; None where they are not known.

    is_known: all of what it says is here.  is_all_text: it holds no file or image, whose tokens characters do not tell.
    is_instruction: it is a message of the role system or developer.
    """

    said: bytes
    characters: int
    blocks: str | None
    is_known: bool = True
    is_all_text: bool = True
    is_instruction: bool = False


UNKNOWN: Final = Part(b"", 0, None, is_known=False)


def part_of(value: Any) -> Part:
    """A message, a tool or a text as a part. value: decoded JSON."""
    try:
        plain = _said(value, MOST_NESTED)
    except _TooDeepError:
        return UNKNOWN
    read = _Reading()
    read.take(plain, is_block=True)
    blocks = letters_of(plain)
    return Part(
        said=msgspec.json.encode(plain, order="sorted"),
        characters=read.characters,
        blocks=blocks,
        is_known=not read.has_stand_in and (read.says or _may_be_empty(plain, blocks)),
        is_all_text=read.is_all_text,
        is_instruction=_role(plain) in _INSTRUCTIONS,
    )


def joined(parts: Iterable[Part]) -> Part:
    """The parts as one, which is first: what it is made of counts for nothing."""
    several = tuple(parts)
    return Part(
        said=b"".join(each.said for each in several),
        characters=sum(each.characters for each in several),
        blocks="",
        is_known=all(each.is_known for each in several),
        is_all_text=all(each.is_all_text for each in several),
    )


def spelled(value: Any) -> bytes | None:
    """A value in one spelling; None where it is nested too deep to be read."""
    try:
        return msgspec.json.encode(_said(value, MOST_NESTED), order="sorted")
    except _TooDeepError:
        return None


class _TooDeepError(ValueError):
    """A value is nested deeper than ``MOST_NESTED``."""


def _said(value: Any, levels: int) -> Any:
    """The value without what is not said; content that is written as a text of blocks becomes those blocks."""
    if not isinstance(value, dict | list):
        return value
    if not levels:
        raise _TooDeepError
    if isinstance(value, list):
        return [_said(each, levels - 1) for each in value]
    return {
        key: _said(_blocks_in(each) if _name(key) == "content" else each, levels - 1)
        for key, each in value.items()
        if key not in _UNSAID
    }


def _blocks_in(content: Any) -> Any:
    """The blocks that a text lists, as OpenLLMetry writes them; any other content as it is."""
    if not isinstance(content, str) or not content.startswith("[{"):
        return content
    listed = parsed_json(content)
    is_blocks = isinstance(listed, list) and all(map(_is_block, listed))
    return listed if is_blocks else content


def _is_block(value: Any) -> bool:
    return isinstance(value, dict) and not ({"type", "text"} | _KEYS_OF_NO_TEXT).isdisjoint(value)


@dataclass(slots=True)
class _Reading:
    """What was found in a message so far. says: anything at all."""

    characters: int = 0
    says: bool = False
    is_all_text: bool = True
    has_stand_in: bool = False

    def take(self, value: Any, *, is_block: bool) -> None:
        """Reads a value of limited depth. is_block: it may be, or hold, a block of content."""
        if isinstance(value, Mapping):
            if is_block and _is_no_text(value):
                self._take_no_text(value)
                return
            for key, each in value.items():
                name = _name(key)
                if name not in _FORMAT:
                    self.take(each, is_block=is_block and name not in _ARGUMENTS)
                elif name != key and each in _NO_TEXT:  # message.contents.0.message_content.type
                    self.is_all_text = False
        elif isinstance(value, list):
            for each in value:
                self.take(each, is_block=is_block)
        elif isinstance(value, str):
            self.characters += len(value)
            self.says |= bool(value)
            self.has_stand_in |= is_stand_in(value)
        elif value is not None:
            self.says = True

    def _take_no_text(self, block: Mapping[str, Any]) -> None:
        """A file or an image: which one it is must be said, else any other looks the same."""
        inside = _Reading()
        for key, each in block.items():
            if key not in _FORMAT:
                inside.take(each, is_block=False)
        self.is_all_text = False
        self.says |= inside.says
        self.has_stand_in |= inside.has_stand_in or not inside.says


def _is_no_text(block: Mapping[str, Any]) -> bool:
    kind = block.get("type")
    if isinstance(kind, str) and kind in _NO_TEXT:
        return True
    return any(
        isinstance(block.get(key), Mapping) and not _HELD_BY_NO_TEXT.isdisjoint(block[key])
        for key in _KEYS_OF_NO_TEXT & block.keys()
    )


def _name(key: str) -> str:
    return key.rpartition(".")[2]


def _role(message: Any) -> str:
    if not isinstance(message, Mapping):
        return ""
    return str(message.get("role") or message.get("message.role") or message.get("type") or "").lower()


def _may_be_empty(message: Any, blocks: str | None) -> bool:
    """A tool may be called without arguments and give nothing back; where nothing but a role is there, it is hidden."""
    return isinstance(message, Mapping) and len(message) > 1 and bool({CALL, RESULT} & set(blocks or ""))


_LONGEST_STAND_IN: Final = 64
_STAND_IN: Final = re.compile(
    r"\W*_*(?:\w+[\s_-]+){0,2}"
    r"(?:redacted|filtered|masked|scrubbed|hidden|removed|omitted|anonymi[sz]ed)"
    r"(?:[\s_-]+by[\s_-]+\w+)?_*\W*|[*•█]{3,}",
    re.IGNORECASE,
)
_BRACKETED: Final = re.compile(r"[\[<{(*_]+\s*redacted\b|\bredacted\s*[\]>})*_]|_redacted_", re.IGNORECASE)
_REDACTED: Final = ("redacted", "REDACTED", "Redacted")


def is_stand_in(text: str) -> bool:
    """Whether a text is there in place of what was said, or of a piece of it: ``[REDACTED]``, ``***``."""
    if len(text) <= _LONGEST_STAND_IN and (text == TOO_DEEP_TEXT or _STAND_IN.fullmatch(text)):
        return True
    return any(word in text for word in _REDACTED) and _BRACKETED.search(text) is not None
