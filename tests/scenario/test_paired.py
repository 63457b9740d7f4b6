"""Differences of two replays, drawn from the same blocks of time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from costctl.scenario.paired import Ratio, Sample, quantile_differences, ratio_difference, sum_difference
from costctl.simulate.outcome_measures import quantile_s

BLOCKS = 48


def sample(seed: int, shift: float = 0.0, size: int = 2000) -> Sample:
    rng = np.random.default_rng(seed)
    block = rng.integers(0, BLOCKS, size)
    return Sample(rng.exponential(1.0, size) * (1 + block % 5) + shift, block)


@given(st.integers(0, 2**32 - 1))
def test_nothing_changed_is_a_difference_of_exactly_nothing(seed: int) -> None:
    one = sample(seed, size=300)
    for estimate in quantile_differences(one, one, (0.5, 0.95), BLOCKS, seed):
        assert estimate is not None
        assert (estimate.low, estimate.mid, estimate.high) == (0.0, 0.0, 0.0)
    ratio = Ratio(np.arange(1.0, 49.0), np.arange(2.0, 50.0))
    estimate = ratio_difference(ratio, ratio, seed)
    assert estimate is not None
    assert (estimate.low, estimate.high) == (0.0, 0.0)


@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.sampled_from([0.5, 0.95, 0.99]))
def test_the_middle_is_the_difference_of_the_nearest_ranks(seed: int, size: int, level: float) -> None:
    base, changed = sample(seed, size=size + 300), sample(seed + 1, size=size + 300)
    (estimate,) = quantile_differences(base, changed, (level,), BLOCKS, seed)
    assert estimate is not None
    assert estimate.mid == quantile_s(changed.value, level) - quantile_s(base.value, level)
    assert estimate.low <= estimate.mid <= estimate.high


def test_a_shift_of_all_is_known_for_certain_though_the_quantile_itself_is_not() -> None:
    base = sample(1)
    later = Sample(base.value + 2.0, base.block)
    (estimate,) = quantile_differences(base, later, (0.95,), BLOCKS, 0)
    assert estimate is not None
    assert abs(estimate.low - 2.0) < 1e-9
    assert abs(estimate.high - 2.0) < 1e-9


def test_too_few_blocks_say_nothing() -> None:
    few = Sample(np.arange(27.0), np.arange(27))
    assert quantile_differences(few, few, (0.5,), BLOCKS, 0) == (None,)
    sparse = np.zeros(BLOCKS)
    sparse[:27] = 1.0
    assert ratio_difference(Ratio(sparse, sparse), Ratio(sparse, sparse), 0) is None
    assert sum_difference(sparse, sparse, 0) is None


def test_intervals_cover_the_true_difference_nineteen_times_in_twenty() -> None:
    # exponential times, mean 1 against mean 1.5: medians ln 2 and 1.5 ln 2
    hits = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        block = rng.integers(0, BLOCKS, 1500)
        time_s = rng.exponential(1.0, 1500)
        base, changed = Sample(time_s, block), Sample(1.5 * time_s, block)
        (estimate,) = quantile_differences(base, changed, (0.5,), BLOCKS, seed)
        assert estimate is not None
        hits += estimate.low <= 0.5 * np.log(2) <= estimate.high
    assert hits >= 180
