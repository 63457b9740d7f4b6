"""What marginal cost is made of, on calls few enough to follow by hand."""

from __future__ import annotations

import numpy as np

from costctl.service_model.residuals import residuals_by_load, valid_up_to_active
from costctl.service_model.step_intervals import found_idle


def test_a_replica_is_idle_for_whoever_comes_when_all_before_have_gone() -> None:
    arrival_s, end_s = np.array([0.0, 1.0, 5.0, 2.0]), np.array([4.0, 3.0, 6.0, 9.0])
    idle = found_idle(np.array([0, 0, 0, 1]), arrival_s, end_s)
    assert idle.tolist() == [True, False, True, True]


def test_a_model_is_valid_up_to_the_load_at_which_it_leaves_the_calls() -> None:
    active = np.arange(1.0, 101.0)
    loads = residuals_by_load(active, np.where(active > 60, 0.2, 0.01))
    assert sum(load.calls for load in loads) == 100
    assert valid_up_to_active(loads) == 60.0
