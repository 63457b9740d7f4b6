"""Replicas that come and go by a timetable: on examples short enough to count by hand, and laws over random ones."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.simulate.timetable import Shift, Timetable, ordered_s, ready_at_start_s, shifts_of
from costctl.simulate.workload import ServiceModel
from tests.oracles.one_pool import replay
from tests.oracles.small_replays import plain_workload, pool_setup, random_timetable

ONE_SECOND_A_TOKEN = ServiceModel("static", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)


def test_a_replica_is_ordered_a_start_up_before_it_is_ready() -> None:
    table = Timetable(100.0, (0.0, 30.0, 60.0), (1, 2, 1), start_up_s=10.0)
    assert shifts_of(table, 0) is None  # there all the time
    assert shifts_of(table, 1) == (Shift(20.0, 30.0, 60.0),)
    assert shifts_of(table, 2) == ()


def test_a_gap_no_longer_than_a_start_up_is_none() -> None:
    table = Timetable(100.0, (0.0, 30.0, 40.0, 90.0), (2, 1, 2, 1), start_up_s=10.0)
    assert shifts_of(table, 1) is None  # both gaps are of 10 s
    shorter = dataclasses.replace(table, start_up_s=9.0)
    assert shifts_of(shorter, 1) == (Shift(-9.0, 0.0, 30.0), Shift(31.0, 40.0, 90.0))


def test_a_shift_goes_on_over_the_end_of_the_period() -> None:
    table = Timetable(100.0, (20.0, 70.0), (1, 2), start_up_s=5.0)
    assert table.at_start == 2
    assert shifts_of(table, 1) == (Shift(65.0, 70.0, 120.0),)
    assert ready_at_start_s(table, 1) == -30.0


def test_replicas_take_calls_when_they_are_ready_and_none_once_they_go() -> None:
    table = Timetable(20.0, (0.0, 5.0, 10.0), (1, 2, 1), start_up_s=2.0)
    workload = plain_workload([0.0, 4.0, 6.0, 12.0], tokens=[8, 1, 6, 1])
    setup = pool_setup(max_num_seqs=1, timetable=table)
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    # at 4 s the second is not ready yet; at 6 s it is idle; at 12 s it has been let go, and ends what it began
    assert outcome.replica.tolist() == [0, 0, 1, 0]
    assert outcome.begin_s.tolist() == [0.0, 8.0, 6.0, 12.0]
    assert outcome.paid_s.tolist() == [13.0, 9.0]  # the second from 3 s, when it is ordered, to 12 s


@given(st.integers(0, 100_000), st.integers(1, 5), st.floats(0, 400), st.floats(0, 400))
def test_ordered_seconds_add_up_over_time(seed: int, replicas: int, one_s: float, other_s: float) -> None:
    table = random_timetable(seed, 0, replicas) or Timetable(10.0, (0.0,), (replicas,))
    whole = ordered_s(table, 0.0, one_s + other_s)
    assert ordered_s(table, 0.0, one_s) + ordered_s(table, one_s, one_s + other_s) == pytest.approx(whole)
    assert whole <= table.most * (one_s + other_s) + 1e-6
    assert ordered_s(table, one_s, 0.0) == pytest.approx(-ordered_s(table, 0.0, one_s))


@given(st.integers(0, 100_000), st.integers(1, 5))
def test_what_idle_replicas_are_paid_for_is_what_the_timetable_orders(seed: int, replicas: int) -> None:
    table = random_timetable(seed, 0, replicas) or Timetable(10.0, (0.0,), (replicas,))
    workload = plain_workload([0.0, 97.0], tokens=[0, 0])
    setup = pool_setup(replicas=table.at_start, timetable=table)
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.paid_s.sum() == pytest.approx(ordered_s(table, 0.0, outcome.horizon_s))
    assert np.isfinite(outcome.end_s).all()


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (Timetable(10.0, (5.0, 2.0), (1, 1)), "not in order"),
        (Timetable(10.0, (2.0, 12.0), (1, 1)), "outside of its period"),
        (Timetable(10.0, (0.0,), (0,)), "without a replica"),
        (Timetable(10.0, (0.0,), (2,)), "another number"),
        (Timetable(10.0, (0.0,), (1,), start_up_s=10.0), "longer than a period"),
    ],
)
def test_a_timetable_that_contradicts_itself_is_refused(table: Timetable, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        replay(plain_workload([0.0]), ONE_SECOND_A_TOKEN, pool_setup(timetable=table))
