"""Which attributes look like usage or cost, hold numbers, and were read by nobody?

Shape in: the keys of spans, or the paths of a log's rows, and which of them the vocabulary or the mapping reads. Shape
out: for each record the keys that nobody read: the next rename in a convention shows up by itself. Values never leave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from threading import Lock
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from costctl.arrays import Bools, Ints
from costctl.ingest.attribute_columns import Grouped
from costctl.ingest.attribute_text import number_from_json, number_from_text, parsed_json
from costctl.ingest.content import is_content_key
from costctl.ingest.dialect import Vocabulary
from costctl.ingest.key_pattern import key_pattern

_LOOKS_SO: Final = re.compile(r"usage|token|cost|cache", re.IGNORECASE)
_KEY: Final = re.compile(r"[A-Za-z0-9_.:=/\[\]-]{1,160}")  # anything else may be what someone said
_WORD: Final = re.compile(r"[A-Za-z_]{1,24}")
_DEEPEST: Final = 6
_MOST_ITEMS: Final = 16
_LONGEST_JSON: Final = 20_000
# Of lists of objects these tell one object from another.
_SELECTORS: Final = ("modality", "type")
# What people and models said is never looked into.
_CONTENT_NAMES: Final = frozenset(
    {
        "messages",
        "choices",
        "content",
        "contents",
        "tools",
        "tool_calls",
        "arguments",
        "system",
        "embedding",
        "parts",
    }
)


class _Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: str
    keys: tuple[str, ...]


class _Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    known: tuple[_Known, ...]


# Blocks are parsed side by side, and msgspec must not learn a struct in two threads at once: the process would end.
_ONE_AT_A_TIME: Final = Lock()


@cache
def _known_keys() -> re.Pattern[str]:
    text = (files("costctl.ingest") / "known_usage_keys.toml").read_text("utf-8")
    with _ONE_AT_A_TIME:
        listed = msgspec.toml.decode(text, type=_Catalogue)
    pattern = key_pattern(key for known in listed.known for key in known.keys)
    return re.compile(pattern.pattern, re.IGNORECASE | re.DOTALL)


@lru_cache(maxsize=65_536)
def looks_like_usage(key: str) -> bool:
    """Whether the key looks like usage or cost, and is none that is known to say nothing that is to be read."""
    return (
        _LOOKS_SO.search(key) is not None
        and _KEY.fullmatch(key) is not None
        and _known_keys().fullmatch(key) is None
    )


def unread_of_spans(grouped: Grouped, vocabulary: Vocabulary) -> pa.ListArray | None:
    """For each span the keys that look like usage and that no dialect reads; None where no span has one."""
    found: list[tuple[Ints, str]] = []
    for key in grouped.rows_by_key:
        rows = grouped.rows(key)
        if len(rows) == 0:
            continue
        if key in vocabulary.fields:
            found += _unread_fields(grouped, key, vocabulary.fields[key])
        elif looks_like_usage(key) and not is_content_key(key):
            rows = rows[~_are_read(grouped, rows, vocabulary.required.get(key))]
            rows = rows[_hold_numbers(grouped, rows)]
            found.append((grouped.attributes.owner[rows], key))
    return _lists(found, grouped.spans)


def unread_of_rows(rows: Iterable[Any], read: frozenset[str]) -> list[list[str] | None]:
    """For each row of a log the paths that look like usage and that the mapping does not read; None for none."""
    return [sorted(set(found)) or None for found in (list(unread_paths(row, read)) for row in rows)]


def _are_read(grouped: Grouped, rows: Ints, required: tuple[str | None, ...] | None) -> Bools:
    """The attributes of a key that some rule reads. required: of each rule the key that it asks for beside it."""
    if required is None:
        return np.zeros(len(rows), dtype=np.bool_)
    if None in required:
        return np.ones(len(rows), dtype=np.bool_)
    has_key = np.zeros(grouped.spans, dtype=np.bool_)
    for key in required:
        has_key[grouped.attributes.owner[grouped.rows(key or "")]] = True
    are_read: Bools = has_key[grouped.attributes.owner[rows]]
    return are_read


def _hold_numbers(grouped: Grouped, rows: Ints) -> Bools:
    """The attributes whose value is a number, a text of one, or JSON with numbers in it."""
    taken = pa.array(rows)
    attributes = grouped.attributes
    numbers: Bools = np.asarray(attributes.integer.take(taken).is_valid()) | np.asarray(
        attributes.number.take(taken).is_valid()
    )
    for place in np.flatnonzero(~numbers).tolist():
        text = attributes.text[rows[place]].as_py()
        numbers[place] = text is not None and _holds_number(text)
    return numbers


def _holds_number(text: str) -> bool:
    if text[:1] in ("{", "["):
        return any(
            number_from_json(leaf) is not None for _, leaf in leaves(parsed_json(text[:_LONGEST_JSON]))
        )
    return number_from_text(text) is not None


def _unread_fields(grouped: Grouped, key: str, fields: frozenset[str]) -> list[tuple[Ints, str]]:
    """Fields of a key's JSON texts that look like usage and that no rule reads."""
    indices, documents = grouped.documents(key)
    if not any(isinstance(document, dict) for document in documents):
        return []
    owner = grouped.attributes.owner[grouped.rows(key)]
    places = np.asarray(indices)
    found: dict[str, list[int]] = {}
    for number, document in enumerate(documents):
        for field in unread_paths(document, fields, key + "."):
            found.setdefault(field, []).append(number)
    return [(owner[np.isin(places, numbers)], field) for field, numbers in found.items()]


def unread_paths(document: Any, read: frozenset[str], prefix: str = "") -> Iterator[str]:
    """The paths, with ``prefix`` before them, that look like usage, hold numbers, and are not among those read."""
    for path, value in leaves(document):
        if path in read or number_from_json(value) is None:
            continue
        if looks_like_usage(prefix + path):
            yield prefix + path


def leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Each plain value below a JSON value, with its path; in lists by what tells one object from another."""
    if isinstance(value, str) and value[:1] == "{" and len(value) <= _LONGEST_JSON:
        inner = parsed_json(value)
        value = inner if isinstance(inner, dict) else value
    if isinstance(value, dict) and depth < _DEEPEST:
        for name, inner in value.items():
            if name not in _CONTENT_NAMES:
                yield from leaves(inner, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for inner in value[:_MOST_ITEMS]:
            if isinstance(inner, dict):
                yield from leaves(inner, f"{path}.{_selected(inner)}", depth + 1)
    elif path:
        yield path, value


def _selected(item: dict[str, Any]) -> str:
    said = ((name, item.get(name)) for name in _SELECTORS)
    return next(
        (f"{name}={word}" for name, word in said if isinstance(word, str) and _WORD.fullmatch(word)), "[]"
    )


def _lists(found: Iterable[tuple[Ints, str]], rows: int) -> pa.ListArray | None:
    """For each record its keys in order; NULL for a record without any."""
    keys: dict[int, list[str]] = {}
    for owners, key in found:
        for owner in owners.tolist():
            keys.setdefault(owner, []).append(key)
    if not keys:
        return None
    listed = [sorted(set(keys[row])) if row in keys else None for row in range(rows)]
    return pa.array(listed, pa.list_(pa.string()))
