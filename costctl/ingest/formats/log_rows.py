"""Rows of a request log as canonical spans: each row is one request of one call, and a trace of its own
unless it names one.

In: ``LogRows``: the log's columns by our names, as they were written, and the mapping. Out: a ``Batch``.
A row without a start, or with a cell that is no number where one is due, is rejected; the others are kept.

A row without ids gets them from what it says, its number and the first row of its source: the same log under
another name, or one that has grown since, gives the same ids, and two equal rows of one log stay two requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.ingest.batch import Batch, Reject, counted_doubts
from costctl.ingest.canonical_spans import canonical_error, canonical_provider
from costctl.ingest.dialect import shipped_vocabulary
from costctl.ingest.discretion import Discretion
from costctl.ingest.fact_rules import canonical_words
from costctl.ingest.formats.found import hex_id
from costctl.ingest.formats.log_columns import LogColumns
from costctl.ingest.formats.nested_arrow import integers, is_present, one_chunk
from costctl.ingest.instant_columns import Instants, instants_of_texts, instants_of_timestamps
from costctl.ingest.mapping import Mapping
from costctl.ingest.model_calls import UNNAMED_OPERATION, mark_model_calls
from costctl.ingest.privacy import cell_shape
from costctl.ingest.prompt_prefixes import prefix_columns, prefix_tokens_of_blocks
from costctl.ingest.read_columns import READ_TYPES
from costctl.ingest.record_limits import fold_speed, keep_limits
from costctl.ingest.span_ends import Ends, believed_ends
from costctl.ingest.span_identity import SPAN_ID_DIGITS, TRACE_ID_DIGITS, by_distinct, statuses
from costctl.ingest.token_algebra import Claim, resolved_usage
from costctl.store.spans import SPANS
from costctl.units import NS_PER_S

_NS_PER_UNIT: Final = {"s": NS_PER_S, "ms": 1_000_000, "us": 1_000, "ns": 1}
_NUMBER: Final = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_WHOLE: Final = r"^\s*[+-]?\d+(\.0*)?\s*$"
_TRUE: Final = ("true", "1", "yes", "t")
_FALSE: Final = ("false", "0", "no", "f")
# What a model is for, by its name, where the log does not say what the call was.
_OPERATION_OF: Final = (("embed", "embeddings"), ("rerank", "rerank"))


@dataclass(frozen=True, slots=True)
class LogRows:
    """Rows of one block of a log.

    columns: by our names, and those of the log's own that conditions ask about.  positions: int64, the line or
    record of each row.  ids: 32 hex digits for each row that names no trace.  salt: goes into the hashes of prompts.
    """

    columns: LogColumns
    positions: np.ndarray
    ids: list[str]
    salt: str = ""


class RowIds:
    """Ids for the rows of one source: of what each says, of its place, and of the first row of the source.

    mapping: by which its first rows were read, so that the later ones are read alike.
    """

    def __init__(self) -> None:
        self._key: bytes | None = None
        self._rows = 0
        self.mapping: Mapping | None = None

    def begin(self, first: bytes) -> None:
        """The first row of the source, where it is a header; later ones change nothing."""
        if self._key is None:
            self._key = blake2b(first, digest_size=32).digest()

    def of(self, rows: list[bytes]) -> list[str]:
        """Ids of the next rows."""
        if rows:
            self.begin(rows[0])
        first = self._rows + 1
        self._rows += len(rows)
        return [
            blake2b(row + b"\n%d" % number, key=self._key or b"", digest_size=16).hexdigest()
            for number, row in enumerate(rows, first)
        ]


def log_batch(rows: LogRows, mapping: Mapping) -> Batch:
    """Canonical spans of the rows, and a reject for each row that cannot be one."""
    table = rows.columns.table
    faults: dict[int, tuple[str, str]] = {}
    columns: dict[str, pa.Array] = {}
    doubts: dict[str, np.ndarray] = {}
    by_start_first = sorted(mapping.columns.items(), key=lambda item: item[1].instant is not None)
    for target, source in by_start_first:
        if target not in table.column_names:
            continue
        cells = _worded(one_chunk(table[target]), mapping.words.get(target))
        unit, is_instant = source.instant or source.unit, source.instant is not None
        instants = _instants(cells, target, unit, mapping.clock, is_instant=is_instant)
        if instants is None:
            values, is_bad = _converted(cells, target, unit, is_instant)
        else:
            values, is_bad = instants.ns, instants.is_bad
            for doubt, mask in instants.doubts.items():
                doubts[doubt] = mask | doubts.get(doubt, False)
        _note_bad(faults, is_bad, cells, source.paths[0], target)
        columns[target] = values
    columns |= _counted(rows.columns, table.num_rows, faults)
    _start_and_end(columns, table.num_rows)
    for row in np.flatnonzero(_lacks_start(columns, mapping)).tolist():
        faults.setdefault(row, ("no_start", f"{mapping.columns[mapping.when].paths[0]} is empty"))
    for row in np.flatnonzero(~_are_requests(columns, table, mapping)).tolist():
        faults[row] = ("not_a_request", "the row is not a request")
    _lengths(columns, mapping)
    _said_words(columns, table, mapping)
    spans = _spans(columns, rows, mapping)
    ends = believed_ends(*(one_chunk(spans[name]) for name in ("start_ns", "end_ns", "is_model_call")))
    for row, code, message in _impossible(ends):
        faults.setdefault(row, (code, message))
    rejects = tuple(
        Reject(int(rows.positions[row]), code, message, _excerpt(columns, mapping, row))
        for row, (code, message) in sorted(faults.items())
    )
    keep = np.ones(table.num_rows, dtype=np.bool_)
    keep[list(faults)] = False
    spans = spans.set_column(spans.schema.get_field_index("end_ns"), "end_ns", ends.end_ns)
    masks = {code: mask & keep for code, mask in (*doubts.items(), ("ends_before_start", ends.is_dropped))}
    return Batch(spans.filter(pa.array(keep)), rejects, doubts=counted_doubts(masks))


def _lacks_start(columns: dict[str, pa.Array], mapping: Mapping) -> np.ndarray:
    """Rows that lack the time that a row of this log has."""
    lacking: np.ndarray = pc.is_null(columns["start_ns"]).to_numpy(zero_copy_only=False)
    return lacking & (not mapping.untimed)


def _note_bad(
    faults: dict[int, tuple[str, str]], is_bad: np.ndarray, cells: pa.Array, path: str, target: str
) -> None:
    """A fault for each row whose cell cannot be what the column holds."""
    for row in np.flatnonzero(is_bad).tolist():
        shown = f"{path} is not a {_noun(target)}: it is written like {cell_shape(cells[row].as_py())}"
        faults.setdefault(row, ("bad_value", shown))


def _counted(columns: LogColumns, rows: int, faults: dict[int, tuple[str, str]]) -> dict[str, pa.Array]:
    """The counts of tokens that the arithmetic of each row allows, and the names that contradict each other."""
    claims: dict[str, list[Claim]] = {}
    for target, said in columns.counts.items():
        claims[target] = []
        for each in said:
            values, is_bad = _converted(each.cells, target, None, False)
            _note_bad(faults, is_bad, each.cells, each.name.path, target)
            flags = each.name.excludes_cache, each.name.excludes_reasoning
            claims[target].append(Claim(each.name.path, integers(values), is_present(values), *flags))
    usage = resolved_usage(claims, rows)
    found = dict(usage.columns)
    if usage.conflict is not None:
        found["usage_conflict"] = usage.conflict
    return found


def _are_requests(columns: dict[str, pa.Array], table: pa.Table, mapping: Mapping) -> np.ndarray:
    are_requests = np.ones(table.num_rows, dtype=np.bool_)
    if mapping.requests is not None:
        are_requests &= _meets(columns, table, mapping.requests.column, mapping.requests.equals)
    if mapping.any_of:
        said = [is_present(columns[name]) for name in mapping.any_of if name in columns]
        are_requests &= np.any(said, axis=0) if said else np.zeros(table.num_rows, dtype=np.bool_)
    return are_requests


def _meets(
    columns: dict[str, pa.Array], table: pa.Table, column: str, equals: int | str | bool
) -> np.ndarray:
    """Rows in which a column, ours or theirs, has the value."""
    cells = columns.get(column)
    if cells is None:
        if column not in table.column_names:
            return np.zeros(table.num_rows, dtype=np.bool_)
        cells = one_chunk(table[column])
    wanted = str(equals).lower() if isinstance(equals, bool) else str(equals)
    return _false_where_null(pc.equal(pc.cast(cells, pa.string()), wanted))


def _start_and_end(columns: dict[str, pa.Array], rows: int) -> None:
    """The end of the start and the duration, or the start of the end and the duration."""
    nothing = pa.nulls(rows, pa.int64())
    length_ns = nothing
    if "duration_s" in columns:
        length_ns = pc.cast(pc.round(pc.multiply(columns.pop("duration_s"), 1e9)), pa.int64())
    if "start_ns" in columns:
        columns.setdefault("end_ns", pc.add(columns["start_ns"], length_ns))
    else:
        columns["start_ns"] = pc.subtract(columns.get("end_ns", nothing), length_ns)


def _lengths(columns: dict[str, pa.Array], mapping: Mapping) -> None:
    """Each length that was written as the instant of its end, in seconds from the start."""
    for target, source in mapping.columns.items():
        if source.instant is None or target not in columns:
            continue
        at_ns, start_ns, end_ns = columns[target], columns["start_ns"], columns.get("end_ns")
        if end_ns is not None:
            says_nothing = pc.fill_null(pc.equal(at_ns, end_ns), False)
            at_ns = pc.if_else(says_nothing, pa.scalar(None, pa.int64()), at_ns)
        since_ns = pc.cast(pc.subtract(at_ns, start_ns), pa.float64(), safe=False)
        columns[target] = pc.divide(since_ns, float(NS_PER_S))


def _said_words(columns: dict[str, pa.Array], table: pa.Table, mapping: Mapping) -> None:
    """Words of tools become ours; what says nothing becomes NULL; failures get their status."""
    canonical_words(columns, shipped_vocabulary())
    if "provider" in columns:
        columns["provider"] = by_distinct(columns["provider"], canonical_provider)
    if "error_type" in columns:
        columns["error_type"] = by_distinct(columns["error_type"], canonical_error)
    if "status" in columns:
        columns["status"] = statuses(columns["status"])
    if mapping.failures is not None:
        has_failed = _meets(columns, table, mapping.failures.column, mapping.failures.equals)
        columns["status"] = pc.if_else(pa.array(has_failed), "error", "ok")
    for unknown in mapping.unknown:
        says_nothing = pa.array(_meets(columns, table, unknown.column, unknown.equals))
        for target in (*unknown.clears, *unknown.clears_zeros):
            if target in columns:
                nothing = pa.scalar(None, columns[target].type)
                is_meant = says_nothing
                if target in unknown.clears_zeros:
                    is_meant = pc.and_(says_nothing, pc.fill_null(pc.equal(columns[target], 0), False))
                columns[target] = pc.if_else(is_meant, nothing, columns[target])


def _worded(cells: pa.Array, words: dict[str, str] | None) -> pa.Array:
    """The cells with the log's own words as ours; a word for nothing becomes NULL."""
    if words is None:
        return cells
    return by_distinct(pc.cast(cells, pa.string()), lambda written: words.get(written, written) or None)


