"""A usage key that is renamed shows up by itself, and what it stands on is not called priced."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.ingest.dialect import shipped_dialects
from costctl.ingest.formats.log_columns import columns_of_objects
from costctl.ingest.mapping import built_in_mappings
from costctl.ingest.token_algebra import TOKEN_COLUMNS
from costctl.ingest.unread_usage import looks_like_usage
from costctl.observation import Question
from tests.conftest import unwatched
from tests.ingest.otlp_exports import as_lines, pair
from tests.ingest.test_otlp_json import one_span, only_row

KEYS = sorted(
    {
        rule if isinstance(rule, str) else rule.key
        for dialect in shipped_dialects()
        for column in TOKEN_COLUMNS
        for rule in dialect.columns.get(column, ())
        if (isinstance(rule, str) or rule.field is None) and "=" not in str(rule)
    }
)
PATHS = sorted(
    {
        (mapping.name, path)
        for mapping in built_in_mappings().values()
        for column in TOKEN_COLUMNS
        if column in mapping.columns
        for path in mapping.columns[column].paths
        if looks_like_usage(path)
    }
)


@pytest.mark.parametrize("key", [key for key in KEYS if looks_like_usage(key)])
def test_a_renamed_key_of_a_dialect_is_listed_with_its_call(key: str) -> None:
    row = only_row({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", f"{key}_of_2027": 5})
    assert (row["unread_usage"], row["is_model_call"]) == ([f"{key}_of_2027"], True)


@pytest.mark.parametrize(("name", "path"), PATHS)
def test_a_renamed_column_of_a_log_is_listed_with_its_row(name: str, path: str) -> None:
    mapping = built_in_mappings()[name]
    columns = columns_of_objects([{f"{path}_of_2027": 5}, {path: 5}], mapping)
    assert columns.unread == [[f"{path}_of_2027"], None]


def test_a_field_inside_a_json_text_is_listed_behind_the_key_of_the_text() -> None:
    row = only_row(
        {"langfuse.observation.usage_details": json.dumps({"input": 5, "input_pondered": 9, "note": "x"})}
    )
    assert row["unread_usage"] == ["langfuse.observation.usage_details.input_pondered"]


def test_texts_truths_and_keys_that_somebody_may_have_said_are_not_listed() -> None:
    said: dict[str, Any] = {
        "my.token": "hunter2",
        "tokens.are.on": True,
        "usage: tell nobody that swordfish": 7,
        "gen_ai.request.max_tokens": 9,
        "app.tokens_per_second": 3.5,
    }
    assert only_row(said)["unread_usage"] is None


def test_a_key_that_is_read_only_beside_another_is_unread_without_it() -> None:
    assert only_row({"prompt_tokens": 5})["unread_usage"] == ["prompt_tokens"]
    assert only_row({"prompt_tokens": 5, "inference_time": "1s"})["unread_usage"] is None


def analysed(tmp_path: Path, data: bytes, name: str = "traces.jsonl") -> Analysis:
    path = tmp_path / name
    path.write_bytes(data)
    return verbs.analyze(Question(paths=(str(path),)), unwatched)


CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.usage.input_tokens": 42_000,
    "gen_ai.usage.output_tokens": 300,
}


@pytest.mark.parametrize(
    ("key", "priced"),
    [("gen_ai.usage.cache_read.input_tokens", 1.0), ("gen_ai.usage.cache_lent.input_tokens", 0.0)],
)
def test_a_call_with_unread_usage_is_not_priced_whatever_its_tokens_cost(
    tmp_path: Path, key: str, priced: float
) -> None:
    attributes = [pair(name, value) for name, value in (CALL | {key: 1000}).items()]
    coverage = analysed(tmp_path, as_lines([one_span(attributes=attributes)])).coverage
    assert coverage.priced_token_ratio == coverage.priced_ratio == priced
    assert [each.key for each in coverage.usage.unread] == ([] if priced else [key])


def test_tokens_of_a_record_that_is_no_call_are_in_the_denominator(tmp_path: Path) -> None:
    nameless = {"gen_ai.operation.name": "ponder", "gen_ai.usage.input_tokens": 42_300}
    spans = [
        one_span(
            attributes=[pair(name, value) for name, value in said.items()],
            spanId=f"{at:016x}",
            traceId=f"{at:032x}",
        )
        for at, said in enumerate((CALL, nameless), 1)
    ]
    analysis = analysed(tmp_path, as_lines(spans))
    assert analysis.coverage.priced_token_ratio == 0.5
    assert (analysis.coverage.usage.stray_records, analysis.coverage.usage.stray_tokens) == (1, 42_300)


def test_an_operation_that_nobody_knows_is_a_call_and_is_said_to_be_one(tmp_path: Path) -> None:
    attributes = [pair(name, value) for name, value in (CALL | {"gen_ai.operation.name": "daydream"}).items()]
    analysis = analysed(tmp_path, as_lines([one_span(attributes=attributes)]))
    assert analysis.totals.billed_usd == pytest.approx(42_000 * 3 / 1e6 + 300 * 15 / 1e6)
    assert [(each.operation, each.calls) for each in analysis.coverage.usage.operations] == [("daydream", 1)]
    assert any("daydream" in note for note in analysis.coverage.notes)


READ = {*KEYS} | {path.rpartition(".")[2] for _, path in PATHS}


@pytest.mark.parametrize(
    "folder",
    [
        "instrumented/otel_v2_2.4b0_default/otlp_file_exporter.jsonl",
        "instrumented/traceloop/otlp_file_exporter.jsonl",
        "instrumented/litellm/standard_logging_payload.jsonl",
        "logs/litellm_spend/spend_logs_payload_trimmed.json",
        "spans/any_agent/OPENAI_trace.json",
        "spans/agentevals/helm.json",
    ],
)
def test_a_key_renamed_in_a_real_file_shows_up(real_traces: Path, tmp_path: Path, folder: str) -> None:
    data = (real_traces / folder).read_bytes()
    named = {key.decode() for key in re.findall(rb'"([\w.]+)"', data)}
    chosen = sorted(key for key in named & READ if looks_like_usage(key))
    assert chosen, "the file has usage under names that are read"
    renamed = data
    for key in chosen:
        renamed = renamed.replace(f'"{key}"'.encode(), f'"{key}_of_2027"'.encode())
    coverage = analysed(tmp_path, renamed, "renamed.json").coverage
    listed = {each.key.rpartition(".")[2] for each in coverage.usage.unread}
    assert {f"{key}_of_2027".rpartition(".")[2] for key in chosen} & listed
    assert (coverage.priced_token_ratio or 0.0) < 1.0
    assert coverage.priced_ratio is not None
    assert coverage.priced_ratio < 1.0


def test_a_sum_that_counts_more_than_the_calls_beneath_it_leaves_the_rest_unpriced(tmp_path: Path) -> None:
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "claude-sonnet-4-5"}
    sums = agent | {"gen_ai.usage.input_tokens": 84_000, "gen_ai.usage.output_tokens": 600}
    spans = [
        one_span(
            attributes=[pair(name, value) for name, value in sums.items()], spanId="0" * 15 + "1", kind=1
        ),
        one_span(
            attributes=[pair(name, value) for name, value in CALL.items()],
            spanId="0" * 15 + "2",
            parentSpanId="0" * 15 + "1",
        ),
    ]
    coverage = analysed(tmp_path, as_lines(spans)).coverage
    assert (coverage.usage.stray_records, coverage.usage.stray_tokens) == (1, 42_300)
    assert coverage.priced_token_ratio == 0.5


def test_a_log_row_that_names_a_cost_and_no_token_is_a_call_whose_sum_is_a_bound(tmp_path: Path) -> None:
    row = {
        "request_id": "a",
        "call_type": "aimage_generation",
        "spend": 0.04,
        "total_tokens": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "startTime": "2026-11-20 10:00:00",
        "endTime": "2026-11-20 10:00:09",
        "model": "dall-e-3",
        "custom_llm_provider": "openai",
        "status": "success",
    }
    analysis = analysed(tmp_path, json.dumps(row).encode() + b"\n")
    assert (analysis.coverage.calls, analysis.coverage.calls_without_tokens) == (1, 1)
    assert analysis.totals.unit_costs.unpriced_charges > 0
    assert analysis.coverage.witness is not None
    assert analysis.coverage.witness.recorded_usd == pytest.approx(0.04)


def test_a_row_that_is_exported_twice_is_one_call(tmp_path: Path) -> None:
    row = {
        "request_id": "a",
        "call_type": "acompletion",
        "spend": 0.0125,
        "prompt_tokens": 3000,
        "completion_tokens": 500,
    }
    row |= {"total_tokens": 3500, "startTime": "2026-11-20 10:00:00", "endTime": "2026-11-20 10:00:09"}
    line = (
        json.dumps(row | {"model": "gpt-4o", "custom_llm_provider": "openai", "status": "success"}).encode()
        + b"\n"
    )
    assert analysed(tmp_path, line + line).totals.billed_usd == pytest.approx(
        3000 * 2.5 / 1e6 + 500 * 10 / 1e6
    )
