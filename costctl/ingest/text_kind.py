"""Is a text JSON or a CSV? Told over its first lines, because the first one may be the end of a record.

Shape in: the first bytes of a decompressed stream.  Shape out: the kind, None for neither.
"""

from __future__ import annotations

import csv
import re
from typing import Final, Literal

from costctl.ingest.formats.csv_records import csv_form
from costctl.ingest.formats.json_blocks import first_lines, is_json_line
from costctl.ingest.privacy import are_column_names

TextKind = Literal["json", "csv"]

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# A line of a pretty-printed document: a member, or nothing but brackets.
_PRETTY: Final = re.compile(rb'\s*(?:"(?:[^"\\]|\\.){1,200}"\s*:\s*\S.*|[{}\[\],]{1,3})\s*')
_FEWEST_PRETTY: Final = 2
_CLOSERS: Final = re.compile(rb"[}\]][}\]\s,]*[}\]][\s,]*$")
_MEMBER: Final = re.compile(rb'[{,]\s*"[A-Za-z_][\w.-]{0,80}"\s*:')
_LONGEST_HEADER: Final = 2**16
# Control characters that stand in no text: a protobuf message of a few dozen bytes has some.
_BINARY: Final = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_GLANCE_BYTES: Final = 64


def looks_binary(head: bytes) -> bool:
    """Whether the first few bytes hold what no text does."""
    return _BINARY.search(head[:_GLANCE_BYTES]) is not None


def text_kind(head: bytes, *, is_whole: bool) -> TextKind | None:
    """What the text is. head: its first bytes, or all of them if is_whole."""
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    lines = first_lines(text, is_whole=is_whole)
    if any(is_json_line(line) for line in lines):
        return "json"
    if is_header(lines[0] if lines else text):
        return "csv"
    if text.startswith((b"{", b"[")) or _is_end_of_json(lines):
        return "json"
    return "csv" if _is_utf8(head) and csv_form(head) is not None else None


def is_header(line: bytes) -> bool:
    """Whether the line can be the header of a CSV: names, and nothing else."""
    if len(line) > _LONGEST_HEADER or b"," not in line:
        return False
    try:
        names = next(csv.reader([line.decode("utf-8", "replace").strip("\r\n")]), [])
    except csv.Error:
        return False
    return are_column_names(names)


def _is_end_of_json(lines: list[bytes]) -> bool:
    """Whether the lines are of a JSON document that began before them: its members, or more closed than opened."""
    if sum(_PRETTY.fullmatch(line) is not None for line in lines) >= min(_FEWEST_PRETTY, len(lines)) > 0:
        return True
    return any(_closes_more_than_it_opens(line) for line in lines)


def _closes_more_than_it_opens(line: bytes) -> bool:
    more = line.count(b"}") + line.count(b"]") - line.count(b"{") - line.count(b"[")
    has_end = line.rstrip(b" \t\r\n,").endswith((b"}", b"]"))
    return (
        more > 0
        and has_end
        and (_MEMBER.search(line) is not None or (more > 1 and _CLOSERS.search(line) is not None))
    )


def _is_utf8(head: bytes) -> bool:
    """Whether the bytes are UTF-8 text but for some damaged ones."""
    damaged = head.decode("utf-8", "replace").count("\ufffd") + len(_BINARY.findall(head))
    return 50 * damaged <= len(head)
