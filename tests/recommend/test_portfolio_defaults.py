"""Which default a class takes is decided by what its calls look like; the table of defaults is data, and held to it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from costctl.documents.portfolio import ClassFacts
from costctl.recommend.bought.registry import BILL_KINDS
from costctl.recommend.portfolio.defaults import built_in_defaults, defaults_of, goal_of, shape_of
from costctl.recommend.registry import KINDS

ONE_CALL = ClassFacts(generation_calls=1.0, prompt_tokens_p50=700.0, output_tokens_p50=150.0)
TABLE = """
[[shapes]]
name = "any"
goal = "latency"
compute = "a"
storage = "b"
scheduling = "c"
why = "It is so."
cases = [{ because = "nothing else does" }]
[practices]
a = { aspect = "compute", says = "this", kinds = [] }
b = { aspect = "storage", says = "this", kinds = [] }
c = { aspect = "scheduling", says = "this", kinds = [] }
"""


@pytest.mark.parametrize(
    ("facts", "shape", "goal", "because"),
    [
        (
            ClassFacts(embedding_calls=6.47, generation_calls=0.0),
            "batch embeddings",
            "throughput",
            "embedding calls a request: 6.47; calls that generate: 0",
        ),
        (
            replace(ONE_CALL, generation_calls=3.5),
            "agents",
            "reliability",
            "calls that generate a request: 3.5",
        ),
        (replace(ONE_CALL, tool_runs=2.0), "agents", "reliability", "tool runs a request: 2"),
        (
            replace(ONE_CALL, may_wait=True),
            "reports and other work that may wait",
            "surplus",
            "it is declared that it may wait",
        ),
        (
            replace(ONE_CALL, prompt_tokens_p50=3332.0, output_tokens_p50=1021.0),
            "reports and other work that may wait",
            "surplus",
            "half of its requests read 3,332 tokens or more and write 1,021 or more, and no objective is declared",
        ),
        (
            replace(ONE_CALL, prompt_tokens_p50=3332.0, output_tokens_p50=1021.0, has_objective=True),
            "long generation",
            "tokens_per_dollar",
            "half of its requests write 1,021 tokens or more",
        ),
        (
            replace(ONE_CALL, retrieval_ratio=0.98),
            "RAG",
            "tokens_per_dollar",
            "98% of its requests search or read documents",
        ),
        (
            replace(ONE_CALL, output_tokens_p50=4.0),
            "short classification",
            "throughput",
            "half of its requests read 700 tokens or fewer and write 4 or fewer",
        ),
        (ONE_CALL, "support chat", "latency", "calls that generate a request: 1; none of the shapes before"),
        (ClassFacts(), "other", "latency", "its calls do not tell what it is"),
    ],
)
def test_what_the_calls_look_like_decides_and_is_said(
    facts: ClassFacts, shape: str, goal: str, because: str
) -> None:
    row, found = shape_of(facts, built_in_defaults())
    assert (found.name, found.because, row.goal) == (shape, because, goal)


def test_a_class_that_is_served_first_is_served_for_latency() -> None:
    facts = ClassFacts(embedding_calls=6.0, generation_calls=0.0, priority=1)
    row, _ = shape_of(facts, built_in_defaults())
    goal = goal_of(facts, row)
    assert (goal.goal, goal.default, goal.why) == (
        "latency",
        "throughput",
        "it is declared to be served first",
    )
    assert goal_of(replace(facts, priority=2), row).why is None


def test_every_kind_that_the_table_names_is_one_that_is_tried() -> None:
    known = {each.name for each in (*KINDS, *BILL_KINDS)}
    named = {kind for practice in built_in_defaults().practices.values() for kind in practice.kinds}
    assert named <= known


def test_every_practice_of_the_table_is_one_of_some_shape() -> None:
    table = built_in_defaults()
    used = {name for each in table.shapes for name in (each.compute, each.storage, each.scheduling)}
    assert used == {*table.practices}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (TABLE.replace('compute = "a"', 'compute = "b"', 1), "b is no practice of compute"),
        (TABLE.replace("nothing else does", "{loudness}"), "loudness is no fact"),
        (
            TABLE.replace('because = "nothing', 'when = { min_loudness = 1 }, because = "nothing'),
            "must have a case",
        ),
    ],
)
def test_a_table_that_names_what_there_is_not_is_refused(wrong: str, says: str) -> None:
    assert defaults_of(TABLE).shapes[0].name == "any"
    with pytest.raises(ValueError, match=says):
        defaults_of(wrong)
