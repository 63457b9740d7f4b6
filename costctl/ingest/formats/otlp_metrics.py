"""What do OTLP metrics say of engines?

Shape in: one export as JSON (``resourceMetrics``).  Shape out: readings. The metrics
are those that vLLM and SGLang export to Prometheus, as a collector's prometheus receiver hands them on; the replica is
an attribute of the resource (service.instance.id, k8s.pod.name, host.name) or of the point.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from costctl.ingest.formats.engine_metrics import Scrape
from costctl.ingest.formats.engine_rows import Reading
from costctl.ingest.formats.found import Json, listed, named

METRICS_KEYS: Final = ("resourceMetrics", "resource_metrics", "scopeMetrics")
NOT_OF_ENGINES: Final = (
    "OTLP metrics of no inference engine, which do not record single calls: export traces or logs instead."
)
_DELTA: Final = (1, "1", "AGGREGATION_TEMPORALITY_DELTA")


def engine_readings(document: Json, position: int) -> list[Reading]:
    """The readings of an export; empty where it tells of no engine."""
    scrapes: dict[int | None, Scrape] = {}
    for resource, metric in _metrics(document):
        name = str(metric.get("name"))
        for kind, suffix, value_of in _KINDS:
            data = named(metric.get(kind))
            is_delta = _either(data, "aggregationTemporality", "aggregation_temporality") in _DELTA
            for point in listed(_either(data, "dataPoints", "data_points")):
                at_ns = _at_ns(named(point))
                labels = {**resource, **_texts(named(point).get("attributes"))}
                scrape = scrapes.setdefault(at_ns, Scrape(position, at_ns))
                scrape.add(name + suffix, labels, value_of(named(point)), is_delta=is_delta)
    return [row for scrape in scrapes.values() for row in scrape.rows()]


def _metrics(document: Json) -> Iterator[tuple[dict[str, str], Json]]:
    """Each metric with the attributes of its resource."""
    resources = _either(document, "resourceMetrics", "resource_metrics")
    for each in [document] if resources is None else listed(resources):
        attributes = _texts(named(named(each).get("resource")).get("attributes"))
        for scope in listed(_either(named(each), "scopeMetrics", "scope_metrics")):
            yield from ((attributes, named(metric)) for metric in listed(named(scope).get("metrics")))


def _texts(attributes: Any) -> dict[str, str]:
    """Attributes as texts; what is none of text and number says nothing here."""
    found = {}
    for each in listed(attributes):
        value = named(named(each).get("value"))
        written = next((str(value[key]) for key in _SIMPLE if key in value), None)
        if written is not None:
            found[str(named(each).get("key"))] = written
    return found


_SIMPLE: Final = ("stringValue", "string_value", "intValue", "int_value", "doubleValue", "double_value")


def _either(value: Json, *keys: str) -> Any:
    return next((value[key] for key in keys if key in value), None)


def _at_ns(point: Json) -> int | None:
    written = str(_either(point, "timeUnixNano", "time_unix_nano"))
    return int(written) if written.isascii() and written.isdigit() and int(written) > 0 else None


def _value(point: Json) -> str:
    return str(_either(point, "asDouble", "as_double", "asInt", "as_int"))


def _count(point: Json) -> str:
    return str(point.get("count"))


_KINDS: Final = (("gauge", "", _value), ("sum", "", _value), ("histogram", "_count", _count))
