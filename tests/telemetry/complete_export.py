"""A small world's export to which everything is added that a diagnosis looks for, and what takes each thing away again.

A world's own export lacks what no convention or server writes by itself (sessions, labels, hashes of content); here
they are added, and its cache answers what it hits, so that nothing is missing but what a test takes away.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from costctl.synth.demand import demand_of
from costctl.synth.spans import otlp_lines
from tests.synth.small_worlds import plain_world, served_all

Span = dict[str, Any]
_MODERATION = "moderation"


@dataclass
class Record:
    """One span, and the attributes of its resource."""

    span: Span
    resource: dict[str, Any]
    attributes: dict[str, Any]

    @property
    def is_call(self) -> bool:
        return self.attributes.get("gen_ai.operation.name") in ("chat", "embeddings")

    @property
    def is_chat(self) -> bool:
        return self.attributes.get("gen_ai.operation.name") == "chat"

    @property
    def is_entry(self) -> bool:
        return "parentSpanId" not in self.span

    @property
    def is_failed(self) -> bool:
        return self.span.get("status", {}).get("code") == 2


Export = list[Record]


@cache
def _world_export() -> tuple[Record, ...]:
    world = plain_world(requests=400, hours=0.25)
    classes = tuple(replace(spec, failure_ratio=0.05) for spec in world.classes)
    world = replace(world, classes=classes)
    demand = demand_of(world)
    records = []
    for line in otlp_lines(world, demand, served_all(world, demand)):
        for group in json.loads(line)["resourceSpans"]:
            resource = {each["key"]: each["value"] for each in group["resource"]["attributes"]}
            for scope in group["scopeSpans"]:
                for span in scope["spans"]:
                    attributes = {
                        each["key"]: next(iter(each["value"].values())) for each in span["attributes"]
                    }
                    records.append(Record(span, resource, attributes))
    return tuple(records)


def complete_export() -> Export:
    """The world's export with all that is looked for."""
    hits = {r.span["traceId"] for r in _world_export() if r.attributes.get("cache.hit") is True}
    records = []
    for original in _world_export():
        answered_by_cache = original.span["traceId"] in hits and (
            original.is_call or original.span["name"] == _MODERATION
        )
        if not answered_by_cache:
            records.append(deepcopy(original))
    _end_with_the_last_span(records, hits)
    for record in records:
        if record.is_entry:
            record.attributes |= {
                "gen_ai.conversation.id": "c-" + record.span["traceId"][-2:],
                "data.classification": "internal",
                "costctl.class": record.attributes["http.route"].rpartition("/")[2],
            }
        if record.is_chat:
            record.attributes |= {"gen_ai.request.stream": True, "costctl.content.key": "0123abcd"}
            record.attributes.setdefault("gen_ai.request.max_tokens", 4096)
            if not record.is_failed:
                record.attributes["gen_ai.response.finish_reasons"] = "stop"
    return records


def _end_with_the_last_span(records: Export, traces: set[str]) -> None:
    ends: dict[str, int] = {}
    for record in records:
        if not record.is_entry:
            trace = record.span["traceId"]
            ends[trace] = max(ends.get(trace, 0), int(record.span["endTimeUnixNano"]))
    for record in records:
        if record.is_entry and record.span["traceId"] in traces:
            record.span["endTimeUnixNano"] = str(ends[record.span["traceId"]])


def written(export: Export) -> bytes:
    """OTLP/JSON, a line a span."""
    lines = []
    for record in export:
        span = {**record.span, "attributes": [_pair(*item) for item in record.attributes.items()]}
        resource = {"attributes": [{"key": k, "value": v} for k, v in record.resource.items()]}
        scope = {"scope": {"name": "platform"}, "spans": [span]}
        lines.append(json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}))
    return ("\n".join(lines) + "\n").encode()


def _pair(key: str, value: Any) -> dict[str, Any]:
    kind = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}[type(value)]
    return {"key": key, "value": {kind: value}}


@dataclass(frozen=True)
class Taken:
    """A group of facts that an export may lack. gap: the one check that must show it.

    moot: checks that no longer apply, since what they are about is gone too.
    """

    gap: str
    take: Callable[[Export], Export]
    moot: frozenset[str] = frozenset()


def without(*keys: str, of: Callable[[Record], bool] = lambda _record: True) -> Callable[[Export], Export]:
    """Take attributes away, of spans and of resources."""

    def take(export: Export) -> Export:
        for record in filter(of, export):
            for key in keys:
                record.attributes.pop(key, None)
                record.resource.pop(key, None)
        return export

    return take


def without_spans(is_taken: Callable[[Record], bool]) -> Callable[[Export], Export]:
    """Take whole spans away."""
    return lambda export: [record for record in export if not is_taken(record)]


