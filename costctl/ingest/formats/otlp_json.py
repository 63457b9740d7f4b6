"""Which spans does an OTLP/JSON export hold?

Shape in: a stream of decompressed bytes: one document a line, one document, an array, documents one after
another, in any spelling that exporters write.  Shape out: ``Batch`` after ``Batch``, in bounded memory
whatever the length.

A large block of lines in the common spelling is scanned by compiled code; any other is parsed by pyarrow with
an explicit schema. Where that fails, ever smaller parts of the block are tried, and at last lines are read one
by one by the slow reader, which makes of each what the fast one can parse, or a reject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.json as pa_json

from costctl.ingest.batch import Batch, Reject
from costctl.ingest.canonical_spans import canonical_batch
from costctl.ingest.dialect import Translation
from costctl.ingest.formats.arrow_memory import arrow_reader
from costctl.ingest.formats.engine_rows import readings_batch
from costctl.ingest.formats.found import Found, Json
from costctl.ingest.formats.json_blocks import BLOCK_BYTES, JsonBlock, json_blocks
from costctl.ingest.formats.json_documents import found_in_line
from costctl.ingest.formats.json_pieces import DOCUMENT_LAYOUT
from costctl.ingest.formats.json_spelling import respelled
from costctl.ingest.formats.nested_arrow import one_chunk
from costctl.ingest.formats.otlp_flatten import RawSpans, flatten_documents
from costctl.ingest.formats.otlp_schema import otlp_json_schema
from costctl.ingest.formats.scan_readiness import LARGE_BYTES, READINESS
from costctl.ingest.read_ahead import parsed_ahead

_PARSE_BYTES: Final = 2**20
_SLOW_BYTES: Final = 2**18
_PARTS: Final = 8
_INTEGER: Final = re.compile(rb'"intValue"\s*:\s*(.)')
_INSTANT: Final = re.compile(rb'"startTimeUnixNano"\s*:\s*(.)')
_ENUM: Final = re.compile(rb'"(?:kind|code)"\s*:\s*("?)[A-Z0-9]')
_NUMBERS_AND_TEXTS: Final = (
    re.compile(rb'"(?:intValue|[a-zA-Z]*UnixNano)"\s*:\s*"'),
    re.compile(rb'"(?:intValue|[a-zA-Z]*UnixNano)"\s*:\s*[-0-9]'),
)
_NAME: Final = re.compile(rb'"(?:SPAN_KIND|STATUS_CODE)_[A-Z]+"')
_CANONICAL: Final = otlp_json_schema(pa.string(), pa.string(), pa.int64())


def read_otlp_json(
    stream: BinaryIO, *, translation: Translation, block_bytes: int = BLOCK_BYTES
) -> Iterator[Batch]:
    """Batches of canonical spans.

    translation: the dialects, and whether content is kept.  block_bytes: parsed at once; the
    rows do not depend on it.
    """
    yield from parsed_ahead(partial(_batches, translation=translation), json_blocks(stream, block_bytes))


_MARKS: Final = re.compile(
    rb'"(?:resourceSpans|resource_spans|scopeSpans|scope_spans|instrumentationLibrarySpans)"\s*:\s*\['
    rb'|"batches"\s*:\s*\[\s*\{\s*"(?:resource|scopeSpans|instrumentationLibrary)'
)
_BARE_MARKS: Final = re.compile(rb'"(?:startTimeUnixNano|start_time_unix_nano)"\s*:')
_ATTRIBUTE_MARK: Final = re.compile(rb'"attributes"\s*:\s*\[\s*\{\s*"(?:key|value)"\s*:')


def read_trace_documents(
    stream: BinaryIO, *, translation: Translation, block_bytes: int = BLOCK_BYTES
) -> Iterator[Batch]:
    """Batches of canonical spans of a trace format other than OTLP's: each value is read on its own."""

    def parsed(block: JsonBlock) -> Iterator[Batch]:
        yield read_slowly(block, translation=translation)

    yield from parsed_ahead(parsed, json_blocks(stream, block_bytes, DOCUMENT_LAYOUT))


def looks_like_otlp_json(head: bytes) -> bool:
    """Whether the first (at most 1 MiB of) bytes of a JSON text are of an OTLP/JSON trace export, or of its spans."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _MARKS.search(text) or _BARE_MARKS.search(text):
        return True
    return _ATTRIBUTE_MARK.search(text) is not None and b'"resourceLogs"' not in text


def _batches(block: JsonBlock, *, translation: Translation) -> Iterator[Batch]:
    """The block's batches: one if all is well, more where parts of it must be read apart."""
    try:
        raw = _parsed(block.data, _schema_for(block.data), len(block.positions))
        doubtful = raw.doubtful
        batch = None if len(doubtful) else canonical_batch(raw, block.positions, translation=translation)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        yield from _apart(block, translation=translation)
        return
    if batch is not None:
        yield batch
    elif _is_worth_respelling(block, len(doubtful)):
        yield from _batches(_respelled(block), translation=translation)
    else:
        yield from _without_doubtful(block, set(doubtful.tolist()), translation=translation)


