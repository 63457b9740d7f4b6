"""The laws of service are found again through noise in the time stamps, and refused aloud where calls do not tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costctl.arrays import Floats
from costctl.service_model.batch_fit import BatchTimes, fit_batch_times
from costctl.service_model.step_clock import StepTimes, fit_step_times
from costctl.service_model.step_intervals import Decoding
from costctl.simulate.workload import ServiceModel
from tests.service_model.test_service_models import decoding_of, served, workload_of

CHUNKED = ServiceModel("continuous", 0.02, 0.001, 1e-4, is_prefill_stalling=False)
STALLING = replace(CHUNKED, is_prefill_stalling=True)
LAW = (0.02, 0.001, 1e-4)


def blurred(decoding: Decoding, noise_s: float) -> Decoding:
    """The same calls by clocks with noise."""
    rng = np.random.default_rng(1)

    def off(at_s: Floats) -> Floats:
        return at_s + noise_s * rng.standard_normal(at_s.size)

    arrival_s = off(decoding.arrival_s)
    begin_s = np.maximum(off(decoding.begin_s), arrival_s)
    first_s = np.maximum(off(decoding.first_token_s), begin_s)
    end_s = np.maximum(off(decoding.end_s), first_s)
    return replace(decoding, arrival_s=arrival_s, begin_s=begin_s, first_token_s=first_s, end_s=end_s)


def observed(model: ServiceModel, per_s: float = 1.0, noise_s: float = 0.0, calls: int = 2000) -> Decoding:
    """Calls that a pool of two replicas has served."""
    workload = workload_of(5, calls, per_s)
    return blurred(decoding_of(workload, served(workload, model)), noise_s)


def without_queue(decoding: Decoding) -> Decoding:
    """The same calls, of which nobody wrote down how long they waited."""
    return replace(decoding, begin_s=np.full(decoding.begin_s.size, np.nan))


@pytest.mark.parametrize("model", [STALLING, CHUNKED], ids=["stalling", "chunked"])
@pytest.mark.parametrize("noise_s", [0.0, 0.0005, 0.002])
@pytest.mark.parametrize("per_s", [0.6, 2.0])
def test_alpha_beta_and_gamma_are_found_within_two_percent(
    model: ServiceModel, noise_s: float, per_s: float
) -> None:
    decoding = observed(model, per_s, noise_s)
    for each in (decoding, without_queue(decoding)):
        times = fit_step_times(each)
        assert isinstance(times, StepTimes)
        assert (times.alpha_s, times.beta_s, times.gamma_s) == pytest.approx(LAW, rel=0.02)
        assert max(abs(load.residual_ratio) for load in times.by_load) < 0.02


def test_a_prompt_that_rides_along_takes_a_step_and_one_that_stalls_takes_none() -> None:
    for model, steps in ((STALLING, 0.0), (CHUNKED, 1.0)):
        times = fit_step_times(observed(model, noise_s=0.0005))
        assert isinstance(times, StepTimes)
        assert times.prefill_steps == pytest.approx(steps, abs=0.1)


def test_the_standard_errors_say_how_far_the_constants_are_off() -> None:
    times = fit_step_times(observed(CHUNKED, noise_s=0.002))
    assert isinstance(times, StepTimes)
    for found, true, error in zip((times.alpha_s, times.beta_s), LAW, times.errors_s, strict=False):
        assert 0 < error < 0.01 * true
        assert abs(found - true) < 5 * error


def test_calls_that_are_never_alone_nor_at_another_concurrency_do_not_tell_alpha_from_beta() -> None:
    # Each call decodes by itself: a step of one sequence took 21 ms, of which any part may be fixed.
    decoding = observed(STALLING, per_s=0.02, calls=200)
    lonely = np.arange(0, decoding.steps.size, 2)
    chosen = Decoding(**{name: getattr(decoding, name)[lonely] for name in Decoding.__slots__})
    reason = fit_step_times(replace(chosen, arrival_s=chosen.begin_s))
    assert isinstance(reason, str)
    assert "traffic at lower or higher load is needed" in reason
    assert "21.0 ms" in reason


def test_without_a_time_to_first_token_it_is_said_that_it_is_missing() -> None:
    decoding = observed(STALLING)
    nothing = np.full(decoding.steps.size, np.nan)
    never = np.zeros(decoding.steps.size, np.bool_)
    reason = fit_step_times(replace(decoding, first_token_s=nothing, is_exact=never))
    assert isinstance(reason, str)
    assert "no call reports a time to first token" in reason


def test_without_output_tokens_it_is_said_that_they_are_missing() -> None:
    decoding = observed(STALLING)
    reason = fit_step_times(replace(decoding, is_exact=np.zeros(decoding.steps.size, np.bool_)))
    assert isinstance(reason, str)
    assert "no call reports its output tokens" in reason


def test_without_prompt_tokens_it_is_said_that_they_are_missing() -> None:
    decoding = observed(STALLING)
    reason = fit_step_times(replace(decoding, uncached_tokens=np.full(decoding.steps.size, -1)))
    assert isinstance(reason, str)
    assert "no call reports prompt tokens" in reason


def test_with_too_few_calls_it_is_said_how_many_are_needed() -> None:
    reason = fit_step_times(observed(STALLING, calls=30))
    assert isinstance(reason, str)
    assert "; 50 are needed" in reason


def batches(per_s: float, noise_s: float, calls: int = 3000) -> tuple[np.ndarray, ...]:
    """Replica, begin, end and tokens of calls that were served in batches."""
    workload = workload_of(8, calls, per_s)
    decoding = decoding_of(workload, served(workload, ServiceModel("static", 0.08, 0.004, 1.2e-4)))
    each = blurred(decoding, noise_s)
    return each.replica, each.begin_s, each.end_s, each.uncached_tokens


@pytest.mark.parametrize("noise_s", [0.0, 0.0005, 0.002])
def test_whole_batches_are_told_apart_through_noise(noise_s: float) -> None:
    times = fit_batch_times(*batches(14.0, noise_s))
    assert isinstance(times, BatchTimes)
    assert (times.alpha_s, times.gamma_s) == pytest.approx((0.08, 1.2e-4), rel=0.02)
    # β is a fiftieth of a batch: noise of 2 ms leaves it less sure, and its standard error says so.
    assert times.beta_s == pytest.approx(0.004, rel=0.02, abs=4 * times.errors_s[1])


def test_batches_of_one_size_do_not_tell_what_is_fixed() -> None:
    reason = fit_batch_times(*batches(0.2, 0.0, calls=200))
    assert isinstance(reason, str)
    assert "every batch held 1 calls" in reason


def test_calls_of_one_length_do_not_tell_calls_from_tokens() -> None:
    replica, begin_s, end_s, tokens = batches(14.0, 0.0)
    reason = fit_batch_times(replica, begin_s, end_s, np.full(tokens.size, 500))
    assert isinstance(reason, str)
    assert "as many prompt tokens" in reason


def test_batches_without_queue_tokens_or_number_say_what_is_missing() -> None:
    replica, begin_s, end_s, tokens = batches(14.0, 0.0, calls=600)
    unknown = np.full(tokens.size, np.nan)
    for reason, words in (
        (fit_batch_times(replica, unknown, end_s, tokens), "queue time"),
        (fit_batch_times(replica, begin_s, end_s, np.full(tokens.size, -1)), "prompt tokens"),
        (fit_batch_times(replica[:9], begin_s[:9], end_s[:9], tokens[:9]), "30 are needed"),
    ):
        assert isinstance(reason, str)
        assert words in reason
