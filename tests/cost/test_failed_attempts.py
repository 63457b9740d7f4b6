"""What an attempt came to decides whether it is billed; what failed attempts cost is told by class.

Worlds of known truth: gpt-4o costs 2.50 USD per million in, 1.25 cached, 10.00 out on these days.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from costctl.cost.class_charges import all_charges
from costctl.cost.failures import outcome_reports, retry_tax, unit_costs
from costctl.documents.settings import Pool, Settings
from costctl.finance.usage_lines import usage_lines
from costctl.frames.class_sums import ClassSums
from tests.relations.span_rows import chat, engine_of, frames_of, span

DAY_S = 1_795_478_400.0  # 2026-11-24T00:00:00Z
GPT_4O = {"provider": "openai", "model_served": "gpt-4o"}
USAGE = {"input_tokens": 10_000, "output_tokens": 1_000}
IN_USD, OUT_USD = 0.025, 0.01


def at(key: str, start_s: float, end_s: float, **facts: Any) -> dict[str, Any]:
    return chat(key, DAY_S + start_s, DAY_S + end_s, **facts)


def root(name: str, **facts: Any) -> dict[str, Any]:
    return span(f"{name}/root", DAY_S, DAY_S + 60, **facts)


class Found(NamedTuple):
    sums: ClassSums
    charge: pl.DataFrame
    call_outcome: pl.DataFrame
    usage_day: pl.DataFrame


def found_in(spans: list[dict[str, Any]], settings: Settings | None = None) -> Found:
    engine = engine_of(spans, settings)
    relations = [engine.fetch(name) for name in ("charge", "call_outcome", "usage_day")]
    return Found(frames_of(engine, settings).sums, *relations)


def charged(settings: Settings | None = None, **facts: Any) -> tuple[str, str, float | None]:
    """Outcome, rule and USD of one call that says this; None where some part has no amount."""
    found = found_in([root("a"), at("a/call/root", 1, 2, **{**GPT_4O, **USAGE, **facts})], settings)
    row = found.call_outcome.row(0, named=True)
    usd = found.charge["usd"]
    return row["outcome"], row["billing_rule"], None if usd.null_count() else pytest.approx(usd.sum())


# What a call says, and the outcome, the rule and the USD that follow.
OUTCOMES: list[tuple[dict[str, Any], str, str, float]] = [
    ({}, "success", "billed", IN_USD + OUT_USD),
    ({"finish_reason": '["content_filter"]'}, "content_filter_output", "billed", IN_USD + OUT_USD),
    ({"finish_reason": "refusal"}, "content_filter_output", "billed", IN_USD + OUT_USD),
    ({"finish_reason": "RECITATION"}, "content_filter_output", "billed", IN_USD + OUT_USD),
    (
        {"error_type": "ContentFilterFinishReasonError"},
        "content_filter_output",
        "billed",
        IN_USD + OUT_USD,
    ),
    ({"error_type": "ContentPolicyViolationError"}, "content_filter_input", "not_billed", 0),
    ({"error_type": "RateLimitError"}, "rate_limited", "not_billed", 0),
    ({"http_status": 429, "status": "error"}, "rate_limited", "not_billed", 0),
    ({"error_type": "429"}, "rate_limited", "not_billed", 0),
    ({"error_type": "APITimeoutError"}, "timeout", "billed", IN_USD + OUT_USD),
    ({"error_type": "CancelledError"}, "cancelled", "billed", IN_USD + OUT_USD),
    ({"http_status": 503, "status": "error"}, "server_error", "billed_if_reported", IN_USD + OUT_USD),
    ({"error_type": "APIConnectionError"}, "connection_error", "billed_if_reported", IN_USD + OUT_USD),
    ({"error_type": "BadRequestError"}, "invalid_request", "not_billed", 0),
    ({"status": "error"}, "failed", "billed", IN_USD + OUT_USD),
    ({"cache_hit": True}, "answered_from_cache", "not_billed", 0),
]


@pytest.fixture(scope="module")
def charged_apart() -> list[tuple[str, str, float]]:
    """Outcome, rule and USD of every call of OUTCOMES, each in a trace of its own."""
    spans = [
        each
        for number, (facts, *_) in enumerate(OUTCOMES)
        for each in (
            span(f"{number:02}/root", DAY_S + 100 * number, DAY_S + 100 * number + 60),
            at(f"{number:02}/call/root", 100 * number + 1, 100 * number + 2, **{**GPT_4O, **USAGE, **facts}),
        )
    ]
    found = found_in(spans)
    usd = found.charge.group_by("call_id").agg(pl.col("usd").sum())
    rows = found.call_outcome.join(usd, on="call_id", how="left").sort("call_id")
    return rows.select("outcome", "billing_rule", "usd").rows()


@pytest.mark.parametrize("number", range(len(OUTCOMES)))
def test_each_outcome_has_its_rule(charged_apart: list[tuple[str, str, float]], number: int) -> None:
    _, outcome, rule, usd = OUTCOMES[number]
    assert charged_apart[number] == (outcome, rule, pytest.approx(usd))


@pytest.mark.parametrize(
    ("error", "usd"),
    [("timeout", None), ("CancelledError", None), ("no type", None), ("RateLimitError", 0), ("500", 0)],
)
def test_where_no_tokens_were_reported_the_cost_is_unknown_unless_nothing_was_billed(
    error: str, usd: float | None
) -> None:
    assert charged(error_type=error, input_tokens=None, output_tokens=None)[2] == usd


def test_a_failure_that_reports_its_prompt_alone_is_billed_for_that_and_one_that_reports_words_for_both() -> (
    None
):
    lost = {"error_type": "500", "output_tokens": None}
    assert charged(**lost) == ("server_error", "billed_if_reported", IN_USD)
    unread = {"error_type": "500", "input_tokens": None}
    assert charged(**unread) == ("server_error", "billed_if_reported", None)


def test_providers_differ_in_what_they_bill_of_a_refused_prompt() -> None:
    refused = {"error_type": "content_filter"}
    assert charged(provider="azure", **refused) == ("content_filter_input", "billed", IN_USD + OUT_USD)
    assert charged(**refused) == ("content_filter_input", "not_billed", 0)


def test_a_rule_of_ones_own_goes_before_the_default_for_its_provider_or_for_all() -> None:
    late = {"error_type": "timeout"}
    mine = Settings(billing={"openai": {"timeout": "input_only"}})
    assert charged(mine, **late) == ("timeout", "input_only", IN_USD)
    assert charged(mine, **late, provider="azure") == ("timeout", "billed", IN_USD + OUT_USD)
    everyone = Settings(billing={"*": {"content_filter_input": "not_billed"}})
    assert charged(everyone, error_type="content_filter", provider="azure")[1] == "not_billed"
    (report,) = outcome_reports(
        found_in([root("a"), at("a/c/root", 1, 2, **GPT_4O, **USAGE, **late)], mine).sums.outcome_use
    )
    assert (report.billing_rule, report.rule_source) == ("input_only", "costctl.toml")


def test_what_is_not_billed_costs_nothing_even_where_the_model_has_no_price() -> None:
    assert charged(error_type="RateLimitError", model_served="no-such-model")[2] == 0
    assert charged(model_served="no-such-model")[2] is None


def test_replicas_of_ones_own_are_paid_for_by_time_whatever_came_of_the_call() -> None:
    settings = Settings(pools={"gpu": Pool(usd_per_replica_hour=3600.0, match={"service": "llm"})})
    failed = at("a/call/root", 1, 3, service="llm", replica_id="r", error_type="429", **USAGE)
    found = found_in([root("a"), failed], settings)
    assert found.call_outcome["billing_rule"].to_list() == ["by_time"]
    assert found.charge["usd"].to_list() == [pytest.approx(2.0)]
    tax = retry_tax(all_charges(found.sums))
    assert tax is not None
    assert (tax.usd, tax.share_ratio, tax.attempts) == (pytest.approx(2.0), 1.0, 1)


def storm(name: str, lost: int) -> list[dict[str, Any]]:
    """A request whose calls time out so many times, and then one is answered; each recorded twice."""
    spans = [root(name, session_id="s1")]
    for number in range(lost + 1):
        failure = {} if number == lost else {"error_type": "timeout", "output_tokens": 100}
        said = {**GPT_4O, **USAGE, "attempt": number + 1, **failure}
        spans.append(at(f"{name}/gateway{number}/root", 2 * number + 1, 2 * number + 2, **said))
        spans.append(at(f"{name}/sdk{number}/gateway{number}", 2 * number + 1.1, 2 * number + 1.9, **said))
    return spans


@pytest.mark.parametrize("lost", [0, 1, 9])
def test_the_retry_tax_of_a_storm_is_what_its_lost_attempts_cost(lost: int) -> None:
    found = found_in(storm("a", lost))
    tax = retry_tax(all_charges(found.sums))
    assert tax is not None
    one_lost, answered = IN_USD + 100 * 10e-6, IN_USD + OUT_USD
    assert tax.usd == pytest.approx(lost * one_lost)
    assert tax.share_ratio == pytest.approx(lost * one_lost / (lost * one_lost + answered))
    assert (tax.attempts, tax.unpriced_attempts) == (lost, 0)


def test_a_fallback_chain_pays_for_what_was_served_and_the_answer_bears_it() -> None:
    # Refused for the rate (free), timed out with its prompt read (owed), answered by another maker.
    spans = [
        root("a"),
        at("a/one/root", 1, 2, error_type="RateLimitError", **GPT_4O),
        at("a/two/root", 3, 33, error_type="timeout", **{**GPT_4O, **USAGE, "output_tokens": 100}),
        at("a/three/root", 34, 40, provider="anthropic", model_served="claude-haiku-4-5", **USAGE),
    ]
    found = found_in(spans)
    owed, answered = IN_USD + 100 * 10e-6, 10_000 * 1e-6 + 1_000 * 5e-6
    tax, units = retry_tax(all_charges(found.sums)), unit_costs(all_charges(found.sums))
    assert tax is not None
    assert (tax.usd, tax.attempts, tax.unpriced_attempts) == (pytest.approx(owed), 2, 0)
    assert units.usd_per_response == units.usd_per_completed_task == pytest.approx(owed + answered)
    assert units.usd_per_session is None, "no request names a session"


def test_an_answer_that_was_asked_for_again_is_paid_for_as_waste() -> None:
    said = {**GPT_4O, **USAGE}
    first, again = at("a/one/root", 1, 2, attempt=1, **said), at("a/two/root", 3, 4, attempt=2, **said)
    found = found_in([root("a"), first, again])
    tax = retry_tax(all_charges(found.sums))
    assert tax is not None
    assert (tax.usd, tax.share_ratio, tax.attempts) == (pytest.approx(IN_USD + OUT_USD), 0.5, 1)
    loop = found_in([root("a"), first, at("a/two/root", 3, 4, attempt=1, **said)])
    assert not loop.call_outcome["is_wasted"].any(), "a second step of an agent is no second attempt"


def test_unit_costs_are_sums_over_sums() -> None:
    found = found_in([*storm("a", 1), *storm("b", 0), root("c", session_id="s2", status="error")])
    units = unit_costs(all_charges(found.sums))
    assert units.unpriced_charges == 0
    total = 2 * (IN_USD + OUT_USD) + IN_USD + 100 * 10e-6
    assert units.usd_per_response == pytest.approx(total / 2)
    assert units.usd_per_completed_task == pytest.approx(total / 2)
    assert units.usd_per_session == pytest.approx(total / 2)
    assert units.usd_per_completed_session == pytest.approx(total / 1)
    assert units.usd_per_mtok == pytest.approx(total / (32_100 / 1e6))


def test_a_request_that_has_no_price_makes_unit_costs_lower_bounds_and_they_say_so() -> None:
    unknown = [root("b"), at("b/call/root", 1, 2, provider="openai", model_served="no-such-model", **USAGE)]
    found = found_in([*storm("a", 0), *unknown])
    units = unit_costs(all_charges(found.sums))
    assert units.usd_per_response == pytest.approx((IN_USD + OUT_USD) / 2)
    assert units.usd_per_mtok == pytest.approx((IN_USD + OUT_USD) / 11_000 * 1e6), "of what is priced alone"
    assert units.unpriced_charges == 2


def test_the_tax_is_one_figure_in_the_classes_the_requests_and_over_time() -> None:
    said = {**GPT_4O, **USAGE}
    repeated = [
        root("b"),
        at("b/one/root", 1, 2, attempt=1, **said),
        at("b/two/root", 3, 4, attempt=2, **said),
    ]
    spans = [*storm("a", 2), *repeated]
    engine, found = engine_of(spans), found_in(spans)
    tax = retry_tax(all_charges(found.sums))
    assert tax is not None
    assert tax.attempts == 3
    for relation in ("class_cost", "request_usd", "class_window"):
        assert engine.fetch(relation)["retry_tax_usd"].sum() == pytest.approx(tax.usd, rel=1e-12)
    lines = usage_lines(found.usage_day, {}, "self-hosted", str)
    assert sum(float(line.retry_tax_usd or 0) for line in lines) == pytest.approx(tax.usd, rel=1e-12)
    assert sum(float(line.usd) for line in lines) == pytest.approx(found.charge["usd"].sum(), rel=1e-12)


def test_wasted_and_useful_charges_are_all_charges() -> None:
    found = found_in([*storm("a", 3), *storm("b", 0)])
    tax = retry_tax(all_charges(found.sums))
    assert tax is not None
    assert tax.usd is not None
    useful = found.charge.filter(~pl.col("is_wasted"))["usd"].sum()
    assert tax.usd + useful == pytest.approx(found.charge["usd"].sum(), rel=1e-12)
    assert sum(each.usd or 0.0 for each in outcome_reports(found.sums.outcome_use)) == pytest.approx(
        tax.usd + useful, rel=1e-12
    )
    assert sum(each.calls for each in outcome_reports(found.sums.outcome_use)) == found.call_outcome.height


def test_the_worked_example_of_the_page_is_what_is_computed(repository: Path) -> None:
    page = (repository / "docs" / "explanation" / "failed-attempts.md").read_text(encoding="utf-8")
    found = found_in(storm("a", 2))
    tax, units = retry_tax(all_charges(found.sums)), unit_costs(all_charges(found.sums))
    assert tax is not None
    assert tax.share_ratio is not None
    assert tax.usd is not None
    assert units.usd_per_completed_task is not None
    for shown in (
        f"retry tax is {tax.usd:.3f} USD",
        f"{tax.share_ratio:.1%} of the cost",
        f"{units.usd_per_completed_task:.3f} USD a completed task",
    ):
        assert shown in page
