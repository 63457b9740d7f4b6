"""Is it a record of sessions, and how is it read?

Shape in: the first bytes of a stream of JSON, and the stream.  Shape out: the name of the format and its batches, None
where it is none of these: transcripts of coding agents, recorded agentic sessions, request traces of Dynamo, a
benchmark's requests to vLLM. They are asked before all other formats: what tools gave back stands in transcripts as it
was, whatever it looks like.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from costctl.ingest.batch import Batch
from costctl.ingest.dialect import Translation
from costctl.ingest.formats import agentic_sessions, dynamo, engine_requests
from costctl.ingest.formats.transcripts import read_transcript, transcript_format_of

_HEAD_BYTES: Final = 2**20


def session_reading(
    head: bytes, stream: BinaryIO, translation: Translation
) -> tuple[str, Iterator[Batch]] | None:
    """The format's name and its batches."""
    if agentic_sessions.is_agentic_sessions(head):
        return agentic_sessions.NAME, agentic_sessions.read_agentic_sessions(stream)
    if dynamo.is_dynamo_trace(head):
        return dynamo.NAME, dynamo.read_dynamo_trace(stream)
    if engine_requests.is_vllm_requests(head):
        return engine_requests.NAME, engine_requests.read_vllm_requests(stream)
    kind = transcript_format_of(head, is_whole=len(head) < _HEAD_BYTES)
    return None if kind is None else (kind, read_transcript(stream, kind, translation=translation))
