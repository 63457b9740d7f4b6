"""Schedules are read as they are written, by day and by week, and turned to the start of a window."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from costctl.levers.schedule import hour_of_week, schedule_of


def test_a_schedule_by_day_has_minutes_of_the_day() -> None:
    schedule = schedule_of("00:00=2, 07:30=4, 20:00=3")
    assert schedule.steps == ((0, 2), (450, 4), (1200, 3))
    assert (schedule.is_weekly, schedule.most) == (False, 4)
    assert schedule.text == "00:00=2,07:30=4,20:00=3"


def test_a_schedule_by_week_begins_on_monday() -> None:
    assert schedule_of("mon 07:00=4,sat 00:00=1").steps == ((420, 4), (5 * 1440, 1))


def test_steps_that_change_nothing_are_left_out() -> None:
    assert schedule_of("00:00=2,06:00=2,07:00=4,20:00=2").text == "07:00=4,20:00=2"
    assert schedule_of("00:00=3,12:00=3").text == "00:00=3"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7:00=2",
        "24:00=2",
        "00:00=0",
        "00:00",
        "07:00=2,06:00=3",
        "mon 00:00=1,07:00=2",
        "00:00=2;07:00=3",
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"schedule|order|day"):
        schedule_of(text)


@given(st.integers(0, 3_000_000_000), st.integers(0, 7 * 1440 - 1))
def test_a_step_of_a_window_comes_at_the_time_of_week_that_it_names(start_s: int, minute: int) -> None:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    day, rest = divmod(minute, 1440)
    assume(minute > 0)
    weekly = schedule_of(f"mon 00:00=1,{days[day]} {rest // 60:02d}:{rest % 60:02d}=2")
    (at_s,) = [seconds for seconds, replicas in weekly.from_start(float(start_s)) if replicas == 2]
    assert 0 <= at_s < 7 * 86_400
    told = datetime.fromtimestamp(start_s + at_s, tz=UTC)
    assert (told.weekday(), told.hour, told.minute, told.second) == (day, rest // 60, rest % 60, 0)
    assert hour_of_week(start_s + at_s) == day * 24 + told.hour
