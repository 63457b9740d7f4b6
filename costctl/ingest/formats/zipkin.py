"""Which spans does a Zipkin v2 export hold?

Shape in: one JSON value: a span, of which exports are lists.  Shape out: ResourceSpans. Times are in µs.
https://zipkin.io/zipkin-api/#/default/get_traces

A server that joins the client's span reports under the client's id and says ``shared``; it becomes a span of its
own below the client's, so that neither is lost.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from costctl.ingest.formats.found import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Found,
    Json,
    end_text,
    hex_id,
    listed,
    named,
    ns_text,
)
from costctl.ingest.formats.otlp_normalise import attributes_of

_NS_PER_US: Final = 1_000
_KINDS: Final = {"server": 2, "client": 3, "producer": 4, "consumer": 5}
_ERROR: Final = 2
_MARKS: Final = (
    "timestamp",
    "duration",
    "localEndpoint",
    "remoteEndpoint",
    "parentId",
    "annotations",
    "kind",
)


def collect_zipkin(value: Json, found: Found) -> bool:
    """Adds a Zipkin span; whether it is one."""
    if "traceId" not in value or "id" not in value or not any(mark in value for mark in _MARKS):
        return False
    span_id, parent = hex_id(value["id"], SPAN_ID_DIGITS), hex_id(value.get("parentId"), SPAN_ID_DIGITS)
    if value.get("shared") is True and span_id is not None:
        span_id, parent = hashlib.sha256(f"{span_id} shared".encode()).hexdigest()[:SPAN_ID_DIGITS], span_id
    tags = named(value.get("tags"))
    start = ns_text(value.get("timestamp"), _NS_PER_US)
    length = ns_text(value.get("duration"), _NS_PER_US)
    canonical = {
        "traceId": hex_id(value["traceId"], TRACE_ID_DIGITS),
        "spanId": span_id,
        "parentSpanId": parent,
        "name": str(value.get("name") or ""),
        "kind": _KINDS.get(str(value.get("kind")).lower(), 0),
        "startTimeUnixNano": start,
        "endTimeUnixNano": end_text(start, length),
        "attributes": attributes_of({**tags, **_peer(value.get("remoteEndpoint"))}),
        "events": [_event(each) for each in listed(value.get("annotations")) if isinstance(each, dict)],
        "status": {"code": _ERROR if _has_failed(tags) else 0},
    }
    service = named(value.get("localEndpoint")).get("serviceName")
    found.add(
        attributes_of({"service.name": service} if service else {}),
        None,
        [{name: each for name, each in canonical.items() if each is not None}],
    )
    return True


def _has_failed(tags: Json) -> bool:
    """The tag ``error`` says so by being there, unless it says false."""
    return "error" in tags and str(tags["error"]).lower() != "false"


def _peer(endpoint: Any) -> Json:
    service = named(endpoint).get("serviceName")
    return {"peer.service": service} if service else {}


def _event(annotation: Json) -> Json:
    return {
        "timeUnixNano": ns_text(annotation.get("timestamp"), _NS_PER_US) or "0",
        "name": str(annotation.get("value") or ""),
        "attributes": [],
    }