def _excerpt(columns: dict[str, pa.Array], mapping: Mapping, row: int) -> str:
    """The numbers and times of a row, as they were understood, under the log's own names; never a text."""
    read = [
        (source.paths[0], columns[name][row].as_py())
        for name, source in mapping.columns.items()
        if name in columns and pa.types.is_primitive(columns[name].type)
    ]
    return " ".join(f"{shown}={value}" for shown, value in read if value is not None)


def _noun(target: str) -> str:
    return "time" if target.endswith("_ns") else "number"


def _said_texts(cells: pa.Array) -> pa.StringArray:
    """The cells as text; blank ones say nothing."""
    text = pc.cast(cells, pa.string())
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(text), ""), pa.scalar(None, pa.string()), text)


def _instants(
    cells: pa.Array, target: str, unit: str | None, clock: ZoneInfo | None, *, is_instant: bool
) -> Instants | None:
    """The cells as instants, where they are typed or written as such and the column is a time."""
    if not (is_instant or target.endswith("_ns")):
        return None
    if pa.types.is_timestamp(cells.type):
        return instants_of_timestamps(cells, clock)
    return instants_of_texts(_said_texts(cells), clock) if unit in ("iso", "any") else None


def _converted(
    cells: pa.Array, target: str, unit: str | None, is_instant: bool
) -> tuple[pa.Array, np.ndarray]:
    """The cells in the column's own type, and which of them cannot be; an empty cell is null, not bad.

    is_instant: a length that is written as the instant of its end, which is returned in ns.
    """
    kind = pa.float64() if target == "duration_s" else READ_TYPES[target]
    is_time = is_instant or target.endswith("_ns")
    if pa.types.is_list(kind):
        return pc.cast(cells, kind), np.zeros(len(cells), bool)
    text = _said_texts(cells)
    if pa.types.is_string(kind):
        return text, np.zeros(len(cells), bool)
    if pa.types.is_boolean(kind):
        lower = pc.utf8_lower(text)
        is_known = pc.is_in(lower, pa.array((*_TRUE, *_FALSE)))
        truths = pc.if_else(is_known, pc.is_in(lower, pa.array(_TRUE)), pa.scalar(None, pa.bool_()))
        return truths, np.zeros(len(cells), bool)
    pattern = _WHOLE if pa.types.is_integer(kind) and unit in (None, "ns") else _NUMBER
    is_bad = _false_where_null(pc.invert(pc.match_substring_regex(text, pattern)))
    is_bad |= _too_large(
        pc.if_else(pa.array(is_bad), pa.scalar(None, pa.string()), text), target, unit, is_time
    )
    clean = pc.utf8_trim_whitespace(pc.if_else(pa.array(is_bad), pa.scalar(None, pa.string()), text))
    if is_time:
        return _scaled_ns(clean, _NS_PER_UNIT[unit or "ns"]), is_bad
    if pa.types.is_integer(kind):
        return pc.cast(pc.replace_substring_regex(clean, r"\.0*$", ""), pa.int64()), is_bad
    return pc.divide(pc.cast(clean, pa.float64()), NS_PER_S / _NS_PER_UNIT[unit or "s"]), is_bad


