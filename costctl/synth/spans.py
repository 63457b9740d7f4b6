"""What does a collector write about a world? OTLP/JSON, one export request a line, as its file exporter does.

In: a world, its demand, and how it was served. Out: lines of bytes. Names are those of OpenTelemetry's
conventions for HTTP, databases, object stores and generative AI, and vLLM's for the time in its queue;
nothing names the class of a request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import msgspec
import numpy as np

from costctl.synth.demand import Demand
from costctl.synth.otlp import Attributes, pairs, span_id
from costctl.synth.platform import CallEnd, Served
from costctl.synth.truth import activity_start_s, is_success, response_bytes
from costctl.synth.world import ClassSpec, PoolSpec, Step, World

_REQUESTS_A_LINE: Final = 100
_ANSWER_S: Final = 0.002  # the gateway's own time after the last activity
_INTERNAL, _SERVER, _CLIENT = 1, 2, 3
Emitter = tuple[str, str]  # service, instance


@dataclass(frozen=True, slots=True)
class _Span:
    emitter: Emitter
    name: str
    kind: int
    start_s: float
    end_s: float
    attributes: Attributes
    is_failed: bool = False
    is_in_agent: bool = False


def otlp_lines(world: World, demand: Demand, served: Served) -> Iterator[bytes]:
    """The lines, in order of the requests' start."""
    writer = _Writer(world, demand, served)
    count = demand.requests.start_s.size
    for first in range(0, count, _REQUESTS_A_LINE):
        spans = [
            pair for n in range(first, min(first + _REQUESTS_A_LINE, count)) for pair in writer.spans_of(n)
        ]
        spans.sort(key=lambda pair: pair[0])
        groups = [
            {"resource": {"attributes": pairs(_emitter_attributes(emitter))},
             "scopeSpans": [{"scope": {"name": "platform"}, "spans": [span for _, span in members]}]}
            for emitter, members in groupby(spans, key=lambda pair: pair[0])
        ]  # fmt: skip
        yield msgspec.json.encode({"resourceSpans": groups}) + b"\n"


