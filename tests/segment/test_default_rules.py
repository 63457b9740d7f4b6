"""The default rules give the class that the client meant, where the telemetry can tell it.

The labels: which shape each client meant (real instrumentations before a server that imitates a provider), and the
class of each request of a generated world.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from costctl.observation import Question, observed
from costctl.synth.demand import demand_of
from costctl.synth.platform import serve
from costctl.synth.presets import world_from_seed
from costctl.synth.spans import otlp_lines
from tests.conftest import unwatched
from tests.relations.span_rows import chat, engine_of, span

CLASS_OF_SHAPE = {
    "short_classification": "classification",
    "rag": "rag",
    "long_generation": "long_generation",
    "agentic": "agentic",
    "batch_embeddings": "embedding_batch",
    "report_generation": "report",
}


def classified(traces: Path) -> pl.DataFrame:
    """The requests of a file with their classes."""
    with observed(Question(paths=(str(traces),)), unwatched) as observation:
        requests = observation.engine.fetch("requests")
        return requests.join(observation.engine.fetch("request_class"), on="request_id")


def why_untold(row: dict[str, object]) -> str | None:
    """Why the traces cannot tell a labelled request's class; None where they can."""
    if row["calls"] == 0:
        return "its model call was not instrumented"
    if row["meant"] == "long_generation" and row["output_tokens"] is None:
        return "its stream broke off before any output was counted"
    return None


@pytest.mark.parametrize(
    ("folder", "untold"),
    [
        # The instrumentation knows chat completions; half of the reports call the Responses API.
        ("otel_v2_2.4b0_default", {"report": 5, "long_generation": 1}),
        ("otel_v2_2.4b0_optin", {"report": 5, "long_generation": 1}),
        ("traceloop", {"long_generation": 1}),
    ],
)
def test_every_shape_that_an_instrumentation_records_gets_its_class(
    real_traces: Path, folder: str, untold: dict[str, int]
) -> None:
    place = real_traces / "instrumented" / folder
    lines = [json.loads(line) for line in (place / "truth.jsonl").read_text().splitlines()]
    labels = pl.DataFrame(
        {
            "trace_id": [line["trace_id"] for line in lines],
            "meant": [CLASS_OF_SHAPE[line["shape"]] for line in lines],
        }
    )
    found = labels.join(classified(place / "traces_len4be.pb"), on="trace_id", how="left").to_dicts()
    assert len(found) == 191  # one request a label
    told = [row for row in found if why_untold(row) is None]
    assert Counter(row["meant"] for row in found if why_untold(row) is not None) == untold
    right = [row["meant"] == row["request_class"] for row in told]
    assert sum(right) == len(told)
    # Even with those that nothing tells counted as wrong:
    assert sum(right) / len(found) >= 0.95


def test_calls_behind_a_gateway_get_the_class_that_one_call_shows(real_traces: Path) -> None:
    """The proxy's traces have one call each and nothing of the caller's retrievals and tools: those calls, of rag and
    of agents, look like chat. Seven classifications failed; of four of them not even the limit was recorded.
    """
    place = real_traces / "instrumented" / "litellm"
    meant = [
        json.loads(line)
        for line in (place / "server_requests.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    # Calls are told apart by model, and the large model's two shapes by what was read: 108 or 18,008 tokens.
    shapes_of_model = {(line["model"], CLASS_OF_SHAPE[line["shape"]]) for line in meant}
    found = Counter(
        (row["model_requested"], row["request_class"])
        for row in classified(place / "traces_len4be.pb").to_dicts()
    )
    assert shapes_of_model == {
        ("gpt-4.1-nano", "classification"), ("gpt-4.1-mini", "rag"), ("o4-mini", "agentic"),
        ("gpt-4.1", "long_generation"), ("gpt-4.1", "report"), ("text-embedding-3-small", "embedding_batch"),
    }  # fmt: skip
    assert found == {
        ("gpt-4.1-nano", "classification"): 43,
        ("gpt-4.1-nano", "chat"): 4,
        ("gpt-4.1-mini", "chat"): 15,
        ("o4-mini", "chat"): 8,
        ("gpt-4.1", "long_generation"): 6,
        ("gpt-4.1", "report"): 4,
        ("text-embedding-3-small", "embedding_batch"): 6,
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nineteen_in_twenty_requests_of_every_class_of_a_world_get_their_class(
    tmp_path: Path, seed: int
) -> None:
    world = replace(world_from_seed(seed), requests=2000.0)
    demand = demand_of(world)
    everyone = np.ones(demand.requests.start_s.size, np.bool_)
    traces = tmp_path / "requests.jsonl"
    traces.write_bytes(b"".join(otlp_lines(world, demand, serve(world, demand, everyone))))
    labels = pl.DataFrame(
        {
            "trace_id": [
                f"{world.seed & 0xFFFFFFFF:08x}{number + 1:024x}" for number in range(everyone.size)
            ],
            "meant": [world.classes[place].name for place in demand.requests.request_class],
        }
    )
    found = labels.join(classified(traces), on="trace_id", how="left")
    assert found["request_class"].null_count() == 0
    by_class = found.group_by("meant").agg((pl.col("meant") == pl.col("request_class")).mean().alias("right"))
    assert set(by_class["meant"]) == {spec.name for spec in world.classes}
    assert by_class["right"].min() >= 0.95


def class_of(hour: float, **facts: object) -> str:
    """The class of one request with one call that starts at an hour of the day."""
    start_s = hour * 3600
    engine = engine_of([span("t/a", start_s, start_s + 5), chat("t/b/a", start_s + 1, start_s + 4, **facts)])
    return str(engine.fetch("request_class")["request_class"][0])


@pytest.mark.parametrize(
    ("hour", "read", "written", "expected"),
    [
        (3, 4000, 900, "report"),
        (22.5, 4000, 900, "report"),
        (21.5, 4000, 900, "long_generation"),
        (6.5, 4000, 900, "long_generation"),
        (3, 200, 900, "long_generation"),  # a long answer to a short prompt, whatever the hour
        (3, 4000, 700, "long_generation"),
    ],
)
def test_a_report_reads_much_writes_much_and_comes_in_offline_hours(
    hour: float, read: int, written: int, expected: str
) -> None:
    assert class_of(hour, input_tokens=read, output_tokens=written) == expected


def test_a_failed_call_is_a_classification_where_its_limit_says_so() -> None:
    assert class_of(9, max_tokens=8, error_type="timeout", status="error") == "classification"
    assert class_of(9, error_type="timeout", status="error") == "chat"


def test_a_long_text_with_a_very_short_answer_is_no_classification() -> None:
    assert class_of(9, input_tokens=5000, output_tokens=3, max_tokens=8) == "chat"


def test_a_prompt_of_no_tokens_is_a_count_left_out() -> None:
    assert class_of(9, input_tokens=0, output_tokens=0) == "chat"
