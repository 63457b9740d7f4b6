"""What do the codes of rejected records, and of doubts about records that were kept, mean in words?

Codes with counts in, text out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_REJECTS: Final = {
    "no_start": "no usable start time",
    "no_trace_id": "no usable trace id",
    "no_span_id": "no usable span id",
    "ends_before_start": "end before they start",
    "negative_uncached_tokens": "more cached tokens than input tokens",
    "too_many_cache_write_1h_tokens": "more 1-hour cache write tokens than cache write tokens",
    "too_many_cached_audio_tokens": "more cached audio tokens than cached tokens or audio tokens",
    "too_many_input_audio_tokens": "more audio tokens in the input than input tokens",
    "too_many_output_audio_tokens": "more audio tokens in the output than output tokens",
    "negative_tokens": "negative token counts",
    "bad_json": "invalid JSON",
    "begins_cut": "the end of a record that begins in another file",
    "nul_bytes": "NUL bytes instead of a record",
    "not_otlp": "not an object where OTLP has one",
    "not_langfuse": "not an object where Langfuse has one",
    "not_traces": "OTLP metrics of no inference engine: export traces or logs instead",
    "truncated": "truncated while being written",
    "bad_protobuf": "invalid protobuf",
    "bad_value": "a cell that is not a number or time",
    "bad_columns": "a different number of cells than the header",
    "not_a_request": "without a model call",
    "message_events": "messages without a model or tokens (OpenTelemetry log events, such as gen_ai.user.message)",
    "no_engine": "series of no metric of vLLM or SGLang, or without its name",
    "no_data": "an error in place of data",
    "no_time": "engine statistics without a time",
    "not_a_trace": "JSON that is not a trace",
    "too_deep": "nested too deeply",
    "too_many_attributes": "too many attributes",
    "too_long": "lines that are too long",
}
_DOUBTS: Final = {
    "ends_before_start": "end before they start (clock skew): they are kept, with unknown duration",
    "clock_skipped": "have a time that daylight saving skipped: they are moved forward by as much",
    "clock_repeated": "have a time that occurs twice because of daylight saving: the first is used",
    "year_assumed": "have a time without a year: the one before the file was last written is used, and UTC",
}
_FOUND_IN: Final = {
    "message_events": "They hold what was said; model and tokens are on the spans of the same calls: export those too "
    "(OTEL_TRACES_EXPORTER=otlp, or the traces pipeline of the collector), and ingest that file.",
}
# What such records lack is not in this source, or was never meant to be: other sources are as good as without them.
HARMLESS: Final = frozenset(
    {"not_a_request", "message_events", "not_traces", "no_engine", "truncated", "begins_cut", "nul_bytes"}
)


def rejects_in_words(codes: Mapping[str, int]) -> str:
    """Why records were rejected: "2 truncated while being written, 1 invalid JSON"."""
    return ", ".join(f"{count:,} {_REJECTS.get(code, code)}" for code, count in sorted(codes.items()))


def missing_beside(codes: Mapping[str, int]) -> str:
    """Where what such records lack is found; nothing where no code tells."""
    return " ".join(_FOUND_IN[code] for code in sorted(codes) if code in _FOUND_IN)


def doubts_in_words(codes: Mapping[str, int]) -> list[str]:
    """What is in doubt about records that were kept, a sentence each."""
    return [f"{count:,} records {_DOUBTS.get(code, code)}." for code, count in sorted(codes.items())]
