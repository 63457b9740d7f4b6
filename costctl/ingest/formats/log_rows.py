"""Rows of a request log as canonical spans: each row is one request of one call, and a trace of its own
unless it names one.

In: an Arrow table of the log's columns as they were read, the mapping, the rows' positions. Out: a ``Batch``.
A row without a start, or with a cell that is no number where one is due, is rejected; the others are kept.

A row without ids gets them from what it says, the line it stands on and the first row of its source: the same
log under another name, or one that has grown since, gives the same ids, and two equal rows of one log stay
two requests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.ingest.batch import Batch, Reject
from costctl.ingest.mapping import Mapping
from costctl.store.spans import SPANS
from costctl.units import NS_PER_S

_NS_PER_UNIT: Final = {"s": NS_PER_S, "ms": 1_000_000, "us": 1_000, "ns": 1}
_ISO: Final = (
    r"^(?P<whole>\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2})(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?$"
)
_NUMBER: Final = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_WHOLE: Final = r"^\s*[+-]?\d+(\.0*)?\s*$"
_TRUE: Final = ("true", "1", "yes", "t")


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """Digest of the first row of a source: what tells its rows from equal ones of another source."""

    first_row: bytes


def log_batch(
    table: pa.Table, positions: np.ndarray, mapping: Mapping, identity: LogIdentity, row_texts: list[bytes]
) -> Batch:
    """Canonical spans of the rows.

    table: the log's columns, any types.  positions: int64, the line or record of each row.  row_texts: what
    each row says, for ids.
    """
    columns: dict[str, pa.Array] = {}
    is_good = np.ones(table.num_rows, bool)
    faults: dict[int, tuple[str, str]] = {}
    for target, source in mapping.columns.items():
        if source.from_ not in table.column_names:
            continue
        cells = table[source.from_].combine_chunks()
        values, is_bad = _converted(cells, target, source.unit)
        columns[target] = values
        for row in np.flatnonzero(is_bad & is_good):
            faults[int(row)] = (
                "bad_value",
                f"{source.from_}: {str(cells[int(row)].as_py())[:60]!r} is no {_noun(target)}",
            )
        is_good &= ~is_bad
    no_start = pc.is_null(columns["start_ns"]).to_numpy(zero_copy_only=False) & is_good
    for row in np.flatnonzero(no_start):
        faults[int(row)] = ("no_start", f"{mapping.columns['start_ns'].from_} is empty")
    is_good &= ~no_start
    rejects = tuple(
        Reject(int(positions[row]), code, message, _excerpt(table, mapping, row))
        for row, (code, message) in sorted(faults.items())
    )
    good = pa.array(is_good)
    kept = {name: values.filter(good) for name, values in columns.items()}
    kept_rows = np.flatnonzero(is_good)
    ids = _ids([row_texts[row] for row in kept_rows], positions[kept_rows], identity)
    spans = _spans(kept, ids, mapping, positions[kept_rows])
    return _without_impossible_tokens(
        spans, rejects, lambda row: _excerpt(table, mapping, int(kept_rows[row]))
    )


def _excerpt(table: pa.Table, mapping: Mapping, row: int) -> str:
    """What a row says in the columns that are read, which hold no content."""
    read = [source.from_ for source in mapping.columns.values() if source.from_ in table.column_names]
    return " ".join(f"{name}={table[name][row].as_py()}" for name in read)


def _noun(target: str) -> str:
    return "time" if target.endswith("_ns") else "number"


def _converted(cells: pa.Array, target: str, unit: str | None) -> tuple[pa.Array, np.ndarray]:
    """The cells in the column's own type, and which of them cannot be; an empty cell is null, not bad."""
    kind = pa.float64() if target == "duration_s" else SPANS.field(target).type
    if pa.types.is_list(kind):
        return pc.cast(cells, kind), np.zeros(len(cells), bool)
    if pa.types.is_timestamp(cells.type):
        return pc.cast(pc.cast(cells, pa.timestamp("ns", cells.type.tz)), pa.int64()), np.zeros(
            len(cells), bool
        )
    text = pc.cast(cells, pa.string())
    text = pc.if_else(pc.equal(pc.utf8_trim_whitespace(text), ""), pa.scalar(None, pa.string()), text)
    if target.endswith("_ns") and unit == "iso":
        return _iso_ns(text)
    if pa.types.is_string(kind):
        return text, np.zeros(len(cells), bool)
    if pa.types.is_boolean(kind):
        lower = pc.utf8_lower(text)
        return pc.is_in(lower, pa.array(_TRUE)), np.zeros(len(cells), bool)
    pattern = _WHOLE if pa.types.is_integer(kind) and unit in (None, "ns") else _NUMBER
    is_bad = _false_where_null(pc.invert(pc.match_substring_regex(text, pattern)))
    clean = pc.utf8_trim_whitespace(pc.if_else(pa.array(is_bad), pa.scalar(None, pa.string()), text))
    if target.endswith("_ns"):
        return _scaled_ns(clean, _NS_PER_UNIT[unit or "ns"]), is_bad
    if pa.types.is_integer(kind):
        return pc.cast(pc.replace_substring_regex(clean, r"\.0*$", ""), pa.int64()), is_bad
    return pc.cast(clean, pa.float64()), is_bad


