"""Which model calls does the transcript of a coding agent's session hold?

Shape in: a stream of JSON lines, as Claude Code keeps them below ~/.claude/projects and Codex below ~/.codex/sessions.
Shape out: ``Batch`` after ``Batch``. What one line says rests on lines before it, so that a transcript is read in
order, by one reader with a memory of bounded size. Lines that tell of no call are counted and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, Protocol

import msgspec

from costctl.ingest.batch import Batch, Reject
from costctl.ingest.dialect import Translation
from costctl.ingest.formats.claude_transcript import ClaudeTranscript, is_claude_line
from costctl.ingest.formats.codex_rollout import CodexRollout, is_codex_line
from costctl.ingest.formats.found import Found, Json, ToldCall
from costctl.ingest.formats.json_lines import json_line_blocks
from costctl.ingest.formats.otlp_json import batch_of
from costctl.ingest.formats.otlp_normalise import attributes_of

_LINES_LOOKED_AT: Final = 50
_NO_CALL: Final = "Transcript lines without a model call."


class Transcript(Protocol):
    """What reads the lines of one source in order."""

    service: str

    def calls(self, line: Json, position: int) -> tuple[bool, list[ToldCall]]:
        """Whether the line tells of a call, and the calls of which all has been read by now."""
        ...

    def rest(self) -> list[ToldCall]:
        """The calls that were still open at the end."""
        ...


def transcript_format_of(head: bytes, *, is_whole: bool) -> str | None:
    """Whose transcript the first bytes are of. is_whole: they are all there is."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for line in (lines if is_whole else lines[:-1])[:_LINES_LOOKED_AT]:
        try:
            value = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(value, dict) and is_claude_line(value):
            return "claude_code_transcript"
        if isinstance(value, dict) and is_codex_line(value):
            return "codex_rollout"
    return None


def read_transcript(stream: BinaryIO, kind: str, *, translation: Translation) -> Iterator[Batch]:
    """Batches of canonical spans. kind: as ``transcript_format_of`` says it."""
    transcript: Transcript = ClaudeTranscript() if kind == "claude_code_transcript" else CodexRollout()
    for block in json_line_blocks(stream):
        done: list[ToldCall] = []
        rejects = [reject for line in block for reject in line.rejects]
        others = 0
        for line in block:
            for value in line.objects:
                told, ready = transcript.calls(value, line.number)
                others += not told
                done += ready
        if others:
            rejects.append(Reject(block[0].number, "not_a_request", _NO_CALL, "", records=others))
        yield _batch(done, rejects, transcript.service, translation=translation)
    yield _batch(transcript.rest(), [], transcript.service, translation=translation)


def _batch(
    calls: list[ToldCall],
    rejects: list[Reject],
    service: str,
    *,
    translation: Translation,
) -> Batch:
    """The calls as spans. A call that several lines tell of is known by the first of them; the others become repeats of
    it, which the store drops and counts.
    """
    found = []
    for call in calls:
        for position in call.lines:
            each = Found(position)
            each.add(attributes_of({"service.name": service}), f"{service} transcript (log)", [call.span])
            found.append(each)
    batch = batch_of(found, translation=translation)
    every = tuple(sorted((*rejects, *batch.rejects), key=lambda reject: reject.position))
    return Batch(batch.spans, every, batch.resources)
