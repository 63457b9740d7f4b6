"""Which spans does a piece of an OTLP export hold, and whose are they?

Shape in: an Arrow list of ResourceSpans per row, one row a document or message, as pyarrow.json or ptars
reads it.  Shape out: ``RawSpans``: one row per span in the order of the source, its attributes and events as
flat columns that point back at it, the attributes of scopes and resources once each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools, Ints
from costctl.ingest.formats.nested_arrow import child, explode, is_present
from costctl.ingest.formats.otlp_values import Attributes, read_attributes


@dataclass(frozen=True, slots=True)
class RawEvents:
    """Events of spans. span: row of the span.  attributes: their owner is a row of this table."""

    span: Ints
    name: pa.StringArray
    at_ns: pa.Array
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class RawSpans:
    """Spans as the wire has them, ids and times not yet looked at.

    document: row of the document that held the span.  spans: the struct array of the spans.  resource: row in
    resource_attributes' owners, likewise scope, which has a name.  doubtful: documents in which something required was
    not found in the common spelling, to be read again by the slow reader.
    """

    spans: pa.StructArray
    document: Ints
    resource: Ints
    resources: int
    scope: Ints
    scope_name: pa.StringArray
    attributes: Attributes
    resource_attributes: Attributes
    scope_attributes: Attributes
    events: RawEvents
    doubtful: Ints

    def __len__(self) -> int:
        return len(self.spans)


def flatten_documents(resource_spans: pa.ListArray) -> RawSpans:
    """All spans of all documents.

    resource_spans: one list of ResourceSpans per document; a NULL list makes the document doubtful.
    Raises pa.ArrowInvalid where an integer is no integer.
    """
    emitters, emitter_document = explode(resource_spans)
    scopes_of = child(emitters, "scopeSpans")
    scopes, scope_emitter = explode(scopes_of)
    spans_of = child(scopes, "spans")
    spans, span_scope = explode(spans_of)
    scope_document = emitter_document[scope_emitter]
    document = scope_document[span_scope]
    attributes, deep_spans = read_attributes(child(spans, "attributes"))
    resource_attributes, deep_resources = read_attributes(child(child(emitters, "resource"), "attributes"))
    scope_attributes, deep_scopes = read_attributes(child(child(scopes, "scope"), "attributes"))
    events, deep_events = _events(spans)
    doubts = (
        np.flatnonzero(~is_present(resource_spans)),
        emitter_document[~is_present(scopes_of)],
        scope_document[~is_present(spans_of)],
        document[_lacks_required(spans)],
        document[deep_spans],
        document[deep_events],
        emitter_document[deep_resources],
        scope_document[deep_scopes],
    )
    return RawSpans(
        spans=spans,
        document=document,
        resource=scope_emitter[span_scope],
        resources=len(emitters),
        scope=span_scope,
        scope_name=scope_names(child(child(scopes, "scope"), "name")),
        attributes=attributes,
        resource_attributes=resource_attributes,
        scope_attributes=scope_attributes,
        events=events,
        doubtful=np.unique(np.concatenate(doubts)),
    )


def scope_names(names: pa.StringArray) -> pa.StringArray:
    """The names; an empty one, which protobuf writes for none, is NULL."""
    return pc.if_else(pc.equal(names, ""), pa.scalar(None, pa.string()), names)


def _lacks_required(spans: pa.StructArray) -> Bools:
    required = (child(spans, name) for name in ("traceId", "spanId", "startTimeUnixNano"))
    lacking = np.zeros(len(spans), dtype=np.bool_)
    for column in required:
        lacking |= ~is_present(column)
    return lacking


def _events(spans: pa.StructArray) -> tuple[RawEvents, Ints]:
    """The events; and the spans of those with values deeper than was parsed."""
    events, span = explode(child(spans, "events"))
    attributes, deep = read_attributes(child(events, "attributes"))
    found = RawEvents(
        span=span,
        name=child(events, "name"),
        at_ns=child(events, "timeUnixNano"),
        attributes=attributes,
    )
    return found, span[deep]