def _without_doubtful(block: JsonBlock, doubtful: set[int], *, translation: Translation) -> Iterator[Batch]:
    """The clear lines of a block, and after them the doubtful ones, read slowly."""
    lines = block.lines()
    clear = [number for number in range(len(lines)) if number not in doubtful]
    if clear:
        yield from _batches(_chosen(block, lines, clear), translation=translation)
    yield read_slowly(_chosen(block, lines, sorted(doubtful)), translation=translation)


def _is_worth_respelling(block: JsonBlock, doubtful: int) -> bool:
    """Whether so much of a block is in doubt that another spelling is the likely cause."""
    return not block.is_respelled and len(block.data) > _SLOW_BYTES and 2 * doubtful > len(block.positions)


def _respelled(block: JsonBlock) -> JsonBlock:
    return replace(block, data=respelled(block.data), is_respelled=True)


def _chosen(block: JsonBlock, lines: list[bytes], numbers: list[int]) -> JsonBlock:
    """Some of the block's lines."""
    is_last = bool(numbers) and numbers[-1] == len(lines) - 1
    return replace(
        block,
        data=b"\n".join(lines[number] for number in numbers),
        positions=block.positions[numbers],
        is_unterminated=block.is_unterminated and is_last,
    )


def _apart(block: JsonBlock, *, translation: Translation) -> Iterator[Batch]:
    """A block that did not parse: respelled, then in smaller parts; what is small is read line by line."""
    lines = block.lines()
    if len(block.data) <= _SLOW_BYTES or len(lines) <= 1:
        yield read_slowly(block, translation=translation)
    elif not block.is_respelled and _is_mixed(block):
        yield from _batches(_respelled(block), translation=translation)
    else:
        for numbers in np.array_split(np.arange(len(lines)), min(_PARTS, len(lines))):
            yield from _batches(_chosen(block, lines, numbers.tolist()), translation=translation)


def _is_mixed(block: JsonBlock) -> bool:
    """Whether integers or enums are written in two ways in the block, which respelling makes one."""
    return all(pattern.search(block.data) for pattern in _NUMBERS_AND_TEXTS) or bool(_NAME.search(block.data))


def read_slowly(block: JsonBlock, *, translation: Translation) -> Batch:
    """The block read line by line, in whichever trace format each line is."""
    lines = block.lines()
    found = [
        found_in_line(
            line,
            int(block.positions[number]),
            is_unterminated=block.is_unterminated and number == len(lines) - 1,
        )
        for number, line in enumerate(lines)
    ]
    return batch_of(found, translation=translation)


def batch_of(found: Iterable[Found], *, translation: Translation) -> Batch:
    """The batch of what some lines, or rows, held."""
    documents: list[bytes] = []
    positions: list[int] = []
    rejects: list[Reject] = []
    readings: list[Json] = []
    for each in found:
        rejects.extend(each.rejects)
        readings.extend(each.readings)
        if each.resource_spans:
            documents.append(msgspec.json.encode({"resourceSpans": each.resource_spans}))
            positions.append(each.position)
    raw = _parsed(b"\n".join(documents), _CANONICAL, len(documents))
    batch = canonical_batch(raw, np.array(positions, np.int64), translation=translation)
    engines = readings_batch(readings)
    every = tuple(sorted((*rejects, *batch.rejects, *engines.rejects), key=lambda reject: reject.position))
    return replace(batch, rejects=every, readings=engines.readings)


def _schema_for(data: bytes) -> pa.Schema:
    """The schema for the way in which the block's first integers, times and enums are written."""
    integer, instant, enum = (pattern.search(data) for pattern in (_INTEGER, _INSTANT, _ENUM))
    return otlp_json_schema(
        pa.string() if integer is None or integer[1] == b'"' else pa.int64(),
        pa.string() if instant is None or instant[1] == b'"' else pa.int64(),
        pa.string() if enum is not None and enum[1] == b'"' else pa.int64(),
    )


def _parsed(data: bytes, schema: pa.Schema, documents: int) -> RawSpans:
    """The spans of lines of JSON, all in the spelling of the schema.

    Raises pa.ArrowInvalid where they are not, UnicodeDecodeError where they are no UTF-8, and ArrowInvalid
    where a line holds more than one document.
    """
    if not documents:
        return flatten_documents(pa.array([], schema.field(0).type))
    scanned = _scanned(data, documents)
    if scanned is not None:
        return scanned
    str(memoryview(data), "utf-8")  # pyarrow does not look
    table = _read_json(data, schema)
    if table.num_rows != documents:
        raise pa.ArrowInvalid(f"{documents} lines hold {table.num_rows} documents")
    return flatten_documents(one_chunk(table.column(0)))


def _scanned(data: bytes, documents: int) -> RawSpans | None:
    """The spans of a large block in the common spelling, once the compiled scan is ready."""
    scan = READINESS.scan() if len(data) >= LARGE_BYTES else None
    return None if scan is None else scan(data, documents)


def _read_json(data: bytes, schema: pa.Schema) -> pa.Table:
    parse = pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    block_bytes = _PARSE_BYTES
    while True:
        try:
            read = pa_json.ReadOptions(use_threads=False, block_size=block_bytes)
            return pa_json.read_json(arrow_reader(data), read_options=read, parse_options=parse)
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error) or block_bytes > len(data):
                raise
            block_bytes *= 8
