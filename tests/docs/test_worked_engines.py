"""The examples on the pages of batch windows and of an engine's settings are what the replay does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from costctl.levers.batch_sizes import batch_sizes_of
from costctl.simulate.network import replay_network
from costctl.simulate.outcome_measures import quantile_s
from costctl.simulate.workload import Outcome, Pool, ServiceModel
from tests.docs.page_tables import explanation, number, rows_after
from tests.oracles.small_replays import plain_workload, pool_setup

STALLING = ServiceModel("continuous", 0.01, 0.001, 0.0001)
CHUNKED = ServiceModel("continuous", 0.01, 0.001, 0.0001, is_prefill_stalling=False)
BATCHES = ServiceModel("static", 0.08, 0.004, 0.0)


def served(model: ServiceModel, arrival_s: object, tokens: int, steps: int, **setup: object) -> Outcome:
    workload = plain_workload(arrival_s, tokens, steps)
    return replay_network(workload, np.zeros(workload.size, np.int64), [Pool(model, pool_setup(**setup))])


def test_eight_calls_at_once_by_how_many_run_side_by_side(repository: Path) -> None:
    page = explanation(repository, "advice-engine-settings")
    for seqs, busy_s, last_s in rows_after(page, "`max_num_seqs`"):
        outcome = served(STALLING, np.zeros(8), 500, 100, max_num_seqs=int(seqs))
        assert float(outcome.busy_s.sum()) == pytest.approx(number(busy_s))
        assert float(np.max(outcome.end_s)) == pytest.approx(number(last_s))


def test_a_long_prompt_by_the_tokens_that_a_step_carries(repository: Path) -> None:
    page = explanation(repository, "advice-engine-settings")
    for tokens, steps, busy_s in rows_after(page, "`max_batched_tokens`"):
        outcome = served(CHUNKED, np.zeros(1), 2000, 0, max_batched_tokens=int(number(tokens)))
        assert float(outcome.busy_s.sum()) == pytest.approx(number(busy_s))
        assert int(steps) == -(-2000 // int(number(tokens)))


def calls_in_groups() -> np.ndarray:
    """Each second of 50 four calls at once; in every fifth two instead, 60 ms apart, in the one after it eight."""
    groups = {0: [0.0, 0.06], 1: [0.0] * 8}
    return np.array([second + each for second in range(50) for each in groups.get(second % 5, [0.0] * 4)])


def test_calls_in_groups_by_preferred_sizes(repository: Path) -> None:
    page, arrival_s = explanation(repository, "advice-batch-window"), calls_in_groups()
    for window_ms, size, preferred, batches, busy_s, within_s in rows_after(
        page, "window, ms | size | preferred"
    ):
        outcome = served(
            BATCHES,
            arrival_s,
            0,
            0,
            batch_window_s=number(window_ms) / 1e3,
            max_num_seqs=int(size),
            preferred_sizes=() if preferred == "none" else batch_sizes_of(preferred).sizes,
        )
        assert int(batches) == np.unique(outcome.begin_s).size
        assert float(outcome.busy_s.sum()) == pytest.approx(number(busy_s))
        assert quantile_s(outcome.end_s - arrival_s, 0.9) == pytest.approx(number(within_s), abs=5e-4)


def test_a_call_every_twenty_milliseconds_by_window(repository: Path) -> None:
    page = explanation(repository, "advice-batch-window")
    arrival_s = np.arange(50) * 0.02
    for window_ms, size, batches, busy_s, longest_s in rows_after(page, "window, ms | size | batches"):
        outcome = served(
            BATCHES, arrival_s, 0, 0, batch_window_s=number(window_ms) / 1e3, max_num_seqs=int(size)
        )
        assert int(batches) == np.unique(outcome.begin_s).size
        assert float(outcome.busy_s.sum()) == pytest.approx(number(busy_s))
        assert float(np.max(outcome.end_s - arrival_s)) == pytest.approx(number(longest_s), abs=5e-4)
