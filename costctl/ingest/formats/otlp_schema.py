"""How does pyarrow.json read OTLP/JSON, given that 64-bit integers are text here and numbers there?

Shape out: an explicit schema for each way of writing them. The specification says text; JavaScript
exporters write attribute integers as numbers, and some exporters times as well. A block is uniform as a
rule; one that is not goes to the slow reader.
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa


def _any_value(integer: pa.DataType) -> pa.DataType:
    """AnyValue; arrays and key-value lists one level deep, which is what instrumentations write."""
    scalars = [
        pa.field("stringValue", pa.string()),
        pa.field("intValue", integer),
        pa.field("doubleValue", pa.float64()),
        pa.field("boolValue", pa.bool_()),
    ]
    scalar = pa.struct(scalars)
    pair = pa.struct([pa.field("key", pa.string()), pa.field("value", scalar)])
    return pa.struct(
        [
            *scalars,
            pa.field("arrayValue", pa.struct([pa.field("values", pa.list_(scalar))])),
            pa.field("kvlistValue", pa.struct([pa.field("values", pa.list_(pair))])),
            pa.field("bytesValue", pa.string()),
        ]
    )


@cache
def otlp_json_schema(integer: pa.DataType, instant: pa.DataType, enum: pa.DataType) -> pa.Schema:
    """One document a row: ``resourceSpans``.

    integer: type of ``intValue``, string or int64.  instant: type of the times.  enum: type of kind and
    status code, int64 or, where the exporter writes their names, string.
    """
    attributes = pa.list_(pa.struct([pa.field("key", pa.string()), pa.field("value", _any_value(integer))]))
    event = pa.struct(
        [
            pa.field("timeUnixNano", instant),
            pa.field("name", pa.string()),
            pa.field("attributes", attributes),
        ]
    )
    span = pa.struct(
        [
            pa.field("traceId", pa.string()),
            pa.field("spanId", pa.string()),
            pa.field("parentSpanId", pa.string()),
            pa.field("name", pa.string()),
            pa.field("kind", enum),
            pa.field("startTimeUnixNano", instant),
            pa.field("endTimeUnixNano", instant),
            pa.field("attributes", attributes),
            pa.field("droppedAttributesCount", pa.int64()),
            pa.field("events", pa.list_(event)),
            pa.field("status", pa.struct([pa.field("code", enum)])),
        ]
    )
    scope_spans = pa.struct(
        [
            pa.field("scope", pa.struct([pa.field("name", pa.string()), pa.field("attributes", attributes)])),
            pa.field("spans", pa.list_(span)),
        ]
    )
    resource_spans = pa.struct(
        [
            pa.field("resource", pa.struct([pa.field("attributes", attributes)])),
            pa.field("scopeSpans", pa.list_(scope_spans)),
        ]
    )
    return pa.schema([pa.field("resourceSpans", pa.list_(resource_spans))])
