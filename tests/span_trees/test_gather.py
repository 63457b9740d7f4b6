"""Values come from where their keys are, in whatever order these lie."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from costctl.span_trees.gather import gathered, places_of
from costctl.span_trees.tree_loop import NONE

some_keys = st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 30), unique=True, max_size=40)


@given(some_keys, st.lists(st.integers(0, 30), max_size=40), st.booleans())
def test_a_place_is_that_of_the_key_or_none(keys: list[int], others: list[int], is_sorted: bool) -> None:
    keys = sorted(keys) if is_sorted else keys
    wanted = [*keys[::-1], *others, *keys]
    places = places_of(np.array(wanted, np.int64), np.array(keys, np.int64))
    assert places.tolist() == [keys.index(key) if key in keys else NONE for key in wanted]


@given(st.lists(st.integers(0, 99), min_size=1, max_size=20), st.data())
def test_gathered_values_are_those_at_the_places(values: list[int], data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=30))
    found = gathered(np.array(values), np.array(places, np.int32))
    assert found.tolist() == [values[place] for place in places]
