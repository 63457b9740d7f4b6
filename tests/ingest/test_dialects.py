"""What attributes mean is data: dialects are told apart span by span, and users bring their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from costctl.errors import UsageError
from costctl.ingest import loader
from costctl.ingest.dialect import shipped_dialects
from costctl.store.database import open_store
from tests.ingest.one_trace import SPANS, as_otlp
from tests.ingest.otlp_exports import pair

OWN = """
name = "acme"
about = "The names of our own gateway"
rank = 5
marks = ["acme.*"]

[columns]
model_requested = ["acme.model"]
input_tokens = [{ key = "acme.tokens", field = "in" }]
output_tokens = [{ key = "acme.tokens", field = "out" }]
queue_s = [{ key = "acme.waited", parse = "duration" }]

[[rules]]
when = { "acme.model" = ["*"] }
set = { operation = "chat", provider = "acme" }
"""


def spans_with(*spans: dict[str, Any]) -> bytes:
    """An export with a span for each set of attributes."""
    export = as_otlp(SPANS[:1])
    scope = export["resourceSpans"][0]["scopeSpans"][0]
    (first,) = scope["spans"]
    scope["spans"] = [
        {**first, "spanId": f"{number:016x}", "attributes": [pair(key, value) for key, value in each.items()]}
        for number, each in enumerate(spans, 1)
    ]
    return json.dumps(export).encode()


def columns(folder: Path, content: bytes, query: str, *dialects: Path) -> list[tuple[Any, ...]]:
    (folder / "a.json").write_bytes(content)
    with open_store(folder / "s.duckdb") as connection:
        reader = loader.reader_for(dialects=[str(path) for path in dialects])
        loader.ingest(connection, [str(folder / "a.json")], reader)
        return connection.execute(f"SELECT {query} FROM spans ORDER BY span_id").fetchall()


MARKED = {
    "otel": {"gen_ai.provider.name": "openai"},
    "otel_deprecated": {"gen_ai.system": "openai"},
    "openinference": {"openinference.span.kind": "LLM"},
    "openllmetry": {"gen_ai.provider.name": "openai", "traceloop.span.kind": "task"},
    "litellm": {"gen_ai.provider.name": "openai", "llm.request.type": "chat", "litellm.call_id": "x"},
    "langfuse": {"langfuse.observation.type": "generation"},
    "vercel": {"ai.operationId": "ai.generateText", "gen_ai.system": "openai"},
    "vllm": {"gen_ai.latency.time_in_queue": 0.1, "gen_ai.usage.prompt_tokens": 3},
    "sglang": {"rid": "1", "gen_ai.latency.e2e": 0.3, "gen_ai.usage.cached_tokens": 2},
    "tgi": {"time_per_token": "12ms", "total_time": "1.2s"},
    "envoy_ai_gateway": {"upstream_host": "10.0.0.1:80", "gen_ai.provider.name": "openai"},
    "coding_agents": {"codex.turn.token_usage.input_tokens": 5},
    "costctl": {"costctl.stage": "gateway"},
}


def test_every_dialect_with_marks_is_told_by_them() -> None:
    assert set(MARKED) == {dialect.name for dialect in shipped_dialects() if dialect.marks}


def test_each_span_has_a_dialect_of_its_own(tmp_path: Path) -> None:
    found = columns(tmp_path, spans_with({}, *MARKED.values()), "dialect")
    assert found == [(None,), *((name,) for name in MARKED)]


def test_lengths_that_rust_prints(tmp_path: Path) -> None:
    said = {
        "queue_time": "560.1µs",
        "inference_time": "1.5s",
        "total_time": "1.6s",
        "time_per_token": "12.5ms",
    }
    ((queue_s, decode_s, operation),) = columns(tmp_path, spans_with(said), "queue_s, decode_s, operation")
    assert (queue_s, decode_s, operation) == (pytest.approx(560.1e-6), pytest.approx(1.5), "text_completion")


def test_a_users_own_dialect_is_read_and_reported(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(OWN)
    said = {"acme.model": "m1", "acme.tokens": '{"in": 12, "out": 3}', "acme.waited": "20ms"}
    asked = "dialect, operation, provider, model_requested, input_tokens, output_tokens, queue_s"
    found = columns(tmp_path, spans_with(said), asked, tmp_path / "acme.toml")
    assert found == [("acme", "chat", "acme", "m1", 12, 3, 0.02)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("input_tokens", "imput_tokens"), "imput_tokens"),
        (("rank = 5", 'rank = "five"'), "rank"),
        (("set = {", "sets = {"), "sets"),
        (("[columns]", "[columns"), "TOML"),
    ],
)
def test_a_dialect_that_cannot_be_used_is_explained(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(OWN.replace(*change))
    with pytest.raises(UsageError) as raised:
        loader.reader_for(dialects=[str(path)])
    assert str(path) in raised.value.what
    assert said.lower() in raised.value.why.lower() or "expected" in raised.value.why.lower()
