"""The worked examples of what failures cost, and of cost per success with its interval."""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from costctl.cost.class_charges import all_charges
from costctl.cost.failures import retry_tax, unit_costs
from costctl.documents.price_settings import PriceSettings, Rate
from costctl.documents.settings import Settings
from tests.cost.test_failed_attempts import found_in, root, storm
from tests.cost.two_minutes import analysed
from tests.docs.page_tables import explanation, last_digit, number, rows_after
from tests.relations.span_rows import chat, engine_of, span

PRICED = Settings(prices=PriceSettings(rates=(Rate(model="acme", input=10.0, output=0.0),)))


def test_unit_costs_on_the_page_of_failed_attempts(repository: Path) -> None:
    rejected = root("c", session_id="s2", status="error")
    found = found_in([*storm("a", 2), *storm("b", 0), rejected])
    tax, units = retry_tax(all_charges(found.sums)), unit_costs(all_charges(found.sums))
    assert tax is not None
    computed = {
        "retry tax": tax.usd,
        "share": tax.share_ratio,
        "per response": units.usd_per_response,
        "per completed task": units.usd_per_completed_task,
        "per session": units.usd_per_session,
        "per completed session": units.usd_per_completed_session,
        "per 1M tokens": units.usd_per_mtok,
    }
    rows = rows_after(explanation(repository, "failed-attempts"), "figure | value")
    assert [name for name, _ in rows] == list(computed)
    for name, value in rows:
        assert computed[name] == pytest.approx(number(value), abs=last_digit(value)), name


def forty_requests(page: Path) -> tuple[list[dict[str, Any]], list[tuple[float, int]]]:
    """The spans of the requests in the page's table, and of each what it says that it costs, and 1 for a success."""
    spans: list[dict[str, Any]] = []
    said: list[tuple[float, int]] = []
    for requests, timeouts, refusals, answers, usd in rows_after(page, "requests | attempts that time out"):
        errors = ["timeout"] * int(timeouts) + ["RateLimitError"] * int(refusals) + [None] * int(answers)
        for _ in range(int(requests)):
            trace, start_s = f"t{len(said):02}", 100.0 * len(said)
            spans.append(span(f"{trace}/root", start_s, start_s + 50, workload="asked"))
            spans += [
                chat(f"{trace}/c{place}/root", start_s + 10 * place, start_s + 10 * place + 5, model_served="acme",
                     provider="acme", input_tokens=1_000, output_tokens=0, error_type=error)
                for place, error in enumerate(errors)
            ]  # fmt: skip
            said.append((number(usd), int(answers)))
    return spans, said


def test_cost_per_success_and_its_interval_on_their_page(repository: Path) -> None:
    page = explanation(repository, "cost-per-success")
    spans, said = forty_requests(page)
    charged = engine_of(spans, PRICED).query(
        "SELECT trace_id, usd, is_success FROM requests INNER JOIN request_usd "
        "ON requests.request_id = request_usd.request_id ORDER BY trace_id"
    )
    assert charged["usd"].to_list() == pytest.approx([usd for usd, _ in said])
    assert charged["is_success"].to_list() == [answers > 0 for _, answers in said]

    (report,) = analysed(spans, PRICED).classes
    found = report.cost.usd_per_success
    assert found is not None
    ratio, successes = found.mid, sum(answers for _, answers in said)
    half = 1.96 * sqrt(sum((usd - ratio * answers) ** 2 for usd, answers in said)) / successes
    rows = dict(rows_after(page, "figure | USD"))
    for name, value in (
        ("cost per success", found.mid),
        ("low", found.low),
        ("high", found.high),
        ("by the formula, low", ratio - half),
        ("by the formula, high", ratio + half),
    ):
        assert value == pytest.approx(number(rows[name]), abs=last_digit(rows[name])), name


def test_with_fewer_than_28_requests_there_is_no_cost_per_success(repository: Path) -> None:
    spans, _ = forty_requests(explanation(repository, "cost-per-success"))
    few = [each for each in spans if each["trace_id"] < "t27"]
    assert analysed(few, PRICED).classes[0].cost.usd_per_success is None
