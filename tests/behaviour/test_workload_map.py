"""The workload map adds up, keeps to its schema, and says what was left over and why something is not known."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import polars as pl
import pytest

from costctl import verbs
from costctl.behaviour.pool_queues import pool_queues
from costctl.documents.analysis import Analysis
from costctl.documents.schemas import rendered
from costctl.documents.workload_map import WorkloadMap
from costctl.observation import Question, observed
from costctl.segment.leftover import leftover
from costctl.segment.mix import class_mix, pricing
from tests.relations.span_rows import chat, engine_of, span

SPLIT_CHAT = """
[[rules]]
name = "long chat"
class = "long_chat"
min_generation_calls = 1
max_generation_calls = 1
max_tools = 0
max_agents = 0
max_retrievals = 0
min_output_tokens = 100

[[rules]]
name = "all others"
class = "rest"
"""
ONE_CLASS = """
[[rules]]
name = "all"
class = "everything"
"""


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def of_rules(question: Question, folder: Path, text: str) -> WorkloadMap:
    rules = folder / "rules.toml"
    rules.write_text(text, encoding="utf-8")
    return verbs.segment(Question(store=question.store, config=question.config, rules=rules), quiet)


def test_shares_of_requests_tokens_and_cost_sum_to_one(sample_map: WorkloadMap) -> None:
    for shares in (
        [each.request_ratio for each in sample_map.classes],
        [each.token_ratio for each in sample_map.classes],
        [each.cost_ratio for each in sample_map.classes],
    ):
        assert sum(share or 0.0 for share in shares) == pytest.approx(1.0, rel=1e-12)


def test_an_overlap_is_of_requests_that_its_rule_took(sample_map: WorkloadMap) -> None:
    requests = {each.request_class: each.requests for each in sample_map.classes}
    assert sample_map.overlaps
    for each in sample_map.overlaps:
        assert 0 < each.requests <= requests[each.request_class]
        assert each.also_request_class != each.request_class


def test_the_load_map_sums_to_the_requests_and_tokens_of_each_class(sample_map: WorkloadMap) -> None:
    for mix, row in zip(sample_map.classes, sample_map.load.rows, strict=True):
        assert (row.request_class, sum(row.requests)) == (mix.request_class, mix.requests)
        assert sum(cell or 0 for cell in row.tokens) == (mix.input_tokens or 0) + (mix.output_tokens or 0)


def test_phases_and_stages_add_up_to_the_durations(
    sample_map: WorkloadMap, sample_question: Question
) -> None:
    with observed(sample_question, quiet) as observation:
        duration_s = observation.engine.fetch("requests")["duration_s"].sum()
    phases_s = sum(sum(msgspec.structs.astuple(each.phases)) for each in sample_map.times)
    stages_s = sum(use.seconds for each in sample_map.times for use in each.stages)
    assert phases_s == pytest.approx(duration_s, rel=1e-12)
    assert stages_s == pytest.approx(duration_s, rel=1e-12)


def test_no_cell_of_waste_exceeds_its_stage(sample_map: WorkloadMap) -> None:
    waste = sample_map.waste
    for time, row in zip(sample_map.times, waste.rows, strict=True):
        seconds = {use.stage: use.seconds for use in time.stages}
        for stage, wasted_s in zip(waste.stages, row.seconds, strict=True):
            assert (wasted_s or 0.0) <= seconds.get(stage, 0.0)
        assert sum(row.share_ratio[n] or 0.0 for n in range(len(waste.stages))) <= 1.0


def test_the_lists_over_classes_are_in_one_order(sample_map: WorkloadMap) -> None:
    names = [each.request_class for each in sample_map.classes]
    for listed in (sample_map.times, sample_map.faults, sample_map.waste.rows, sample_map.load.rows):
        assert [each.request_class for each in listed] == names


def test_a_class_split_in_two_has_the_same_sums(sample_question: Question, tmp_path: Path) -> None:
    whole, parts = (of_rules(sample_question, tmp_path, text) for text in (ONE_CLASS, SPLIT_CHAT))
    assert [len(each.classes) for each in (whole, parts)] == [1, 2]
    for field in ("requests", "input_tokens", "output_tokens"):
        assert sum(getattr(each, field) for each in parts.classes) == getattr(whole.classes[0], field)
    usd = [sum(each.attributed_usd or 0.0 for each in document.classes) for document in (whole, parts)]
    assert usd[0] == pytest.approx(usd[1], rel=1e-12)
    stages: list[dict[str, float]] = [{}, {}]
    for sums, document in zip(stages, (whole, parts), strict=True):
        for time in document.times:
            for use in time.stages:
                sums[use.stage] = sums.get(use.stage, 0.0) + use.seconds
    assert stages[0] == pytest.approx(stages[1], rel=1e-12)


def test_analyze_names_the_same_bottlenecks(sample_map: WorkloadMap, sample_analysis: Analysis) -> None:
    assert {each.request_class: each.bottleneck for each in sample_analysis.classes} == {
        each.request_class: each.bottleneck for each in sample_map.times
    }
    met = {
        each.request_class: [one.met_ratio for one in each.slo]
        for each in sample_analysis.classes
        if each.slo
    }
    assert met == {
        each.request_class: [one.met_ratio for one in each.objectives] for each in sample_map.objectives
    }


def test_the_document_keeps_to_its_schema_and_is_written_alike_twice(
    sample_map: WorkloadMap, sample_question: Question
) -> None:
    encoded = msgspec.json.encode(sample_map, order="deterministic")
    jsonschema.validate(json.loads(encoded), json.loads(rendered("workload_map")))
    assert msgspec.json.encode(verbs.segment(sample_question, quiet), order="deterministic") == encoded


def test_cost_shares_are_unknown_where_a_part_has_no_price(sample_question: Question) -> None:
    bare = verbs.segment(Question(store=sample_question.store, config=None), quiet)
    assert all(each.cost_ratio is None for each in bare.classes)
    assert any(note.startswith("Cost shares are unknown") for note in bare.notes)


def test_what_is_priced_in_part_only_is_said_with_what_lacks_a_price() -> None:
    cost = pl.DataFrame({"request_class": ["chat"], "attributed_usd": [1.0]})
    charge = pl.DataFrame(
        {
            "request_class": ["chat", "chat"],
            "component": ["accelerator", "egress"],
            "unpriced_charges": [0, 1],
            "usd": [1, None],
        }
    )
    found = pricing(cost, charge, unpriced_requests=1)
    assert found.unpriced == {"chat": 1}
    assert found.share_ratio("chat") is None
    assert "1 requests have egress without a price" in (found.why_no_share or "")


def test_requests_of_an_unknown_time_are_in_the_mix() -> None:
    engine = engine_of([chat("a/only", 1, None, input_tokens=5, output_tokens=5)])
    requests, placed = engine.fetch("requests"), engine.fetch("request_class")
    charged = pricing(engine.fetch("class_cost"), engine.fetch("class_charge"), unpriced_requests=1)
    (mix,) = class_mix(requests, placed, engine.fetch("calls"), charged)
    assert (mix.requests, mix.token_ratio, mix.cost_ratio) == (1, 1.0, None)


def test_what_only_the_last_rule_took_is_grouped_with_a_hint() -> None:
    spans = [
        *(span(f"{n}/root", n, n + 1, name="GET /health", service="api") for n in range(3)),
        span("w/root", 9, 12, name="POST /ask", service="api"),
        span("w/inner/root", 10, 11, name="ask model", service="api"),
    ]
    engine = engine_of(spans)
    found = leftover(engine.fetch("requests"), engine.fetch("request_class"), "no model call seen")
    assert (found.requests, found.request_ratio) == (4, 1.0)
    assert [(each.route, each.requests) for each in found.groups] == [("GET /health", 3), ("POST /ask", 1)]
    assert "a single span" in found.groups[0].hint
    assert "no span is recognized as a model call" in found.groups[1].hint


def test_the_mean_depth_of_a_queue_is_seconds_waited_a_second() -> None:
    # one waits over [0, 6), one over [2, 4); observed over [0, 8)
    spans = [
        chat("a/call", 0, 8, service="llm", model_served="m", queue_s=6.0),
        chat("b/call", 2, 8, service="llm", model_served="m", queue_s=2.0),
        chat("c/call", 2, 8, service="llm", model_served="other"),
    ]
    told, untold = pool_queues(engine_of(spans).fetch("calls"))
    assert (told.pool, told.calls, told.mean_depth, told.busiest_mean_depth) == ("m", 2, 1.0, 1.0)
    assert told.depth is not None
    assert (told.depth.p50, told.depth.max) == (1.0, 2.0)
    assert (untold.pool, untold.depth, untold.mean_depth) == ("other", None, None)
