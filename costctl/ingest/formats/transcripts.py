"""Which model calls does the transcript of a coding agent's session hold?

Shape in: a stream of JSON lines, as Claude Code keeps them below ~/.claude/projects and Codex below ~/.codex/sessions.
Shape out: ``Batch`` after ``Batch``. What one line says rests on lines before it, so that a transcript is read in order,
by one reader with a memory of bounded size. Lines that tell of no call are counted and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final, Protocol

import msgspec

from costctl.ingest.batch import Batch, Reject
from costctl.ingest.dialect import Translation
from costctl.ingest.formats.claude_transcript import ClaudeTranscript, is_claude_line
from costctl.ingest.formats.codex_rollout import CodexRollout, is_codex_line
from costctl.ingest.formats.found import Found, Json, ToldCall
from costctl.ingest.formats.json_blocks import BLOCK_BYTES, json_blocks
from costctl.ingest.formats.json_documents import json_values
from costctl.ingest.formats.json_pieces import LOG_LAYOUT
from costctl.ingest.formats.otlp_json import batch_of
from costctl.ingest.formats.otlp_normalise import attributes_of
from costctl.ingest.privacy import skeleton

_LINES_LOOKED_AT: Final = 50
_NO_CALL: Final = "Lines of the transcript that tell of no model call."


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
    for block in json_blocks(stream, BLOCK_BYTES, LOG_LAYOUT):
        done: list[ToldCall] = []
        rejects: list[Reject] = []
        others = 0
        for number, line in enumerate(block.lines()):
            position = int(block.positions[number])
            is_cut = block.is_unterminated and number == len(block.positions) - 1
            values, fault = _values(line, position, is_cut=is_cut)
            rejects += fault
            for value in values:
                told, ready = transcript.calls(value, position)
                others += not told
                done += ready
        if others:
            rejects.append(Reject(int(block.positions[0]), "not_a_request", _NO_CALL, "", records=others))
        yield _batch(done, rejects, transcript.service, translation=translation)
    yield _batch(transcript.rest(), [], transcript.service, translation=translation)


def _values(line: bytes, position: int, *, is_cut: bool) -> tuple[list[Json], list[Reject]]:
    """The objects in a line, or the reject of one that cannot be read."""
    text = line.decode("utf-8", "replace")
    try:
        values: list[Any] = list(json_values(text))
    except (ValueError, RecursionError):
        code = "truncated" if is_cut else "bad_json"
        return [], [Reject(position, code, "A line that is no JSON that can be read.", skeleton(text))]
    objects = [value for value in values if isinstance(value, dict)]
    wrong = len(values) - len(objects)
    return objects, [Reject(position, "bad_json", "A line that is no object.", "", wrong)] if wrong else []


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