def _too_large(numbers: pa.Array, target: str, unit: str | None, is_time: bool) -> np.ndarray:
    """Cells that 64 bits cannot hold: instants and lengths in ns, counts as they are."""
    factor = _NS_PER_UNIT[unit or ("ns" if is_time else "s")] if is_time or target == "duration_s" else 1
    sizes = pc.multiply(pc.abs(pc.cast(pc.utf8_trim_whitespace(numbers), pa.float64())), float(factor))
    is_whole = is_time or target == "duration_s" or pa.types.is_integer(READ_TYPES[target])
    return _false_where_null(pc.greater_equal(sizes, 2.0**62 if is_whole else np.inf))


def _scaled_ns(text: pa.Array, ns_per_unit: int) -> pa.Array:
    """Whole and fractional part apart, so that no nanosecond is lost to a float."""
    whole = pc.cast(pc.cast(pc.floor(pc.cast(text, pa.float64())), pa.int64()), pa.int64())
    if ns_per_unit == 1:
        return pc.cast(pc.replace_substring_regex(text, r"\.0*$", ""), pa.int64())
    rest = pc.subtract(pc.cast(text, pa.float64()), pc.cast(whole, pa.float64()))
    rest_ns = pc.cast(pc.round(pc.multiply(rest, float(ns_per_unit))), pa.int64())
    return pc.add(pc.multiply(whole, ns_per_unit), rest_ns)


