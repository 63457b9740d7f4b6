"""What sessions did and cost, on spans counted by hand, and the laws between them and their requests."""

from __future__ import annotations

from typing import Any

import pytest

from costctl.behaviour.sessions import sessions_of
from costctl.documents.sessions import SessionsReport
from costctl.engine.protocol import Engine
from costctl.observation import Question, observed
from tests.relations.span_rows import chat, engine_of, span

PRICED = {"provider": "openai", "model_served": "gpt-4o-mini", "input_tokens": 1000, "output_tokens": 100}
USD = 1000 * 0.15e-6 + 100 * 0.6e-6  # of one such call, by the list price
DAY_S = 1.78e9  # a day that the price book knows


def call(key: str, at_s: float, **facts: Any) -> dict[str, Any]:
    return chat(key, DAY_S + at_s, DAY_S + at_s + 1, **(PRICED | facts))


def report_of(engine: Engine) -> SessionsReport:
    return sessions_of(
        *(
            engine.fetch(name)
            for name in ("requests", "request_class", "request_steps", "request_usd", "sessions")
        )
    )


def test_a_session_sums_its_requests_and_is_completed_if_its_last_one_succeeded() -> None:
    engine = engine_of(
        [
            call("a/x", 0, session_id="s", status="error"),
            call("b/x", 10, session_id="s"),
            call("c/x", 5, session_id="t"),
            call("d/x", 20, session_id="t", status="error"),
            call("e/x", 3),
        ]
    )
    first, second = engine.fetch("sessions").to_dicts()
    assert (first["session_id"], first["requests"], first["failed"], first["is_completed"]) == (
        "s",
        2,
        1,
        True,
    )
    assert (second["session_id"], second["requests"], second["failed"], second["is_completed"]) == (
        "t",
        2,
        1,
        False,
    )
    assert first["span_s"] == pytest.approx(11)
    assert (first["steps"], first["input_tokens"], first["output_tokens"]) == (2, 2000, 200)
    assert first["usd"] == pytest.approx(2 * USD)


def test_failed_tasks_are_paid_for_by_those_that_were_completed() -> None:
    report = report_of(
        engine_of([call(f"{at}/x", at, status="error" if at < 3 else None) for at in range(4)])
    )
    (tasks,) = report.classes
    assert (tasks.tasks, tasks.completed) == (4, 1)
    assert tasks.cost.usd_per_task == pytest.approx(USD)
    assert tasks.cost.usd_per_completed == pytest.approx(4 * USD)


def test_an_unknown_cost_is_none_and_says_why() -> None:
    report = report_of(engine_of([call("a/x", 0, model_served="home-grown", provider=None)]))
    cost = report.classes[0].cost
    assert (cost.usd, cost.usd_per_task, cost.usd_per_completed) == (None, None, None)
    assert cost.reason == "no charge of any task is priced"
    assert report.sessions.requests_per_session is None
    assert "session" in (report.sessions.reason or "")


def test_nothing_completed_has_no_cost_per_completed_task() -> None:
    cost = report_of(engine_of([call("a/x", 0, status="error")])).classes[0].cost
    assert cost.usd_per_task == pytest.approx(USD)
    assert cost.usd_per_completed is None
    assert cost.reason == "no task was completed"


def test_agentic_classes_come_first_and_their_steps_are_spread() -> None:
    spans = [call(f"q{at}/x", at) for at in range(9)]
    for at, turns in enumerate((2, 3, 7)):
        spans.append(span(f"a{at}/root", DAY_S, DAY_S + 60, operation="invoke_agent"))
        spans += [call(f"a{at}/m{turn}/root", 2 * turn) for turn in range(turns)]
    report = report_of(engine_of(spans))
    assert [(each.request_class, each.is_agentic) for each in report.classes] == [
        ("agentic", True),
        ("chat", False),
    ]
    steps = report.classes[0].steps
    assert (steps.p50, steps.p95, steps.max) == (3, 7, 7)


def test_requests_and_dollars_of_sessions_and_of_the_rest_are_all_there_are(
    sample_question: Question,
) -> None:
    with observed(sample_question, lambda _what, _ratio, _detail="": None) as observation:
        engine = observation.engine
        report = report_of(engine)
        requests = engine.fetch("requests")
        charged = engine.fetch("charge")["usd"].sum()
    totals = report.sessions
    assert totals.requests == requests["session_id"].count()
    assert totals.requests + totals.requests_without == requests.height
    assert (totals.cost.usd or 0.0) + (totals.usd_without or 0.0) == pytest.approx(charged, rel=1e-12)
    assert sum(each.cost.usd or 0.0 for each in report.classes) == pytest.approx(charged, rel=1e-12)
    assert sum(each.tasks for each in report.classes) == requests.height


def test_dollars_of_some_sessions_and_of_the_rest_are_all_there_are() -> None:
    spans = [
        call(f"{at}/x", at, session_id=None if at % 3 else f"s{at % 2}", input_tokens=at)
        for at in range(1, 40)
    ]
    engine = engine_of(spans)
    totals = report_of(engine).sessions
    assert totals.sessions == 2
    assert (totals.cost.usd or 0.0) + (totals.usd_without or 0.0) == pytest.approx(
        engine.fetch("charge")["usd"].sum(), rel=1e-12
    )
