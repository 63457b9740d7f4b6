"""Advice opens down to the requests that it is about: those of its class or pool that take most of what it costs."""

from __future__ import annotations

import polars as pl
import pytest
from msgspec.structs import replace

from costctl import verbs
from costctl.documents.recommendations import Recommendation
from costctl.documents.report import Report
from costctl.observation import Question, observed
from costctl.recommend.evaluator import withheld
from costctl.recommend.proposals import Subject
from costctl.recommend.shown_by import MOST_SHOWN, requests_behind
from tests.conftest import unwatched

CALLS = pl.DataFrame(
    {
        "request_id": [1, 1, 2, 3, 4, 5],
        "request_class": ["chat", "chat", "chat", "rag", "chat", "chat"],
        "pool": ["gpu", "small", "gpu", "gpu", "gpu", "gpu"],
        "share_s": [1.0, 2.0, 5.0, 9.0, None, 0.5],
        "usd": [0.1, None, 0.5, 0.9, 0.2, 0.3],
        "is_failed": [False, True, False, True, False, True],
    }
)


def advice(
    kind: str, request_class: str | None, pool: str | None, calls: int | None = None
) -> Recommendation:
    made = withheld(Subject(kind, request_class, pool), "It is so.")
    return replace(made, status="recommended", withheld_as=None, calls=calls)


def rows(found: Recommendation) -> list[tuple[int, int, float | None, float | None]]:
    return requests_behind(found, CALLS, CALLS).select("request_id", "calls", "busy_s", "usd").rows()


def test_the_requests_of_a_class_that_take_most_replica_time_come_first() -> None:
    assert rows(advice("tier_placement", "chat", "small")) == [
        (2, 1, 5.0, None),
        (1, 2, 3.0, None),
        (5, 1, 0.5, None),
    ]


def test_without_a_class_it_is_the_calls_of_the_pool() -> None:
    assert rows(advice("capacity", None, "small")) == [(1, 1, 2.0, None)]
    assert [row[0] for row in rows(advice("capacity", None, "gpu"))] == [3, 2, 1]


def test_of_what_is_bought_it_is_what_they_cost_and_what_is_not_priced_is_not_known() -> None:
    assert rows(advice("prompt_cache", "chat", None, calls=5)) == [
        (2, 1, None, 0.5),
        (5, 1, None, 0.3),
        (4, 1, None, 0.2),
    ]


def test_of_attempts_it_is_those_that_failed() -> None:
    assert rows(advice("retry", "chat", None)) == [(1, 1, 2.0, None), (5, 1, 0.5, None)]


@pytest.mark.parametrize(
    "found", [advice("joint", None, None), withheld(Subject("capacity", None, "gpu"), "It is so.")]
)
def test_advice_about_no_calls_and_what_is_withheld_opens_nothing(found: Recommendation) -> None:
    assert rows(found) == []


def test_each_request_of_the_sample_is_the_one_that_explain_opens(
    sample_report: Report, sample_question: Question
) -> None:
    made = sample_report.recommendations.made
    assert [len(each.shown_by) for each in made] == [MOST_SHOWN] * len(made)
    moved = next(each for each in made if each.request_class is not None)
    with observed(sample_question, unwatched) as observation:
        calls = observation.engine.fetch("pool_call").filter(pl.col("request_class") == moved.request_class)
    by_request = calls.group_by("request_id").agg(pl.col("share_s").sum())["share_s"].sort(descending=True)
    assert [each.busy_s for each in moved.shown_by] == pytest.approx(by_request.head(MOST_SHOWN).to_list())
    for each in moved.shown_by:
        (opened,) = verbs.explain(each.request_id, sample_question, unwatched).requests
        assert opened.request_class == moved.request_class
        assert len(opened.calls) >= each.calls
