"""What a success, one request more and the delay of others cost stands on the lines of a class, and in no sum."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from costctl import verbs
from costctl.documents.estimate import Estimate
from costctl.finance.focus_column import FOCUS_VERSIONS, FocusVersion
from costctl.observation import Question
from costctl.synth.demand import demand_of
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from costctl.verbs.export import Exported
from tests.finance.two_days import DAY_S, exported_of, read
from tests.relations.span_rows import span
from tests.synth.small_worlds import plain_world, served_all

FIGURES = ("x_CongestionCost", "x_CostPerSuccess", "x_MarginalCost")
USD_PER_DELAYED_S = 0.01


def reading(requests: int, failed: int) -> list[dict[str, object]]:
    """Requests of one class that read 1000 times each, at 0.4 USD; so many of them fail after they have read."""
    hot = [("db.namespace", "hot-1")]
    return [
        each
        for number in range(requests)
        for each in (
            span(f"r{number}/root", number, number + 0.5,
                 **({"error_type": "timeout"} if number < failed else {})),
            span(f"r{number}/read/root", number + 0.1, number + 0.2, operation="retrieval", storage_reads=1000,
                 attributes=hot),
        )
    ]  # fmt: skip


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
@pytest.mark.parametrize(("failed", "usd"), [(0, 0.4), (10, 40 * 0.4 / 30), (30, 40 * 0.4 / 10)])
def test_what_failed_requests_cost_is_borne_by_the_successes(
    failed: int, usd: float, version: FocusVersion
) -> None:
    rows = read(exported_of(reading(40, failed)), version)
    of_class = [row for row in rows if row["x_RequestClass"] != "NULL"]
    assert of_class
    for row in of_class:
        assert float(row["x_CostPerSuccess"]) == pytest.approx(usd, abs=1e-12)
        low, high = Decimal(row["x_CostPerSuccessLow"]), Decimal(row["x_CostPerSuccessHigh"])
        assert low <= Decimal(row["x_CostPerSuccess"]) <= high
        assert (low < high) == (failed > 0)  # where all cost the same there is nothing to be unsure of
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal("16")


def test_where_nothing_succeeded_the_cost_of_a_success_is_null() -> None:
    rows = read(exported_of(reading(40, 40)))
    assert {row["x_SuccessfulRequests"] for row in rows if row["x_CostKind"] == "direct"} == {"0"}
    assert {row["x_CostPerSuccess"] for row in rows} == {"NULL"}


def test_what_nobody_answers_for_has_no_figure_of_a_class() -> None:
    call = span("c/call", DAY_S + 1, DAY_S + 5, operation="chat", service="llm", replica_id="r1")
    idle = [row for row in read(exported_of([*reading(40, 0), call])) if row["x_RequestClass"] == "NULL"]
    assert {row["x_CostKind"] for row in idle} == {"idle"}
    for row in idle:
        assert {row[f"{name}{bound}"] for name in FIGURES for bound in ("", "Low", "High")} == {"NULL"}


@pytest.fixture(scope="module")
def delayed(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Half an hour of one platform, on which a second of delay of a labelled request is declared to cost a cent."""
    place = tmp_path_factory.mktemp("delayed")
    world = plain_world(900.0)
    demand = demand_of(world)
    exports = [json.loads(line) for line in otlp_lines(world, demand, served_all(world, demand))]
    label = {"key": "costctl.class", "value": {"stringValue": "labelled"}}
    for export in exports:
        for group in export["resourceSpans"]:
            for each in group["scopeSpans"][0]["spans"]:
                if "parentSpanId" not in each:
                    each["attributes"].append(label)
    priced = f"{settings_text(world)}\n[classes.labelled]\ndelay_usd_per_s = {USD_PER_DELAYED_S}\n"
    (place / "costctl.toml").write_text(priced, encoding="utf-8")
    (place / "traces.jsonl").write_text("\n".join(map(json.dumps, exports)), encoding="utf-8")
    question = Question(paths=(str(place / "traces.jsonl"),), config=place / "costctl.toml")
    return verbs.export(question, lambda *_: None, tenants="hashed", is_idle_spread=False)


def test_congestion_is_the_delay_of_others_at_its_declared_price(delayed: Exported) -> None:
    (report,) = delayed.analysis.classes
    assert report.cost.marginal is not None
    delay = report.cost.marginal.delay_s_per_request
    assert delay is not None
    assert delay.mid > 0
    rows = [row for row in read(delayed.focus) if row["x_RequestClass"] == "labelled"]
    assert {row["x_CostKind"] for row in rows} >= {"direct", "busy"}
    for row in rows:
        usd = float(row["x_CongestionCost"])
        assert usd == pytest.approx(USD_PER_DELAYED_S * delay.mid, abs=1e-12)
        assert 0 <= float(row["x_CongestionCostLow"]) < usd < float(row["x_CongestionCostHigh"])


def test_no_figure_of_a_class_is_part_of_a_cost(delayed: Exported) -> None:
    rows = read(delayed.focus)
    for name in FIGURES:
        assert sum(Decimal(row[name]) for row in rows if row[name] != "NULL") > 0
    for cost in ("BilledCost", "EffectiveCost"):
        billed = float(sum(Decimal(row[cost]) for row in rows))
        assert billed == pytest.approx(delayed.analysis.totals.billed_usd, abs=0.005)


def test_where_no_delay_has_a_price_congestion_has_none(every_line: Exported) -> None:
    assert {row["x_CongestionCost"] for row in read(every_line.focus)} == {"NULL"}


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
def test_each_figure_is_that_of_the_analysis_on_every_line_of_the_class(
    every_line: Exported, delayed: Exported, version: FocusVersion
) -> None:
    assert figures_seen(every_line, version) == {"x_CostPerSuccess", "x_MarginalCost"}
    assert figures_seen(delayed, version) == set(FIGURES)


def figures_seen(found: Exported, version: FocusVersion) -> set[str]:
    """Which figures stand on some line, after each line is held to the analysis."""
    costs = {each.request_class: each.cost for each in found.analysis.classes}
    seen = set()
    for row in read(found.focus, version):
        cost = costs.get(row["x_RequestClass"])
        figures: dict[str, Estimate | None] = {
            "x_CongestionCost": None if cost is None else cost.congestion_usd_per_request,
            "x_CostPerSuccess": None if cost is None else cost.usd_per_success,
            "x_MarginalCost": None if cost is None else cost.marginal_usd_per_request,
        }
        for name, figure in figures.items():
            for bound, suffix in (("low", "Low"), ("mid", ""), ("high", "High")):
                cell = row[f"{name}{suffix}"]
                shown = None if cell == "NULL" else float(cell)
                assert shown == pytest.approx(getattr(figure, bound, None), abs=1e-12)
        seen |= {name for name, figure in figures.items() if figure is not None}
    return seen
