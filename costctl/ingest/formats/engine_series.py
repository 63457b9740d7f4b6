"""What does a time series of an engine's statistics say, as load generators and benchmarks write it down?

Shape in: a CSV with a header, or JSON objects: one a line, in a list, or as the values of an object with numbered
keys.  Shape out: ``Batch`` after ``Batch`` of readings. A column is known by its name: what vLLM calls it
(``num_requests_running``), what its old engine called it (``num_pending``, ``gpu_kvcache_usage``), and what people
shorten it to (``running``). A description of the run beside it (``meta.json`` of LLMServingSim: ``engine_kwargs``,
``kv_cache``) gives the model, the limits and when it started.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

import msgspec

from costctl.ingest.attribute_text import ns_from_instant
from costctl.ingest.batch import Batch, Reject
from costctl.ingest.formats.canonical_rows import count
from costctl.ingest.formats.csv_cells import CsvForm
from costctl.ingest.formats.csv_records import BLOCK_BYTES, csv_blocks, csv_form
from costctl.ingest.formats.csv_table import csv_table
from costctl.ingest.formats.engine_rows import (
    BAD_VALUE,
    Reading,
    number_in,
    readings_batch,
)
from costctl.ingest.formats.found import Json, named
from costctl.ingest.formats.json_blocks import json_blocks
from costctl.ingest.formats.json_pieces import DOCUMENT_LAYOUT, LOG_LAYOUT
from costctl.ingest.formats.logs import json_objects
from costctl.instants import UNIT_FLOORS
from costctl.units import NS_PER_S

CSV_NAME: Final = "engine_series_csv"
JSON_NAME: Final = "engine_series_json"
RUN_NAME: Final = "engine_run"
_HEAD_BYTES: Final = 2**20
_SINCE_START: Final = "t"  # seconds since the run began
_INSTANTS: Final = ("timestamp", "time", "at", "ts")
# Their name → ours, and the factor.
_NAMES: Final[Mapping[str, tuple[str, float]]] = {
    "num_requests_running": ("running", 1.0),
    "num_running": ("running", 1.0),
    "running": ("running", 1.0),
    "num_requests_waiting": ("waiting", 1.0),
    "num_pending": ("waiting", 1.0),
    "num_waiting": ("waiting", 1.0),
    "waiting": ("waiting", 1.0),
    "generation_throughput": ("decoded_per_s", 1.0),
    "gen_throughput": ("decoded_per_s", 1.0),
    "prompt_throughput": ("prompt_per_s", 1.0),
    "generation_tokens_total": ("decoded_total", 1.0),
    "prompt_tokens_total": ("prompt_total", 1.0),
    "num_preemptions_total": ("preemptions_total", 1.0),
    "kv_cache_usage_perc": ("kv_usage_ratio", 1.0),
    "gpu_cache_usage_perc": ("kv_usage_ratio", 1.0),
    "gpu_kvcache_usage": ("kv_usage_ratio", 0.01),
    "kv_cache_pct": ("kv_usage_ratio", 0.01),
}
# Quotes inside texts are escaped, so nothing that anyone said can look like a key.
_RUN_MARKS: Final = (re.compile(rb'"engine_kwargs"\s*:\s*\{'), re.compile(rb'"vllm_version"\s*:'))
_INNERMOST: Final = re.compile(rb'\{[^{}"]*(?:"(?:[^"\\]|\\.){0,2000}"[^{}"]*)+\}')


def is_series_header(names: Iterable[str]) -> bool:
    """Whether columns of these names are a series: a time, what runs, what waits, and how much was decoded."""
    known = {column for name in names if (column := _NAMES.get(name, ("", 0))[0])}
    has_time = bool({_SINCE_START, *_INSTANTS} & {*names})
    return has_time and {"running", "waiting"} <= known and bool({"decoded_per_s", "decoded_total"} & known)


def is_series_csv(head: bytes) -> bool:
    """Whether the first bytes are of a series as CSV."""
    form = csv_form(head) if head.strip() else None
    return form is not None and is_series_header(form.names)


def read_series_csv(stream: BinaryIO) -> Iterator[Batch]:
    """Batches of readings; positions are lines."""
    head = stream.read(_HEAD_BYTES)
    form = csv_form(head) or CsvForm(())
    for records in csv_blocks(stream, head, form):
        rows = csv_table(records, form).to_pylist()
        numbered = zip(records.positions, rows, strict=True)
        yield _batch([(int(position), row) for position, row in numbered], records.rejects)


def series_format_of(head: bytes) -> str | None:
    """Which of the two the first bytes of a JSON text are; None for neither."""
    if all(mark.search(head) for mark in _RUN_MARKS):
        return RUN_NAME
    innermost = _INNERMOST.search(head)
    try:
        row = None if innermost is None else msgspec.json.decode(innermost[0])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return JSON_NAME if isinstance(row, dict) and is_series_header(row) else None


def read_series_json(stream: BinaryIO) -> Iterator[Batch]:
    """Batches of readings; positions are lines."""
    for block in json_blocks(stream, BLOCK_BYTES, LOG_LAYOUT):
        objects, positions, rejects = json_objects(block, None)
        yield _batch(zip(positions.tolist(), objects, strict=True), rejects)


def read_engine_run(stream: BinaryIO) -> Iterator[Batch]:
    """One reading: what an engine was started with."""
    for block in json_blocks(stream, BLOCK_BYTES, DOCUMENT_LAYOUT):
        objects, positions, rejects = json_objects(block, None)
        yield readings_batch(map(_run, objects, positions.tolist()), rejects)


def _run(value: Json, position: int) -> Reading:
    asked, memory = named(value.get("engine_kwargs")), named(value.get("kv_cache"))
    started = value.get("started_at")
    return {
        "engine": "vllm" if "vllm_version" in value else None,
        "model": value.get("model") if isinstance(value.get("model"), str) else None,
        "at_ns": ns_from_instant(started) if isinstance(started, str) else None,
        "kv_tokens": count(memory.get("num_kv_tokens")),
        "max_num_seqs": count(asked.get("max_num_seqs")),
        "max_batched_tokens": count(asked.get("max_num_batched_tokens")),
        "source_position": position,
    }


def _batch(rows: Iterable[tuple[int, Json]], rejects: Iterable[Reject]) -> Batch:
    found: list[Reading] = []
    refused = list(rejects)
    for position, row in rows:
        reading = _reading(row, position)
        if reading is None:
            refused.append(Reject(position, "bad_value", BAD_VALUE, ""))
        else:
            found.append(reading)
    return readings_batch(found, refused)


def _reading(row: Json, position: int) -> Reading | None:
    """A row in our names; None where a value is no number."""
    values: Reading = {}
    for name, written in row.items():
        column, factor = _NAMES.get(name, ("", 0.0))
        if not column or written in (None, ""):
            continue
        value = None if isinstance(written, bool) else number_in(str(written))
        if value is None:
            return None
        values.setdefault(column, value * factor)
    instant = next((row[name] for name in _INSTANTS if row.get(name) not in (None, "")), None)
    since_s = number_in(str(row.get(_SINCE_START)))
    at_ns = _at_ns(instant) if since_s is None else round(since_s * NS_PER_S)
    return {**values, "at_ns": at_ns, "is_since_start": since_s is not None, "source_position": position}


def _at_ns(written: Any) -> int | None:
    """Nanoseconds since 1970; a number tells its unit by its size, and a small one is seconds."""
    value = number_in(str(written))
    if value is None:
        return ns_from_instant(str(written))
    factor = next((ns for floor, ns in UNIT_FLOORS if value >= floor), NS_PER_S)
    return round(value * factor)
