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
    "too_many_cache_write_1h_tokens": "more tokens written for an hour than written",
    "too_many_cached_audio_tokens": "more cached audio tokens than cached tokens, or than audio tokens",
    "too_many_input_audio_tokens": "more audio tokens in the input than input tokens",
    "too_many_output_audio_tokens": "more audio tokens in the output than output tokens",
    "negative_tokens": "token counts below zero",
    "bad_json": "broken JSON",
    "begins_cut": "the end of a record whose beginning is in another file",
    "nul_bytes": "NUL bytes where a record is due",
    "not_otlp": "no object where OTLP has one",
    "not_langfuse": "no object where Langfuse has one",
    "not_traces": "OTLP metrics, which count no single call: export traces or logs instead",
    "truncated": "cut off while being written",
    "bad_protobuf": "broken protobuf",
    "bad_value": "a cell that is no number or time",
    "bad_columns": "another number of cells than the header",
    "not_a_request": "tell of no model call",
    "not_a_trace": "JSON that is no trace",
    "too_deep": "nested too deep",
    "too_many_attributes": "more attributes than any span should have",
    "too_long": "lines that are too long",
}
_DOUBTS: Final = {
    "ends_before_start": "end before they start, by a clock's doing: they are kept, and how long they took is unknown",
    "clock_skipped": "have a time that the zone's clock skipped when it was put forward: they are moved forward by as "
    "much",
    "clock_repeated": "have a time that the zone's clock showed twice when it was put back: the first is taken",
}
# What such records lack is not in this source, or was never meant to be: other sources are as good as without them.
HARMLESS: Final = frozenset({"not_a_request", "not_traces", "truncated", "begins_cut", "nul_bytes"})


def rejects_in_words(codes: Mapping[str, int]) -> str:
    """Why records were rejected: "2 cut off while being written, 1 broken JSON"."""
    return ", ".join(f"{count:,} {_REJECTS.get(code, code)}" for code, count in sorted(codes.items()))


def doubts_in_words(codes: Mapping[str, int]) -> list[str]:
    """What is in doubt about records that were kept, a sentence each."""
    return [f"{count:,} spans {_DOUBTS.get(code, code)}." for code, count in sorted(codes.items())]
