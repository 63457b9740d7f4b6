"""Is a mean no worse, but for a margin? Intervals against slow twins, and how often they are wrong, by enumeration."""

from __future__ import annotations

from itertools import product
from math import comb, sqrt
from statistics import NormalDist, fmean, stdev

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import ttest_ind

from costctl.stats.noninferiority import Scored, answers_needed, difference, wilson

Z = NormalDist().inv_cdf(0.975)
MARGIN = 0.1


def probabilities(n: int, rate: float) -> list[float]:
    """Of 0 to n passes."""
    return [comb(n, passes) * rate**passes * (1 - rate) ** (n - passes) for passes in range(n + 1)]


def shown(n: int, new_rate: float, old_rate: float, margin: float) -> float:
    """How often it is shown that the new one is not worse, over everything that can happen."""
    new, old = probabilities(n, new_rate), probabilities(n, old_rate)
    return sum(
        new[one] * old[two]
        for one, two in product(range(n + 1), repeat=2)
        if new[one] * old[two] > 1e-12 and difference(Scored(one / n, n), Scored(two / n, n)).low > -margin
    )


@pytest.mark.parametrize(("passes", "n"), [(0, 10), (3, 10), (10, 10), (81, 90), (1, 2)])
def test_bounds_of_a_pass_rate_are_the_rates_at_which_it_is_just_likely_enough(passes: int, n: int) -> None:
    """The slow twin finds where (p̂ − p)² = z² p (1 − p) / n."""
    mean = passes / n

    def beyond(rate: float) -> float:
        return abs(mean - rate) - Z * sqrt(rate * (1 - rate) / n)

    low, high = wilson(mean, n)
    assert low == pytest.approx(0.0 if passes == 0 else brentq(beyond, 1e-12, mean - 1e-9), abs=1e-6)
    assert high == pytest.approx(1.0 if passes == n else brentq(beyond, mean + 1e-9, 1 - 1e-12), abs=1e-6)


def test_the_interval_is_that_of_newcombe() -> None:
    """His example (a): 56 of 70 against 48 of 80, method 10."""
    found = difference(Scored(56 / 70, 70), Scored(48 / 80, 80))
    assert (found.low, found.mid, found.high) == pytest.approx((0.0524, 0.2, 0.3339), abs=5e-5)


def test_models_that_change_places_change_the_sign() -> None:
    one, two = Scored(0.9, 50), Scored(0.8, 70)
    there, back = difference(one, two), difference(two, one)
    assert (back.low, back.mid, back.high) == pytest.approx((-there.high, -there.mid, -there.low))


@pytest.mark.parametrize("old_rate", [0.95, 0.8, 0.6])
def test_what_is_worse_by_the_margin_is_seldom_taken_for_as_good(old_rate: float) -> None:
    assert (
        shown(60, old_rate - MARGIN, old_rate, MARGIN) <= 0.035
    )  # 0.025 is meant; rates are whole numbers of passes


@pytest.mark.parametrize("rate", [0.9, 0.75])
def test_as_many_answers_as_are_asked_for_show_it_four_times_in_five(rate: float) -> None:
    n = answers_needed(rate * (1 - rate), MARGIN)
    assert shown(n, rate, rate, MARGIN) == pytest.approx(0.8, abs=0.05)


def test_more_answers_are_needed_for_half_the_margin() -> None:
    assert answers_needed(0.25, 0.05) == 1570
    assert answers_needed(0.25, 0.025) == pytest.approx(4 * 1570, abs=4)


def test_scores_with_a_deviation_have_the_interval_of_welch() -> None:
    rng = np.random.default_rng(1)
    new, old = rng.normal(7.0, 2.0, 40), rng.normal(6.5, 1.0, 90)
    found = difference(
        *(Scored(fmean(each), each.size, stdev(each.tolist())) for each in (new, old)), level=0.9
    )
    truth = ttest_ind(new, old, equal_var=False).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((truth.low, truth.high))
