"""Overlaps: what a rule took that a later rule of another class wanted too."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.documents.overlap import Overlap
from costctl.segment.overlaps import overlaps
from costctl.segment.rules import FEATURES, default_rules, load_rules
from tests.relations.span_rows import chat, engine_of, span
from tests.thoroughness import how_many

SHAPE = pl.Schema(
    {"request_id": pl.String, "operation": pl.String, "workload": pl.String}
    | dict.fromkeys(FEATURES, pl.Float64)
)
RULES = load_rules(
    """
[[rules]]
name = "label"
is_labelled = true
[[rules]]
name = "tools or two calls"
class = "agentic"
any = [{ min_tools = 1 }, { min_generation_calls = 2 }]
[[rules]]
name = "retrieval"
class = "rag"
min_retrievals = 1
[[rules]]
name = "many documents"
class = "rag"
min_documents = 3
[[rules]]
name = "short embeddings"
class = "embedding_batch"
operation = "embeddings"
max_prompt_tokens = 100
[[rules]]
name = "all others"
class = "other"
""",
    "rules.toml",
)


def shapes(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{"request_id": str(number), **row} for number, row in enumerate(rows)], schema=SHAPE)


def test_a_request_with_a_tool_and_a_retrieval_is_wanted_by_both_rules() -> None:
    found = overlaps(shapes({"tools": 1, "retrievals": 2, "documents": 1}), RULES)
    assert found == (Overlap("tools or two calls", "agentic", "retrieval", "rag", 1, 1),)


def test_rules_of_the_same_class_do_not_overlap() -> None:
    assert overlaps(shapes({"retrievals": 1, "documents": 9}), RULES) == ()


def test_alternatives_of_one_rule_count_a_request_once() -> None:
    found = overlaps(shapes({"tools": 1, "generation_calls": 3, "documents": 3}), RULES)
    assert found == (Overlap("tools or two calls", "agentic", "many documents", "rag", 1, 1),)


def test_a_label_overlaps_where_it_says_another_class_than_the_rules() -> None:
    found = overlaps(
        shapes({"workload": "rag", "retrievals": 1}, {"workload": "search", "retrievals": 1}), RULES
    )
    assert found == (Overlap("label", "search", "retrieval", "rag", 1, 1),)


def test_the_catch_all_overlaps_with_nothing() -> None:
    assert overlaps(shapes({"tools": 1}, {}), RULES) == ()


def test_no_requests_have_no_overlaps() -> None:
    assert overlaps(shapes(), RULES) == ()


def slow_overlaps(shape: pl.DataFrame, rules: pl.DataFrame) -> Counter[tuple[str, str, str, str]]:
    """Request by request, rule by rule, as a person would do it."""
    names = rules["rule"].unique(maintain_order=True).to_list()[:-1]

    def holds(alternative: dict[str, Any], request: dict[str, Any]) -> bool:
        if alternative["is_labelled"] and request["workload"] is None:
            return False
        if alternative["operation"] is not None and alternative["operation"] != request["operation"]:
            return False
        for feature in FEATURES:
            low, high, value = alternative[f"min_{feature}"], alternative[f"max_{feature}"], request[feature]
            if low is not None and (value is None or value < low):
                return False
            if high is not None and (value is None or value > high):
                return False
        return True

    counted: Counter[tuple[str, str, str, str]] = Counter()
    for request in shape.iter_rows(named=True):
        wanting = []
        for name in names:
            alternatives = rules.filter(pl.col("rule") == name).to_dicts()
            if any(holds(alternative, request) for alternative in alternatives):
                wanting.append((name, alternatives[0]["request_class"] or request["workload"]))
        for name, request_class in wanting[1:]:
            if request_class != wanting[0][1]:
                counted[(*wanting[0], name, request_class)] += 1
    return counted


values = st.none() | st.integers(0, 4)
requests = st.fixed_dictionaries(
    {
        "operation": st.sampled_from([None, "chat", "embeddings"]),
        "workload": st.sampled_from([None, None, "rag", "search"]),
        **dict.fromkeys(("tools", "generation_calls", "retrievals", "documents", "prompt_tokens"), values),
    }
)


@settings(max_examples=how_many(12, thorough=60), deadline=None)
@given(st.lists(requests, max_size=12))
def test_overlaps_equal_a_count_by_hand(rows: list[dict[str, Any]]) -> None:
    shape = shapes(*rows)
    found = {
        (row.rule, row.request_class, row.also_rule, row.also_request_class): row.requests
        for row in overlaps(shape, RULES)
    }
    assert found == dict(slow_overlaps(shape, RULES))


def test_overlaps_are_counted_from_the_relations_of_a_store() -> None:
    engine = engine_of(
        [
            span("t1/a", 0, 9),
            span("t1/b/a", 1, 2, stage="retrieval", operation="retrieval"),
            chat("t1/c/a", 2, 3),
            chat("t1/d/a", 4, 5),
        ]
    )
    found = overlaps(engine.fetch("request_shape"), default_rules())
    assert ("agentic", "rag", 1) in {
        (row.request_class, row.also_request_class, row.requests) for row in found
    }
