"""Which attribute gives which column its value, when several may?

Shape in: ``Attributes`` of one block and a ``Vocabulary``.  Shape out: one value per span for each canonical
column that some attribute carried, with the attributes that were used up. Attributes are grouped by key once;
each wanted key is then a slice, never a loop over spans.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools, Ints
from costctl.ingest.attribute_text import (
    json_field,
    json_length,
    number_from_json,
    number_from_text,
    parsed_json,
    seconds_from_text,
    text_from_json,
    truth_from_text,
    unwrapped_texts,
)
from costctl.ingest.dialect import KeyRule, Vocabulary
from costctl.ingest.formats.nested_arrow import integers, is_present
from costctl.ingest.formats.otlp_values import Attributes
from costctl.ingest.read_columns import READ_TYPES
from costctl.ingest.span_identity import by_distinct
from costctl.ingest.token_algebra import CLAIMED, Claim
from costctl.instants import iso_or_epoch_ns
from costctl.store.spans import STAGES
from costctl.units import NS_PER_S

_UINT16_KEYS: Final = 65_536


@dataclass(frozen=True, slots=True)
class Grouped:
    """Attributes grouped by key. rows_by_key: attribute rows in order of their spans, one a span and key.

    superseded: attributes written again later in the same span.
    """

    attributes: Attributes
    spans: int
    rows_by_key: dict[str, Ints]
    superseded: Bools
    parsed: dict[str, tuple[pa.Array, list[Any]]] = field(default_factory=dict)

    def rows(self, key: str) -> Ints:
        """Attribute rows with the key."""
        return self.rows_by_key.get(key, _NO_ROWS)

    def documents(self, key: str) -> tuple[pa.Array, list[Any]]:
        """What the JSON texts of a key hold, each distinct text parsed once, and which of them each attribute has."""
        if key not in self.parsed:
            encoded = self.attributes.as_text(self.rows(key)).dictionary_encode()
            self.parsed[key] = (
                encoded.indices,
                [parsed_json(text) for text in encoded.dictionary.to_pylist()],
            )
        return self.parsed[key]


_NO_ROWS: Final = np.zeros(0, dtype=np.int64)


def group_by_key(attributes: Attributes, spans: int) -> Grouped:
    """The attributes grouped; of a key that a span has twice, the last is kept."""
    narrow = attributes.codes.astype(np.uint16) if len(attributes.keys) < _UINT16_KEYS else attributes.codes
    order = np.argsort(narrow, kind="stable")
    codes, owners = attributes.codes[order], attributes.owner[order]
    superseded = np.zeros(len(order), dtype=np.bool_)
    again = (codes[1:] == codes[:-1]) & (owners[1:] == owners[:-1])
    if again.any():
        superseded[order[:-1][again]] = True
        order = order[~np.append(again, False)]
        codes = attributes.codes[order]
    ends = np.cumsum(np.bincount(codes, minlength=len(attributes.keys)))
    slices = np.split(order, ends[:-1]) if len(ends) else []
    return Grouped(attributes, spans, dict(zip(attributes.keys, slices, strict=True)), superseded)


@dataclass(frozen=True, slots=True)
class TakenColumns:
    """Values that attributes gave. columns: name → Arrow array, one value a span, only columns met.

    used: attributes that a column took whole.  claims: of each count every name's claim, for its arithmetic to choose.
    offers: likewise, the attributes that the claims rest on.
    """

    columns: dict[str, pa.Array]
    used: Bools
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    offers: dict[str, list[_Offer]] = field(default_factory=dict)

    def use_up(self, column: str, counts: pa.Array) -> None:
        """Marks the attributes of a count, where the column now says what they said."""
        is_said = is_present(counts)
        for offer in self.offers.get(column, []):
            if _is_used_up(offer.rule):
                self.used[offer.rows[is_said[offer.spans]]] = True


@dataclass(frozen=True, slots=True)
class _Offer:
    """What one rule offers: spans that it has a usable value for, the values, the attribute rows."""

    rule: KeyRule
    spans: Ints
    values: pa.Array
    rows: Ints


def take_columns(
    grouped: Grouped, vocabulary: Vocabulary, start_ns: Ints, kinds: pa.StringArray
) -> TakenColumns:
    """The columns that attributes carry.

    start_ns: start of each span, from which an instant is counted.  kinds: the spans' kinds.
    """
    taken = TakenColumns({}, np.zeros(len(grouped.attributes), dtype=np.bool_))
    for column, rules in vocabulary.columns.items():
        met = [rule for rule in rules if len(grouped.rows(rule.key))]
        offers = [_offer(grouped, column, rule, start_ns, kinds) for rule in met]
        offers = [offer for offer in offers if len(offer.spans)]
        if offers and column in CLAIMED:
            taken.claims[column] = [_claim(offer, grouped.spans) for offer in offers]
            taken.offers[column] = offers
        elif offers:
            _settle(column, offers, grouped.spans, taken)
    for count in vocabulary.counts:
        counted = _counted(grouped, count.prefix)
        if counted is not None:
            known = taken.columns.get(count.column)
            taken.columns[count.column] = counted if known is None else pc.coalesce(known, counted)
    return taken


def _settle(column: str, offers: list[_Offer], spans: int, taken: TakenColumns) -> None:
    """One value a span: of the first offer that has one for it."""
    place = np.full(spans, -1, dtype=np.int64)
    row = np.full(spans, -1, dtype=np.int64)
    start = sum(len(offer.values) for offer in offers)
    for offer in reversed(offers):
        start -= len(offer.values)
        place[offer.spans] = np.arange(len(offer.values)) + start
        row[offer.spans] = offer.rows if _is_used_up(offer.rule) else -1
    pool = pa.concat_arrays([offer.values for offer in offers])
    taken.columns[column] = pool.take(pa.array(place, mask=place < 0))
    taken.used[row[row >= 0]] = True


def _claim(offer: _Offer, spans: int) -> Claim:
    """What a rule says of a count, one value a span."""
    values, known = np.zeros(spans, dtype=np.int64), np.zeros(spans, dtype=np.bool_)
    values[offer.spans] = integers(offer.values)
    known[offer.spans] = True
    rule = offer.rule
    key = rule.key if rule.field is None else f"{rule.key}.{rule.field}"
    return Claim(key, values, known, rule.excludes_cache, rule.excludes_reasoning)


def _is_used_up(rule: KeyRule) -> bool:
    """Whether the column holds all that the attribute said."""
    return rule.field is None and rule.parse == "value"


def _offer(grouped: Grouped, column: str, rule: KeyRule, start_ns: Ints, kinds: pa.StringArray) -> _Offer:
    rows = _rows_under_conditions(grouped, rule, kinds)
    values = _values(grouped, column, rule, rows, start_ns)
    usable = np.asarray(values.is_valid())
    if not usable.all():
        rows, values = rows[usable], values.drop_null()
    return _Offer(rule, grouped.attributes.owner[rows], values, rows)


def _rows_under_conditions(grouped: Grouped, rule: KeyRule, kinds: pa.StringArray) -> Ints:
    rows = grouped.rows(rule.key)
    owner = grouped.attributes.owner
    if rule.kinds:
        of_kind = np.asarray(pc.is_in(kinds, pa.array(rule.kinds, pa.string())))
        rows = rows[of_kind[owner[rows]]]
    if rule.requires is not None:
        has_key = np.zeros(grouped.spans, dtype=np.bool_)
        has_key[owner[grouped.rows(rule.requires)]] = True
        rows = rows[has_key[owner[rows]]]
    return rows


def _values(grouped: Grouped, column: str, rule: KeyRule, rows: Ints, start_ns: Ints) -> pa.Array:
    """The rule's value in each of the attribute rows, of the column's type, NULL where unusable."""
    kind = READ_TYPES[column]
    attributes = grouped.attributes
    if rule.parse == "json_length":
        return by_distinct(attributes.as_text(rows), json_length, kind)
    if rule.parse == "duration":
        return by_distinct(attributes.as_text(rows), seconds_from_text, kind)
    if rule.parse == "instant":
        at_ns = by_distinct(attributes.as_text(rows), iso_or_epoch_ns, pa.int64())
        since_ns = pc.subtract(at_ns, pa.array(start_ns[attributes.owner[rows]]))
        return pc.divide(since_ns.cast(pa.float64(), safe=False), float(NS_PER_S))
    if rule.field is not None:
        return _field_values(grouped, rule.key, rule.field, rows, kind)
    if pa.types.is_string(kind):
        return _usable_texts(column, attributes.as_text(rows))
    if pa.types.is_boolean(kind):
        truth = _taken(attributes.truth, rows)
        return (
            truth if truth.null_count == 0 else by_distinct(attributes.as_text(rows), truth_from_text, kind)
        )
    return _as_number(_numbers(attributes, rows, rule.factor), kind)


def _taken(array: pa.Array, rows: Ints) -> pa.Array:
    return array.take(pa.array(rows))


def _numbers(attributes: Attributes, rows: Ints, factor: float) -> pa.Array:
    """Numbers, however they were written, times the factor."""
    integers = _taken(attributes.integer, rows)
    if integers.null_count == 0 and factor == 1.0:
        return integers
    numbers = pc.coalesce(integers.cast(pa.float64(), safe=False), _taken(attributes.number, rows))
    if numbers.null_count:
        numbers = pc.coalesce(
            numbers, by_distinct(_taken(attributes.text, rows), number_from_text, pa.float64())
        )
    return numbers if factor == 1.0 else pc.multiply(numbers, factor)


def _as_number(numbers: pa.Array, kind: pa.DataType) -> pa.Array:
    """The numbers as the column has them; what is no finite number, or beyond 64 bits, is NULL."""
    if pa.types.is_floating(numbers.type):
        numbers = pc.if_else(pc.less(pc.abs(numbers), _TOO_LARGE), numbers, None)
    if numbers.type == kind:
        return numbers
    return (
        pc.round(numbers).cast(kind, safe=False)
        if pa.types.is_integer(kind)
        else numbers.cast(kind, safe=False)
    )


_TOO_LARGE: Final = 2.0**62  # infinite, or no count that anything could have


def _usable_texts(column: str, texts: pa.StringArray) -> pa.StringArray:
    """Texts out of their JSON quotes; NULL where empty or, in the column stage, no stage."""
    texts = unwrapped_texts(texts)
    usable = pc.greater(pc.binary_length(texts), 0)
    if column == "stage":
        usable = pc.is_in(texts, pa.array(STAGES))
    return texts if pc.all(usable).as_py() and texts.null_count == 0 else pc.if_else(usable, texts, None)


def _field_values(grouped: Grouped, key: str, path: str, rows: Ints, kind: pa.DataType) -> pa.Array:
    """The values at a path of the JSON texts of a key, each distinct text parsed once a block."""
    indices, documents = grouped.documents(key)
    found = [json_field(document, path) for document in documents]
    chosen = (
        indices if len(rows) == len(indices) else _taken(indices, np.searchsorted(grouped.rows(key), rows))
    )
    if pa.types.is_string(kind):
        texts = pa.array([text_from_json(value) or None for value in found], pa.string())
        return texts.take(chosen)
    if pa.types.is_boolean(kind):
        truths = pa.array([truth_from_text(text_from_json(value) or "") for value in found], pa.bool_())
        return truths.take(chosen)
    return _as_number(pa.array([number_from_json(value) for value in found], pa.float64()), kind).take(chosen)


def _counted(grouped: Grouped, prefix: str) -> pa.Int64Array | None:
    """For each span the highest N of its keys ``prefix.N.…``, plus one; None where there are no such keys."""
    counts = np.zeros(grouped.spans, dtype=np.int64)
    for key, ordinal in _numbered(grouped.rows_by_key, prefix):
        owners = grouped.attributes.owner[grouped.rows(key)]
        counts[owners] = np.maximum(counts[owners], ordinal + 1)
    return pa.array(counts, mask=counts == 0) if counts.any() else None


def _numbered(keys: Iterable[str], prefix: str) -> Iterable[tuple[str, int]]:
    begin = prefix + "."
    for key in keys:
        if key.startswith(begin):
            ordinal = key[len(begin) :].partition(".")[0]
            if ordinal.isascii() and ordinal.isdigit():
                yield key, int(ordinal)
