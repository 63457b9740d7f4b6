"""What do these files say, and is one of them given twice?

In: paths, folders or globs. Out: a ``BilledFile`` each, in the order of their digests, so that the order in which
they are given changes nothing. A file with the same bytes as another is a copy, and is not read again.

Raises InputError for a file that is no bill, usage report or cost export that is known.
"""

from __future__ import annotations

from collections.abc import Sequence

from costctl.billed.pages import pages_of, read_pages
from costctl.billed.row import BilledFile, Read
from costctl.billed.tables import read_table
from costctl.errors import InputError
from costctl.ingest.discover import discover
from costctl.ingest.source import Source
from costctl.ingest.stream import SourceStream


def read_bills(arguments: Sequence[str]) -> tuple[BilledFile, ...]:
    """What the files say, by digest; copies after what they are copies of."""
    stored = sorted(
        (_bytes(source) for source in discover(arguments).sources), key=lambda each: (each[1], each[0])
    )
    files: dict[str, BilledFile] = {}
    copies: list[BilledFile] = []
    for uri, sha256, data in stored:
        if sha256 in files:
            copies.append(BilledFile(uri, sha256, copy_of=files[sha256].uri))
        else:
            files[sha256] = BilledFile(uri, sha256, _parts(uri, data))
    return (*files.values(), *copies)


def _bytes(source: Source) -> tuple[str, str, bytes]:
    with SourceStream(source.opened(), source.uri) as stream:
        data = stream.readall()
        return source.uri, stream.sha256, data or b""


def _parts(uri: str, data: bytes) -> tuple[Read, ...]:
    try:
        is_json = data.lstrip()[:1] in (b"{", b"[")
        if is_json:
            found = read_pages(pages_of(data))
        else:
            table = read_table(data)
            found = () if table is None else (table,)
    except ValueError:
        found = ()
    if not found:
        raise InputError(
            f"{uri} is no bill, usage report or cost export that costctl knows.",
            why="Neither its columns nor its fields are those of OpenAI, Anthropic, AWS CUR, FOCUS, Azure or LiteLLM.",
            next_step="`costctl help reconcile-an-invoice` says what is read, and how to download it.",
        )
    return found
