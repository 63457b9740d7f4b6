"""Of which parts is a prompt made? The system prompt with the tools, then each message, as instrumentations write them.

Shape in: attributes grouped by key, and where dialects keep prompts.  Shape out: for each span that has a prompt its
parts, in the order in which models read them. Messages of the role system or developer that come first belong to the
system prompt, wherever it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Ints
from costctl.ingest.attribute_columns import Grouped, group_by_key
from costctl.ingest.attribute_text import json_field, parsed_json
from costctl.ingest.dialect import KeyRule, PromptRules
from costctl.ingest.formats.otlp_flatten import RawEvents
from costctl.ingest.message_parts import UNKNOWN, Part, joined, part_of, spelled

# Parameters of a call that leave its answer as it is.
_DECIDES_NOTHING: Final = frozenset(
    {"user", "metadata", "stream", "stream_options", "extra_headers", "timeout", "tools", "messages"}
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt. first: the tools and the system prompt; empty where there are none.  messages: oldest first.
    decides: what else decides the answer, in one spelling.
    """

    first: Part
    messages: tuple[Part, ...]
    decides: bytes

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of it, in the order in which models read it."""
        return (self.first, *self.messages)


def prompts_of(grouped: Grouped, dialects: Iterable[PromptRules]) -> dict[int, Prompt]:
    """The prompt of each span that has one, by its row; the first dialect that can read it says all of it."""
    found: dict[int, Prompt] = {}
    for keys in dialects:
        messages = _parts(grouped, keys.messages)
        wanted = messages.keys() - found.keys()
        if not wanted:
            continue
        tools, system = _parts(grouped, keys.tools), _parts(grouped, keys.system)
        decides = _values(grouped, keys.decides)
        for span in wanted:
            before = (*tools.get(span, ()), *system.get(span, ()))
            prompt = _prompt(before, messages[span], decides.get(span, ()))
            if prompt is not None:
                found[span] = prompt
    return found


def _prompt(
    before: tuple[Part, ...], messages: tuple[Part, ...], decides: Iterable[bytes | None]
) -> Prompt | None:
    """before: the tools, then the system prompt.  None where something of it is not known."""
    parameters = tuple(decides)
    if None in parameters or not all(part.is_known for part in (*before, *messages)):
        return None
    leading = tuple(takewhile(lambda part: part.is_instruction, messages))
    said = b"".join(each for each in parameters if each is not None)
    return Prompt(joined((*before, *leading)), messages[len(leading) :], said)


def prompts_of_events(events: RawEvents, dialects: Iterable[PromptRules]) -> dict[int, Prompt]:
    """The prompt of each span whose events tell it, by the span's row: one event with all of it, or one a message."""
    if not len(events.span):
        return {}
    grouped = group_by_key(events.attributes, len(events.span))
    whole = {int(events.span[row]): prompt for row, prompt in prompts_of(grouped, dialects).items()}
    names = frozenset(name for keys in dialects for name in keys.events)
    return _told_one_by_one(events, grouped, names) | whole


def _told_one_by_one(events: RawEvents, grouped: Grouped, names: frozenset[str]) -> dict[int, Prompt]:
    is_message = pc.is_in(events.name, pa.array(sorted(names), pa.string())).to_numpy(zero_copy_only=False)
    if not is_message.any():
        return {}
    said: dict[int, dict[str, str]] = {}
    for key in grouped.rows_by_key:
        rows = grouped.rows(key)
        for event, text in zip(
            _spans(grouped, rows), grouped.attributes.as_text(rows).to_pylist(), strict=True
        ):
            if is_message[event] and text is not None:
                said.setdefault(event, {})[key] = text
    by_span: dict[int, list[Part]] = {}
    for event in sorted(said):
        message = _with_role(events.name[event].as_py(), said[event])
        by_span.setdefault(int(events.span[event]), []).append(part_of(message))
    prompts = {span: _prompt((), tuple(parts), ()) for span, parts in by_span.items()}
    return {span: prompt for span, prompt in prompts.items() if prompt is not None}


def _with_role(event: str, said: dict[str, str]) -> dict[str, str]:
    """What an event says, with the role that its name tells: gen_ai.user.message."""
    names = event.split(".")
    return {"role": names[-2], **said} if len(names) > 1 else said


def prompt_of(messages: Any, before: Iterable[Any] = (), decides: Iterable[Any] = ()) -> Prompt | None:
    """The prompt of decoded values; None where there are no messages, or not all of it is known.

    before: the tools, then the system prompt.
    """
    parts = tuple(_of_value(messages))
    if not parts:
        return None
    first = tuple(part for value in before for part in _of_value(value))
    return _prompt(first, parts, [_deciding(value) for value in decides if value is not None])


