"""What does an answer of Prometheus' query interface say of engines?

Shape in: one JSON answer of ``/api/v1/query_range`` or ``/api/v1/query``: ``{"status": "success", "data":
{"resultType": "matrix" or "vector", "result": [{"metric": {…}, "values": [[seconds, "value"], …]}, …]}}``.  Shape out:
readings, and rejects of what cannot be one. A range query repeats a scrape until the next one: a reading that says the
same again, word for word, while sequences run is passed over, since a step takes milliseconds and no counter of tokens
or steps would stand still.
https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from costctl.ingest.formats.engine_metrics import Scrape, is_engine_metric
from costctl.ingest.formats.engine_rows import BAD_VALUE, Reading, number_in
from costctl.ingest.formats.found import Found, Json, listed, named
from costctl.ingest.formats.otlp_values import json_text
from costctl.units import NS_PER_S

NAME: Final = "prometheus_answer"
# All patterns of a row must be met in the first bytes.
MARKS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (NAME, (r'"resultType"\s*:\s*"(?:matrix|vector|scalar|string)"', r'"result"\s*:\s*\[')),
    (NAME, (r'"status"\s*:\s*"error"', r'"errorType"\s*:\s*"')),
)
FAILED: Final = "Prometheus answered with an error in place of data: see its field error, and ask again."
NOT_OF_ENGINES: Final = (
    "A series of no metric of vLLM or SGLang. Ask for the metrics themselves, such as "
    '{__name__=~"vllm:.*"}: what rate() or sum() gives has lost its name.'
)
_BAD_SAMPLE: Final = "A sample that is not a time and a value."
_NAME_LABEL: Final = "__name__"
_TAKEN: Final = ("matrix", "vector")
_IDENTITY: Final = ("engine", "model", "replica_id", "rank")
_COUNTERS: Final = ("steps_total", "decoded_total", "prompt_total")
_UNTOLD: Final = (*_IDENTITY, "at_ns", "source_position")  # of a reading: not what the engine said


def collect_prometheus_answer(value: Json, found: Found) -> bool:
    """Adds the readings of an answer; False where the value is none."""
    if value.get("status") == "error" and "errorType" in value:
        found.reject("no_data", FAILED, "")
        return True
    data = named(value.get("data"))
    if not isinstance(data.get("resultType"), str) or not isinstance(data.get("result"), list):
        return False
    scrapes: dict[int, Scrape] = {}
    results = data["result"] if data["resultType"] in _TAKEN else [{}]
    for series in found.objects(results, "no_engine", NOT_OF_ENGINES):
        labels = {str(key): str(each) for key, each in named(series.get("metric")).items()}
        name = labels.pop(_NAME_LABEL, "")
        if not is_engine_metric((name,)):
            if not name.startswith(("vllm", "sglang")):
                found.reject("no_engine", NOT_OF_ENGINES, "")
            continue
        for at_ns, written in _samples(series, found):
            scrape = scrapes.setdefault(at_ns, Scrape(found.position, at_ns))
            if scrape.add(name, labels, written) is None:
                found.reject("bad_value", BAD_VALUE, "")
    rows = [row for _, scrape in sorted(scrapes.items()) for row in scrape.rows()]
    found.readings.extend(_said_anew(rows))
    return True


def _samples(series: Json, found: Found) -> Iterator[tuple[int, str]]:
    """Times in ns and values as they are written, of a range or of an instant."""
    samples = listed(series.get("values")) if "values" in series else [series.get("value")]
    for sample in samples:
        read = _sample(sample)
        if read is None:
            found.reject("bad_value", _BAD_SAMPLE, json_text(sample))
        else:
            yield read


def _sample(sample: Any) -> tuple[int, str] | None:
    if not isinstance(sample, list) or len(sample) != 2 or isinstance(sample[0], bool):
        return None
    at_s = number_in(str(sample[0]))
    return None if at_s is None else (round(at_s * NS_PER_S), str(sample[1]))


def _said_anew(rows: Sequence[Reading]) -> Iterator[Reading]:
    """The readings, in order of time, but for those that repeat what a busy engine said before."""
    before: dict[tuple[object, ...], Reading] = {}
    for row in rows:
        told = {name: value for name, value in row.items() if name not in _UNTOLD}
        engine = tuple(row[name] for name in _IDENTITY)
        is_busy = bool(told.get("running")) and any(name in told for name in _COUNTERS)
        if not (is_busy and before.get(engine) == told):
            yield row
        before[engine] = told
