"""What is told of single requests: metrics, the requests that show an effect, new prompts, and days that stand out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from costctl.behaviour.latencies import percentiles
from costctl.cost.difference_days import day_jumps
from costctl.cost.difference_examples import shown_by
from costctl.cost.difference_metrics import STAGE, metric_changes
from costctl.cost.difference_prompts import new_prompts
from costctl.documents.difference import MetricChange
from costctl.documents.provenance import Provenance
from costctl.frames.compared import ComparedTime, Rows
from tests.cost.drawn_cells import BASE
from tests.cost.spending_worlds import START_NS, Drawn, drawn, spending

PROVENANCE = Provenance("0", (), None, None, {}, 0)
BLOCKS = 48
WEEK_H = 168.0


def requests_of(
    duration_s: list[float], attempts: list[int] | None = None, name: str = "chat", first: int = 0
) -> pl.DataFrame:
    """One request a minute, in 48 blocks of time."""
    count = len(duration_s)
    return pl.DataFrame(
        {
            "request_id": range(first, first + count),
            "trace_id": [f"t{number}" for number in range(first, first + count)],
            "request_class": [name] * count,
            "tenant": ["acme"] * count,
            "at": [number * BLOCKS // count for number in range(count)],
            "start_ns": [START_NS + number * 60_000_000_000 for number in range(count)],
            "duration_s": duration_s,
            "ttft_s": [None] * count,
            "is_success": [True] * count,
            "attempts": attempts or [1] * count,
            "calls": attempts or [1] * count,
            "input_tokens": [100] * count,
            "cached_input_tokens": [40] * count,
            "output_tokens": [10] * count,
            "usd": [0.01 * each for each in attempts or [1] * count],
        },
        schema_overrides={"ttft_s": pl.Float64},
    )


def prompts_of(versions: dict[str, int], first: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        [("chat", key, calls, first) for key, calls in versions.items()],
        {
            "request_class": pl.String,
            "first_prefix": pl.String,
            "calls": pl.Int64,
            "first_request_id": pl.Int64,
        },
        orient="row",
    )


def side(
    requests: pl.DataFrame, retrieval_s: float = 0.3, prompts: pl.DataFrame | None = None
) -> ComparedTime:
    stages = requests.group_by("request_class", "at").agg(
        stage=pl.lit("retrieval"), self_ns=(pl.len() * retrieval_s * 1e9).cast(pl.Int64)
    )
    rows = Rows(
        requests=requests,
        models=requests.select("request_id", model=pl.lit("alpha")),
        stages=stages.select("request_class", "stage", "at", "self_ns"),
        prompts=prompts_of({}) if prompts is None else prompts,
        spending=spending(drawn(1, 24.0, 5), 24.0),
    )
    return ComparedTime("period", "a day", replace(BASE, blocks=BLOCKS), PROVENANCE, rows, None)


def durations(seed: int, count: int = 2_000, times: float = 1.0) -> list[float]:
    found: list[float] = (np.random.default_rng(seed).lognormal(0.0, 0.5, count) * times).tolist()
    return found


def metric(changes: tuple[MetricChange, ...], name: str) -> MetricChange:
    (found,) = (each for each in changes if each.metric == name)
    return found


def test_quantiles_are_those_of_the_analysis() -> None:
    changes = metric_changes(side(requests_of(durations(1))), side(requests_of(durations(2))), 0)
    for seed, place in ((1, "before"), (2, "after")):
        known = percentiles(pl.Series(durations(seed)))
        assert known is not None
        assert getattr(metric(changes, "e2e_p95"), place) == known.p95
        assert getattr(metric(changes, "e2e_p50"), place) == known.p50
    assert metric(changes, "prompt_cache_ratio").before == pytest.approx(0.4)


def test_what_takes_longer_is_told_from_what_is_chance() -> None:
    slower = metric_changes(
        side(requests_of(durations(1))), side(requests_of(durations(2, times=1.3)), retrieval_s=0.6), 0
    )
    assert {each.metric for each in slower if each.is_clear} == {"e2e_p50", "e2e_p95", STAGE}
    assert metric(slower, STAGE).after == pytest.approx(0.6)
    alike = [
        metric_changes(side(requests_of(durations(seed))), side(requests_of(durations(seed + 50))), 0)
        for seed in range(10)
    ]
    assert [each.metric for changes in alike for each in changes if each.is_clear] == []


def test_requests_that_show_more_retries_are_those_with_a_retry() -> None:
    before = side(requests_of([1.0] * 100)).rows
    after = side(requests_of([1.0] * 100, [1, 1, 1, 2, 1, 3, 2, 2, 1, 1] * 10)).rows
    assert before is not None
    assert after is not None
    shown = shown_by("retries", "class", "chat", before, after)
    assert (shown.first, shown.best) == ("t3", ("t3", "t6", "t7"))


def test_a_class_that_is_asked_more_is_shown_by_requests_of_a_typical_cost() -> None:
    before = side(requests_of([1.0] * 40)).rows
    after = side(requests_of([1.0] * 80, [1, 1, 1, 9] + [2] * 76)).rows
    assert before is not None
    assert after is not None
    shown = shown_by("mix", "class", "chat", before, after)
    assert (shown.first, shown.best) == ("t0", ("t4", "t5", "t6"))


def test_of_a_class_that_nobody_asked_there_is_no_example() -> None:
    rows = side(requests_of([1.0] * 10)).rows
    assert rows is not None
    assert shown_by("retries", "class", "agent", rows, rows).best == ()


def test_a_version_of_a_prompt_is_new_where_many_calls_have_it_and_none_had() -> None:
    requests = requests_of([1.0] * 100)
    base = side(requests, prompts=prompts_of({"one": 95, "rare": 5}))
    new = side(requests, prompts=prompts_of({"one": 40, "two": 55, "rare": 5}, first=7))
    (found,) = new_prompts(base, new)
    assert (found.first_prefix, found.after_ratio, found.first_request) == ("two", pytest.approx(0.55), "t7")
    assert new_prompts(base, base) == ()
    assert new_prompts(base, side(requests, prompts=prompts_of({"two": 20}))) == ()


def test_a_day_that_costs_three_times_as_much_is_told_with_its_first_request() -> None:
    week = drawn(3, WEEK_H, 20)
    is_that_day = week.at_s // 86_400 == 3
    dearer = week.with_usd(np.where(is_that_day & week.where("class", "agent"), 3.0, 1.0))
    found = [each for each in day_jumps(_side_of(dearer)) if each.of == "class"]
    jumps = sorted(found, key=lambda each: each.from_)
    assert [(each.from_[:10], each.value, each.change_usd > 0) for each in jumps] == [
        ("2026-11-23", "agent", True),
        ("2026-11-24", "agent", False),
    ]
    in_order = np.sort(week.at_s)
    first = week.at_s[is_that_day & week.where("class", "agent")].min()
    assert jumps[0].first_request == f"t{np.searchsorted(in_order, first)}"


def _side_of(week: Drawn) -> ComparedTime:
    order = np.argsort(week.at_s)
    plain = requests_of([1.0] * order.size)
    requests = plain.with_columns(
        request_class=pl.Series(week.names["class"][order].tolist()),
        tenant=pl.Series(week.names["tenant"][order].tolist()),
        start_ns=pl.Series(START_NS + np.floor(week.at_s[order] * 1e9).astype(np.int64)),
    )
    made = side(requests)
    assert made.rows is not None
    return replace(made, rows=replace(made.rows, spending=spending(week, WEEK_H)))