def _false_where_null(mask: pa.Array) -> np.ndarray:
    flags: np.ndarray = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return flags


def _hex_ids(texts: pa.Array, digits: int) -> pa.Array:
    return pa.array([hex_id(text, digits) for text in texts.to_pylist()], pa.string())


def _spans(columns: dict[str, pa.Array], rows: LogRows, mapping: Mapping) -> pa.Table:
    size = len(rows.ids)
    made = pa.array(rows.ids, pa.string())
    full = dict(columns)
    if "span_id" in full and "trace_id" not in full:
        # The log's own key: a row that is exported twice is one call, and a row of another log is another record.
        keys = pc.binary_join_element_wise(pa.scalar(mapping.name), full["span_id"], " ")
        full["trace_id"] = keys
    for name, digits in (("trace_id", TRACE_ID_DIGITS), ("span_id", SPAN_ID_DIGITS)):
        short = pc.utf8_slice_codeunits(made, 0, digits)
        full[name] = pc.coalesce(_hex_ids(full[name], digits), short) if name in full else short
    full["dialect"] = pa.repeat(pa.scalar(mapping.name), size)
    if "parent_span_id" in full:
        full["parent_span_id"] = _hex_ids(full["parent_span_id"], SPAN_ID_DIGITS)
    _operation_by_model(full)
    for name, value in mapping.constants.items():
        constant = pa.repeat(pa.scalar(value, SPANS.field(name).type), size)
        full[name] = pc.coalesce(full[name], constant) if name in full else constant
    if "operation" not in full and "parent_span_id" not in full:
        full["operation"] = pa.repeat(pa.scalar(UNNAMED_OPERATION), size)
    if any(rows.columns.unread):
        full["unread_usage"] = pa.array(rows.columns.unread, pa.list_(pa.string()))
    fold_speed(full)
    mark_model_calls(full, size)
    keep_limits(full)
    _prefixes(full, rows, mapping)
    discretion = Discretion(salt=rows.salt)
    full = {name: discretion.column(values) for name, values in full.items()}
    arrays = [full[field.name] if field.name in full else pa.nulls(size, field.type) for field in SPANS]
    table = pa.table(arrays, schema=SPANS)
    return table.append_column("source_position", pa.array(rows.positions, pa.int64()))


