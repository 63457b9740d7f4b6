"""Blocks of time in which a placement's loads are measured: whole hours, and what is drawn again together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.recommend.placement_loads import grid_of
from costctl.units import S_PER_DAY, S_PER_HOUR


@given(st.floats(600.0, 20 * S_PER_DAY))
def test_blocks_are_parts_of_hours_of_at_least_one_hour_each(seconds: float) -> None:
    grid = grid_of(100.0, 100.0 + seconds)
    hours = int(grid.hour[-1]) + 1
    assert hours == max(1, int(seconds // S_PER_HOUR))
    assert grid.blocks >= 48
    assert np.bincount(grid.hour).tolist() == [grid.blocks // hours] * hours
    assert grid.edges_s[[0, -1]] == pytest.approx([100.0, 100.0 + seconds])
    assert np.diff(grid.edges_s) == pytest.approx(seconds / grid.blocks)


@given(st.floats(600.0, 20 * S_PER_DAY), st.integers(0, 9))
def test_as_much_time_is_drawn_as_there_is_and_from_a_week_on_by_whole_days(
    seconds: float, seed: int
) -> None:
    grid = grid_of(0.0, seconds)
    weights = grid.weights(np.random.default_rng(seed))
    by_unit = [np.unique(weights[grid.unit == unit]) for unit in range(int(grid.unit[-1]) + 1)]
    assert {each.size for each in by_unit} == {1}  # what belongs together is drawn together
    assert sum(float(each[0]) for each in by_unit) == len(by_unit)
    days = int(seconds // S_PER_DAY)
    assert len(by_unit) == (days if days >= 7 else grid.blocks)
