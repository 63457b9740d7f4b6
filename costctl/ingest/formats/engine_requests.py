"""Which calls does the list of requests tell of that a benchmark keeps of vLLM's own times?

Shape in: a stream of JSON lines, an object a request, as LLMServingSim's benchmark of vLLM writes it:
``arrival_time`` in seconds since 1970; ``queued_ts``, ``scheduled_ts``, ``first_token_ts`` and ``last_token_ts`` in
seconds of the engine's own clock, which begins anywhere; ``input_toks``, ``output_toks``.  Shape out: ``Batch`` after
``Batch``: a call each, whose length and times are differences of the engine's clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from costctl.ingest.batch import Batch
from costctl.ingest.formats.canonical_rows import count, line_batches, number, text
from costctl.ingest.formats.found import SPAN_ID_DIGITS, TRACE_ID_DIGITS, Json, hex_id
from costctl.instants import LATEST_NS
from costctl.units import NS_PER_S

NAME: Final = "vllm_requests"
_MARKS: Final = (
    b'"arrival_time"',
    b'"queued_ts"',
    b'"scheduled_ts"',
    b'"first_token_ts"',
    b'"last_token_ts"',
)
_NO_TIMES: Final = "A request without a time of arrival, or whose end lies before it was queued."


def is_vllm_requests(head: bytes) -> bool:
    """Whether the first bytes are of such a list."""
    first = head.lstrip().split(b"\n", 1)[0]
    return first.startswith(b"{") and all(mark in first for mark in _MARKS)


def read_vllm_requests(stream: BinaryIO) -> Iterator[Batch]:
    """Batches of canonical spans."""
    yield from line_batches(stream, _row, NAME, "no_start", _NO_TIMES)


def _row(value: Json, position: int) -> Json | None:
    arrival_s, queued_s = number(value.get("arrival_time")), number(value.get("queued_ts"))
    if arrival_s is None or queued_s is None or not 0 <= arrival_s * NS_PER_S < LATEST_NS:
        return None

    def since_queued_s(name: str) -> float | None:
        at_s = number(value.get(name))
        return None if at_s is None or at_s < queued_s else at_s - queued_s

    length_s, start_ns = since_queued_s("last_token_ts"), round(arrival_s * NS_PER_S)
    if length_s is None and value.get("last_token_ts") is not None:
        return None
    identity = f"{text(value.get('request_id'))} {position} {arrival_s!r}"
    return {
        "trace_id": hex_id(f"request {identity}", TRACE_ID_DIGITS),
        "span_id": hex_id(f"call {identity}", SPAN_ID_DIGITS),
        "name": "request",
        "operation": "chat",
        "is_stream": True,
        "start_ns": start_ns,
        "end_ns": None if length_s is None else start_ns + round(length_s * NS_PER_S),
        "queue_s": since_queued_s("scheduled_ts"),
        "ttft_s": since_queued_s("first_token_ts"),
        "input_tokens": count(value.get("input_toks")),
        "output_tokens": count(value.get("output_toks")),
        "model_served": text(value.get("model")),
    }
