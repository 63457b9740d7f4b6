"""What does a text mean that stands where a number, a truth, an instant or a list was expected?

Shape in: the text of one attribute.  Shape out: its meaning, None where it has none: instrumentations write
``"True"``, ``["stop"]``, ``"Infinity"``, JSON inside strings, and Python's own way of writing a dictionary.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from costctl.instants import LATEST_NS, ns_from_iso
from costctl.units import duration_s

_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no"})


def number_from_text(text: str) -> float | None:
    """The finite number in the text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def truth_from_text(text: str) -> bool | None:
    """True for true, 1 and yes, False for false, 0 and no, in any case."""
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def seconds_from_text(text: str) -> float | None:
    """Seconds in a duration such as 1.234ms; None where it is none."""
    try:
        return duration_s(text)
    except ValueError:
        return None


def ns_from_instant(text: str) -> int | None:
    """Nanoseconds since 1970 of a written instant, which may stand in JSON quotes; None for a number, and beyond 64
    bits.
    """
    try:
        at_ns = ns_from_iso(text.strip().strip('"'))
    except (ValueError, OverflowError):
        return None
    return at_ns if abs(at_ns) < LATEST_NS else None


def parsed_json(text: str) -> Any:
    """The JSON in the text, or a Python dictionary of numbers and texts; None where it is neither, or too deep."""
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        return None
    except msgspec.DecodeError:
        pass
    if not text.startswith("{'"):
        return None
    spelled = text.replace("'", '"').replace("None", "null").replace("True", "true").replace("False", "false")
    try:
        return msgspec.json.decode(spelled)
    except (msgspec.DecodeError, RecursionError):
        return None


def json_field(document: Any, path: str) -> Any:
    """The value at a dotted path of a JSON object, also under a name with dots in it; None where there is none."""
    if isinstance(document, dict) and path in document:
        return document[path]
    for name in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document


def json_length(text: str) -> int | None:
    """How many elements the JSON list in the text has."""
    document = parsed_json(text)
    return len(document) if isinstance(document, list) else None


def number_from_json(value: Any) -> float | None:
    """A number out of JSON, also one written as text."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    return number_from_text(value) if isinstance(value, str) else None


def text_from_json(value: Any) -> str | None:
    """A text out of JSON: a truth and a number as JSON writes them, of a list the first element."""
    if isinstance(value, list):
        return text_from_json(value[0]) if value else None
    if value is None or isinstance(value, dict):
        return None
    return value if isinstance(value, str) else msgspec.json.encode(value).decode("utf-8")


def unwrapped_text(text: str) -> str:
    """The text inside a JSON text or the first of a JSON list; any other text as it is."""
    if not text.startswith(('"', "[")):
        return text
    inner = text_from_json(parsed_json(text))
    return text if inner is None and text != "[]" else inner or ""


def unwrapped_texts(texts: pa.StringArray) -> pa.StringArray:
    """``unwrapped_text`` of each; only texts that begin as JSON does are looked into."""
    wrapped = pc.or_(pc.starts_with(texts, '"'), pc.starts_with(texts, "["))
    if not pc.any(wrapped).as_py():
        return texts
    encoded = texts.dictionary_encode()
    inner = pa.array([unwrapped_text(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return inner.take(encoded.indices)
