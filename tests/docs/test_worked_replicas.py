"""The worked examples of the pages on replicas are what costctl computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from costctl.recommend.fewest import first_that
from costctl.scenario.deferrals import Deferral, put_off
from costctl.simulate.outcome_measures import latency_s, quantile_s
from costctl.simulate.workload import ServiceModel
from tests.docs.page_tables import explanation, number, rows_after
from tests.oracles.one_pool import replay
from tests.oracles.small_replays import plain_workload, pool_setup

ONE_SECOND_A_TOKEN = ServiceModel("static", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)
HOUR_S = 3600.0


def test_the_fewest_replicas_on_the_page_of_capacity(repository: Path) -> None:
    page = explanation(repository, "advice-capacity")
    calls = plain_workload(np.arange(10.0), tokens=4)

    def p95_s(replicas: int) -> float:
        return quantile_s(
            latency_s(replay(calls, ONE_SECOND_A_TOKEN, pool_setup(replicas, max_num_seqs=1))), 0.95
        )

    told = [(int(replicas), number(seconds)) for replicas, seconds in rows_after(page, "replicas | p95, s")]
    assert told == [(count, p95_s(count)) for count in range(1, 6)]
    assert first_that(lambda count: p95_s(count) <= 8.0, 1, 5) == 3
    assert "Three are needed." in page.read_text(encoding="utf-8")


def test_the_requests_that_wait_on_the_page_of_deferral(repository: Path) -> None:
    page = explanation(repository, "advice-deferral")
    rows = rows_after(page, "comes | served from")
    come_s = np.array([seconds_of_day(come) for come, _ in rows])
    one_class = np.zeros(come_s.size, np.int64)
    later, had = put_off(
        plain_workload(come_s),
        np.arange(come_s.size),
        one_class,
        (Deferral(0, "22:00-06:00", 9 * HOUR_S, 0.0),),
    )
    served_s = np.empty(come_s.size)
    served_s[had] = later.arrival_s
    assert [clock(each) for each in served_s] == [served for _, served in rows]


def seconds_of_day(told: str) -> float:
    hours, minutes = told.split(":")
    return int(hours) * HOUR_S + int(minutes) * 60.0


def clock(at_s: float) -> str:
    minutes = round(at_s / 60.0) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
