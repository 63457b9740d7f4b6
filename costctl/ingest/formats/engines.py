"""Is it what an inference server says of itself, and how is it read?

Shape in: the first bytes of a stream of text, and the stream.  Shape out: the name of the format and its batches, None
where it is none of these: scrapes of /metrics, log lines, time series.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from costctl.ingest.batch import Batch
from costctl.ingest.formats import engine_log_lines, engine_series, prometheus_text

# Of these each line says all: they can be read as they grow.
LINE_FORMATS = (prometheus_text.NAME, engine_log_lines.NAME, engine_series.CSV_NAME, engine_series.JSON_NAME)


def engine_text_reading(
    head: bytes, stream: BinaryIO, written_ns: int, form: str | None = None
) -> tuple[str, Iterator[Batch]] | None:
    """The format's name and its batches, of scrapes and log lines, which are neither JSON nor CSV. form: where it is
    known.
    """
    if form == prometheus_text.NAME or (form is None and prometheus_text.is_prometheus_text(head)):
        return prometheus_text.NAME, prometheus_text.read_prometheus_text(stream)
    if form == engine_log_lines.NAME or (form is None and engine_log_lines.is_engine_log(head)):
        return engine_log_lines.NAME, engine_log_lines.read_engine_log(stream, written_ns)
    return None


def engine_series_reading(
    head: bytes, stream: BinaryIO, *, is_csv: bool, form: str | None = None
) -> tuple[str, Iterator[Batch]] | None:
    """The format's name and its batches, of time series. form: where it is known."""
    if is_csv:
        is_series = form == engine_series.CSV_NAME or (form is None and engine_series.is_series_csv(head))
        return (engine_series.CSV_NAME, engine_series.read_series_csv(stream)) if is_series else None
    name = engine_series.series_format_of(head) if form is None else form
    if name == engine_series.JSON_NAME:
        return name, engine_series.read_series_json(stream)
    return (name, engine_series.read_engine_run(stream)) if name == engine_series.RUN_NAME else None
