"""What is each raw span in the terms that every relation reads?

Shape in: ``RawSpans`` of one block, with the source's line or record of each document.  Shape out: a
``Batch``: canonical spans, their emitters, and the spans that lack what a span must have or whose token
counts contradict each other. Spans in = spans out + rejects.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools, Ints
from costctl.ingest.attribute_columns import Grouped, TakenColumns, group_by_key, take_columns
from costctl.ingest.attribute_map import dropped_entries, rest_map, scope_entries
from costctl.ingest.batch import Batch, Reject, counted_doubts
from costctl.ingest.dialect import Translation, Vocabulary
from costctl.ingest.emitters import Emitters, distinct_emitters
from costctl.ingest.fact_rules import Described, apply_rules, canonical_words
from costctl.ingest.formats.nested_arrow import child, integers, is_present
from costctl.ingest.formats.otlp_flatten import RawEvents, RawSpans
from costctl.ingest.model_calls import mark_model_calls
from costctl.ingest.prompt_parts import prompts_of, prompts_of_events
from costctl.ingest.prompt_prefixes import prefix_columns
from costctl.ingest.record_limits import fold_speed, keep_limits
from costctl.ingest.span_dialect import span_dialects
from costctl.ingest.span_ends import believed_ends
from costctl.ingest.span_identity import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    by_distinct,
    hex_ids,
    instants,
    ns_per_unit,
    span_kinds,
    statuses,
)
from costctl.ingest.span_usage import count_tokens
from costctl.ingest.unread_usage import unread_of_spans
from costctl.store.spans import SPANS
from costctl.units import NS_PER_S

POSITION: Final = "source_position"
MOST_ATTRIBUTES: Final = 20_000  # SDKs stop at 128; what has more is no span that anyone meant
BATCH_SCHEMA: Final = SPANS.append(pa.field(POSITION, pa.int64()))


def canonical_batch(
    raw: RawSpans,
    position: Ints,
    *,
    translation: Translation,
) -> Batch:
    """Canonical spans of one block. position: line or record of each document in the source.

    Raises pa.ArrowInvalid where a time or an integer is written as something else.
    """
    vocabulary = translation.vocabulary
    columns = _identity(raw)
    start_ns = integers(columns["start_ns"])
    grouped = group_by_key(raw.attributes, len(raw))
    taken = take_columns(grouped, vocabulary, start_ns, columns["kind"])
    emitters = distinct_emitters(
        raw.resource_attributes,
        raw.resources,
        vocabulary.resource,
        translation.discretion,
    )
    emitter = emitters.of_resource[raw.resource]
    status = columns.pop("status")
    columns = taken.columns | columns
    canonical_words(columns, vocabulary)
    count_tokens(columns, taken, len(raw))
    columns["status"] = _either(status, columns.get("status"))
    _from_emitters(columns, emitters, emitter, grouped)
    apply_rules(Described(grouped, columns), vocabulary)
    _from_events(columns, raw.events, start_ns, vocabulary)
    _outcome(columns)
    if "provider" in columns:
        columns["provider"] = by_distinct(columns["provider"], canonical_provider)
    fold_speed(columns)
    mark_model_calls(columns, len(raw))
    keep_limits(columns)
    columns |= _prefixes(raw, grouped, columns, translation)
    unread = unread_of_spans(grouped, vocabulary)
    if unread is not None:
        columns["unread_usage"] = unread
    columns["dialect"] = span_dialects(grouped, vocabulary)
    columns["instrumentation"] = raw.scope_name.take(pa.array(raw.scope))
    columns["attributes"] = _rest(raw, grouped, taken, translation)
    columns[POSITION] = pa.array(position[raw.document])
    counts = np.bincount(raw.attributes.owner, minlength=len(raw))
    columns = {name: translation.discretion.column(values) for name, values in columns.items()}
    return _without_rejects(columns, emitters.table, counts > MOST_ATTRIBUTES)


def _identity(raw: RawSpans) -> dict[str, pa.Array]:
    """Ids, name, kind, times and status, which are the span's own fields."""
    spans = raw.spans
    start, end = instants(child(spans, "startTimeUnixNano")), instants(child(spans, "endTimeUnixNano"))
    factor = ns_per_unit(start)
    ended = end > 0
    return {
        "trace_id": hex_ids(child(spans, "traceId"), TRACE_ID_DIGITS),
        "span_id": hex_ids(child(spans, "spanId"), SPAN_ID_DIGITS),
        "parent_span_id": hex_ids(child(spans, "parentSpanId"), SPAN_ID_DIGITS),
        "name": child(spans, "name"),
        "kind": span_kinds(child(spans, "kind")),
        "start_ns": pa.array(start * factor, mask=start <= 0),
        "end_ns": pa.array(end * factor, mask=~ended | (start <= 0)),
        "status": statuses(child(child(spans, "status"), "code")),
    }


