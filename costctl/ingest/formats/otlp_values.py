"""What does an OTLP attribute say, whatever kind of value it has?

Shape in: an Arrow list of key and AnyValue, from JSON or from protobuf.  Shape out: ``Attributes``: one row
per attribute, with the row of its owner, its key as a code into the distinct keys, and its value in one of
four typed columns. Arrays, key-value lists and bytes become JSON text in the text column.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from costctl.arrays import Bools, Ints
from costctl.ingest.formats.nested_arrow import child, explode, is_present


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes of many owners.

    owner: row of the span (or resource, or scope), ascending.  codes: index into keys.  At most one of
    text, integer, number and truth is not NULL in a row; all are NULL for an empty value.
    """

    owner: Ints
    codes: npt.NDArray[np.int32]
    keys: list[str]
    text: pa.StringArray
    integer: pa.Int64Array
    number: pa.DoubleArray
    truth: pa.BooleanArray

    def __len__(self) -> int:
        return len(self.owner)

    def as_text(self, rows: Ints | None = None) -> pa.StringArray:
        """The values as text, NULL where empty: integers and doubles in the shortest form, true and false."""
        text, integer = _taken(self.text, rows), _taken(self.integer, rows)
        if text.null_count == 0:
            return text
        number, truth = _taken(self.number, rows), _taken(self.truth, rows)
        for typed in (integer, number, truth):
            if typed.null_count < len(typed):
                text = pc.coalesce(text, typed.cast(pa.string()))
        return text


def _taken(array: pa.Array, rows: Ints | None) -> pa.Array:
    return array if rows is None else array.take(pa.array(rows))


def read_attributes(lists: pa.ListArray) -> tuple[Attributes, Ints]:
    """The attributes of each row of the lists; the owners whose nested values are deeper than was parsed.

    The second result names rows for the slow reader: those holding an array or key-value list with an
    element of which nothing was parsed.
    """
    pairs, owner = explode(lists)
    encoded = child(pairs, "key").fill_null("").dictionary_encode()
    value = child(pairs, "value")
    text, deeper = _text_of(value)
    attributes = Attributes(
        owner=owner,
        codes=encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32),
        keys=encoded.dictionary.to_pylist(),
        text=text,
        integer=child(value, "intValue").cast(pa.int64()),
        number=child(value, "doubleValue"),
        truth=child(value, "boolValue"),
    )
    return attributes, owner[deeper]


def _text_of(value: pa.StructArray) -> tuple[pa.StringArray, Ints]:
    """Text values, with arrays, key-value lists and bytes rendered; rows that were too deep to render."""
    text = child(value, "stringValue")
    deeper: list[Ints] = []
    for name, render in _COMPOSITES.items():
        composite = child(value, name)
        rows = np.flatnonzero(is_present(composite))
        if len(rows) == 0:
            continue
        rendered, unparsed = render(composite.take(pa.array(rows)))
        deeper.append(rows[unparsed])
        mask = np.zeros(len(text), dtype=np.bool_)
        mask[rows] = True
        text = pc.replace_with_mask(text, pa.array(mask), rendered)
    return text, np.concatenate(deeper) if deeper else np.zeros(0, dtype=np.int64)


def _array_text(arrays: pa.StructArray) -> tuple[pa.StringArray, Bools]:
    lists = child(arrays, "values")
    elements, owner = explode(lists)
    texts, unparsed = _element_texts(elements)
    return _bracketed("[", texts, lists, "]"), _any_by(owner, unparsed, len(arrays))


def _kvlist_text(kvlists: pa.StructArray) -> tuple[pa.StringArray, Bools]:
    lists = child(kvlists, "values")
    elements, owner = explode(lists)
    if pa.types.is_binary(elements.type):
        texts, unparsed = _decoded(elements, _member_of_message), np.zeros(len(elements), dtype=np.bool_)
    else:
        values, unparsed = _element_texts(child(elements, "value"))
        keys = _json_strings(child(elements, "key").fill_null(""))
        texts = pc.binary_join_element_wise(keys, values, ":")
    return _bracketed("{", texts, lists, "}"), _any_by(owner, unparsed, len(kvlists))


def _bytes_text(values: pa.Array) -> tuple[pa.StringArray, Bools]:
    """Bytes as base64, which is how JSON carries them anyway."""
    nothing = np.zeros(len(values), dtype=np.bool_)
    if pa.types.is_binary(values.type):
        values = _decoded(values, lambda raw: base64.b64encode(raw).decode("ascii"))
    return values, nothing


_COMPOSITES: dict[str, Callable[[Any], tuple[pa.StringArray, Bools]]] = {
    "arrayValue": _array_text,
    "kvlistValue": _kvlist_text,
    "bytesValue": _bytes_text,
}


def _bracketed(before: str, texts: pa.StringArray, like: pa.ListArray, after: str) -> pa.StringArray:
    """Texts joined by commas as the lists have them, between brackets; an absent list is an empty one."""
    lengths = pc.list_value_length(like).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), texts), ",")
    return pc.binary_join_element_wise(before, joined, after, "")


def _any_by(owner: Ints, flags: Bools, owners: int) -> Bools:
    result = np.zeros(owners, dtype=np.bool_)
    result[owner[flags]] = True
    return result


def _element_texts(elements: pa.Array) -> tuple[pa.StringArray, Bools]:
    """JSON text of each scalar element; True where nothing of the element was parsed."""
    if pa.types.is_binary(elements.type):
        return _decoded(elements, _json_of_message), np.zeros(len(elements), dtype=np.bool_)
    texts = pc.coalesce(
        _json_strings(child(elements, "stringValue")),
        child(elements, "intValue").cast(pa.int64()).cast(pa.string()),
        _json_numbers(child(elements, "doubleValue")),
        child(elements, "boolValue").cast(pa.string()),
    )
    return texts.fill_null("null"), ~is_present(texts)


def _json_strings(texts: pa.StringArray) -> pa.StringArray:
    return _mapped(texts, lambda text: json.dumps(text, ensure_ascii=False))


def _json_numbers(numbers: pa.DoubleArray) -> pa.StringArray:
    encoded = numbers.dictionary_encode()
    texts = pa.array([json.dumps(number) for number in encoded.dictionary.to_pylist()], pa.string())
    return texts.take(encoded.indices)


def _decoded(messages: pa.BinaryArray, render: Callable[[bytes], str]) -> pa.StringArray:
    return _mapped(messages, render)


def _mapped(values: pa.Array, render: Callable[[Any], str]) -> pa.StringArray:
    """Each value rendered, each distinct one once."""
    encoded = values.dictionary_encode()
    texts = pa.array([render(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return texts.take(encoded.indices)


TOO_DEEP_TEXT = "nested deeper than protobuf reads"
_TOO_DEEP = json.dumps(TOO_DEEP_TEXT)


def _json_of_message(raw: bytes) -> str:
    try:
        return json_text(plain_value(AnyValue.FromString(raw)))
    except DecodeError:
        return _TOO_DEEP


def _member_of_message(raw: bytes) -> str:
    try:
        pair = KeyValue.FromString(raw)
    except DecodeError:
        return f'"":{_TOO_DEEP}'
    return f"{json_text(pair.key)}:{json_text(plain_value(pair.value))}"


def plain_value(value: AnyValue) -> Any:
    """A protobuf AnyValue as what JSON can hold; bytes as base64, nothing as None."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain_value(element) for element in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: plain_value(pair.value) for pair in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode("ascii")
    return getattr(value, kind) if kind else None


def json_text(value: Any) -> str:
    """JSON without blanks, characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
