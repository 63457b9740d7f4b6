"""Which spans does an export of Langfuse hold?

Shape in: one JSON value: ``{"trace", "observations"}`` as its interface downloads a trace, a trace with its
observations inside, or an observation as its batch exports write them.  Shape out: ResourceSpans whose
attributes are those that Langfuse's own SDK writes over OTLP, so that one dialect reads both.
https://langfuse.com/docs/api-and-data-platform/features/export-from-ui
"""

from __future__ import annotations

from typing import Any, Final

from costctl.ingest.attribute_text import parsed_json
from costctl.ingest.formats.found import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Found,
    Json,
    hex_id,
    named,
    ns_text,
)
from costctl.ingest.formats.otlp_normalise import attributes_of
from costctl.ingest.formats.otlp_values import json_text

_NS_PER_S: Final = 1_000_000_000
_ERROR: Final = 2
_OBSERVATION_MARKS: Final = ("traceId", "startTime", "type")
# What Langfuse fills in where nothing was reported.
_NO_USAGE: Final[tuple[Json, ...]] = (
    {},
    {"input": 0, "output": 0, "total": 0},
    {"input": None, "output": None, "total": None},
)


def collect_langfuse(value: Json, found: Found) -> bool:
    """Adds the observations of a Langfuse export; whether it is one."""
    if _is_observation(value):
        _add(value, {}, found)
        return True
    observations = value.get("observations")
    if not isinstance(observations, list) or not (isinstance(value.get("trace"), dict) or "id" in value):
        return False
    trace = value["trace"] if isinstance(value.get("trace"), dict) else value
    for observation in found.objects(observations, "not_langfuse", "An observation that is no object."):
        _add(observation, trace, found)
    return True


def _is_observation(value: Json) -> bool:
    return all(mark in value for mark in _OBSERVATION_MARKS) and "id" in value


def _add(observation: Json, trace: Json, found: Found) -> None:
    metadata = _object(observation.get("metadata"))
    said = {**named(metadata.get("attributes")), **_facts(observation, trace)}
    canonical = {
        "traceId": hex_id(observation.get("traceId") or trace.get("id"), TRACE_ID_DIGITS),
        "spanId": hex_id(observation.get("id"), SPAN_ID_DIGITS),
        "parentSpanId": hex_id(observation.get("parentObservationId"), SPAN_ID_DIGITS),
        "name": str(observation.get("name") or ""),
        "startTimeUnixNano": ns_text(observation.get("startTime"), _NS_PER_S),
        "endTimeUnixNano": ns_text(observation.get("endTime"), _NS_PER_S),
        "attributes": attributes_of({key: each for key, each in said.items() if each is not None}),
        "status": {"code": _ERROR if observation.get("level") == "ERROR" else 0},
    }
    resource = named(metadata.get("resourceAttributes"))
    scope = named(metadata.get("scope")).get("name")
    found.add(
        attributes_of(resource),
        scope if isinstance(scope, str) else None,
        [{name: each for name, each in canonical.items() if each is not None}],
    )


def _facts(observation: Json, trace: Json) -> Json:
    """What the observation says, under the keys of Langfuse's SDK."""
    return {
        "langfuse.observation.type": str(observation.get("type") or "").lower() or None,
        "langfuse.observation.level": observation.get("level"),
        "langfuse.observation.model.name": observation.get("model") or observation.get("providedModelName"),
        "langfuse.observation.model.parameters": _text(observation.get("modelParameters")),
        "langfuse.observation.usage_details": _usage(observation),
        "langfuse.observation.cost_details": _text(observation.get("costDetails")),
        "langfuse.observation.completion_start_time": observation.get("completionStartTime"),
        "langfuse.session.id": trace.get("sessionId") or observation.get("sessionId"),
        "langfuse.user.id": trace.get("userId") or observation.get("userId"),
        "langfuse.environment": observation.get("environment"),
    }


def _usage(observation: Json) -> str | None:
    """The tokens as JSON text; None where none were reported, which Langfuse writes as zeros."""
    details = _object(observation.get("usageDetails") or observation.get("usage"))
    return None if details in _NO_USAGE else _text(details)


def _object(value: Any) -> Json:
    """An object, which some exports write as JSON text."""
    return named(parsed_json(value) if isinstance(value, str) else value)


def _text(value: Any) -> str | None:
    """The value as JSON text; nothing where nothing is said."""
    if value is None or value in ({}, ""):
        return None
    return value if isinstance(value, str) else json_text(value)