def _prefixes(columns: dict[str, pa.Array], rows: LogRows, mapping: Mapping) -> None:
    """The hashes of prompts, and the sizes of the blocks of which the log has hashes. Changes the columns in place."""
    are_calls = columns["is_model_call"].to_numpy(zero_copy_only=False)
    for name, hashes in prefix_columns(rows.columns.prompts, columns, are_calls, rows.salt).items():
        columns[name] = pc.coalesce(columns[name], hashes) if name in columns else hashes
    block_tokens = mapping.prompt.block_tokens
    if block_tokens is not None and "prefix_keys" in columns:
        tokens = columns.get("input_tokens", pa.nulls(len(rows.ids), pa.int64()))
        pairs = zip(columns["prefix_keys"].to_pylist(), tokens.to_pylist(), strict=True)
        sizes = [prefix_tokens_of_blocks(blocks, block_tokens, whole) for blocks, whole in pairs]
        columns["prefix_tokens"] = pa.array(sizes, pa.list_(pa.int64()))


def _operation_by_model(columns: dict[str, pa.Array]) -> None:
    """Fills the operation where the log does not say it and the model's name does. Changes the columns in place."""
    for name in ("model_served", "model_requested"):
        if name not in columns:
            continue
        model = pc.utf8_lower(columns[name])
        for part, operation in _OPERATION_OF:
            word = pc.if_else(pc.match_substring(model, part), operation, pa.scalar(None, pa.string()))
            said = columns.get("operation")
            columns["operation"] = word if said is None else pc.coalesce(said, word)


def _impossible(ends: Ends) -> Iterator[tuple[int, str, str]]:
    """Rows that say what cannot be, as the reader of spans finds them."""
    for row in np.flatnonzero(ends.is_impossible).tolist():
        yield row, "ends_before_start", "The request ends before it starts."
