"""Which spans do lines of OTLP/JSON hold, in the spelling that exporters commonly use?

Shape in: a block of whole lines, one document each.  Shape out: the same ``RawSpans`` that pyarrow.json and
``flatten_documents`` make of it, several times as fast; or None where anything in the block is not certain
to be read as they read it: another spelling, a name twice in an object, broken JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costctl import compiled
from costctl.arrays import Bools, Bytes, Ints
from costctl.ingest.formats.json_scan_loop import (
    COUNT,
    ENUM,
    FIRST,
    INTEGER,
    KEY,
    LIST,
    NUMBER,
    OBJECT,
    OWNER,
    PART,
    PRESENT,
    TEXT,
    TRUTH,
    UNCERTAIN,
    scan,
)
from costctl.ingest.formats.json_scan_shape import Tables, shape_of, tables_for
from costctl.ingest.formats.json_text_loop import gather
from costctl.ingest.formats.otlp_flatten import RawEvents, RawSpans, scope_names
from costctl.ingest.formats.otlp_values import Attributes
from costctl.ingest.formats.scanned_values import UncertainValueError, array_text, kvlist_text, rendered

# What has rows, and after them the parts of a row.
_DOCUMENT, _RESOURCE, _SCOPE, _SPAN, _EVENT, _OF_RESOURCE, _OF_SCOPE, _OF_SPAN, _OF_EVENT = range(9)
_RESOURCE_PART, _SCOPE_PART, _STATUS, _VALUE = range(9, 13)
# Cells of a row. A text takes two, its place and its length.
_NAME: Final = FIRST
_EVENT_AT: Final = FIRST + 2
_TRACE_ID, _SPAN_ID, _PARENT_ID, _KIND, _START, _END, _DROPPED, _STATUS_CODE = (4, 6, 8, 10, 11, 12, 13, 14)
_CONTENT, _, _KEY_CODE = range(FIRST, FIRST + 3)

_ATTRIBUTE: Final = {"key": (KEY, _KEY_CODE), "value": (PART, _VALUE)}
_FIELDS: Final = {
    _DOCUMENT: {"resourceSpans": (LIST, _RESOURCE)},
    _RESOURCE: {"resource": (PART, _RESOURCE_PART), "scopeSpans": (LIST, _SCOPE)},
    _SCOPE: {"scope": (PART, _SCOPE_PART), "spans": (LIST, _SPAN)},
    _SPAN: {
        "traceId": (TEXT, _TRACE_ID),
        "spanId": (TEXT, _SPAN_ID),
        "parentSpanId": (TEXT, _PARENT_ID),
        "name": (TEXT, _NAME),
        "kind": (ENUM, _KIND),
        "startTimeUnixNano": (INTEGER, _START),
        "endTimeUnixNano": (INTEGER, _END),
        "droppedAttributesCount": (COUNT, _DROPPED),
        "status": (PART, _STATUS),
        "attributes": (LIST, _OF_SPAN),
        "events": (LIST, _EVENT),
    },
    _EVENT: {
        "name": (TEXT, _NAME),
        "timeUnixNano": (INTEGER, _EVENT_AT),
        "attributes": (LIST, _OF_EVENT),
    },
    _OF_RESOURCE: _ATTRIBUTE,
    _OF_SCOPE: _ATTRIBUTE,
    _OF_SPAN: _ATTRIBUTE,
    _OF_EVENT: _ATTRIBUTE,
    _RESOURCE_PART: {"attributes": (LIST, _OF_RESOURCE)},
    _SCOPE_PART: {"name": (TEXT, _NAME), "attributes": (LIST, _OF_SCOPE)},
    _STATUS: {"code": (ENUM, _STATUS_CODE)},
    _VALUE: {
        "stringValue": (TEXT, _CONTENT),
        "intValue": (INTEGER, _CONTENT),
        "doubleValue": (NUMBER, _CONTENT),
        "boolValue": (TRUTH, _CONTENT),
        "arrayValue": (OBJECT, _CONTENT),
        "kvlistValue": (OBJECT, _CONTENT),
        "bytesValue": (TEXT, _CONTENT),
    },
}
_OWNERS: Final = (_DOCUMENT, _DOCUMENT, _RESOURCE, _SCOPE, _SPAN, _RESOURCE, _SCOPE, _SPAN, _EVENT)
_WIDTHS: Final = (2, 2, 4, 15, 5, 5, 5, 5, 5)
_BYTES_A_ROW: Final = (16, 16, 16, 64, 24, 24, 24, 24, 24)
_KINDS: Final = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_ENUMS: Final = {f"SPAN_KIND_{kind}": number for number, kind in enumerate(_KINDS)} | {
    "STATUS_CODE_UNSET": 0,
    "STATUS_CODE_OK": 1,
    "STATUS_CODE_ERROR": 2,
}
_SHAPE, _BIT = shape_of([_FIELDS[context] for context in sorted(_FIELDS)], _OWNERS, _WIDTHS, _ENUMS)
_VALUES: Final = sum(_BIT[name] for name in _FIELDS[_VALUE])
_REQUIRED: Final = (
    (_DOCUMENT, _BIT["resourceSpans"]),
    (_RESOURCE, _BIT["scopeSpans"]),
    (_SCOPE, _BIT["spans"]),
    (_SPAN, _BIT["traceId"] | _BIT["spanId"] | _BIT["startTimeUnixNano"]),
)
_MOST_BYTES: Final = 2**31 - 2  # of a text column
_NOTHING: Final = np.frombuffer(b"\n", np.uint8)


def is_compiled() -> bool:
    """Whether the loops can run at once."""
    return compiled.is_compiled(scan) and compiled.is_compiled(gather)


def scanned(data: bytes, documents: int) -> RawSpans | None:
    """The spans of that many lines that are not blank, or None where they are not certain."""
    if len(data) > _MOST_BYTES:
        return None
    try:
        if not data.isascii():
            str(memoryview(data), "utf-8")
        block = _scan(data if data.endswith(b"\n") else data + b"\n")
        return block.raw_spans() if len(block.rows(_DOCUMENT)) == documents else None
    except (UncertainValueError, UnicodeDecodeError):
        return None


def _scan(data: bytes) -> _Block:
    characters = np.frombuffer(data, np.uint8)
    tables = tables_for(_SHAPE, len(data), _BYTES_A_ROW)
    keys = scan(characters, _SHAPE, tables)
    if keys == UNCERTAIN:
        raise UncertainValueError
    return _Block(characters, tables, _keys(data, tables, keys))


def _keys(data: bytes, tables: Tables, keys: int) -> list[str]:
    places = zip(tables.key_begins[:keys].tolist(), tables.key_lengths[:keys].tolist(), strict=True)
    raw = [data[begin : begin + length] for begin, length in places]
    texts = [json.loads(b'"%s"' % each) if b"\\" in each else each.decode("utf-8") for each in raw]
    if len(set(texts)) != keys:  # the same key in two spellings
        raise UncertainValueError
    return texts


@dataclass(frozen=True, slots=True)
class _Block:
    """A block that was scanned. keys: of attributes, by their codes."""

    data: Bytes
    tables: Tables
    keys: list[str]

    def rows(self, table: int) -> Ints:
        """The rows of a table, a column for each cell."""
        begin, width = self.tables.begins[table], _WIDTHS[table]
        count = self.tables.counts[table]
        return self.tables.cells[begin : begin + count * width].reshape(count, width)

    def owners(self, table: int) -> Ints:
        """For each row the row that it belongs to."""
        return np.ascontiguousarray(self.rows(table)[:, OWNER])

    def has(self, table: int, name: str) -> Bools:
        """The rows in which that field was found."""
        found: Bools = (self.rows(table)[:, PRESENT] & _BIT[name]) != 0
        return found

    def texts(self, table: int, name: str, column: int) -> pa.StringArray:
        """A field that is a text."""
        return _gathered(self.data, self.rows(table), column, self.has(table, name))

    def integers(self, table: int, name: str, column: int) -> pa.Int64Array:
        """A field that is an integer."""
        return pa.array(self.rows(table)[:, column], mask=~self.has(table, name))

    def raw_spans(self) -> RawSpans:
        """All that was found."""
        scope = self.owners(_SPAN)
        resource = self.owners(_SCOPE)
        attributes, doubtful_spans = self.attributes(_OF_SPAN)
        resource_attributes, doubtful_resources = self.attributes(_OF_RESOURCE)
        scope_attributes, doubtful_scopes = self.attributes(_OF_SCOPE)
        event_attributes, doubtful_events = self.attributes(_OF_EVENT)
        deep = (
            (_SPAN, doubtful_spans),
            (_RESOURCE, doubtful_resources),
            (_SCOPE, doubtful_scopes),
            (_EVENT, doubtful_events),
        )
        doubts = [self._documents_of(table, rows) for table, rows in (*self._lacking(), *deep)]
        return RawSpans(
            spans=self._spans(),
            document=self._documents_of(_SPAN, np.arange(len(scope))),
            resource=resource[scope],
            resources=len(self.rows(_RESOURCE)),
            scope=scope,
            scope_name=scope_names(self.texts(_SCOPE, "name", _NAME)),
            attributes=attributes,
            resource_attributes=resource_attributes,
            scope_attributes=scope_attributes,
            events=RawEvents(
                span=self.owners(_EVENT),
                name=self.texts(_EVENT, "name", _NAME),
                at_ns=self.integers(_EVENT, "timeUnixNano", _EVENT_AT),
                attributes=event_attributes,
            ),
            doubtful=np.unique(np.concatenate(doubts)),
        )

    def _lacking(self) -> list[tuple[int, Ints]]:
        """The rows of each table that lack what they must have."""
        return [
            (table, np.flatnonzero(self.rows(table)[:, PRESENT] & required != required))
            for table, required in _REQUIRED
        ]

    def _documents_of(self, table: int, rows: Ints) -> Ints:
        """The document that each of the rows of a table is in."""
        while table != _DOCUMENT:
            rows = self.rows(table)[rows, OWNER]
            table = _OWNERS[table]
        return rows

    def _spans(self) -> pa.StructArray:
        texts = {"traceId": _TRACE_ID, "spanId": _SPAN_ID, "parentSpanId": _PARENT_ID, "name": _NAME}
        integers = {
            "kind": _KIND,
            "startTimeUnixNano": _START,
            "endTimeUnixNano": _END,
            "droppedAttributesCount": _DROPPED,
        }
        fields = {name: self.texts(_SPAN, name, column) for name, column in texts.items()} | {
            name: self.integers(_SPAN, name, column) for name, column in integers.items()
        }
        code = self.integers(_SPAN, "code", _STATUS_CODE)
        fields["status"] = pa.StructArray.from_arrays([code], ["code"])
        return pa.StructArray.from_arrays([*fields.values()], [*fields])

    def attributes(self, table: int) -> tuple[Attributes, Ints]:
        """Attributes; and their owners with values deeper than the reader of documents parses."""
        rows = self.rows(table)
        values = rows[:, PRESENT] & _VALUES
        if not self.has(table, "key").all() or (values & values - 1).any():
            raise UncertainValueError
        is_text = self.has(table, "stringValue") | self.has(table, "bytesValue")
        more, deep = self._with_composites(table, is_text)
        codes, keys = _used_keys(rows[:, _KEY_CODE], self.keys)
        owner = self.owners(table)
        attributes = Attributes(
            owner=owner,
            codes=codes,
            keys=keys,
            text=_gathered(self.data, rows, _CONTENT, is_text, more),
            integer=self.integers(table, "intValue", _CONTENT),
            number=self._numbers(table),
            truth=pa.array(rows[:, _CONTENT] != 0, mask=~self.has(table, "boolValue")),
        )
        return attributes, owner[deep]

    def _with_composites(self, table: int, is_text: Bools) -> tuple[Bytes, Bools]:
        """Makes texts of arrays and key-value lists; their letters, and the rows that are deeper."""
        rows = self.rows(table)
        letters, deep = b"", np.zeros(len(rows), dtype=np.bool_)
        for name, render in (("arrayValue", array_text), ("kvlistValue", kvlist_text)):
            is_composite = self.has(table, name)
            chosen = np.flatnonzero(is_composite)
            if len(chosen) == 0:
                continue
            found = rendered(_gathered(self.data, rows[chosen], _CONTENT), render)
            rows[chosen, _CONTENT] = found.begins + len(letters) + len(self.data)
            rows[chosen, _CONTENT + 1] = found.lengths
            letters += found.letters
            deep[chosen] = found.is_deep
            is_text |= is_composite
        return np.frombuffer(letters or b"\n", np.uint8), deep

    def _numbers(self, table: int) -> pa.DoubleArray:
        rows = self.rows(table)
        is_number = self.has(table, "doubleValue")
        written = _gathered(self.data, rows[is_number], _CONTENT)
        values = np.zeros(len(rows))
        values[is_number] = written.cast(pa.float64()).to_numpy(zero_copy_only=False)
        if not np.isfinite(values).all():
            raise UncertainValueError
        return pa.array(values, mask=~is_number)


def _used_keys(codes: Ints, keys: list[str]) -> tuple[npt.NDArray[np.int32], list[str]]:
    """The codes counted anew, and their keys, without the keys of other tables."""
    used = np.flatnonzero(np.bincount(codes, minlength=len(keys)))
    renumbered = np.zeros(len(keys) + 1, dtype=np.int32)
    renumbered[used] = np.arange(len(used))
    return renumbered[codes], [keys[code] for code in used.tolist()]


def _gathered(
    data: Bytes, rows: Ints, column: int, is_present: Bools | None = None, more: Bytes = _NOTHING
) -> pa.StringArray:
    """The texts that begin where the column says, NULL where not present; beyond the data they are in more."""
    chosen = np.ones(len(rows), dtype=np.bool_) if is_present is None else is_present
    lengths = rows[:, column + 1][chosen]
    texts = np.empty(np.where(lengths < 0, ~lengths, lengths).sum(), np.uint8)
    offsets = np.empty(len(rows) + 1, np.int32)
    gather(data, more, rows, column, chosen, offsets, texts)
    valid = None if chosen.all() else pa.py_buffer(np.packbits(chosen, bitorder="little"))
    return pa.Array.from_buffers(pa.string(), len(rows), [valid, pa.py_buffer(offsets), pa.py_buffer(texts)])