class _Writer:
    """Looks up what belongs to a request; the arrays are in order of the requests."""

    def __init__(self, world: World, demand: Demand, served: Served) -> None:
        self.world, self.demand, self.served = world, demand, served
        numbers = np.arange(demand.requests.start_s.size + 1)
        self.activities_from = np.searchsorted(demand.activities.request, numbers)
        self.calls_from = np.searchsorted(demand.calls.request, numbers)
        self.start_s = activity_start_s(demand, served)
        self.is_success = is_success(demand, served)
        self.response_bytes = response_bytes(world, demand, served)
        self.is_call = np.zeros(demand.activities.request.size, np.bool_)
        self.is_call[demand.calls.activity] = True
        counts = [pool.replicas for pool in world.pools]
        self.replica_in_pool = np.concatenate([np.arange(count) for count in counts])

    def spans_of(self, request: int) -> list[tuple[Emitter, dict[str, Any]]]:
        """The request's spans with what emitted each, its entry first."""
        spec = self.world.classes[self.demand.requests.request_class[request]]
        inner = [*self._activities(request, spec), *self._calls(request, spec)]
        inner.sort(key=lambda span: span.start_s)
        end_s = max(span.end_s for span in inner)
        start_s = float(self.demand.requests.start_s[request])
        good = bool(self.is_success[request])
        entry: Attributes = {
            "http.request.method": "POST",
            "http.route": spec.route,
            "http.response.status_code": 200 if good else 504,
            "tenant": self.world.tenants[self.demand.requests.tenant[request]],
        }
        if good:
            entry["http.response.body.size"] = int(self.response_bytes[request])
        spans = [
            _Span(
                ("gateway", "gateway-0"),
                f"POST {spec.route}",
                _SERVER,
                start_s,
                end_s + _ANSWER_S,
                entry,
                not good,
            )
        ]
        if spec.is_agent:
            within = [span for span in inner if span.is_in_agent]
            spans.append(
                _Span(("api", "api-0"), "invoke_agent assistant", _INTERNAL, within[0].start_s, end_s,
                      {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "assistant"})
            )  # fmt: skip
        agent = 1 if spec.is_agent else 0
        return [
            (span.emitter, self._json(request, number, agent if span.is_in_agent else 0, span))
            for number, span in enumerate([*spans, *inner])
        ]

    def _activities(self, request: int, spec: ClassSpec) -> Iterator[_Span]:
        activities = self.demand.activities
        for row in range(self.activities_from[request], self.activities_from[request + 1]):
            start_s = float(self.start_s[row])
            if self.is_call[row] or np.isnan(start_s):
                continue
            step = spec.steps[activities.step[row]]
            name, kind, attributes = _described(step, int(activities.reads[row]), int(activities.read_bytes[row]),
                                                bool(activities.is_hit[row]), spec)  # fmt: skip
            yield _Span(("api", "api-0"), name, kind, start_s, start_s + float(activities.duration_s[row]), attributes,
                        is_in_agent=spec.is_agent and step.is_looped)  # fmt: skip

    def _calls(self, request: int, spec: ClassSpec) -> Iterator[_Span]:
        calls, served = self.demand.calls, self.served
        for call in range(self.calls_from[request], self.calls_from[request + 1]):
            if served.end[call] == CallEnd.NEVER_MADE:
                continue
            pool = self.world.pools[calls.pool[call]]
            instance = f"{pool.name}-{self.replica_in_pool[served.replica[call]]}"
            step = spec.steps[self.demand.activities.step[calls.activity[call]]]
            yield _Span((pool.name, instance), f"{_operation(pool)} {pool.model}", _SERVER,
                        float(served.ready_s[call]), float(served.end_s[call]), self._call_attributes(call, pool, spec),
                        served.end[call] != CallEnd.OK, spec.is_agent and step.is_looped)  # fmt: skip

    def _call_attributes(self, call: int, pool: PoolSpec, spec: ClassSpec) -> Attributes:
        calls, served = self.demand.calls, self.served
        found: Attributes = {
            "gen_ai.operation.name": _operation(pool),
            "gen_ai.provider.name": "self_hosted",
            "gen_ai.request.model": pool.model,
            "gen_ai.response.model": pool.model,
            "gen_ai.usage.input_tokens": int(calls.uncached_tokens[call] + calls.cached_tokens[call]),
        }
        if calls.cached_tokens[call]:
            found["gen_ai.usage.cache_read.input_tokens"] = int(calls.cached_tokens[call])
        if spec.max_tokens is not None and not pool.is_static:
            found["gen_ai.request.max_tokens"] = spec.max_tokens
        begin_s = served.end_s[call] if np.isnan(served.begin_s[call]) else served.begin_s[call]
        found["gen_ai.latency.time_in_queue"] = round(float(begin_s - served.ready_s[call]), 9)
        if not pool.is_static and not np.isnan(served.first_token_s[call]):
            waited_s = float(served.first_token_s[call] - served.ready_s[call])
            found["gen_ai.latency.time_to_first_token"] = round(waited_s, 9)
        if served.end[call] == CallEnd.OK:
            if not pool.is_static:
                found["gen_ai.usage.output_tokens"] = int(calls.steps[call]) + 1
        else:
            found["error.type"] = "timeout" if served.end[call] == CallEnd.TIMED_OUT else "upstream_reset"
        if calls.attempt[call] > 1:
            found["costctl.attempt"] = int(calls.attempt[call])
        return found

    def _json(self, request: int, number: int, parent: int, span: _Span) -> dict[str, Any]:
        found: dict[str, Any] = {
            "traceId": f"{self.world.seed & 0xFFFFFFFF:08x}{request + 1:024x}",
            "spanId": span_id(request, number),
            "name": span.name,
            "kind": span.kind,
            "startTimeUnixNano": str(self._ns(span.start_s)),
            "endTimeUnixNano": str(self._ns(span.end_s)),
            "attributes": pairs(span.attributes),
        }
        if number > 0:
            found["parentSpanId"] = span_id(request, parent if parent != number else 0)
        if span.is_failed:
            found["status"] = {"code": 2}
        return found

    def _ns(self, at_s: float) -> int:
        return self.world.start_ns + round(at_s * 1e9)


def _described(
    step: Step, reads: int, read_bytes: int, is_hit: bool, spec: ClassSpec
) -> tuple[str, int, Attributes]:
    """Name, kind and attributes of an activity that is no call."""
    match step.kind:
        case "auth":
            return "authorize", _INTERNAL, {}
        case "cache":
            return "GET answer", _CLIENT, {"db.system.name": "redis", "cache.hit": is_hit}
        case "retrieval":
            found: Attributes = {
                "db.system.name": "qdrant",
                "db.operation.name": "query",
                "db.response.returned_rows": spec.documents[1],
            }
            return "query documents", _CLIENT, found
        case "storage":
            bucket = f"documents-{step.storage}"
            read: Attributes = {"rpc.method": "GetObject", "aws.s3.bucket": bucket, "costctl.storage.reads": reads,
                    "costctl.storage.bytes": read_bytes}  # fmt: skip
            return f"GetObject {bucket}", _CLIENT, read
        case "tool":
            return (
                "execute_tool search",
                _INTERNAL,
                {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"},
            )
        case "persist":
            return "INSERT answers", _CLIENT, {"db.system.name": "postgresql", "db.operation.name": "insert"}
        case _:
            return step.kind, _INTERNAL, {"costctl.stage": step.kind}


def _operation(pool: PoolSpec) -> str:
    return "embeddings" if pool.is_static else "chat"


def _emitter_attributes(emitter: Emitter) -> Attributes:
    return {"service.name": emitter[0], "service.instance.id": emitter[1], "cloud.region": "eu-west-2"}
