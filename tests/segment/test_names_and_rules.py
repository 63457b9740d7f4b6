"""Learned classes have names to tell them by, and rules that a person can read."""

from __future__ import annotations

import tomllib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.segment.learn.features import SIZES
from costctl.segment.learn.naming import names_of
from costctl.segment.learn.rules_text import rules_toml
from costctl.segment.learn.surrogate import Bounds, surrogate_rules
from costctl.segment.rules import FEATURES, load_rules
from tests.thoroughness import how_many

NONE = dict.fromkeys(SIZES, 0.0)
MEDIANS = st.fixed_dictionaries({name: st.none() | st.sampled_from([0.0, 1.0, 3.0, 400.0]) for name in SIZES})


def test_a_class_is_called_by_what_it_does_and_else_by_its_sizes() -> None:
    shapes = [
        NONE | {"generation_calls": 1, "prompt_tokens": 4000, "output_tokens": 5},
        NONE | {"generation_calls": 1, "prompt_tokens": 100, "output_tokens": 900},
        NONE | {"generation_calls": 1, "retrievals": 1, "embedding_calls": 1, "prompt_tokens": 3000},
        NONE | {"embedding_calls": 6, "prompt_tokens": 9000, "output_tokens": None},
        NONE | {"generation_calls": 4, "tools": 3, "prompt_tokens": 5000},
        NONE | {"generation_calls": 3, "agents": 1, "prompt_tokens": 5000},
        NONE | {"prompt_tokens": None, "output_tokens": None},
    ]
    assert names_of(shapes) == (
        "long_in_tiny_out",
        "short_in_long_out",
        "retrieval",
        "embeddings",
        "many_calls_with_tools",
        "agent",
        "no_model_call",
    )


def test_classes_of_the_same_words_are_told_apart_by_the_number_in_which_they_differ_most() -> None:
    one = NONE | {"generation_calls": 1, "prompt_tokens": 2140, "output_tokens": 130}
    other = one | {"prompt_tokens": 7330, "output_tokens": 150}
    assert names_of([one, other]) == (
        "long_in_medium_out_2100_in",
        "long_in_medium_out_7300_in",
    )


@settings(max_examples=how_many(20, thorough=100), deadline=None)
@given(st.lists(MEDIANS, max_size=6))
def test_no_two_classes_have_one_name(shapes: list[dict[str, float | None]]) -> None:
    names = names_of(shapes)
    assert len(set(names)) == len(names) == len(shapes)


def test_rules_are_plain_conditions_first_and_round_numbers_then() -> None:
    rng = np.random.default_rng(1)
    shape_of = np.repeat([0, 1, 2], 300)
    columns = {name: np.zeros(900) for name in FEATURES}
    columns["generation_calls"] = np.repeat([1.0, 1.0, 4.0], 300)
    columns["agents"] = np.repeat([0.0, 0.0, 1.0], 300)
    columns["output_tokens"] = np.concatenate(
        [rng.integers(2, 9, 300), rng.integers(787, 2000, 300), rng.integers(100, 3000, 300)]
    ).astype(float)
    rules = surrogate_rules(columns, shape_of, seed=0)
    assert rules == [Bounds(2, {"min_agents": 1}), Bounds(0, {"max_output_tokens": 400}), Bounds(1)]


def test_a_request_without_the_feature_gets_its_class_by_a_rule_that_does_not_ask_for_it() -> None:
    columns = {name: np.zeros(400) for name in FEATURES}
    columns["generation_calls"] = np.ones(400)
    columns["prompt_tokens"] = np.repeat([100.0, 9000.0], 200)
    columns["output_tokens"] = np.repeat([5.0, np.nan, 900.0, np.nan], 100)
    shape_of = np.repeat([0, 1], 200)
    rules = surrogate_rules(columns, shape_of, seed=0)
    assert not any("output_tokens" in key for rule in rules for key in rule.bounds)


def test_rules_of_one_class_that_follow_each_other_are_alternatives_of_one() -> None:
    rules = [
        Bounds(0, {"min_tools": 1.0, "min_output_tokens": 20.0}),
        Bounds(0, {"min_tools": 1.0, "max_prompt_tokens": 500.0}),
        Bounds(1, {"min_agents": 1.0}),
        Bounds(0),
    ]
    text = rules_toml(rules, ("loop", "agent"))
    assert tomllib.loads(text)["rules"] == [
        {"name": "loop", "class": "loop", "min_tools": 1,
         "any": [{"min_output_tokens": 20}, {"max_prompt_tokens": 500}]},
        {"name": "agent", "class": "agent", "min_agents": 1},
        {"name": "all others", "class": "loop"},
    ]  # fmt: skip
    assert load_rules(text, "x").height == 4
