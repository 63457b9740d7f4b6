"""Which spans does an export of Langfuse hold?

Shape in: one JSON value: ``{"trace", "observations"}`` as its interface downloads a trace, a trace with its
observations inside, an observation as its batch and blob storage exports write them (in camelCase or snake_case), or a
page of its public API (``{"data", "meta"}``).  Shape out: ResourceSpans whose attributes are those that Langfuse's own
SDK writes over OTLP, so that one dialect reads both.
https://langfuse.com/docs/api-and-data-platform/features/export-from-ui
https://langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields
"""

from __future__ import annotations

import re
from collections.abc import Iterable
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
_OBSERVATION_MARKS: Final = frozenset({"id", "traceId", "startTime", "type"})
# Rows of the other tables that Langfuse exports beside its observations.
_TRACE_MARKS: Final = frozenset({"id", "timestamp", "name", "sessionId", "userId"})
_SCORE_MARKS: Final = frozenset({"id", "traceId", "dataType", "value", "source"})
_MODALITY: Final = re.compile(r"(?:audio|image|video)(?:_tokens)?")
_UNDERSCORE: Final = re.compile(r"_([a-z0-9])")
# What Langfuse fills in where nothing was reported.
_NO_USAGE: Final[tuple[Json, ...]] = (
    {},
    {"input": 0, "output": 0, "total": 0},
    {"input": None, "output": None, "total": None},
)


def is_langfuse_table(columns: Iterable[str]) -> bool:
    """Whether a table with these columns is an export of observations."""
    return {_camel(name) for name in columns} >= _OBSERVATION_MARKS


def collect_langfuse(value: Json, found: Found) -> bool:
    """Adds the observations of a Langfuse export; whether it is one."""
    row = _row(value)
    if row.keys() >= _OBSERVATION_MARKS:
        _add(row, {}, found)
        return True
    page = value.get("data")
    if isinstance(page, list) and isinstance(value.get("meta"), dict) and _is_page(page):
        for each in page:
            collect_langfuse(each, found)
        return True
    observations = value.get("observations")
    if isinstance(observations, list) and (isinstance(value.get("trace"), dict) or "id" in value):
        trace = value["trace"] if isinstance(value.get("trace"), dict) else value
        _add_all(observations, trace, found)
        return True
    if row.keys() >= _TRACE_MARKS or row.keys() >= _SCORE_MARKS:
        message = "A Langfuse trace or score without its observations: it records no model call."
        found.reject("not_a_request", message, json_text(sorted(value)))
        return True
    return False


def _is_page(page: list[Any]) -> bool:
    """Whether the elements are observations, or traces that hold some; a page may also be empty."""
    kinds = (_OBSERVATION_MARKS, _TRACE_MARKS, _SCORE_MARKS)
    return all(isinstance(each, dict) and any(_row(each).keys() >= kind for kind in kinds) for each in page)


def _row(value: Json) -> Json:
    """The value with its names in camelCase, as the API has them; the exports to blob storage write snake_case."""
    is_snake = "trace_id" in value or "session_id" in value
    return {_camel(name): each for name, each in value.items()} if is_snake else value


def _camel(name: str) -> str:
    return _UNDERSCORE.sub(lambda match: match[1].upper(), name)


def _add_all(observations: list[Any], trace: Json, found: Found) -> None:
    if observations and all(isinstance(each, str) for each in observations):
        message = "A Langfuse trace with only the ids of its observations: export the observations."
        found.reject("not_a_request", message, json_text(sorted(trace)))
        return
    for observation in found.objects(observations, "not_langfuse", "An observation that is not an object."):
        _add(_row(observation), trace, found)


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
    usage = _usage(observation)
    return {
        "langfuse.observation.type": str(observation.get("type") or "").lower() or None,
        "langfuse.observation.level": observation.get("level") or None,
        "langfuse.observation.model.name": _model(observation),
        "langfuse.observation.model.parameters": _text(observation.get("modelParameters")),
        "langfuse.observation.usage_details": usage,
        "langfuse.observation.cost_details": _cost(observation, has_usage=usage is not None),
        "langfuse.observation.completion_start_time": observation.get("completionStartTime") or None,
        "langfuse.session.id": trace.get("sessionId") or observation.get("sessionId") or None,
        "langfuse.user.id": trace.get("userId") or observation.get("userId") or None,
        "langfuse.environment": observation.get("environment") or None,
    }


def _model(observation: Json) -> Any:
    return observation.get("model") or observation.get("providedModelName") or None


def _usage(observation: Json) -> str | None:
    """The tokens as JSON text; None where none were reported, which Langfuse writes as zeros."""
    details = _object(observation.get("usageDetails") or observation.get("usage"))
    return None if details in _NO_USAGE else _text(_with_modalities(details))


def _with_modalities(details: Json) -> Json:
    """Buckets that do not overlap, which is shown by a total that is their sum, with sound and pictures counted in the
    input and the output as well, as our columns do.
    https://langfuse.com/docs/observability/features/token-and-cost-tracking
    """
    counts = {name: each for name, each in details.items() if _is_count(each) and name != "total"}
    if not _is_count(details.get("total")) or sum(counts.values()) != details["total"]:
        return details
    added = {
        side: sum(each for name, each in counts.items() if _MODALITY.fullmatch(name.removeprefix(f"{side}_")))
        for side in ("input", "output")
        if side in counts
    }
    return {**details, **{side: counts[side] + more for side, more in added.items()}}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _cost(observation: Json, *, has_usage: bool) -> str | None:
    """The amounts as JSON text. Where an observation that counts tokens gives only their sum, it is the total; what an
    observation without usage costs is a sum of others.
    """
    details = _object(observation.get("costDetails"))
    total = observation.get("totalCost", observation.get("calculatedTotalCost"))
    if "total" not in details and has_usage and total not in (None, ""):
        return json_text({**details, "total": total})
    return _text(details)


def _object(value: Any) -> Json:
    """An object, which some exports write as JSON text."""
    return named(parsed_json(value) if isinstance(value, str) else value)


def _text(value: Any) -> str | None:
    """The value as JSON text; nothing where nothing is said."""
    if value is None or value in ({}, ""):
        return None
    return value if isinstance(value, str) else json_text(value)
