"""How does an entry stand in a line, and how does a line hold the one before it?

In: entries, or the bytes of a record. Out: lines, and of each whether it is what was written. No file is touched.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

import msgspec

from costctl.documents.audit import AuditEntry, AuditLine

GENESIS: Final = "0" * 64  # what the first entry holds in place of a digest
_BEGIN: Final = b'{"entry":'
_BETWEEN: Final = b',"sha256":"'
_END: Final = b'"}'
_HEAD: Final = re.compile(rb'\{"entries":(0|[1-9][0-9]*),"sha256":"([0-9a-f]{64})"\}\n')


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a record: how many entries there are, and the digest of the last."""

    entries: int
    sha256: str


EMPTY: Final = Head(0, GENESIS)


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def line_of(entry: AuditEntry) -> bytes:
    """The line of an entry, without its end."""
    content = msgspec.json.encode(entry)
    return _BEGIN + content + _BETWEEN + digest(content).encode() + _END


def digest_in(line: bytes) -> str:
    """The digest that a line ends with."""
    return line[-len(GENESIS) - len(_END) : -len(_END)].decode()


def read_line(line: bytes) -> AuditLine | None:
    """What stands in a line; None where it is not, byte for byte, a line that was written."""
    content = line[len(_BEGIN) : -len(_BETWEEN) - len(GENESIS) - len(_END)]
    said = digest(content)
    if line != _BEGIN + content + _BETWEEN + said.encode() + _END:
        return None
    try:
        return AuditLine(msgspec.json.decode(content, type=AuditEntry), said)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def head_text(head: Head) -> bytes:
    """The head as it is kept beside the record."""
    return f'{{"entries":{head.entries},"sha256":"{head.sha256}"}}\n'.encode()


def read_head(content: bytes) -> Head | None:
    """The head that was kept; None where it is not what was written."""
    found = _HEAD.fullmatch(content)
    return None if found is None else Head(int(found[1]), found[2].decode())
