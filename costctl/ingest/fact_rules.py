"""What is a span, where no attribute says so: which operation, which stage?

Shape in: spans with the columns that attributes gave, and the rules of the dialects.  Shape out: the same
columns, with what the rules could fill in; a value that is there is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools
from costctl.ingest.attribute_columns import Grouped
from costctl.ingest.dialect import FactRule, Vocabulary
from costctl.ingest.formats.nested_arrow import is_present
from costctl.ingest.key_pattern import key_pattern
from costctl.ingest.span_identity import by_distinct
from costctl.store.spans import SPANS


@dataclass(frozen=True, slots=True)
class Described:
    """Spans as rules see them. columns: of SPANS, changed in place as rules fill them."""

    grouped: Grouped
    columns: dict[str, pa.Array]

    def present(self, *names: str) -> Bools:
        """Spans that have a value in any of the columns."""
        found = np.zeros(self.grouped.spans, dtype=np.bool_)
        for name in names:
            if name in self.columns:
                found |= is_present(self.columns[name])
        return found


def canonical_words(columns: dict[str, pa.Array], vocabulary: Vocabulary) -> None:
    """Words as dialects write them become the canonical ones; a word without meaning becomes NULL."""
    for column, words in vocabulary.words.items():
        if column in columns:
            columns[column] = by_distinct(columns[column], partial(_canonical_word, words))


def _canonical_word(words: Mapping[str, str], written: str) -> str | None:
    word = written.lower()
    return words.get(word, word) or None


def apply_rules(described: Described, vocabulary: Vocabulary) -> None:
    """Fills what is NULL, rule by rule in their order; of two rules that set a column the first wins."""
    for rule in vocabulary.rules:
        matched = _matched(described, rule)
        if matched is not None and matched.any():
            _fill(described, rule, matched)


def _fill(described: Described, rule: FactRule, matched: Bools) -> None:
    for column, value in rule.set.items():
        kind = SPANS.field(column).type
        constant = pa.scalar(value, kind)
        given = pc.if_else(pa.array(matched), constant, pa.scalar(None, kind))
        known = described.columns.get(column)
        described.columns[column] = given if known is None else pc.coalesce(known, given)


def _matched(described: Described, rule: FactRule) -> Bools | None:
    """Spans of which every condition of the rule is true; None where there can be none."""
    grouped = described.grouped
    if any(not len(grouped.rows(key)) for key in rule.when):
        return None
    if all(described.present(column).all() for column in rule.set):
        return None
    matched = np.ones(grouped.spans, dtype=np.bool_)
    for key, values in rule.when.items():
        matched &= _has_value(grouped, key, values)
    for key in rule.unless:
        matched[grouped.attributes.owner[grouped.rows(key)]] = False
    for column, words in (("kind", rule.kinds), ("operation", rule.operations)):
        if words:
            matched &= _is_one_of(described, column, words)
    if rule.names:
        names = key_pattern(rule.names)
        is_named = by_distinct(
            described.columns["name"], lambda name: names.fullmatch(name) is not None, pa.bool_()
        )
        matched &= np.asarray(is_named.fill_null(False))
    if rule.has_tokens:
        matched &= described.present("input_tokens", "output_tokens", "usage_conflict")
    if rule.has_model:
        matched &= described.present("model_requested", "model_served")
    return matched


def _has_value(grouped: Grouped, key: str, values: tuple[str, ...]) -> Bools:
    rows = grouped.rows(key)
    if "*" not in values:
        words = pc.utf8_lower(grouped.attributes.as_text(rows))
        rows = rows[np.asarray(pc.is_in(words, pa.array(values, pa.string())))]
    found = np.zeros(grouped.spans, dtype=np.bool_)
    found[grouped.attributes.owner[rows]] = True
    return found


def _is_one_of(described: Described, column: str, words: tuple[str, ...]) -> Bools:
    known = described.columns.get(column)
    if known is None:
        return np.zeros(described.grouped.spans, dtype=np.bool_)
    return np.asarray(pc.is_in(known, pa.array(words, pa.string())))
