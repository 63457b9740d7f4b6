"""Marginal cost from traces alone, against worlds whose true marginal cost is known. None of these seeds was
tuned on.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from costctl import workflow
from costctl.observation import Question
from costctl.synth.demand import demand_of
from costctl.synth.presets import world_from_seed
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from costctl.synth.truth import truth_of
from tests.synth.small_worlds import served_all

FRESH_SEEDS = (4101, 4102, 4103)
HOURS = 1.2
LEAST_SHARE = 0.05
TOLERANCE = 0.05
STANDARD_ERRORS = 2.0  # the truth itself is known to within these


@pytest.mark.parametrize("seed", FRESH_SEEDS)
def test_marginal_cost_is_within_five_percent_of_the_truth(tmp_path: Path, seed: int) -> None:
    whole = world_from_seed(seed)
    world = replace(whole, hours=HOURS, requests=whole.requests * HOURS / whole.hours)
    demand = demand_of(world)
    served = served_all(world, demand)
    (tmp_path / "requests.jsonl").write_bytes(b"".join(otlp_lines(world, demand, served)))
    (tmp_path / "costctl.toml").write_text(settings_text(world), encoding="utf-8")
    truth = truth_of(world, demand, served)

    question = Question(
        store=None, config=tmp_path / "costctl.toml", paths=(str(tmp_path / "requests.jsonl"),)
    )
    analysis = workflow.analyze(question, lambda _what, _ratio, _detail="": None)

    found = {report.request_class: report for report in analysis.classes}
    frequent = [name for name, each in truth.classes.items() if each.requests >= LEAST_SHARE * truth.requests]
    assert len(frequent) >= 3
    for name in frequent:
        true = truth.classes[name].marginal_usd_per_request
        estimate = found[name].cost.marginal_usd_per_request
        assert estimate is not None, name
        allowed = TOLERANCE * abs(true.mean) + STANDARD_ERRORS * true.standard_error
        assert abs(estimate.mid - true.mean) <= allowed, (name, estimate, true)

    sorted_right = sum(min(each.requests, found[name].requests) for name, each in truth.classes.items())
    assert sorted_right >= 0.95 * truth.requests
    for pool in analysis.pools:
        assert pool.service_model is not None
        assert pool.service_model.alpha_s == pytest.approx(truth.pools[pool.pool].alpha_s, rel=0.02)
        assert pool.service_model.gamma_s == pytest.approx(truth.pools[pool.pool].gamma_s, rel=0.02)
