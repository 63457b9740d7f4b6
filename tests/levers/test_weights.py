"""A class that is split by weights: each pool gets its part, of any stretch of calls, and a policy carries it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.errors import UsageError
from costctl.levers.apply import applied
from costctl.levers.reading import setting_of
from costctl.levers.weights import weights_from, weights_of
from costctl.scenario.dealing import dealt
from costctl.scenario.setups import served_by
from tests.levers.small_platforms import platform

TODAY = platform()
NAMES = {"class": sorted(TODAY.classes), "pool": sorted(TODAY.pools)}
PARTS = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=2)


def test_the_same_parts_are_the_same_text() -> None:
    assert weights_of("b=60, a=40").text == weights_of("a=2,b=3").text == "a=2,b=3"


@pytest.mark.parametrize(
    "text", ["a", "a=1", "a=1,a=2", "a=0,b=1", "a=-1,b=2", "a=1.5,b=2", "=1,b=2", "a=1,b=1001"]
)
def test_what_says_no_parts_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"part|weight|pool"):
        weights_of(text)


@given(PARTS, st.integers(1, 400), st.integers(0, 400))
def test_of_any_stretch_of_calls_each_pool_has_its_part(
    weights: dict[str, int], calls: int, first: int
) -> None:
    made = weights_from(weights)
    given = dealt(made, first + calls)[first:]
    counts = np.bincount(given, minlength=len(weights))
    expected = (
        calls * np.array([weight for _, weight in made.parts]) / sum(weight for _, weight in made.parts)
    )
    # the fractions of multiples of the golden ratio: an interval of any length is hit within 2 + log2 n of its part
    assert np.abs(counts - expected).max() <= 2 + np.log2(calls + 1)


@given(st.integers(1, 8), st.integers(0, 300))
def test_a_pool_that_gets_more_keeps_what_it_had(weight: int, calls: int) -> None:
    less, more = (
        dealt(weights_from({"a": each, "b": 10 - each}), calls) == 0 for each in (weight, weight + 1)
    )
    assert (more | ~less).all()


def test_calls_of_a_class_that_is_split_go_to_both_pools_and_others_stay() -> None:
    split = applied(TODAY, [setting_of("class.chat.pool.weights=large=3,small=1", NAMES)])
    assert split.classes["chat"].pools == ("large", "small")
    names, lane = ["large", "small", "embedder"], np.array([0, 1] * 100)
    moved = served_by(np.array([0, 2] * 100), lane, names, ("chat", "rag"), split)
    assert np.bincount(moved[lane == 0], minlength=3).tolist() == [75, 25, 0]
    assert (moved[lane == 1] == 2).all()


def test_a_class_that_moves_whole_is_split_no_more() -> None:
    texts = ("class.chat.pool.weights=large=3,small=1", "class.chat.pool=small")
    moved = applied(TODAY, [setting_of(text, NAMES) for text in texts])
    assert (moved.classes["chat"].pools, moved.classes["chat"].pool_weights) == (("small",), None)


def test_pools_that_batch_in_other_ways_share_no_class() -> None:
    with pytest.raises(UsageError, match="batch in the same way"):
        applied(TODAY, [setting_of("class.rag.pool.weights=embedder=1,small=1", NAMES)])
    with pytest.raises(UsageError, match="nowhere"):
        setting_of("class.chat.pool.weights=large=1,nowhere=1", NAMES)
