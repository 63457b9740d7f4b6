"""Which span is it, when did it run, of what kind is it, how did it end, whatever the exporter's spelling?

Shape in: columns of raw spans: ids as hex, as base64 or as bytes; times as text or numbers in ns, us, ms
or s; kinds and status codes as numbers or names.  Shape out: canonical columns, NULL where the source says
nothing that can be used.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools, Ints
from costctl.instants import LATEST_NS, UNIT_FLOORS

TRACE_ID_DIGITS: Final = 32
SPAN_ID_DIGITS: Final = 16

_HEX: Final = b"0123456789abcdef"
_LOWERED: Final = np.zeros(256, dtype=np.uint8)
_LOWERED[np.frombuffer(_HEX, np.uint8)] = np.frombuffer(_HEX, np.uint8)
_LOWERED[np.frombuffer(_HEX.upper(), np.uint8)] = np.frombuffer(_HEX, np.uint8)
_HEX_OF_BYTE: Final = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint8).reshape(256, 2)


def hex_ids(ids: pa.Array, digits: int) -> pa.StringArray:
    """The ids in lower-case hex of that many digits; NULL where absent, all zero, or no id at all.

    ids: text in hex (upper case and missing leading zeros allowed) or base64, or raw bytes.
    """
    is_raw = pa.types.is_binary(ids.type)
    lengths = pc.binary_length(ids).fill_null(0).to_numpy(zero_copy_only=False)
    regular = lengths == (digits // 2 if is_raw else digits)
    texts, is_hex = _regular_ids(
        ids if regular.all() else ids.filter(pa.array(regular)), digits, is_raw=is_raw
    )
    place = np.full(len(ids), -1, dtype=np.int64)
    place[np.flatnonzero(regular)[is_hex]] = np.flatnonzero(is_hex)
    odd = np.flatnonzero((lengths > 0) & (place < 0))
    if len(odd) and not is_raw:
        repaired = [_repaired_id(text, digits) for text in ids.take(pa.array(odd)).to_pylist()]
        place[odd] = np.arange(len(odd)) + len(texts)
        texts = pa.concat_arrays([texts, pa.array(repaired, pa.string())])
    zero = pc.equal(texts, "0" * digits)
    texts = pc.if_else(zero, None, texts) if pc.any(zero).as_py() else texts
    if bool(regular.all() and is_hex.all()):
        return texts
    return texts.take(pa.array(place, mask=place < 0))


def _regular_ids(ids: pa.Array, digits: int, *, is_raw: bool) -> tuple[pa.StringArray, Bools]:
    """Ids of the right length as lower-case hex; False where a character is no hex digit."""
    width = digits // 2 if is_raw else digits
    raw = fixed_width(ids, width)
    text = _HEX_OF_BYTE[raw].reshape(len(raw), digits) if is_raw else _LOWERED[raw]
    is_hex: Bools = np.asarray(text.all(axis=1))
    offsets = np.arange(len(raw) + 1, dtype=np.int32) * digits
    safe = text if is_hex.all() else np.where(is_hex[:, None], text, np.uint8(ord("0")))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(safe))]
    return pa.Array.from_buffers(pa.string(), len(raw), buffers), is_hex


def fixed_width(values: pa.Array, width: int) -> npt.NDArray[np.uint8]:
    """Bytes of values that are all of one width, one row each."""
    if len(values) == 0:
        return np.zeros((0, width), dtype=np.uint8)
    first = np.frombuffer(values.buffers()[1], np.int32)[values.offset]
    data = np.frombuffer(values.buffers()[2], np.uint8)
    return data[first : first + len(values) * width].reshape(len(values), width)


def _repaired_id(text: str, digits: int) -> str | None:
    """One id as hex: leading zeros put back, base64 decoded; None where it is neither or is all zero."""
    text = text.strip()
    if len(text) <= digits and text and all(character in "0123456789abcdefABCDEF" for character in text):
        return text.lower().zfill(digits)
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == digits // 2 else None


def ns_per_unit(times: Ints) -> Ints:
    """Nanoseconds in the unit that each time since 1970 is written in; 1 for times that tell none."""
    factor = np.ones(len(times), dtype=np.int64)
    for floor, ns in reversed(UNIT_FLOORS):
        factor[times >= floor] = ns
    factor[times > LATEST_NS // factor] = 1
    return factor


def instants(column: pa.Array) -> Ints:
    """Times as int64, 0 where NULL.  Raises pa.ArrowInvalid where text is no integer of 64 bits."""
    is_unsigned = pa.types.is_uint64(column.type)
    times: Ints = column.cast(pa.int64(), safe=not is_unsigned).fill_null(0).to_numpy(zero_copy_only=False)
    return times


_KINDS: Final = {"1": "internal", "2": "server", "3": "client", "4": "producer", "5": "consumer"}
_STATUSES: Final = {
    "1": "ok",
    "2": "error",
    "ok": "ok",
    "error": "error",
    "failure": "error",
    "success": "ok",
}


def span_kinds(column: pa.Array) -> pa.StringArray:
    """internal, server, client, producer or consumer, from a number or a name; NULL where unspecified."""

    def kind(written: str) -> str | None:
        name = written.lower().removeprefix("span_kind_")
        return name if name in _KINDS.values() else _KINDS.get(name)

    return by_distinct(column.cast(pa.string()), kind)


def statuses(column: pa.Array) -> pa.StringArray:
    """Ok or error, from a code or a name; NULL where unset."""
    return by_distinct(
        column.cast(pa.string()),
        lambda written: _STATUSES.get(written.lower().removeprefix("status_code_")),
    )


def by_distinct(
    values: pa.StringArray, meaning: Callable[[str], Any], kind: pa.DataType | None = None
) -> pa.Array:
    """What each text means, asked once for each distinct text; NULL stays NULL."""
    encoded = values.dictionary_encode()
    meanings = pa.array([meaning(text) for text in encoded.dictionary.to_pylist()], kind or pa.string())
    return meanings.take(encoded.indices)
