"""Requests that wait for hours of low demand: nothing is lost, nobody waits too long, other classes come as ever."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.levers.day_hours import DayHours, day_hours_of
from costctl.scenario.deferrals import Deferral, in_order, put_off, put_off_s
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Pool, ServiceModel
from tests.oracles.small_replays import plain_workload, pool_setup

DAY_S = 86_400.0


def test_hours_of_a_day_go_on_into_the_next() -> None:
    hours = day_hours_of("22:00-06:00")
    spans_s = hours.times_s(starts_s=0.0, from_s=0.0, until_s=2 * DAY_S)
    assert spans_s == ((-7200.0, 21_600.0), (79_200.0, 108_000.0), (165_600.0, 194_400.0))
    assert hours.text == "22:00-06:00"


@pytest.mark.parametrize("text", ["", "22-06", "24:00-06:00", "06:00-06:00", "6:00-7:00"])
def test_what_is_no_span_of_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hours|day"):
        day_hours_of(text)


@given(
    st.lists(st.floats(0, 3 * DAY_S), min_size=1, max_size=40),
    st.integers(0, 1439),
    st.integers(1, 1439),
    st.floats(60, 2 * DAY_S),
    st.floats(0, 7 * DAY_S),
)
def test_each_waits_for_the_hours_within_its_time_or_comes_at_once(
    arrivals: list[float], begin: int, length: int, within_s: float, starts_s: float
) -> None:
    arrival_s = np.sort(np.array(arrivals))
    workload = plain_workload(arrival_s)
    request = np.arange(arrival_s.size)
    request_class = request % 2
    hours = DayHours(begin, (begin + length) % 1440)
    later, had = put_off(workload, request, request_class, (Deferral(0, hours.text, within_s, starts_s),))
    waits_s = np.empty(arrival_s.size)
    waits_s[had] = later.arrival_s - arrival_s[had]
    assert sorted(had.tolist()) == request.tolist()
    assert (np.diff(later.arrival_s) >= 0).all()
    assert (waits_s[request_class == 1] == 0).all()
    assert (waits_s >= 0).all()
    assert (waits_s <= within_s + 1e-6).all()
    said_s = put_off_s(workload, request, request_class, (Deferral(0, hours.text, within_s, starts_s),))
    assert np.abs(said_s - waits_s).max() <= 1e-6
    minute = ((starts_s + arrival_s + waits_s) % DAY_S) / 60.0
    is_within = (minute - hours.begin) % 1440 <= length + 1e-3
    assert (is_within | (np.abs((minute - hours.begin) % 1440 - 1440) < 1e-3))[waits_s > 1e-6].all()


def test_an_outcome_comes_back_in_the_order_that_the_calls_had() -> None:
    workload = plain_workload([0.0, 100.0, 200.0], tokens=[1, 2, 3])
    later, had = put_off(
        workload, np.arange(3), np.array([0, 1, 1]), (Deferral(0, "00:02-00:03", DAY_S, 0.0),)
    )
    pool = Pool(ServiceModel("static", 0.0, 0.0, 1.0), pool_setup())
    outcome = in_order(replay_network(later, np.zeros(3, np.int64), [pool]), had)
    assert outcome.arrival_s.tolist() == [150.0, 100.0, 200.0]
    assert (outcome.end_s - outcome.begin_s).tolist() == [1.0, 2.0, 3.0]
    assert replace(outcome).busy_s.sum() == 6.0
