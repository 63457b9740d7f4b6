"""The two minutes of one replica that several pages take as their example: every number on them is what ``costctl
analyze`` finds from the spans alone. What was drawn at random is off by less than the last digit that the pages show.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from costctl.documents.analysis import Analysis, ClassReport
from costctl.documents.estimate import Estimate
from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Pool, PoolSetup, ServiceModel, Workload
from tests.cost.two_minutes import SETTINGS, analysed, report_of, two_minutes
from tests.docs.page_tables import explanation, last_digit, number, rows_after, text_of

MILLIONTHS = 1e6
DAY_S = 1_795_478_400.0  # 2026-11-24T00:00:00Z


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analysed(two_minutes())


def says(cell: str, value: float | Estimate | None, factor: float = 1.0) -> bool:
    """Whether the cell is this value, rounded; "none" is None."""
    if value is None or cell == "none":
        return value is None and cell == "none"
    found = factor * (value.mid if isinstance(value, Estimate) else value)
    return number(cell) == pytest.approx(found, abs=last_digit(cell))


def per_request(report: ClassReport) -> dict[str, float | Estimate | None]:
    cost, requests = report.cost, report.requests
    assert cost.attributed_usd is not None
    assert cost.loaded_usd is not None
    assert cost.marginal is not None
    return {
        "attributed": cost.attributed_usd / requests,
        "loaded": cost.loaded_usd / requests,
        "marginal": cost.marginal_usd_per_request,
        "long run": cost.marginal.long_run_usd_per_request,
        "congestion": cost.congestion_usd_per_request,
        "per success": cost.usd_per_success,
    }


def test_all_costs_of_a_request_on_the_page_of_the_cost_model(repository: Path, analysis: Analysis) -> None:
    rows = rows_after(explanation(repository, "cost-model"), "class | attributed | loaded")
    for name, *cells in rows:
        for (which, value), cell in zip(per_request(report_of(analysis, name)).items(), cells, strict=True):
            assert says(cell, value, MILLIONTHS), (name, which)


def test_the_bill_on_the_page_of_the_three_costs(repository: Path, analysis: Analysis) -> None:
    rows = {row[0]: row[1:] for row in rows_after(explanation(repository, "three-costs"), "row | attributed")}
    for report in analysis.classes:
        attributed, loaded, marginal = rows[report.request_class]
        estimate = report.cost.marginal_usd_per_request
        assert says(attributed, report.cost.attributed_usd)
        assert says(loaded, report.cost.loaded_usd)
        assert says(marginal, estimate, report.requests)
    assert says(rows["idle"][0], analysis.totals.idle_usd)
    assert [says(cell, analysis.totals.billed_usd) for cell in rows["billed"][:2]] == [True, True]
    classes = [rows[report.request_class] for report in analysis.classes]
    billed = number(rows["billed"][0])
    assert sum(number(row[0]) for row in classes) + number(rows["idle"][0]) == pytest.approx(billed)
    assert sum(number(row[1]) for row in classes) == pytest.approx(billed)


def test_an_invoice_that_differs_from_the_hours_leaves_the_difference_unattributed(repository: Path) -> None:
    page = text_of(explanation(repository, "three-costs"))
    spans = [
        {**each, "start_ns": each["start_ns"] + round(DAY_S * 1e9), "end_ns": each["end_ns"] + round(DAY_S * 1e9)}
        for each in two_minutes()
    ]  # fmt: skip
    totals = analysed(spans, replace(SETTINGS, bills={"gpu": {"2026-11": 2700.0}})).totals
    assert totals.unattributed_usd == pytest.approx(0.005, abs=1e-8)
    assert "invoiced at 2,700 USD" in page
    assert (
        f"billed at {totals.billed_usd:.3f} USD, of which {totals.unattributed_usd:.3f} unattributed" in page
    )


def test_what_marginal_cost_is_made_of_on_its_page(repository: Path, analysis: Analysis) -> None:
    for name, idle_ratio, *cells in rows_after(
        explanation(repository, "marginal-cost"), "class | found idle"
    ):
        cost = report_of(analysis, name).cost
        assert cost.marginal is not None
        assert says(idle_ratio, cost.marginal.found_idle_ratio)
        values = (
            cost.marginal_usd_per_request,
            cost.marginal.found_idle_usd_per_request,
            cost.marginal.found_busy_usd_per_request,
            cost.marginal.least_usd_per_request,
            cost.marginal.most_usd_per_request,
            cost.marginal.long_run_usd_per_request,
        )
        assert [says(cell, value, MILLIONTHS) for cell, value in zip(cells, values, strict=True)] == [
            True
        ] * 6
    (pool,) = analysis.pools
    assert f"ρ = {pool.busy_s:.2f} / {pool.capacity_s:.0f} = {pool.utilisation_ratio:.3f}" in text_of(
        explanation(repository, "marginal-cost")
    )


def test_the_delay_of_others_on_the_page_of_congestion(repository: Path, analysis: Analysis) -> None:
    for name, price, delay_ms, congestion in rows_after(
        explanation(repository, "congestion"), "class | price of delay"
    ):
        cost = report_of(analysis, name).cost
        assert cost.marginal is not None
        assert number(price) == SETTINGS.classes[name].delay_usd_per_s
        assert says(delay_ms, cost.marginal.delay_s_per_request, 1e3)
        assert says(congestion, cost.congestion_usd_per_request, MILLIONTHS)


def test_congestion_is_null_where_no_class_says_what_delay_costs() -> None:
    analysis = analysed(two_minutes(), replace(SETTINGS, classes={}))
    assert [report.cost.congestion_usd_per_request for report in analysis.classes] == [None, None]


def test_margin_and_rank_on_the_page_of_value(repository: Path, analysis: Analysis) -> None:
    for name, *cells, rank in rows_after(explanation(repository, "value"), "class | per success"):
        report = report_of(analysis, name)
        assert report.value is not None
        values = (
            report.value.usd_per_success,
            report.value.value_usd,
            report.cost.loaded_usd,
            report.value.margin_usd,
            report.value.usd_per_accelerator_s,
        )
        assert [says(cell, value) for cell, value in zip(cells, values, strict=True)] == [True] * 5
        assert int(rank) == report.value.rank


def test_the_constants_on_the_page_of_the_service_model_are_found_from_the_calls(
    repository: Path, analysis: Analysis
) -> None:
    model = analysis.pools[0].service_model
    assert model is not None
    found = {"α": model.alpha_s, "β": model.beta_s, "γ": model.gamma_s}
    rows = rows_after(explanation(repository, "service-model"), "constant | ms")
    assert [says(cell, found[constant], 1e3) for constant, cell in rows] == [True] * 3
    ratios = (model.p50_error_ratio, model.p95_error_ratio, model.utilisation_error_ratio)
    assert [*ratios, model.residual_p90_ratio] == pytest.approx([0.0] * 4, abs=1e-6)


def test_the_whole_batch_on_the_page_of_the_service_model(repository: Path) -> None:
    batch = Workload(
        arrival_s=np.zeros(3),
        after=np.full(3, -1),
        think_s=np.zeros(3),
        uncached_tokens=np.array([100, 300, 900]),
        decode_steps=np.zeros(3, np.int64),
        lane=np.zeros(3, np.int64),
        replica=np.zeros(3, np.int64),
    )
    setup = PoolSetup(1, 3, "recorded", 0.0, Lanes.plain(1))
    pool = Pool(ServiceModel("static", 0.080, 0.004, 0.00012), setup)
    outcome = replay_network(batch, np.zeros(3, np.int64), [pool])
    assert len(set(outcome.end_s.tolist())) == 1
    took = f"that come at once take 80 + 12 + 156 = {outcome.end_s[0] * 1e3:.0f} ms"
    assert f"three calls of 100, 300 and 900 prompt tokens {took}" in text_of(
        explanation(repository, "service-model")
    )


def test_the_long_run_rests_on_the_replicas_that_are_paid_for_however_many_names_they_had() -> None:
    """One declared replica that was started anew twice is one replica, as in the bill."""
    declared = replace(SETTINGS, pools={"gpu": replace(SETTINGS.pools["gpu"], replicas=1)})
    renamed = analysed(two_minutes(("first", "second", "third")), declared)
    (pool,) = renamed.pools
    assert pool.replicas == 1
    assert pool.utilisation_ratio == pytest.approx(0.314, abs=1e-6)
    for report in renamed.classes:
        marginal, parts = report.cost.marginal_usd_per_request, report.cost.marginal
        assert marginal is not None
        assert parts is not None
        assert parts.long_run_usd_per_request is not None
        assert parts.long_run_usd_per_request.mid == pytest.approx(marginal.mid / pool.utilisation_ratio)
