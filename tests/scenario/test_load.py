"""More requests or fewer: whole ones, each class by itself, and a load of 1 is today."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.errors import UsageError
from costctl.scenario.load import at_load, load_factor_of
from tests.levers.small_platforms import period
from tests.thoroughness import how_many

FACTORS = st.floats(0.2, 4.5).map(lambda factor: round(factor, 2))


@pytest.mark.parametrize(
    ("text", "factor"), [("1.5x", 1.5), ("2", 2.0), (".5x", 0.5), ("3 ×", 3.0), (None, 1.0)]
)
def test_a_factor_is_read_with_or_without_its_x(text: str | None, factor: float) -> None:
    assert load_factor_of(text) == factor


@pytest.mark.parametrize("factor", [1e-5, 0.5, 1, 100.0])
def test_a_factor_from_python_is_the_number_itself(factor: float) -> None:
    assert load_factor_of(factor) == factor


@pytest.mark.parametrize("factor", [0, -1.0, 100.5, float("nan"), float("inf")])
def test_a_number_that_is_no_factor_is_refused_without_a_word_on_options(factor: float) -> None:
    with pytest.raises(UsageError, match=r"load=") as caught:
        load_factor_of(factor)
    assert "--load" not in str(caught.value)


@pytest.mark.parametrize("text", ["0", "0x", "-1x", "x", "1.5y", "nan", "1e3", "101x", ""])
def test_what_is_no_factor_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        load_factor_of(text)


def test_a_load_of_one_changes_nothing() -> None:
    today = period(20)
    assert at_load(today, 1.0, 0) is today


@settings(deadline=None, max_examples=how_many(10, thorough=30))
@given(FACTORS, st.integers(0, 1000))
def test_each_class_comes_so_often_and_its_requests_are_whole(factor: float, seed: int) -> None:
    today = period(40)
    grown = at_load(today, factor, seed)
    for number in (0, 1):
        before, after = int(today.members(number).sum()), int(grown.members(number).sum())
        assert abs(after - factor * before) <= 0.51
    calls = np.bincount(grown.request)
    assert set(calls[calls > 0].tolist()) == {3}


@settings(deadline=None, max_examples=how_many(10, thorough=30))
@given(FACTORS, st.integers(0, 1000))
def test_calls_follow_calls_of_their_own_request(factor: float, seed: int) -> None:
    grown = at_load(period(40), factor, seed)
    for links in (grown.workload.after, grown.before):
        follows = np.flatnonzero(links >= 0)
        assert (grown.request[links[follows]] == grown.request[follows]).all()
        assert (links[follows] < follows).all()
    assert (grown.workload.after == grown.before).all()
    assert (np.bincount(grown.request[grown.is_answer]) <= 1).all()
    assert (np.diff(grown.workload.arrival_s) >= 0).all()


@settings(deadline=None, max_examples=how_many(10, thorough=20))
@given(FACTORS, FACTORS, st.integers(0, 1000))
def test_who_is_there_at_a_smaller_load_is_there_at_a_larger(one: float, other: float, seed: int) -> None:
    arrivals = [
        set(at_load(period(30), factor, seed).workload.arrival_s.tolist()) for factor in sorted((one, other))
    ]
    assert arrivals[0] <= arrivals[1]


def test_copies_come_half_a_minute_earlier_or_later_at_most_and_within_the_window() -> None:
    today = period(200, window_s=7200.0)
    grown = at_load(today, 2.0, 3)
    copies = grown.workload.arrival_s[~np.isin(grown.workload.arrival_s, today.workload.arrival_s)]
    assert copies.size == today.workload.size
    nearest_s = np.abs(copies[:, None] - today.workload.arrival_s[None, :]).min(axis=1)
    assert nearest_s.max() <= 30.0
    assert copies[grown.workload.after[np.isin(grown.workload.arrival_s, copies)] < 0].min() >= 0.0


def test_the_calls_of_a_copy_are_those_of_its_original() -> None:
    today, grown = period(30), at_load(period(30), 2.0, 5)
    assert sorted(grown.workload.decode_steps.tolist()) == sorted(2 * today.workload.decode_steps.tolist())
    trial = grown.trial(grown.pools)
    assert trial.e2e_s.size == 60
    assert np.isfinite(trial.e2e_s).all()


@settings(deadline=None, max_examples=how_many(10, thorough=30))
@given(st.floats(2.0, 20.0), st.integers(0, 1000))
def test_no_copy_leaves_the_window_however_many_there_are(factor: float, seed: int) -> None:
    # A replica is paid for from the window's start: a call before it would be served by nobody.
    grown = at_load(period(20), factor, seed)
    first_s = np.full(grown.request_class.size, np.inf)
    np.minimum.at(first_s, grown.request, grown.workload.arrival_s)
    assert first_s.min() >= grown.from_s
    assert first_s.max() <= grown.to_s