def _from_emitters(columns: dict[str, pa.Array], emitters: Emitters, emitter: Ints, grouped: Grouped) -> None:
    """What spans inherit; a span's own word goes before its emitter's."""
    rows = pa.array(emitter)
    for column, values in emitters.columns.items():
        columns[column] = _either(columns.get(column), values.take(rows))
    columns["resource_id"] = emitters.ids.take(rows)
    if columns["replica_id"].null_count:
        columns["replica_id"] = _either(columns["replica_id"], _addresses(grouped))


def _prefixes(
    raw: RawSpans, grouped: Grouped, columns: dict[str, pa.Array], translation: Translation
) -> dict[str, pa.Array]:
    """The hashes of prompts, where messages were exported and no source gives hashes of its own."""
    dialects = translation.vocabulary.prompts
    prompts = prompts_of_events(raw.events, dialects) | prompts_of(grouped, dialects)
    are_calls = columns["is_model_call"].to_numpy(zero_copy_only=False)
    found = prefix_columns(prompts, columns, are_calls, translation.salt)
    return {name: _either(columns.get(name), hashes) for name, hashes in found.items()}


def _addresses(grouped: Grouped) -> pa.StringArray | None:
    """``server.address`` with ``server.port``, where a span has one."""
    address = _texts_by_span(grouped, "server.address")
    if address is None:
        return None
    port = _texts_by_span(grouped, "server.port")
    if port is None:
        return address
    return pc.coalesce(pc.binary_join_element_wise(address, port, ":"), address)


def _texts_by_span(grouped: Grouped, key: str) -> pa.StringArray | None:
    rows = grouped.rows(key)
    if len(rows) == 0:
        return None
    place = np.full(grouped.spans, -1, dtype=np.int64)
    place[grouped.attributes.owner[rows]] = np.arange(len(rows))
    return grouped.attributes.as_text(rows).take(pa.array(place, mask=place < 0))


def _either(first: pa.Array | None, second: pa.Array | None) -> pa.Array:
    if first is None or second is None:
        return second if first is None else first
    return first if first.null_count == 0 else pc.coalesce(first, second)


def _from_events(
    columns: dict[str, pa.Array], events: RawEvents, start_ns: Ints, vocabulary: Vocabulary
) -> None:
    """The exception that ended a failed span, and the arrival of its first token."""
    if len(events.span) == 0:
        return
    is_first_token = np.asarray(
        pc.is_in(events.name, pa.array(sorted(vocabulary.first_token_events), pa.string()))
    )
    if is_first_token.any():
        columns["ttft_s"] = _either(columns.get("ttft_s"), _first_after(events, is_first_token, start_ns))
    grouped = group_by_key(events.attributes, len(events.span))
    rows = grouped.rows("exception.type")
    if len(rows) == 0:
        return
    spans = events.span[events.attributes.owner[rows]]
    place = np.full(len(start_ns), -1, dtype=np.int64)
    place[spans] = np.arange(len(rows))
    thrown = events.attributes.as_text(rows).take(pa.array(place, mask=place < 0))
    has_failed = pc.equal(columns["status"], "error").fill_null(False)
    columns["error_type"] = _either(columns.get("error_type"), pc.if_else(has_failed, thrown, None))


def _first_after(events: RawEvents, chosen: Bools, start_ns: Ints) -> pa.DoubleArray:
    """Seconds from each span's start to its first chosen event; NULL where none, or before the start."""
    at = instants(events.at_ns)[chosen]
    spans = events.span[chosen]
    first = np.full(len(start_ns), np.iinfo(np.int64).max)
    np.minimum.at(first, spans, at * ns_per_unit(at))
    unknown = (first < start_ns) | (first == np.iinfo(np.int64).max)
    return pa.array((first - start_ns) / NS_PER_S, mask=unknown)


_CLASS_REPR: Final = re.compile(r"<class '(.+)'>")
_DOTTED: Final = re.compile(r"(?:[A-Za-z_]\w*\.)+([A-Za-z_]\w*)")
_WITH_MESSAGE: Final = re.compile(r"([A-Za-z_][\w.]*)(?:\(|: )")
_FEW_WORDS: Final = re.compile(r"\S+(?: \S+){0,3}")
_LONGEST_ERROR: Final = 64
OTHER_ERROR: Final = "_OTHER"
_FIRST_ERROR_STATUS: Final = 400
_FIRST_SERVER_ERROR_STATUS: Final = 500


def canonical_error(written: str) -> str:
    """An error's name without its module and its message: ``<class 'openai.BadRequestError'>`` is BadRequestError; of
    a text that is no name nothing is kept, and it is ``_OTHER``, as OpenTelemetry calls an error without a name.
    """
    shown = _CLASS_REPR.fullmatch(written)
    name = shown[1] if shown else written
    said = _WITH_MESSAGE.match(name)
    name = said[1] if said else name
    dotted = _DOTTED.fullmatch(name)
    if dotted:
        return dotted[1]
    return name if len(name) <= _LONGEST_ERROR and _FEW_WORDS.fullmatch(name) else OTHER_ERROR


