"""What an outcome says, on outcomes short enough to count by hand, and laws that a false one breaks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from costctl.simulate.outcome_measures import (
    latency_s,
    quantile_s,
    status_counts,
    ttft_s,
    utilisation,
    wait_s,
)
from costctl.simulate.workload import CallStatus, Outcome, ServiceModel, Workload
from tests.oracles.one_pool import replay
from tests.oracles.replay_laws import broken_laws, busy_s_from_calls, littles_law_error, mean_in_service
from tests.oracles.small_replays import plain_workload, pool_setup

ONE_SECOND_A_TOKEN = ServiceModel("continuous", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)


def two_calls() -> tuple[Workload, Outcome]:
    """a in service [1, 3), b waits from 2 and is in service [3, 6)."""
    workload = plain_workload([1.0, 2.0], tokens=[2, 3])
    return workload, replay(workload, ONE_SECOND_A_TOKEN, pool_setup(max_num_seqs=1))


def test_times_are_counted_from_arrival() -> None:
    _, outcome = two_calls()
    assert wait_s(outcome).tolist() == [0.0, 1.0]
    assert ttft_s(outcome).tolist() == latency_s(outcome).tolist() == [2.0, 4.0]


def test_utilisation_is_busy_time_over_time_paid() -> None:
    _, outcome = two_calls()
    assert utilisation(outcome) == pytest.approx(5 / 6)
    assert utilisation(outcome, from_s=1.0) == pytest.approx(1.0)
    assert np.isnan(utilisation(outcome, from_s=6.0))


def test_calls_in_service_are_averaged_over_time() -> None:
    _, outcome = two_calls()
    assert mean_in_service(outcome) == pytest.approx(1.0)
    assert busy_s_from_calls(outcome).tolist() == [5.0]


def test_quantiles_are_observed_values_of_those_known() -> None:
    assert quantile_s(np.array([4.0, np.nan, 1.0, 2.0, 3.0]), 0.5) == 2.0
    assert quantile_s(np.array([4.0, np.nan, 1.0, 2.0, 3.0]), 0.95) == 4.0
    assert np.isnan(quantile_s(np.array([np.nan]), 0.5))


def test_statuses_are_counted_also_where_there_are_none() -> None:
    _, outcome = two_calls()
    assert status_counts(outcome) == {
        CallStatus.SERVED: 2,
        CallStatus.REJECTED: 0,
        CallStatus.EXPIRED: 0,
        CallStatus.NEVER_ARRIVED: 0,
        CallStatus.FAILED: 0,
        CallStatus.TIMED_OUT: 0,
        CallStatus.IN_FLIGHT: 0,
    }


def test_a_sound_outcome_breaks_no_law() -> None:
    workload, outcome = two_calls()
    assert broken_laws(workload, outcome) == ()
    assert littles_law_error(outcome) < 1e-12


@pytest.mark.parametrize(
    ("change", "law"),
    [
        ({"status": np.array([0, 7])}, "calls are lost"),
        ({"status": np.array([0, 1])}, "a call's times contradict its status"),
        ({"begin_s": np.array([1.0, 1.5])}, "a served call's times are out of order"),
        ({"arrival_s": np.array([1.0, 2.5])}, "a call arrives at the wrong time"),
        ({"busy_s": np.array([4.0])}, "busy seconds are not those of the calls served"),
    ],
)
def test_a_false_outcome_breaks_the_law_that_it_denies(change: dict[str, object], law: str) -> None:
    workload, outcome = two_calls()
    assert law in broken_laws(workload, dataclasses.replace(outcome, **change))