def _parts(grouped: Grouped, rules: Iterable[KeyRule]) -> dict[int, tuple[Part, ...]]:
    """Parts by span, of the first rule that gives any."""
    found: dict[int, tuple[Part, ...]] = {}
    for rule in rules:
        pairs = _numbered(grouped, rule.key) if "*" in rule.key else _written(grouped, rule)
        for span, parts in pairs:
            if parts:
                found.setdefault(span, parts)
    return found


def _written(grouped: Grouped, rule: KeyRule) -> Iterator[tuple[int, tuple[Part, ...]]]:
    """Of an attribute that holds a JSON list of messages, or a text, which is one message."""
    rows = grouped.rows(rule.key)
    if not len(rows):
        return
    indices, documents = grouped.documents(rule.key)
    texts = grouped.attributes.as_text(rows)
    parsed: dict[int, tuple[Part, ...]] = {}
    for place, (span, index) in enumerate(zip(_spans(grouped, rows), indices.to_pylist(), strict=True)):
        if index is None:
            continue
        if index not in parsed:
            text = None if rule.field is not None else texts[place].as_py()
            parsed[index] = tuple(_of_document(documents[index], rule.field, text))
        yield span, parsed[index]


def _of_document(document: Any, path: str | None, text: str | None) -> Iterator[Part]:
    """text: what is written, where the whole of it may be a message that is no JSON."""
    value = document if path is None else json_field(document, path)
    if isinstance(value, dict) and path is None and "messages" in value:
        return  # another rule names the field
    if value is not None:
        yield from _of_value(value)
    elif text:
        is_cut_off = text.lstrip().startswith(("[", "{"))
        yield UNKNOWN if is_cut_off else part_of(text)


def _of_value(value: Any) -> Iterator[Part]:
    """The messages of a list; anything else that is there is one. ``UNKNOWN`` is what could not be read."""
    if isinstance(value, Part):
        yield value
    elif isinstance(value, list):
        yield from (part_of(each) for each in value)
    elif value is not None and value != "":
        yield part_of(value)


def _numbered(grouped: Grouped, pattern: str) -> Iterator[tuple[int, tuple[Part, ...]]]:
    """Of attributes that are numbered: ``gen_ai.prompt.*`` are gen_ai.prompt.0.role, gen_ai.prompt.0.content, …"""
    before, _, after = pattern.partition("*")
    wanted = re.compile(re.escape(before) + r"(\d+)" + (re.escape(after) + "()" if after else r"(?:\.(.*))?"))
    messages: dict[int, dict[int, dict[str, str]]] = {}
    for key in grouped.rows_by_key:
        numbered = wanted.fullmatch(key)
        if numbered is None:
            continue
        rows = grouped.rows(key)
        for span, text in zip(
            _spans(grouped, rows), grouped.attributes.as_text(rows).to_pylist(), strict=True
        ):
            if text is not None:
                messages.setdefault(span, {}).setdefault(int(numbered[1]), {})[numbered[2] or ""] = text
    for span, by_number in messages.items():
        # where an SDK's limit took some of them, what came before is not known
        if set(by_number) == set(range(len(by_number))):
            yield span, tuple(part_of(by_number[number]) for number in sorted(by_number))


def _values(grouped: Grouped, keys: Iterable[str]) -> dict[int, list[bytes | None]]:
    """What the attributes say, one after the other, by span; None of one that cannot be read."""
    found: dict[int, list[bytes | None]] = {}
    for key in keys:
        rows = grouped.rows(key)
        for span, text in zip(
            _spans(grouped, rows), grouped.attributes.as_text(rows).to_pylist(), strict=True
        ):
            if text is not None:
                found.setdefault(span, []).extend((key.encode(), _deciding(_decoded(text))))
    return found


def _decoded(text: str) -> Any:
    """The object that a text is; any other text, and one that was cut off, as it is."""
    document = parsed_json(text) if text.startswith("{") else None
    return text if document is None else document


def _deciding(value: Any) -> bytes | None:
    """What decides an answer, in one spelling, without who asks and how the answer is sent; None where that cannot be
    read.
    """
    if value is UNKNOWN:
        return None
    if isinstance(value, dict):
        value = {key: each for key, each in value.items() if key not in _DECIDES_NOTHING}
    said = spelled(value)
    return None if said is None else said + b"\n"


def _spans(grouped: Grouped, rows: Ints) -> list[int]:
    spans: list[int] = grouped.attributes.owner[rows].tolist()
    return spans
