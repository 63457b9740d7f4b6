"""The worked examples of the pages on the service model and on marginal cost, computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from costctl.service_model.step_clock import StepTimes, steps_seen
from costctl.simulate.counterfactual import without
from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Outcome, Pool, PoolSetup, ServiceModel, Workload
from costctl.span_trees.occupancy import NONE, HeldTimes, occupancy
from tests.service_model.replayed_calls import decoding_of

ALPHA_S, BETA_S, GAMMA_S = 0.020, 0.001, 0.0001
TWO_CALLS = Workload(
    arrival_s=np.array([0.0, 0.05]),
    after=np.array([-1, -1]),
    think_s=np.zeros(2),
    uncached_tokens=np.array([100, 500]),
    decode_steps=np.array([10, 4]),
    lane=np.zeros(2, np.int64),
    replica=np.zeros(2, np.int64),
)


def replayed(workload: Workload, is_stalling: bool = True) -> Outcome:
    """One replica serves the calls."""
    model = ServiceModel("continuous", ALPHA_S, BETA_S, GAMMA_S, is_stalling)
    setup = PoolSetup(1, 8, "recorded", 0.0, Lanes.plain(1))
    return replay_network(workload, np.zeros(workload.size, np.int64), [Pool(model, setup)])


def text_of(repository: Path, name: str) -> str:
    return " ".join((repository / "docs" / "explanation" / name).read_text(encoding="utf-8").split())


def test_two_calls_see_the_steps_that_they_decoded(repository: Path) -> None:
    outcome = replayed(TWO_CALLS)
    page = text_of(repository, "service-model.md")
    a_ms, b_ms = ((outcome.end_s - outcome.first_token_s) * 1e3).tolist()
    assert f"A decodes for {a_ms:.0f} ms and B for {b_ms:.0f} ms" in page
    decoding = decoding_of(TWO_CALLS, outcome)
    seen = steps_seen(decoding, StepTimes(ALPHA_S, BETA_S, GAMMA_S, 0, 0.0), np.arange(2))
    assert seen == pytest.approx([10.0, 4.0])
    naive_ms = a_ms / 10
    assert f"{naive_ms:.1f} ms a token" in page


def test_taking_one_call_away_saves_less_than_its_share_and_more_than_its_time_alone(
    repository: Path,
) -> None:
    page = text_of(repository, "marginal-cost.md")
    today, other = replayed(TWO_CALLS), replayed(without(TWO_CALLS, np.array([True, False])))
    saved_ms = (today.busy_s.sum() - other.busy_s.sum()) * 1e3
    assert f"busy for {today.busy_s.sum() * 1e3:.0f} ms" in page
    assert f"without B {other.busy_s.sum() * 1e3:.0f} ms" in page
    assert f"B's marginal cost is {saved_ms:.0f} ms" in page
    begin_ns, end_ns = (np.rint(each * 1e9).astype(np.int64) for each in (today.begin_s, today.end_s))
    none, alike = np.full(2, NONE), np.full(2, 1000)
    _, shares = occupancy(HeldTimes(np.zeros(2, np.int64), begin_ns, none, end_ns, alike, alike))
    alone_ms = shares.alone_s[1] * 1e3
    assert f"alone for {alone_ms:.0f} ms" in page
    own_ms = (GAMMA_S * 500 + (ALPHA_S + BETA_S) * 4) * 1e3
    assert f"idle replica it costs {own_ms:.0f} ms" in page
    delay_ms = (today.end_s[0] - other.end_s[0]) * 1e3
    assert f"ends {delay_ms:.0f} ms later" in page
    assert alone_ms <= saved_ms <= own_ms
