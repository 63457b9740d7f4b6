"""Whichever convention a record is written by, it reads as the usage or a contradiction, never as another number.

A canonical usage is drawn and written under the names of one dialect or one mapping: with the cache inside the input or
apart, with reasoning inside the output or apart, with and without a total, its zeros written or left out, by modality.
Where no total tells, only the convention that the names declare can be read: no record shows which other it follows.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from costctl.ingest.dialect import Dialect, KeyRule, shipped_dialects
from costctl.ingest.formats.log_columns import columns_of_objects
from costctl.ingest.formats.log_rows import LogRows, log_batch
from costctl.ingest.mapping import Mapping, NamedCount, built_in_mappings
from tests.ingest.test_otlp_json import only_row

AMOUNTS = st.one_of(st.just(0), st.integers(1, 9), st.integers(10, 100_000))


class Usage(NamedTuple):
    """A canonical usage. Sound and images are among what no cache gave."""

    uncached: int
    cached: int
    written: int
    answer: int
    reasoned: int
    heard: int
    said: int

    @property
    def input(self) -> int:
        return self.uncached + self.cached + self.written

    @property
    def output(self) -> int:
        return self.answer + self.reasoned


class Form(NamedTuple):
    """How a usage is written."""

    is_cache_apart: bool
    is_reasoning_apart: bool
    has_total: bool
    has_zeros: bool


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    uncached, answer = draw(AMOUNTS), draw(AMOUNTS)
    heard, said = draw(st.integers(0, uncached)), draw(st.integers(0, answer))
    return Usage(uncached, draw(AMOUNTS), draw(AMOUNTS), answer, draw(AMOUNTS), heard, said)


FORMS = st.builds(Form, st.booleans(), st.booleans(), st.booleans(), st.booleans())


def counts(usage: Usage, form: Form, known: set[str]) -> dict[str, int]:
    """What the record says by column; parts that it has no name for are no parts of what it says."""
    parts = {
        "cached_input_tokens": usage.cached,
        "cache_write_tokens": usage.written,
        "reasoning_tokens": usage.reasoned,
        "input_audio_tokens": usage.heard,
        "output_audio_tokens": usage.said,
    }
    said = {name: number for name, number in parts.items() if name in known and (number or form.has_zeros)}
    said["input_tokens"] = usage.uncached if form.is_cache_apart else usage.input
    said["output_tokens"] = usage.answer if form.is_reasoning_apart else usage.output
    if form.has_total:
        said["total_tokens"] = usage.input + usage.output
    return said


def without_nameless(usage: Usage, known: set[str]) -> Usage:
    """The usage with nothing of what the names cannot tell."""
    return usage._replace(
        cached=usage.cached if "cached_input_tokens" in known else 0,
        written=usage.written if "cache_write_tokens" in known else 0,
        reasoned=usage.reasoned if "reasoning_tokens" in known else 0,
        heard=usage.heard if "input_audio_tokens" in known else 0,
        said=usage.said if "output_audio_tokens" in known else 0,
    )


def assert_read(row: dict[str, Any], usage: Usage) -> None:
    """The canonical usage, or unknown with the keys that contradict each other."""
    found = (row["input_tokens"], row["output_tokens"])
    assert found[0] in (usage.input, None)
    assert found[1] in (usage.output, None)
    assert (None in found) == (row["usage_conflict"] is not None)
    parts = (row["cached_input_tokens"] or 0, row["cache_write_tokens"] or 0)
    assert found[0] is None or parts == (usage.cached, usage.written)


def is_declared(form: Form, input_apart: bool, output_apart: bool, usage: Usage) -> bool:
    """Whether the names' own convention reads the form; without parts every convention does."""
    reads_input = form.is_cache_apart == input_apart or usage.cached + usage.written == 0
    return reads_input and (form.is_reasoning_apart == output_apart or usage.reasoned == 0)


DIALECTS = [each for each in shipped_dialects() if {"input_tokens", "output_tokens"} <= each.columns.keys()]


