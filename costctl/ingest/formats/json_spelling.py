"""How is a block of OTLP/JSON in another spelling brought into the one that the fast reader parses?

Shape in: bytes of JSON documents.  Shape out: the same documents with the keys of the specification, 64-bit
integers as text and enums as numbers. Only keys and what stands right after their
colon are touched: a quote inside a string is escaped, so nothing that anyone said can look like a key.
"""

from __future__ import annotations

import re
from typing import Final

from costctl.ingest.formats.nested_arrow import snake_case

_CAMEL_CASE_KEYS: Final = (
    "resourceSpans",
    "scopeSpans",
    "traceId",
    "spanId",
    "parentSpanId",
    "startTimeUnixNano",
    "endTimeUnixNano",
    "timeUnixNano",
    "droppedAttributesCount",
    "stringValue",
    "intValue",
    "doubleValue",
    "boolValue",
    "arrayValue",
    "kvlistValue",
    "bytesValue",
)
_KEYS: Final = {snake_case(key): key for key in _CAMEL_CASE_KEYS} | {
    "batches": "resourceSpans",
    "instrumentationLibrarySpans": "scopeSpans",
    "instrumentation_library_spans": "scopeSpans",
    "instrumentationLibrary": "scope",
    "instrumentation_library": "scope",
}
_ENUMS: Final = (
    *(
        f"SPAN_KIND_{name}"
        for name in ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
    ),
    *(f"STATUS_CODE_{name}" for name in ("UNSET", "OK", "ERROR")),
)
_STATUS_FIRST: Final = 6  # where in _ENUMS the status codes begin, which count from 0 again
_NAMED_ENUM: Final = re.compile(rb'("(?:kind|code)"\s*:\s*)"(SPAN_KIND_[A-Z]+|STATUS_CODE_[A-Z]+)"')
_NUMBER: Final = re.compile(rb'("(?:intValue|(?:startT|endT|t)imeUnixNano)"\s*:\s*)(-?\d+)')


def respelled(data: bytes) -> bytes:
    """The documents in the canonical spelling, as far as it can be had without parsing them."""
    for written, key in _KEYS.items():
        data = data.replace(b'"%s":' % written.encode(), b'"%s":' % key.encode())
    if b"_KIND_" in data or b"STATUS_CODE_" in data:
        data = _NAMED_ENUM.sub(_numbered, data)
    return _NUMBER.sub(rb'\1"\2"', data)


def _numbered(match: re.Match[bytes]) -> bytes:
    name = match[2].decode()
    if name not in _ENUMS:
        return match[0]
    place = _ENUMS.index(name)
    return match[1] + str(place - _STATUS_FIRST if place >= _STATUS_FIRST else place).encode()
