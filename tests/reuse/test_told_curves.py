"""The few points of a curve that a document has are exact, and as many as a drawing has room for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from costctl.arrays import Ints
from costctl.recommend.reuse_told import MOST_POINTS, reuse_told
from costctl.reuse.curve import curve_of_distances, miss_ratio_curve
from costctl.reuse.distances import stack_distances
from tests.oracles.plain_lru import plain_lru_misses

KEYS = some.lists(some.integers(0, 40), min_size=2, max_size=200)


def ints(values: object) -> Ints:
    return np.array(values, np.int64)


@given(KEYS)
def test_each_point_misses_what_a_plain_list_of_its_size_misses(keys: list[int]) -> None:
    told = reuse_told(miss_ratio_curve(ints(keys)), "objects", "bytes", 7.0)
    is_any_again = len(set(keys)) < len(keys)
    assert (told is not None) == is_any_again
    points = () if told is None else (*told.points, told.today)
    for each in points:
        assert each is not None
        assert each.miss_ratio * len(keys) == pytest.approx(plain_lru_misses(keys, int(each.size)))


@given(KEYS)
def test_distances_that_were_measured_give_the_same_curve(keys: list[int]) -> None:
    measured, whole = curve_of_distances(stack_distances(ints(keys))), miss_ratio_curve(ints(keys))
    assert measured.at.tolist() == whole.at.tolist()
    assert measured.hits.tolist() == whole.hits.tolist()
    assert measured.compulsory_ratio == pytest.approx(whole.compulsory_ratio)


def test_of_many_sizes_few_are_told_the_smallest_and_the_largest_among_them() -> None:
    draw = np.random.default_rng(5)
    curve = miss_ratio_curve(draw.zipf(1.2, 20_000) % 5_000)
    told = reuse_told(curve, "prompt_parts", "tokens", 0.0)
    assert told is not None
    sizes, missed = ([getattr(each, name) for each in told.points] for name in ("size", "miss_ratio"))
    assert MOST_POINTS / 2 < len(sizes) <= MOST_POINTS
    assert (sizes[0], sizes[-1]) == (curve.at[0], curve.at[-1])
    assert sizes == sorted(sizes)
    assert missed == sorted(missed, reverse=True)
    assert missed[-1] == pytest.approx(told.compulsory_ratio)
    assert told.today is None
