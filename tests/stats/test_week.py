"""A window stands for one week: each instant for those of its time of day, however often the window holds it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.stats.week import seconds_of_a_week, times_a_week

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S
WINDOWS_S = st.floats(HOUR_S, 40 * DAY_S)


def daily(hours: tuple[float, float], days: int, every_s: float = 60.0) -> np.ndarray:
    """Instants of a job that runs between these hours of each day."""
    of_day = np.arange(hours[0] * HOUR_S, hours[1] * HOUR_S, every_s)
    return (np.arange(days)[:, np.newaxis] * DAY_S + of_day).ravel()


def a_week_of(at_s: np.ndarray) -> float:
    """How many of them a week is told to have, from a window that ends with the last of them."""
    window_s = at_s[-1] - at_s[0] + 1.0
    return float(times_a_week(at_s - at_s[0], window_s).sum())


@pytest.mark.parametrize("nights", [2, 3, 7, 8, 15])
def test_a_job_of_the_night_comes_seven_times_a_week(nights: int) -> None:
    """From the first call of the first night to the last of the last: one night more than days."""
    assert a_week_of(daily((1.5, 4.0), nights)) == pytest.approx(7 * 150)


@pytest.mark.parametrize("hours", [25.0, 34.0, 47.9, 48.0, 100.0, 167.0, 169.0, 400.0])
def test_what_comes_all_the_time_comes_at_its_own_rate(hours: float) -> None:
    at_s = np.arange(0.0, hours * HOUR_S, 10.0)
    assert times_a_week(at_s, hours * HOUR_S).sum() == pytest.approx(WEEK_S / 10.0, rel=1e-3)


def test_less_than_a_day_stands_for_the_week_at_its_own_rate() -> None:
    assert times_a_week(np.array([0.0, 50.0]), 2 * HOUR_S) == pytest.approx(84.0)


def test_from_seven_days_on_a_weekend_stands_for_weekends() -> None:
    """Ten days hold the first three days of a week twice, and the other four once."""
    at_s = np.array([0.5, 5.5, 7.5]) * DAY_S
    assert times_a_week(at_s, 10 * DAY_S) == pytest.approx([0.5, 1.0, 0.5])


@given(WINDOWS_S)
def test_all_instants_together_stand_for_one_week(window_s: float) -> None:
    edges_s = np.linspace(0.0, window_s, 49)
    of_week_s = seconds_of_a_week(edges_s, window_s)
    assert of_week_s[-1] == pytest.approx(WEEK_S)
    assert (np.diff(of_week_s) > 0.0).all()


@given(WINDOWS_S, st.floats(0.0, 1.0))
def test_seconds_up_to_an_instant_are_the_sum_of_those_before_it(window_s: float, share: float) -> None:
    """The slow twin adds up ten thousand slices."""
    edges_s = np.linspace(0.0, share * window_s, 10_001)
    middles_s = (edges_s[1:] + edges_s[:-1]) / 2.0
    slow_s = float(times_a_week(middles_s, window_s).sum()) * share * window_s / 10_000
    assert float(seconds_of_a_week(edges_s[-1:], window_s)[0]) == pytest.approx(slow_s, rel=2e-3, abs=1.0)