def _scaled_ns(text: pa.Array, ns_per_unit: int) -> pa.Array:
    """Whole and fractional part apart, so that no nanosecond is lost to a float."""
    whole = pc.cast(pc.cast(pc.floor(pc.cast(text, pa.float64())), pa.int64()), pa.int64())
    if ns_per_unit == 1:
        return pc.cast(pc.replace_substring_regex(text, r"\.0*$", ""), pa.int64())
    rest = pc.subtract(pc.cast(text, pa.float64()), pc.cast(whole, pa.float64()))
    rest_ns = pc.cast(pc.round(pc.multiply(rest, float(ns_per_unit))), pa.int64())
    return pc.add(pc.multiply(whole, ns_per_unit), rest_ns)


def _iso_ns(text: pa.Array) -> tuple[pa.Array, np.ndarray]:
    parts = pc.extract_regex(text, _ISO)
    whole, fraction, zone = (pc.struct_field(parts, name) for name in ("whole", "fraction", "zone"))
    is_bad = pc.is_null(parts).to_numpy(zero_copy_only=False) & ~pc.is_null(text).to_numpy(
        zero_copy_only=False
    )
    seconds = pc.strptime(
        pc.replace_substring(whole, "T", " "), format="%Y-%m-%d %H:%M:%S", unit="s", error_is_null=True
    )
    whole_ns = pc.multiply(pc.cast(seconds, pa.int64()), NS_PER_S)
    is_bad |= _false_where_null(pc.and_(pc.is_null(whole_ns), pc.is_valid(parts)))
    fraction_ns = pc.cast(pc.utf8_rpad(pc.if_else(pc.equal(fraction, ""), "0", fraction), 9, "0"), pa.int64())
    return pc.subtract(pc.add(whole_ns, pc.fill_null(fraction_ns, 0)), _offset_ns(zone)), is_bad


def _offset_ns(zone: pa.Array) -> pa.Array:
    """What a zone such as +02:00 is ahead of UTC; none and Z are UTC."""
    distinct = pc.unique(zone)
    offsets = {None: 0, "": 0, "Z": 0}
    for value in distinct.to_pylist():
        if value not in offsets:
            digits = value[1:].replace(":", "")
            minutes = int(digits[:2]) * 60 + int(digits[2:])
            offsets[value] = (-1 if value[0] == "-" else 1) * minutes * 60 * NS_PER_S
    where = pc.index_in(zone, distinct)
    table = pa.array([offsets[value] for value in distinct.to_pylist()], pa.int64())
    return table.take(where)


def _false_where_null(mask: pa.Array) -> np.ndarray:
    flags: np.ndarray = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return flags


def _ids(rows: list[bytes], positions: np.ndarray, identity: LogIdentity) -> list[str]:
    return [
        blake2b(row + b"\n%d" % position, key=identity.first_row, digest_size=16).hexdigest()
        for row, position in zip(rows, positions.tolist(), strict=True)
    ]


def _spans(columns: dict[str, pa.Array], ids: list[str], mapping: Mapping, positions: np.ndarray) -> pa.Table:
    size = len(ids)
    made = pa.array(ids, pa.string())
    full = dict(columns)
    full["trace_id"] = pc.coalesce(full["trace_id"], made) if "trace_id" in full else made
    short = pc.utf8_slice_codeunits(made, 0, 16)
    full["span_id"] = pc.coalesce(full["span_id"], short) if "span_id" in full else short
    if "duration_s" in full:
        length_ns = pc.cast(pc.round(pc.multiply(full.pop("duration_s"), 1e9)), pa.int64())
        full.setdefault("end_ns", pc.add(full["start_ns"], length_ns))
    for name, value in mapping.constants.items():
        full[name] = pa.repeat(pa.scalar(value, SPANS.field(name).type), size)
    if "operation" not in full and "parent_span_id" not in full:
        full["operation"] = pa.repeat(pa.scalar("chat"), size)
    if mapping.failures is not None and mapping.failures.column in full:
        is_failed = pc.equal(full[mapping.failures.column], mapping.failures.equals)
        full["status"] = pc.if_else(pc.fill_null(is_failed, False), "error", "ok")
    arrays = [full[field.name] if field.name in full else pa.nulls(size, field.type) for field in SPANS]
    table = pa.table(arrays, schema=SPANS)
    return table.append_column("source_position", pa.array(positions, pa.int64()))


def _without_impossible_tokens(
    spans: pa.Table, rejects: tuple[Reject, ...], excerpt_of: Callable[[int], str]
) -> Batch:
    """The batch, without rows that report more cached than total tokens, or negative ones."""
    cached = pc.add(
        pc.fill_null(spans["cached_input_tokens"], 0), pc.fill_null(spans["cache_write_tokens"], 0)
    )
    is_wrong = pc.fill_null(pc.greater(cached, spans["input_tokens"]), False)
    for name in ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens"):
        is_wrong = pc.or_(is_wrong, pc.fill_null(pc.less(spans[name], 0), False))
    wrong = np.flatnonzero(is_wrong.to_numpy())
    message = "tokens are negative, or more are cached than were sent"
    more = tuple(
        Reject(position, "negative_uncached_tokens", message, excerpt_of(int(row)))
        for row, position in zip(wrong, spans["source_position"].take(wrong).to_pylist(), strict=True)
    )
    kept = spans.filter(pc.invert(is_wrong))
    every = tuple(sorted((*rejects, *more), key=lambda reject: reject.position))
    return Batch(spans=kept, rejects=every)
