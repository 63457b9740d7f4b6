"""The simulation document on the sample traces: laws first, then a change whose true effect is known."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import msgspec
import numpy as np
import polars as pl
import pytest

from costctl import verbs
from costctl.arrays import Floats
from costctl.documents.schemas import rendered
from costctl.documents.simulation import CallFates, Simulation
from costctl.errors import NotEnoughDataError, UsageError
from costctl.levers.settings import Setting, change_of
from costctl.levers.table import LEVERS
from costctl.observation import Question, observed
from costctl.render import simulation as render
from costctl.render.cells import seconds
from costctl.render.sections import Table
from costctl.render.settings import setting_value
from costctl.render.terminal import as_terminal_text
from costctl.synth.presets import sample_world
from costctl.verbs import ScenarioRequest
from tests.synth.written_worlds import written


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def simulated(question: Question, *assignments: str, load: str | None = None, **asked: object) -> Simulation:
    return verbs.simulate(question, ScenarioRequest(assignments=assignments, load=load, **asked), quiet)


@pytest.fixture(scope="module")
def nothing(sample_question: Question) -> Simulation:
    return simulated(sample_question)


@pytest.fixture(scope="module")
def limited(sample_question: Question) -> Simulation:
    """Half as many requests again, few of which may wait."""
    return simulated(
        sample_question,
        "class.embedding_batch.queue.limit=1",
        "class.chat.queue.max_wait=10ms",
        "class.classification.lane=1",
        load="1.5x",
    )


def all_fates(document: Simulation) -> list[CallFates]:
    results = (document.baseline, document.result)
    return [each.calls for result in results for part in (result.classes, result.lanes) for each in part]


def test_nothing_asked_is_today_to_the_last_digit(nothing: Simulation) -> None:
    assert nothing.result == nothing.baseline
    assert nothing.scenario.changes == ()
    for each in nothing.differences:
        assert each.baseline == each.scenario
        assert each.difference is not None
        assert (each.difference.low, each.difference.mid, each.difference.high) == (0.0, 0.0, 0.0)


def test_a_load_of_one_and_settings_as_they_are_change_nothing(
    sample_question: Question, nothing: Simulation
) -> None:
    same = simulated(sample_question, "pool.llm-premium.replicas=1", "class.chat.pool=llm-economy", load="1x")
    assert len(same.scenario.without_effect) == 3
    asked_nothing = msgspec.structs.replace(same.scenario, without_effect=())
    assert msgspec.structs.replace(same, scenario=asked_nothing) == nothing


def nearest_ranks(ordered_s: Floats) -> tuple[float, float] | None:
    """The median and the 95th percentile, each one of the values; None of no values."""
    if ordered_s.size == 0:
        return None
    middle, high = (ordered_s[int(np.ceil(level * ordered_s.size)) - 1] for level in (0.5, 0.95))
    return middle, high


def test_today_is_what_was_observed(nothing: Simulation, sample_question: Question) -> None:
    with observed(sample_question, quiet) as observation:
        classes, requests = (observation.engine.fetch(name) for name in ("request_class", "requests"))
    timed = requests.join(classes.select("request_id", "request_class"), on="request_id")
    for each in nothing.baseline.classes:
        seen = timed.filter(pl.col("request_class") == each.request_class)
        assert each.requests == seen.height
        assert each.good_requests <= seen["is_success"].sum()
        for column, shown in (("duration_s", each.e2e_s), ("ttft_s", each.ttft_s)):
            seconds_seen = np.sort(seen[column].drop_nulls().to_numpy())
            quantiles = None if shown is None else (shown.p50, shown.p95)
            assert quantiles == nearest_ranks(seconds_seen)


def test_the_sample_is_reproduced_and_may_be_acted_on(nothing: Simulation) -> None:
    assert nothing.calibration.trusted_metrics == (
        "call_latency_p50",
        "call_latency_p95",
        "call_ttft_p50",
        "call_ttft_p95",
        "busy",
    )
    assert nothing.calibration.untrusted_metrics == nothing.calibration.reasons == ()
    assert all(each.is_trusted for each in nothing.differences)
    assert {each.name for each in nothing.calibration.pools} == {"embedder", "llm-economy", "llm-premium"}
    for fit in nothing.calibration.classes:
        for error in fit.metrics:
            assert error.error_ratio is not None
            assert abs(error.error_ratio) < 0.05, (fit.name, error)


def test_no_call_is_lost(nothing: Simulation, limited: Simulation) -> None:
    for calls in all_fates(nothing) + all_fates(limited):
        assert calls.offered == (
            calls.served
            + calls.rejected
            + calls.expired
            + calls.failed
            + calls.never_arrived
            + calls.in_flight
            + calls.timed_out
        )
    for result in (nothing.result, limited.result):
        for name in {each.request_class for each in result.lanes}:
            (whole,) = [each.calls for each in result.classes if each.request_class == name]
            parts = [each.calls for each in result.lanes if each.request_class == name]
            assert whole.offered == sum(each.offered for each in parts)
            assert whole.served == sum(each.served for each in parts)


def test_limits_refuse_and_expire_and_only_their_own_class(limited: Simulation) -> None:
    lost = {each.request_class: each.calls for each in limited.result.classes}
    assert lost["embedding_batch"].rejected > 0
    assert lost["chat"].expired > 0
    for name in ("rag", "agentic", "report", "classification"):
        assert lost[name].offered == lost[name].served
    assert limited.result.requests == pytest.approx(1.5 * limited.baseline.requests, abs=4)


def test_goodput_and_cost_add_up(limited: Simulation) -> None:
    for result in (limited.baseline, limited.result):
        assert result.requests == sum(each.requests for each in result.classes)
        assert result.good_requests == sum(each.good_requests for each in result.classes)
        assert result.usd == pytest.approx(sum(each.usd or 0.0 for each in result.pools), rel=1e-12)
        for pool in result.pools:
            assert 0 < pool.busy_s <= pool.paid_s
            assert pool.utilisation_ratio == pool.busy_s / pool.paid_s


def test_more_replicas_never_lower_goodput(sample_question: Question) -> None:
    goodput = [
        simulated(sample_question, f"pool.llm-premium.replicas={replicas}", load="1.5x").result.goodput_ratio
        for replicas in (1, 2, 4)
    ]
    assert goodput == sorted(goodput)


def test_it_says_from_which_load_on_it_extrapolates(nothing: Simulation, sample_question: Question) -> None:
    load = nothing.extrapolation.load_factor_from
    assert not nothing.extrapolation.is_extrapolating
    assert load is not None
    assert load > 1
    assert f"from {load:g}x" in nothing.extrapolation.reason
    twice = simulated(sample_question, load="2x")
    assert twice.extrapolation.is_extrapolating
    assert twice.extrapolation.load_factor_from == load  # whatever load was asked for
    assert not simulated(sample_question, load="0.5x").extrapolation.is_extrapolating


def test_what_more_replicas_do_is_what_they_would_have_done(
    sample_question: Question, tmp_path: Path
) -> None:
    """The world of the sample, with two premium replicas from the start."""
    document = simulated(sample_question, "pool.llm-premium.replicas=2")
    world = sample_world(7)
    pools = [replace(each, replicas=2) if each.name == "llm-premium" else each for each in world.pools]
    truth = simulated(written(replace(world, pools=tuple(pools)), tmp_path))
    for found, true in zip(document.result.classes, truth.baseline.classes, strict=True):
        assert found.request_class == true.request_class
        assert found.e2e_s is not None
        assert true.e2e_s is not None
        assert found.e2e_s.p50 == pytest.approx(true.e2e_s.p50, rel=0.05), found.request_class
        assert found.e2e_s.p95 == pytest.approx(true.e2e_s.p95, rel=0.05), found.request_class
    for found, true in zip(document.result.pools, truth.baseline.pools, strict=True):
        assert found.replicas == true.replicas
        assert found.utilisation_ratio == pytest.approx(true.utilisation_ratio, rel=0.05), found.pool


def test_settings_of_today_say_how_they_are_known(nothing: Simulation) -> None:
    source = {each.key: each.source for each in nothing.today}
    assert source["pool.llm-premium.replicas"] == "given"
    assert source["pool.llm-premium.service.alpha"] == "inferred"
    assert source["class.chat.queue.limit"] == "default"


def test_settings_of_today_are_written_down_as_changes_of_them_are(nothing: Simulation) -> None:
    """But for what was fitted, which no lever changes."""
    levers = {lever.id: lever for lever in LEVERS}
    facts = {each.setting for each in nothing.today if each.lever is None}
    assert facts == {"service.alpha", "service.beta", "service.gamma"}
    found = [each for each in nothing.today if each.lever is not None]
    assert {"pool.batch.window", "pool.max_num_seqs", "class.queue.limit"} <= {each.lever for each in found}
    for each in found:
        change = change_of(
            Setting(levers[str(each.lever)], str(each.pool or each.request_class), each.value), None
        )
        assert (each.key, each.pool, each.request_class) == (change.key, change.pool, change.request_class)
        assert (each.value, each.unit) == (change.to, change.unit)
        assert (each.scope, each.is_limit) == (change.scope, change.is_limit)


def test_a_limit_of_today_that_is_not_set_is_unlimited_and_a_lane_is_none(nothing: Simulation) -> None:
    shown = {each.key: setting_value(each.value, each.unit, is_limit=each.is_limit) for each in nothing.today}
    assert (shown["class.chat.queue.limit"], shown["class.chat.queue.max_wait"]) == ("unlimited", "unlimited")
    assert (shown["class.chat.lane"], shown["class.chat.pool"]) == ("none", "llm-economy")


def test_scarce_memory_and_longer_steps_slow_a_pool_down(sample_question: Question) -> None:
    scarce = simulated(sample_question, "pool.llm-premium.kv_tokens=20000")
    (change,) = scarce.scenario.changes
    assert (change.key, change.from_, change.to) == ("pool.llm-premium.kv_tokens", None, 20_000)
    p95 = {
        (each.request_class, each.metric): (each.baseline, each.scenario)
        for each in scarce.differences
        if each.metric == "e2e_p95"
    }
    assert any(after > before for before, after in p95.values())


def test_a_pool_of_whole_batches_has_no_kv_memory(sample_question: Question) -> None:
    with pytest.raises(UsageError, match="embedder serves static batches"):
        simulated(sample_question, "pool.embedder.kv_tokens=20000")


def test_what_cannot_be_replayed_is_refused(sample_question: Question) -> None:
    with pytest.raises(UsageError, match="prefix_cache_tokens cannot be replayed"):
        simulated(sample_question, "pool.llm-premium.prefix_cache_tokens=1000")
    with pytest.raises(UsageError, match="It lacks most, target_outstanding"):
        simulated(sample_question, "pool.llm-premium.scaling.least=1")
    with pytest.raises(UsageError, match="no class is named"):
        simulated(sample_question, "class.chat.queue.on_refusal=demote")
    with pytest.raises(UsageError, match="embedder, which cannot take them"):
        simulated(sample_question, "class.chat.fallback=embedder")


def test_without_pools_nothing_can_be_replayed(sample_question: Question, tmp_path: Path) -> None:
    (tmp_path / "costctl.toml").write_text("", encoding="utf-8")
    with pytest.raises(NotEnoughDataError, match="No pool is configured"):
        simulated(Question(store=sample_question.store, config=tmp_path / "costctl.toml"))


def test_the_document_keeps_to_its_schema(nothing: Simulation, limited: Simulation) -> None:
    schema = json.loads(rendered("simulation"))
    for document in (nothing, limited):
        jsonschema.validate(json.loads(msgspec.json.encode(document)), schema)


def test_csv_and_tables_show_the_numbers_of_the_document(limited: Simulation) -> None:
    rows = list(csv.DictReader(io.StringIO(render.csv_text(limited))))
    assert len(rows) == len(limited.differences)
    for row, each in zip(rows, limited.differences, strict=True):
        assert float(row["baseline"]) == each.baseline
        assert float(row["scenario"]) == each.scenario
    sections = render.sections(limited)
    (classes,) = [each for each in sections if isinstance(each, Table) and each.title.startswith("Classes")]
    cells = {row[:2]: row for row in classes.rows}
    for result in limited.result.classes:
        assert result.e2e_s is not None
        assert cells[result.request_class, "scenario"][4] == seconds(result.e2e_s.p95)
    assert max(len(line) for line in as_terminal_text(sections).splitlines()) <= 100


def test_differences_that_rest_on_what_is_off_are_labelled(nothing: Simulation) -> None:
    differences = tuple(
        msgspec.structs.replace(each, is_trusted=not each.metric.startswith("ttft"))
        for each in nothing.differences
    )
    off = msgspec.structs.replace(
        nothing, differences=differences, scenario=msgspec.structs.replace(nothing.scenario, load_factor=2.0)
    )
    (table,) = [
        each
        for each in render.sections(off)
        if isinstance(each, Table) and each.title.startswith("Scenario against today")
    ]
    assert "* do not act on" in table.title
    names = {str(row[1]) for row in table.rows}
    assert {name for name in names if name.endswith("*")} == {"TTFT p95 *"}
    rows = list(csv.DictReader(io.StringIO(render.csv_text(off))))
    assert {row["is_trusted"] for row in rows if row["metric"].startswith("ttft")} == {"false"}
    assert {row["is_trusted"] for row in rows if not row["metric"].startswith("ttft")} == {"true"}
