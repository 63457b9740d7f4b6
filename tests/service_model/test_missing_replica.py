"""Calls of several replicas that do not name theirs: no model, what is missing in words, and bounds for the cost."""

from __future__ import annotations

import json
from pathlib import Path

from costctl import verbs
from costctl.observation import Question
from costctl.synth.demand import demand_of
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from tests.synth.small_worlds import plain_world, served_all


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def test_without_the_names_of_replicas_the_attribute_is_asked_for_and_cost_is_bounded(tmp_path: Path) -> None:
    world = plain_world(500.0)
    demand = demand_of(world)
    exports = [json.loads(line) for line in otlp_lines(world, demand, served_all(world, demand))]
    for export in exports:
        for group in export["resourceSpans"]:
            attributes = group["resource"]["attributes"]
            group["resource"]["attributes"] = [
                each for each in attributes if each["key"] != "service.instance.id"
            ]
    (tmp_path / "requests.jsonl").write_text("\n".join(map(json.dumps, exports)), encoding="utf-8")
    settings = settings_text(world).replace("replicas = 1", "replicas = 2")
    (tmp_path / "costctl.toml").write_text(settings, encoding="utf-8")
    question = Question(paths=(str(tmp_path / "requests.jsonl"),), config=tmp_path / "costctl.toml")
    analysis = verbs.analyze(question, quiet)
    assert analysis.pools
    for pool in analysis.pools:
        assert pool.service_model is None
        assert pool.missing_for_model is not None
        assert "service.instance.id" in pool.missing_for_model
    bounded = [
        estimate
        for report in analysis.classes
        if (estimate := report.cost.marginal_usd_per_request) is not None
    ]
    assert bounded
    assert all("bounds for pools without a service model" in estimate.method for estimate in bounded)
    assert all(estimate.low < estimate.mid < estimate.high for estimate in bounded)


def test_a_pool_whose_calls_were_not_timed_is_not_idle_but_unknown(tmp_path: Path) -> None:
    rows = [f"2026-11-02 10:{minute:02d}:00.0000000,100,20" for minute in range(30)]
    log = "\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows])
    (tmp_path / "log.csv").write_text(log, encoding="utf-8")
    config = '[pools.gpu]\nusd_per_replica_hour = 2.0\nmatch = { operation = "*" }\n'
    (tmp_path / "costctl.toml").write_text(config, encoding="utf-8")
    question = Question(paths=(str(tmp_path / "log.csv"),), config=tmp_path / "costctl.toml")
    (pool,) = verbs.analyze(question, quiet).pools
    assert (pool.busy_s, pool.utilisation_ratio, pool.idle_usd) == (None, None, None)
    assert pool.missing_for_model == "none of its calls has times"
