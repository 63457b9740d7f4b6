"""Preferred sizes of static batches, by Triton's rules: a batch starts with the largest that the waiting calls fill,
and once its window has closed with all that wait.
"""

from __future__ import annotations

import numpy as np

from costctl.simulate.workload import Outcome, ServiceModel
from tests.oracles.one_pool import replay
from tests.oracles.small_replays import plain_workload, pool_setup

SECOND = ServiceModel("static", 1.0, 0.0, 0.0)  # whatever a batch holds, it takes a second


def served(arrival_s: list[float], **setup: object) -> Outcome:
    return replay(plain_workload(arrival_s), SECOND, pool_setup(max_num_seqs=8, **setup))


def test_a_batch_of_a_preferred_size_does_not_wait_for_its_window() -> None:
    outcome = served([0.0, 0.25, 0.5, 0.75], batch_window_s=10.0, preferred_sizes=(4,))
    assert outcome.begin_s.tolist() == [0.75] * 4


def test_what_fills_no_preferred_size_waits_for_the_window() -> None:
    outcome = served([0.0, 0.25, 0.5], batch_window_s=10.0, preferred_sizes=(4,))
    assert outcome.begin_s.tolist() == [10.0] * 3


def test_the_largest_size_that_is_full_goes_and_the_rest_waits_on() -> None:
    # One call occupies the server for the first second; meanwhile five more come.
    outcome = served([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], batch_window_s=3.0, preferred_sizes=(1, 4))
    assert outcome.begin_s.tolist() == [0.0, 1.0, 1.0, 1.0, 1.0, 2.0]


def test_once_a_window_has_closed_all_go_whatever_their_number() -> None:
    outcome = served([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], batch_window_s=0.5, preferred_sizes=(1, 4))
    assert outcome.begin_s.tolist() == [0.0, *[1.0] * 5]


def test_without_a_window_a_preferred_size_goes_where_one_is_full_and_else_all() -> None:
    outcome = served([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], preferred_sizes=(4,))
    assert outcome.begin_s.tolist() == [0.0, 1.0, 1.0, 1.0, 1.0, 2.0]


def test_the_size_of_a_batch_is_preferred_where_nothing_else_is() -> None:
    draw = np.random.default_rng(5)
    arrival_s = np.cumsum(draw.exponential(0.2, 200)).tolist()
    plain, said = (served(arrival_s, batch_window_s=0.7, preferred_sizes=sizes) for sizes in ((), (8,)))
    assert plain.begin_s.tolist() == said.begin_s.tolist()
