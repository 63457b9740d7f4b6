"""What marginal cost is made of, on calls few enough to follow by hand."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.service_model.residuals import residuals_by_load, valid_up_to_active
from costctl.service_model.step_intervals import found_idle
from costctl.stats.blocks import BLOCKS, ratio_over_replicates


def test_a_replica_is_idle_for_whoever_comes_when_all_before_have_gone() -> None:
    arrival_s, end_s = np.array([0.0, 1.0, 5.0, 2.0]), np.array([4.0, 3.0, 6.0, 9.0])
    idle = found_idle(np.array([0, 0, 0, 1]), arrival_s, end_s)
    assert idle.tolist() == [True, False, True, True]


def test_the_interval_over_replicates_grows_with_what_replicates_and_model_leave_open() -> None:
    rng = np.random.default_rng(2)
    requests = np.full(BLOCKS, 10.0)
    same = np.tile(20.0 + rng.standard_normal(BLOCKS), (6, 1))
    apart = same + 5.0 * rng.standard_normal((6, 1))
    widths = []
    for replayed, error_ratio in ((same, 0.0), (apart, 0.0), (same, 0.1)):
        found = ratio_over_replicates(
            replayed, np.zeros(BLOCKS), requests, error_ratio, "m", np.random.default_rng(0)
        )
        assert found is not None
        assert found.mid == pytest.approx(replayed.mean(axis=0).sum() / requests.sum())
        widths.append(found.high - found.low)
    assert widths[1] > 2 * widths[0]
    assert widths[2] > 2 * widths[0]


def test_what_is_counted_is_added_without_the_error_of_the_model() -> None:
    found = ratio_over_replicates(
        np.zeros((3, BLOCKS)), np.full(BLOCKS, 4.0), np.full(BLOCKS, 2.0), 0.5, "m", np.random.default_rng(0)
    )
    assert found is not None
    assert (found.low, found.mid, found.high) == pytest.approx((2.0, 2.0, 2.0))


def test_a_model_is_valid_up_to_the_load_at_which_it_leaves_the_calls() -> None:
    active = np.arange(1.0, 101.0)
    loads = residuals_by_load(active, np.where(active > 60, 0.2, 0.01))
    assert sum(load.calls for load in loads) == 100
    assert valid_up_to_active(loads) == 60.0
