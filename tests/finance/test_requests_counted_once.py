"""Each request is counted on one line of a FOCUS file, so that sums over lines are numbers of requests."""

from __future__ import annotations

from collections import Counter

import pytest

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.finance.focus_column import FOCUS_VERSIONS, FocusVersion
from costctl.observation import Question
from tests.finance.two_days import exported_of, over_midnight, read


def unwatched(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
@pytest.mark.parametrize("is_idle_spread", [False, True])
def test_a_request_of_many_lines_is_counted_once(version: FocusVersion, is_idle_spread: bool) -> None:
    rows = read(exported_of(over_midnight(), is_idle_spread=is_idle_spread), version)
    counted = [row for row in rows if row["x_Requests"] not in {"NULL", "0"}]
    assert sum(int(row["x_Requests"]) for row in counted) == 4  # a, b, c and d
    assert sum(int(row["x_SuccessfulRequests"]) for row in counted) == 3  # c failed
    assert len(rows) > len(counted)


def test_a_request_is_counted_on_its_day_and_with_its_tenant() -> None:
    rows = read(exported_of(over_midnight()))
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row["x_Requests"] != "NULL":
            found[row["ChargePeriodStart"][:10], row["x_TenantId"]] += int(row["x_Requests"])
    assert +found == {("1970-01-01", "'=cmd()"): 1, ("1970-01-01", "büro"): 1, ("1970-01-02", "NULL"): 2}


def test_lines_of_no_class_count_no_requests() -> None:
    rows = read(exported_of(over_midnight()))
    assert {row["x_Requests"] for row in rows if row["x_RequestClass"] == "NULL"} == {"NULL"}


def test_the_requests_of_a_file_are_those_of_the_analysis(
    sample_question: Question, sample_analysis: Analysis
) -> None:
    found = verbs.export(sample_question, unwatched, tenants="plain", is_idle_spread=False)
    requests: Counter[str] = Counter()
    for row in read(found.focus):
        if row["x_Requests"] != "NULL":
            requests[row["x_RequestClass"]] += int(row["x_Requests"])
    assert requests == {each.request_class: each.requests for each in sample_analysis.classes}


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
def test_a_file_has_its_period_and_currency_on_every_line_and_no_total(version: FocusVersion) -> None:
    rows = read(exported_of(over_midnight()), version)
    assert {row["BillingCurrency"] for row in rows} == {"USD"}
    assert {(row["BillingPeriodStart"], row["BillingPeriodEnd"]) for row in rows} == {
        ("1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z")
    }
    assert "row" not in rows[0]
    assert {row["x_CostKind"] for row in rows} == {"direct", "busy", "idle"}
