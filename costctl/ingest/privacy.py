"""What may be said of input that cannot be read?

Shape in: broken JSON, cells and names of columns.  Shape out: excerpts that show the shape and nothing of what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from costctl.ingest.batch import EXCERPT_CHARACTERS

_STRUCTURE: Final = frozenset(
    {
        "resourceSpans", "scopeSpans", "instrumentationLibrarySpans", "batches", "spans", "resource", "scope",
        "attributes", "key", "value", "stringValue", "intValue", "doubleValue", "boolValue", "arrayValue",
        "kvlistValue", "values", "events", "links", "status", "code", "name", "kind", "flags", "traceId",
        "spanId", "parentSpanId", "startTimeUnixNano", "endTimeUnixNano", "resource_spans", "scope_spans",
        "trace_id", "span_id", "parent_span_id", "start_time_unix_nano", "end_time_unix_nano", "trace",
        "resourceLogs", "scopeLogs", "logRecords", "resourceMetrics", "scopeMetrics", "metrics", "data",
    }
)  # fmt: skip
_ID_KEYS: Final = frozenset(
    {"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id", "traceID", "spanID"}
)
_TOKENS: Final = re.compile(r'"((?:[^"\\]|\\.)*)("?)|([^"]+)', re.DOTALL)
_HEX_ID: Final = re.compile(r"[0-9a-fA-F]{16}(?:[0-9a-fA-F]{16})?")
_LONGEST_SHAPE: Final = 40


def skeleton(text: str) -> str:
    """The shape of a piece of JSON, at most 200 characters: brackets, the wire format's own names, ids of spans.

    Every other character is left out, because in broken JSON nobody knows what is content.
    """
    parts: list[str] = []
    length = 0
    before = ""
    for match in _TOKENS.finditer(text[: 20 * EXCERPT_CHARACTERS]):
        part = _shown(match, is_id=before in _ID_KEYS)
        before = match[1] if match[1] is not None else before
        parts.append(part)
        length += len(part)
        if length > EXCERPT_CHARACTERS:
            break
    return "".join(parts)[:EXCERPT_CHARACTERS]


def _shown(match: re.Match[str], *, is_id: bool) -> str:
    literal, outside = match[1], match[3]
    if outside is not None:
        return re.sub(r"[^{}\[\]:,]+", "", outside)
    if literal in _STRUCTURE or (is_id and _HEX_ID.fullmatch(literal)):
        return f'"{literal}{match[2]}'
    return f'"…{match[2]}'


def cells_skeleton(text: str) -> str:
    """The shape of a line of a CSV, at most 200 characters: of a line that does not fit its header, nobody knows what
    is content.
    """
    cells = text[: 20 * EXCERPT_CHARACTERS].rstrip("\r\n").split(",")
    return ",".join("…" if cell else "" for cell in cells)[:EXCERPT_CHARACTERS]


def cell_shape(value: object) -> str:
    """How a cell is written, at most 40 characters: digits as 9, letters as a, what lies between as it is."""
    text = str(value)
    shape = "".join(
        "9" if each.isdecimal() else "a" if each.isalpha() else each if each in "+-.:/,_ TZ" else "?"
        for each in text[:_LONGEST_SHAPE]
    )
    return shape + ("…" if len(text) > _LONGEST_SHAPE else "")


_PLACE: Final = re.compile(r"\((?:byte|char) (\d+)\)|char (\d+)")


def json_fault(error: Exception) -> str:
    """Where a JSON text broke, and nothing of what the decoder says of it: some quote what they read."""
    place = _PLACE.search(str(error))
    return f"it is invalid at character {place[1] or place[2]}" if place else "it breaks"


COLUMN_NAME: Final = re.compile(r"[A-Za-z_@$][A-Za-z0-9_]{0,39}(?:[.:/ -][A-Za-z0-9_]{1,40}){0,6}")
_MOST_NAMES: Final = 8
_MOST_WORDS: Final = 3


def are_column_names(names: Iterable[str]) -> bool:
    """Whether these look like the names of columns, all of them: short words without a sentence's marks, none twice.

    A line that was cut out of a text, and a row in place of a header, do not.
    """
    listed = list(names)
    return (
        len(listed) > 1
        and len(set(listed)) == len(listed)
        and all(COLUMN_NAME.fullmatch(name) and name.count(" ") < _MOST_WORDS for name in listed)
    )


def words_of(name: str) -> list[str]:
    """The words that a name is made of: promptTokens, prompt_tokens and prompt.tokens are prompt and tokens."""
    return [word.lower() for word in _WORDS.findall(name)]


_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


def shown_columns(names: Iterable[str], known_words: frozenset[str]) -> str:
    """The names of a log's columns, as far as they cannot be content: those made of words that columns are known by.
    The first few, and how many more there are.
    """
    every = set(names)
    known = sorted(
        name for name in every if COLUMN_NAME.fullmatch(name) and known_words.issuperset(words_of(name))
    )
    shown = known[:_MOST_NAMES]
    more = len(every) - len(shown)
    if not shown:
        return f"{more} unrecognized names"
    return ", ".join(shown) + (f" and {more} more" if more else "")
