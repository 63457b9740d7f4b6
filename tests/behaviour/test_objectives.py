"""Objectives met, error budget burnt, goodput: by hand and as laws."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.behaviour.objectives import LEVEL, class_objectives, error_budget_burn, slo_results
from costctl.documents.settings import Slo

HOUR_NS = 3600 * 10**9
SLO = Slo(ttft_p95="800ms", e2e_p95="6s")
Row = tuple[float | None, float | None, bool]  # duration_s, ttft_s, is_success


def requests(rows: list[Row], start_ns: list[int] | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "start_ns": start_ns or [0] * len(rows),
            "duration_s": [row[0] for row in rows],
            "ttft_s": [row[1] for row in rows],
            "is_success": [row[2] for row in rows],
        },
        schema_overrides={"duration_s": pl.Float64, "ttft_s": pl.Float64, "is_success": pl.Boolean},
    )


def test_a_failed_request_meets_no_objective_however_fast_it_failed() -> None:
    found = class_objectives("chat", requests([(1.0, 0.1, True), (0.1, 0.1, False)]), SLO, 10.0)
    assert [(each.met, each.observed) for each in found.objectives] == [(1, 2), (1, 2)]


def test_a_success_whose_time_was_not_observed_is_left_out() -> None:
    first_token, whole = class_objectives(
        "chat", requests([(1.0, None, True), (2.0, 0.5, True)]), SLO, 10.0
    ).objectives
    assert (first_token.met, first_token.observed) == (1, 1)
    assert (whole.met, whole.observed) == (2, 2)


def test_an_objective_of_which_no_time_is_known_is_not_observed() -> None:
    found = class_objectives("chat", requests([(1.0, None, True), (2.0, None, False)]), SLO, 10.0)
    assert (found.objectives[0].met_ratio, found.objectives[0].burn) == (None, None)
    assert found.good_requests is None
    assert [each.target for each in slo_results(requests([(1.0, None, True)]), SLO)] == ["e2e_p95 6s"]


def test_a_good_request_is_within_every_objective() -> None:
    rows: list[Row] = [
        (1.0, 0.1, True),
        (1.0, 0.9, True),
        (7.0, 0.1, True),
        (1.0, 0.1, False),
        (1.0, None, True),
    ]
    found = class_objectives("chat", requests(rows), SLO, 10.0)
    assert found.good_requests == 1
    assert found.goodput_per_s == pytest.approx(0.1)


def test_the_worst_hour_is_the_one_that_burns_most_of_those_with_enough_requests() -> None:
    rows: list[Row] = (
        [(1.0, 0.1, True)] * 30 + [(1.0, 0.1, True)] * 15 + [(9.0, 0.1, True)] * 5 + [(9.0, 0.1, True)]
    )
    starts = [0] * 30 + [HOUR_NS] * 20 + [2 * HOUR_NS]
    worst = class_objectives("chat", requests(rows, starts), SLO, 10.0).objectives[1].worst_hour
    assert worst is not None
    assert (worst.hour, worst.observed, worst.met_ratio) == ("1970-01-01T01:00:00.000000Z", 20, 0.75)
    assert worst.burn == pytest.approx(5.0)


def test_burn_is_nothing_where_all_met_and_the_whole_scale_where_none_did() -> None:
    assert error_budget_burn(1.0) == 0.0
    assert error_budget_burn(LEVEL) == pytest.approx(1.0)
    assert error_budget_burn(0.0) == pytest.approx(1.0 / (1.0 - LEVEL))


seconds = st.one_of(st.none(), st.floats(0.01, 10.0))


@given(st.lists(st.tuples(seconds, seconds, st.booleans()), min_size=1, max_size=40), st.randoms())
def test_goodput_over_the_window_is_the_good_requests_in_any_order(rows: list[Row], chance: Random) -> None:
    found = class_objectives("chat", requests(rows), SLO, 123.0)
    assert (found.goodput_per_s is None) == (found.good_requests is None)
    assert (found.goodput_per_s or 0.0) * 123.0 == pytest.approx(found.good_requests or 0)
    assert all((found.good_requests or 0) <= each.met for each in found.objectives)
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert class_objectives("chat", requests(shuffled), SLO, 123.0) == found