def _outcome(columns: dict[str, pa.Array]) -> None:
    """Status and error_type; a span that names an error, or answered with one, has failed."""
    if "error_type" in columns:
        columns["error_type"] = by_distinct(columns["error_type"], canonical_error)
    failed = is_present(columns["error_type"]) if "error_type" in columns else None
    if "http_status" in columns:
        floor = np.where(
            np.asarray(pc.equal(columns["kind"], "server").fill_null(False)),
            _FIRST_SERVER_ERROR_STATUS,
            _FIRST_ERROR_STATUS,
        )
        refused = integers(columns["http_status"]) >= floor
        failed = refused if failed is None else failed | refused
    if failed is not None:
        word = pc.if_else(pa.array(failed), "error", pa.scalar(None, pa.string()))
        columns["status"] = pc.coalesce(columns["status"], word)


# What an SDK adds to a provider's name to say which of its interfaces it calls.
_INTERFACE: Final = re.compile(
    r"^(.+?)\.(chat|responses|completions?|messages|embeddings?|image|generative-ai)$"
)


def canonical_provider(written: str) -> str:
    """A provider in lower case, without the interface: ``openai.chat`` is openai."""
    name = written.strip().lower()
    interface = _INTERFACE.fullmatch(name)
    return interface[1] if interface else name


def _rest(raw: RawSpans, grouped: Grouped, taken: TakenColumns, translation: Translation) -> pa.MapArray:
    discretion = translation.discretion
    extras = [
        scope_entries(raw.scope_attributes, raw.scope, discretion),
        dropped_entries(child(raw.spans, "droppedAttributesCount")),
    ]
    return rest_map(
        raw.attributes,
        taken.used | grouped.superseded,
        [entries for entries in extras if entries is not None],
        len(raw),
        discretion,
    )


def _without_rejects(columns: dict[str, pa.Array], resources: pa.Table, is_flooded: Bools) -> Batch:
    """The batch, with the spans that cannot be used set apart."""
    rows = len(columns[POSITION])
    arrays = [
        columns[field.name].cast(field.type) if field.name in columns else pa.nulls(rows, field.type)
        for field in BATCH_SCHEMA
    ]
    table = pa.Table.from_arrays(arrays, schema=BATCH_SCHEMA)
    refused: dict[int, tuple[str, str]] = {}
    flooded = ("too_many_attributes", f"The span has more than {MOST_ATTRIBUTES:,} attributes.", is_flooded)
    ends = believed_ends(columns["start_ns"], columns["end_ns"], columns["is_model_call"])
    impossible = ("ends_before_start", "The span ends before it starts.", ends.is_impossible)
    for code, message, mask in (flooded, *_refusals(columns), impossible):
        for row in np.flatnonzero(mask).tolist():
            refused.setdefault(row, (code, message))
    keep = np.ones(rows, dtype=np.bool_)
    keep[list(refused)] = False
    doubts = counted_doubts({"ends_before_start": ends.is_dropped & keep})
    spans = (
        table.set_column(table.schema.get_field_index("end_ns"), "end_ns", ends.end_ns) if doubts else table
    )
    if not refused:
        return Batch(spans, (), resources, doubts)
    rejects = tuple(_reject(table, row, *refused[row]) for row in sorted(refused))
    return Batch(spans.filter(pa.array(keep)), rejects, resources, doubts)


def _refusals(columns: dict[str, pa.Array]) -> list[tuple[str, str, Bools]]:
    """What makes a span unusable. A model call counts even where its ids or its time were lost: its tokens are known,
    and ``unnamed_calls`` gives it ids. Of any other span nothing could be told.
    """
    is_other = ~columns["is_model_call"].to_numpy(zero_copy_only=False)
    return [
        ("no_trace_id", "The span has no usable trace id.", ~is_present(columns["trace_id"]) & is_other),
        ("no_span_id", "The span has no usable span id.", ~is_present(columns["span_id"]) & is_other),
        ("no_start", "The span has no usable start time.", ~is_present(columns["start_ns"]) & is_other),
    ]


_SHOWN: Final = ("trace_id", "span_id", "start_ns", "end_ns")
_SHOWN_TOKENS: Final = ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")


def _reject(table: pa.Table, row: int, code: str, message: str) -> Reject:
    """The reject of one span; its excerpt names ids, times and token counts, never a text."""
    facts = [(name, table.column(name)[row].as_py()) for name in (*_SHOWN, *_SHOWN_TOKENS)]
    shown = " ".join(f"{name}={value}" for name, value in facts if value is not None)
    return Reject(table.column(POSITION)[row].as_py(), code, message, shown)
