"""A long trace is fitted on stretches of it, and gives what the whole gives."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.service_model.sample import sample
from costctl.service_model.step_clock import StepTimes, fit_step_times
from costctl.service_model.step_intervals import Decoding
from costctl.simulate.lanes import Lanes
from costctl.simulate.workload import PoolSetup, ServiceModel, Workload
from tests.oracles.one_pool import replay
from tests.service_model.replayed_calls import decoding_of

LAW = ServiceModel("continuous", alpha_s=0.016, beta_s=0.0008, gamma_s=0.0001)
CALLS = 6000


@pytest.fixture(scope="module")
def served() -> Decoding:
    rng = np.random.default_rng(3)
    workload = Workload(
        arrival_s=np.cumsum(rng.exponential(0.6, CALLS)),
        after=np.full(CALLS, -1),
        think_s=np.zeros(CALLS),
        uncached_tokens=rng.integers(50, 2000, CALLS),
        decode_steps=rng.geometric(1 / 150, CALLS) + 2,
        lane=np.zeros(CALLS, np.int64),
        replica=np.full(CALLS, -1),
    )
    setup = PoolSetup(2, 64, "least_outstanding", 0.0, Lanes.plain(1))
    return decoding_of(workload, replay(workload, LAW, setup))


def test_stretches_give_the_law_of_the_whole(served: Decoding) -> None:
    part = sample(served, 1600)
    assert 1600 <= part.arrival_s.size < 2400
    fit = fit_step_times(part)
    assert isinstance(fit, StepTimes)
    found = (fit.alpha_s, fit.beta_s, fit.gamma_s)
    assert found == pytest.approx((LAW.alpha_s, LAW.beta_s, LAW.gamma_s), rel=0.01)


def test_whoever_reaches_over_an_edge_only_adds_to_the_concurrency(served: Decoding) -> None:
    part = sample(served, 1600)
    assert 0 < (~part.is_exact).sum() < 200
    for call in np.flatnonzero(part.is_exact)[::50]:
        present = (served.arrival_s < part.end_s[call]) & (served.end_s > part.arrival_s[call])
        kept = (part.arrival_s < part.end_s[call]) & (part.end_s > part.arrival_s[call])
        assert kept.sum() == present.sum()


def test_a_short_trace_is_looked_at_whole(served: Decoding) -> None:
    assert sample(served, CALLS) is served