def _without_gateway(export: Export) -> Export:
    """Nothing receives the request. What only the gateway says is said by a span below it, as a library would."""
    entries = {record.span["spanId"]: record for record in export if record.is_entry}
    handed: set[str] = set()
    for record in export:
        parent = record.span.get("parentSpanId")
        if parent in entries and parent not in handed:
            handed.add(parent)
            for key in ("tenant", "gen_ai.conversation.id", "data.classification", "costctl.class"):
                record.attributes.setdefault(key, entries[parent].attributes[key])
    return [record for record in export if not record.is_entry]


def _without_ends(export: Export) -> Export:
    for record in export:
        if record.is_call:
            record.span.pop("endTimeUnixNano")
    return export


def _with_lost_attributes(export: Export) -> Export:
    for record in export[::7]:
        record.span["droppedAttributesCount"] = 3
    return export


def _with_a_clock_that_is_wrong(export: Export) -> Export:
    """The vector store's machine is half a minute behind."""
    for record in export:
        if record.attributes.get("db.system.name") == "qdrant":
            for key in ("startTimeUnixNano", "endTimeUnixNano"):
                record.span[key] = str(int(record.span[key]) - 30_000_000_000)
    return export


def _recorded_by_the_caller(export: Export) -> Export:
    """Model calls as an SDK records them: its own retries are inside its span. A client does not say who answered."""
    for record in export:
        if record.is_call:
            record.span["kind"] = 3
            record.attributes.pop("costctl.attempt", None)
    return export


def _unnamed_steps(export: Export) -> Export:
    """Half of each request passes between its spans: its entry does not say that it is a gateway."""
    for record in export:
        if record.is_entry:
            record.attributes.pop("http.request.method")
            start, end = int(record.span["startTimeUnixNano"]), int(record.span["endTimeUnixNano"])
            record.span["startTimeUnixNano"] = str(start - (end - start))
    return export


GROUPS = {
    "input tokens": Taken("input_tokens", without("gen_ai.usage.input_tokens"), frozenset({"cached_tokens"})),
    "output tokens": Taken("output_tokens", without("gen_ai.usage.output_tokens")),
    "cached tokens": Taken("cached_tokens", without("gen_ai.usage.cache_read.input_tokens")),
    "model": Taken("model", without("gen_ai.request.model", "gen_ai.response.model")),
    "provider": Taken("provider", without("gen_ai.provider.name")),
    "ends of calls": Taken("call_times", _without_ends),  # only what needs no call is then complete
    "replica": Taken("replica", without("service.instance.id")),
    "gateway spans": Taken("entry", _without_gateway, frozenset({"egress", "parents"})),
    "error types": Taken("errors", without("error.type")),
    "stages": Taken("stages", without("costctl.stage")),
    "unnamed time": Taken("uninstrumented_time", _unnamed_steps),
    "agent spans": Taken(
        "parents", without_spans(lambda r: r.attributes.get("gen_ai.operation.name") == "invoke_agent")
    ),
    "clocks": Taken("clocks", _with_a_clock_that_is_wrong),
    "dropped attributes": Taken("whole_attributes", _with_lost_attributes),
    "storage bytes": Taken("storage_bytes", without("costctl.storage.bytes")),
    "bytes of responses": Taken("egress", without("http.response.body.size")),
    "tenant": Taken("tenant", without("tenant")),
    "data classification": Taken("data_classification", without("data.classification")),
    "stream flag": Taken("stream_flag", without("gen_ai.request.stream")),
    "max_tokens": Taken("max_tokens", without("gen_ai.request.max_tokens")),
    "region": Taken("region", without("cloud.region")),
    "first token": Taken("ttft", without("gen_ai.latency.time_to_first_token")),
    "queue": Taken("queue_time", without("gen_ai.latency.time_in_queue")),
    "finish reason": Taken("finish_reason", without("gen_ai.response.finish_reasons")),
    "retrieval spans": Taken(
        "retrieval",
        without_spans(lambda r: r.attributes.get("db.system.name") == "qdrant"),
        frozenset({"documents"}),
    ),
    "documents": Taken("documents", without("db.response.returned_rows")),
    "cache outcome": Taken(
        "cache_hits", without("cache.hit", of=lambda r: r.attributes.get("cache.hit") is False)
    ),
    "cache spans": Taken(
        "silent_requests",
        without_spans(lambda r: r.attributes.get("db.system.name") == "redis"),
        frozenset({"cache_hits"}),
    ),
    "content keys": Taken("content_keys", without("costctl.content.key")),
    "the server's own record": Taken(
        "retries", _recorded_by_the_caller, frozenset({"replica", "queue_time"})
    ),
    "session": Taken("session", without("gen_ai.conversation.id")),
    "label": Taken("label", without("costctl.class")),
}
