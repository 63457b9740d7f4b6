"""Intervals of a mean of replicates: the three ways to be off add up, noise passes for none of them, 95 % are 95 %."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.arrays import Floats
from costctl.documents.estimate import Estimate
from costctl.stats.replicates import law_variance, mean_of_replicates

WORLDS = 600


def width(estimate: Estimate) -> float:
    return estimate.high - estimate.low


def test_the_middle_is_the_mean_and_what_is_known_exactly() -> None:
    found = mean_of_replicates(np.array([1.0, 2.0, 6.0]), 0.25, 0.5, "m", exact=10.0)
    assert found.mid == 13.0
    assert found.low < 13.0 < found.high
    assert found.high - 13.0 == pytest.approx(13.0 - found.low)


def test_what_has_no_error_is_a_point() -> None:
    found = mean_of_replicates(np.full(4, 3.0), 0.0, 0.0, "m")
    assert (found.low, found.mid, found.high) == (3.0, 3.0, 3.0)


def test_the_interval_grows_with_replicates_that_disagree_with_the_law_and_with_the_model() -> None:
    found = np.array([1.0, 1.1, 0.9, 1.0])
    plain = width(mean_of_replicates(found, 0.0, 0.0, "m"))
    assert plain > 0.0
    assert width(mean_of_replicates(3.0 * found, 0.0, 0.0, "m")) == pytest.approx(3.0 * plain)
    assert width(mean_of_replicates(found, 0.01, 0.0, "m")) > plain
    assert width(mean_of_replicates(found, 0.0, 0.1, "m")) > plain


def test_the_quantile_is_the_normal_one_of_a_law_and_students_of_what_few_values_tell() -> None:
    same, apart = np.full(3, 5.0), np.array([4.0, 5.0, 6.0])
    of_law, of_model = mean_of_replicates(same, 1.0, 0.0, "m"), mean_of_replicates(same, 0.0, 1.0, "m")
    of_draws = mean_of_replicates(apart, 0.0, 0.0, "m")
    assert of_law.high - of_law.mid == pytest.approx(1.959964, rel=1e-5)
    assert of_model.high - of_model.mid == pytest.approx(3.182446, rel=1e-5)  # three metrics tell of it
    assert of_draws.high - of_draws.mid == pytest.approx(4.302653 / 3**0.5, rel=1e-5)  # three replicates


def test_slopes_that_the_answers_tell_give_the_variance_of_the_law() -> None:
    rng = np.random.default_rng(0)
    slopes, covariance = np.array([2.0, -5.0]), np.array([[1e-4, -1e-4], [-1e-4, 4e-4]])
    deviations = 0.01 * rng.standard_normal((400, 2))
    answers = deviations @ slopes + 1e-4 * rng.standard_normal(400)
    expected = slopes @ covariance @ slopes
    assert law_variance(answers, deviations, covariance, 4.0) == pytest.approx(expected, rel=0.05)


def test_noise_of_the_answers_does_not_pass_for_an_error_of_the_law() -> None:
    rng = np.random.default_rng(1)
    covariance, scale = np.diag([1e-6, 1e-6]), 1.0
    deviations = 0.005 * rng.standard_normal((60, 2))
    noisy = [law_variance(10.0 * rng.standard_normal(60), deviations, covariance, scale) for _ in range(20)]
    # A standard deviation of three per cent of the mean for a per cent of each constant, and not of the noise of 10.
    assert max(noisy) < 1.5 * 2 * 3.0**2 * 1e-6 * scale**2


def test_an_exact_law_and_a_mean_of_nothing_have_no_variance() -> None:
    deviations = np.full((5, 3), 0.01)
    assert law_variance(np.ones(5), deviations, np.zeros((3, 3)), 1.0) == 0.0
    assert law_variance(np.ones(5), deviations, np.eye(3), 0.0) == 0.0
    assert law_variance(np.zeros(5), deviations, np.eye(3), 1.0) == 0.0


def covered(rng: np.random.Generator) -> bool:
    """A world whose truth is 10: slopes of the law, its error, chance and the model, and what is said of it."""
    slopes, errors = np.array([30.0, -20.0]), np.array([0.01, 0.02])
    off = slopes @ (errors * rng.standard_normal(2)) + 0.2 * rng.standard_normal()
    deviations: Floats = errors * rng.standard_normal((8, 12, 2))
    first, second = (
        10.0 + off + sign * deviations @ slopes + 2.0 * rng.standard_normal((8, 12)) for sign in (1.0, -1.0)
    )
    answers = (first - second).ravel() / 2
    law = law_variance(answers, deviations.reshape(-1, 2), np.diag(errors**2), 10.0)
    said = mean_of_replicates((first + second).mean(axis=1) / 2, law, 0.2, "m")
    return said.low <= 10.0 <= said.high


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(2)
    ratio = np.mean([covered(rng) for _ in range(WORLDS)])
    assert 0.93 <= ratio <= 0.985
