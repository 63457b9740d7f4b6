"""How sure step times are that an engine's own statistics give: the truth lies between, also where little was seen."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.arrays import Floats
from costctl.service_model.engine_interval import EngineTimes, engine_times
from costctl.service_model.engine_log import EngineLog
from tests.oracles.logging_engine import EngineLaw, serve_step_by_step

LAW = EngineLaw(0.016, 0.0008, 1e-4, max_num_seqs=64, max_batched_tokens=2048)
TRUE_S = np.array([LAW.alpha_s, LAW.beta_s, LAW.gamma_s])
SEEDS = 20


def log_of(
    seed: int, calls: int, per_s: float, *, report_s: float = 0.5, counts_steps: bool = False
) -> EngineLog:
    rng = np.random.default_rng([seed, 1130])
    log, _, _ = serve_step_by_step(
        LAW,
        np.sort(rng.uniform(0.0, calls / per_s, calls)),
        rng.integers(20, 900, calls),
        rng.integers(1, 500, calls),
        report_s=report_s,
        counts_steps=counts_steps,
    )
    return log


def covered(logs: list[EngineLog]) -> tuple[Floats, list[EngineTimes]]:
    """Of how many logs the interval holds the truth, for α, β and γ; and the fits."""
    fits = [times for log in logs if isinstance(times := engine_times([log]), EngineTimes)]
    inside = [(np.array(each.low_s) <= TRUE_S) & (np.array(each.high_s) >= TRUE_S) for each in fits]
    return np.sum(inside, axis=0), fits


@pytest.mark.parametrize(
    ("calls", "report_s", "counts_steps"),
    [(40, 0.5, False), (60, 1.0, True)],
    ids=["half a minute, steps told by tokens", "most of a minute, steps counted"],
)
def test_the_interval_of_a_short_run_holds_the_truth(calls: int, report_s: float, counts_steps: bool) -> None:
    logs = [log_of(seed, calls, 2.4, report_s=report_s, counts_steps=counts_steps) for seed in range(SEEDS)]
    inside, fits = covered(logs)
    assert len(fits) == SEEDS
    assert max(each.fit.windows for each in fits) < 25
    assert (inside >= SEEDS - 1).all()


def test_more_of_the_same_makes_it_surer() -> None:
    (short,), (long,) = (covered([log_of(3, calls, 2.4)])[1] for calls in (40, 240))
    assert long.errors_s < short.errors_s


def test_counted_steps_tell_from_scrapes_that_lie_far_apart_what_tokens_do_not() -> None:
    far = {"report_s": 15.0}
    counted = engine_times([log_of(4, 700, 5.0, counts_steps=True, **far)])
    assert isinstance(counted, EngineTimes)
    assert counted.times_s == pytest.approx(tuple(TRUE_S), rel=0.05)
    told = engine_times([log_of(4, 300, 1.0, **far)])
    assert isinstance(told, str)
    assert "too far apart" in told


def test_an_engine_without_work_says_why_there_are_no_step_times() -> None:
    log = EngineLog(
        *(np.array([0.0, 1.0, 2.0]), np.zeros(3, np.int64), np.zeros(3, np.int64), np.zeros(3), np.zeros(3))
    )
    told = engine_times([log])
    assert isinstance(told, str)
    assert "busy in only 0 windows" in told