def first_rule(dialect: Dialect, column: str) -> KeyRule | None:
    rules = dialect.columns.get(column, ())
    return None if not rules else KeyRule(rules[0]) if isinstance(rules[0], str) else rules[0]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(usage=usages(), form=FORMS)
def test_a_dialects_names_are_read_by_the_convention_that_the_record_follows(
    dialect: Dialect, usage: Usage, form: Form
) -> None:
    rules = {
        column: rule
        for column in (*dialect.columns, "total_tokens")
        if (rule := first_rule(dialect, column)) is not None
    }
    usage = without_nameless(usage, set(rules))
    form = form._replace(has_total=form.has_total and "total_tokens" in rules)
    into, out = rules["input_tokens"], rules["output_tokens"]
    assume(form.has_total or is_declared(form, into.excludes_cache, out.excludes_reasoning, usage))
    assume(usage.input + usage.output > 0)
    row = only_row(as_attributes(rules, counts(usage, form, set(rules))), kind=span_kind(into))
    assert_read(row, usage)


def as_attributes(rules: dict[str, KeyRule], said: dict[str, int]) -> dict[str, Any]:
    """The counts under the names of the rules, with what the rules ask for beside them."""
    attributes: dict[str, Any] = {"gen_ai.request.model": "m"}
    documents: dict[str, dict[str, Any]] = {}
    for column, number in said.items():
        rule = rules[column]
        if rule.requires is not None:
            attributes.setdefault(rule.requires, "1")
        if rule.field is None:
            attributes[rule.key] = number
            continue
        *above, name = rule.field.split(".")
        inner = documents.setdefault(rule.key, {})
        for step in above:
            inner = inner.setdefault(step, {})
        inner[name] = number
    return attributes | {key: json.dumps(document) for key, document in documents.items()}


def span_kind(rule: KeyRule) -> int:
    return {"server": 2, "client": 3}.get(rule.kinds[0] if rule.kinds else "client", 3)


MAPPINGS = [
    each for each in built_in_mappings().values() if {"input_tokens", "output_tokens"} <= each.columns.keys()
]
INSTANTS = {
    "iso": "2026-11-20T10:00:00Z",
    "any": "2026-11-20T10:00:00Z",
    "s": 1795168800,
    "ms": 1795168800000,
    "us": 1795168800000000,
}


def first_name(mapping: Mapping, column: str) -> NamedCount | None:
    return mapping.columns[column].names[0] if column in mapping.columns else None


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.name)
@given(usage=usages(), form=FORMS)
def test_a_mappings_names_are_read_by_the_convention_that_the_row_follows(
    mapping: Mapping, usage: Usage, form: Form
) -> None:
    names = {
        column: name
        for column in mapping.columns
        if column.endswith("_tokens") and (name := first_name(mapping, column)) is not None
    }
    usage = without_nameless(usage, set(names))
    form = form._replace(has_total=form.has_total and "total_tokens" in names)
    into, out = names["input_tokens"], names["output_tokens"]
    assume(form.has_total or is_declared(form, into.excludes_cache, out.excludes_reasoning, usage))
    assume(usage.input + usage.output > 0)
    said = counts(usage, form, set(names))
    row: dict[str, Any] = {name.path: said[column] for column, name in names.items() if column in said}
    row |= {
        name.requires: "1"
        for name in names.values()
        if name.requires is not None and name.requires not in row
    }
    when = mapping.columns.get(mapping.when)
    row |= {} if when is None else {when.paths[0]: INSTANTS[when.unit or "iso"]}
    row |= (
        {"duration": 1}
        if mapping.when != "end_ns" or when is None
        else {mapping.columns["duration_s"].paths[0]: 1}
    )
    if mapping.requests is not None:
        row[mapping.requests.column] = mapping.requests.equals
    batch = log_batch(LogRows(columns_of_objects([row], mapping), np.array([1]), ["0" * 32]), mapping)
    assert batch.rejects == ()
    assert_read(batch.spans.to_pylist()[0], usage)
