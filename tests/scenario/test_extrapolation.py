"""How many calls were in progress at once, and from which load on there are more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.scenario.concurrency import beyond_ratio, most_in_progress, seconds_by_level
from costctl.scenario.extrapolation import extrapolation_of, first_load_beyond

FLOATS = st.floats(0, 100, allow_nan=False)


def test_seconds_are_told_apart_by_how_many_calls_share_them() -> None:
    # replica 0: [0, 2) and [1, 4): 1 s alone, 1 s together, 2 s alone; replica 1: [1, 2) alone
    seconds = seconds_by_level(np.array([0.0, 1.0, 1.0]), np.array([2.0, 4.0, 2.0]), np.array([0, 0, 1]))
    assert seconds.tolist() == [0.0, 4.0, 1.0]
    assert beyond_ratio(seconds, 1) == 0.2
    assert beyond_ratio(seconds, 2) == 0.0
    assert most_in_progress(seconds) == 2


def test_one_freak_moment_makes_no_batch_size_known() -> None:
    assert most_in_progress(np.array([0.0, 9_995.0, 4.0, 1.0])) == 1


def test_a_call_that_was_not_served_is_not_in_progress() -> None:
    assert seconds_by_level(np.array([np.nan]), np.array([np.nan]), np.array([-1])).sum() == 0.0


@given(st.lists(st.tuples(FLOATS, FLOATS, st.integers(0, 2)), max_size=30))
def test_levels_times_seconds_are_the_time_of_the_calls(calls: list[tuple[float, float, int]]) -> None:
    begin_s = np.array([min(a, b) for a, b, _ in calls])
    end_s = np.array([max(a, b) for a, b, _ in calls])
    seconds = seconds_by_level(begin_s, end_s, np.array([replica for _, _, replica in calls], int))
    assert seconds @ np.arange(seconds.size) == pytest.approx((end_s - begin_s).sum(), abs=1e-9)


@given(st.floats(0.12, 8.0, exclude_max=True))
def test_the_load_at_which_a_line_is_crossed_is_found_to_a_twentieth(threshold: float) -> None:
    found = first_load_beyond(lambda load: load > threshold, 8.0)
    assert found is not None
    assert threshold <= found + 1e-9
    assert found - threshold <= 0.0751


@given(st.floats(8.0, 12.0))
def test_a_line_beyond_every_load_that_is_tried_is_not_found(threshold: float) -> None:
    assert first_load_beyond(lambda load: load > threshold, 8.0) is None


def test_a_pool_that_was_seen_full_can_be_asked_for_no_more() -> None:
    report = extrapolation_of(["gpu"], [64], [64], [0.0], lambda _load: [0.0], 8.0)
    assert report.load_factor_from is None
    assert not report.is_extrapolating
    assert "64 on gpu" in report.reason


def test_the_report_names_the_pool_and_the_load() -> None:
    report = extrapolation_of(["a", "b"], [4, 8], [32, 32], [0.0, 0.2], lambda load: [0.0, load / 100], 8.0)
    assert report.is_extrapolating
    assert report.load_factor_from == pytest.approx(1.05, abs=0.06)
    assert "replicas of b run more than 8 concurrent calls" in report.reason
