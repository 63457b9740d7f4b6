"""The laws of service are found again from calls that were made by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.service_model.batch_fit import BatchTimes, fit_batch_times
from costctl.service_model.dispatch import observed_dispatch
from costctl.service_model.step_clock import StepTimes, fit_step_times, steps_seen
from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Dispatch, Outcome, Pool, PoolSetup, ServiceModel, Workload
from tests.service_model.replayed_calls import decoding_of
from tests.thoroughness import how_many


def workload_of(seed: int, calls: int, per_s: float) -> Workload:
    rng = np.random.default_rng(seed)
    return Workload(
        arrival_s=np.sort(rng.uniform(0.0, calls / per_s, calls)),
        after=np.full(calls, -1),
        think_s=np.zeros(calls),
        uncached_tokens=rng.integers(50, 2000, calls),
        decode_steps=rng.integers(2, 300, calls),
        lane=np.zeros(calls, np.int64),
        replica=rng.integers(0, 2, calls),
    )


def served(workload: Workload, model: ServiceModel, dispatch: Dispatch = "least_outstanding") -> Outcome:
    setup = PoolSetup(2, 32, dispatch, 0.0, Lanes.plain(1))
    return replay_network(workload, np.zeros(workload.size, np.int64), [Pool(model, setup)])


@settings(max_examples=how_many(10, thorough=12), deadline=None)
@given(st.integers(0, 10**6), st.floats(0.005, 0.05), st.floats(0.0002, 0.003), st.floats(1e-5, 2e-4))
def test_the_step_clock_finds_alpha_beta_and_gamma(
    seed: int, alpha: float, beta: float, gamma: float
) -> None:
    workload = workload_of(seed, 1500, per_s=2.0)
    outcome = served(workload, ServiceModel("continuous", alpha, beta, gamma))
    times = fit_step_times(decoding_of(workload, outcome))
    assert isinstance(times, StepTimes)
    assert times.alpha_s == pytest.approx(alpha, rel=0.01)
    assert times.beta_s == pytest.approx(beta, rel=0.03, abs=1e-5)
    assert times.gamma_s == pytest.approx(gamma, rel=0.01)


def test_a_call_has_seen_as_many_steps_as_it_decoded() -> None:
    workload = workload_of(5, 800, per_s=3.0)
    outcome = served(workload, ServiceModel("continuous", 0.02, 0.001, 1e-4))
    decoding = decoding_of(workload, outcome)
    seen = steps_seen(decoding, StepTimes(0.02, 0.001, 1e-4, 0, 0.0), np.arange(workload.size))
    np.testing.assert_allclose(seen, workload.decode_steps, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("is_stalling", [True, False])
def test_a_replay_under_the_fit_is_what_was_observed_whichever_way_prompts_are_read(
    is_stalling: bool,
) -> None:
    workload = workload_of(11, 3000, per_s=2.0)
    model = ServiceModel("continuous", 0.02, 0.001, 1e-4, is_prefill_stalling=is_stalling)
    observed = served(workload, model)
    times = fit_step_times(decoding_of(workload, observed))
    assert isinstance(times, StepTimes)
    replayed = served(
        workload, replace(model, alpha_s=times.alpha_s, beta_s=times.beta_s, gamma_s=times.gamma_s)
    )
    for level in (0.5, 0.95):
        latency_s = [np.quantile(each.end_s - each.arrival_s, level) for each in (observed, replayed)]
        assert latency_s[1] == pytest.approx(latency_s[0], rel=0.02)
    assert replayed.busy_s.sum() == pytest.approx(observed.busy_s.sum(), rel=0.01)


def test_calls_whose_tokens_are_unknown_add_to_the_concurrency_and_do_not_pull_the_fit() -> None:
    workload = workload_of(6, 1500, per_s=2.0)
    outcome = served(workload, ServiceModel("continuous", 0.02, 0.001, 1e-4))
    decoding = decoding_of(workload, outcome)
    is_exact = np.arange(workload.size) % 4 > 0
    times = fit_step_times(
        replace(decoding, is_exact=is_exact, steps=np.where(is_exact, workload.decode_steps, 0))
    )
    assert isinstance(times, StepTimes)
    assert times.alpha_s == pytest.approx(0.02, rel=0.01)


def test_too_few_calls_give_a_reason_and_no_model() -> None:
    workload = workload_of(7, 20, per_s=2.0)
    reason = fit_step_times(
        decoding_of(workload, served(workload, ServiceModel("continuous", 0.02, 0.001, 1e-4)))
    )
    assert isinstance(reason, str)
    assert "only 20 calls" in reason


def test_whole_batches_give_alpha_beta_and_gamma_back() -> None:
    workload = workload_of(8, 1500, per_s=8.0)
    outcome = served(workload, ServiceModel("static", 0.08, 0.004, 1.2e-4))
    times = fit_batch_times(outcome.replica, outcome.begin_s, outcome.end_s, workload.uncached_tokens)
    assert isinstance(times, BatchTimes)
    assert (times.alpha_s, times.beta_s, times.gamma_s) == pytest.approx((0.08, 0.004, 1.2e-4), rel=1e-4)


@pytest.mark.parametrize("rule", ["least_outstanding", "round_robin"])
def test_the_rule_of_dispatch_is_told_from_where_calls_went(rule: Dispatch) -> None:
    outcome = served(workload_of(9, 3000, per_s=6.0), ServiceModel("continuous", 0.02, 0.001, 1e-4), rule)
    assert observed_dispatch(outcome.arrival_s, outcome.end_s, outcome.replica, 2) == rule


def test_calls_sent_by_no_rule_stay_where_they_were() -> None:
    outcome = served(
        workload_of(10, 3000, per_s=6.0), ServiceModel("continuous", 0.02, 0.001, 1e-4), "recorded"
    )
    assert observed_dispatch(outcome.arrival_s, outcome.end_s, outcome.replica, 2) == "recorded"


def test_noise_in_the_clocks_does_not_hide_that_the_emptiest_replica_was_chosen() -> None:
    # Whoever comes as a call ends finds a replica that is one call emptier, or not yet by another's clock.
    rng = np.random.default_rng(3)
    model = ServiceModel("static", 0.08, 0.004, 1.2e-4)
    outcome = served(workload_of(12, 3000, per_s=14.0), model)
    noise_s = 0.0005 * rng.standard_normal((2, 3000))
    arrival_s = outcome.arrival_s + noise_s[0]
    order = np.argsort(arrival_s)
    end_s = np.maximum(outcome.end_s + noise_s[1], arrival_s)
    rule = observed_dispatch(arrival_s[order], end_s[order], outcome.replica[order], 2)
    assert rule == "least_outstanding"
