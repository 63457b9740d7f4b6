"""A portfolio repeats what is recommended, class by class, and says of every default what became of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from costctl.documents.portfolio import ClassFacts, Portfolio, PortfolioRow, StepWorth
from costctl.documents.recommendations import Recommendation
from costctl.levers.settings import ALL_LEVERS, setting
from costctl.recommend.portfolio.aspects import ASPECT_OF
from costctl.recommend.portfolio.document import ClassBill
from tests.recommend.portfolios_by_hand import (
    ALL_STEPS,
    BASELINE,
    BILLS,
    CACHED_PROMPTS,
    CHAT,
    EMBEDDING,
    FACTS,
    FEWER_REPLICAS,
    UNITS,
    advised,
    portfolio_of,
    withheld,
)
from tests.recommend.studied_shop import recommended

WORTH = (
    "cash_usd",
    "cash_usd_per_week",
    "freed_usd",
    "freed_usd_per_week",
    "goodput_requests",
    "goodput_requests_per_week",
)


def row(document: Portfolio, name: str) -> PortfolioRow:
    return next(each for each in document.rows if each.request_class == name)


def ids(worth: tuple[StepWorth, ...] | None) -> list[str]:
    return [each.id for each in worth or ()]


def test_every_class_is_a_row_those_that_cost_most_first() -> None:
    unpriced = ClassBill("new", 99, None, None, 1)
    document = portfolio_of(bills=(*BILLS, unpriced), facts={**FACTS, "new": CHAT})
    assert [each.request_class for each in document.rows] == ["agent", "chat", "embed", "new"]
    assert [each.requests for each in document.rows] == [10, 30, 10, 99]
    assert [each.usd for each in document.rows] == [5.0, 3.0, 1.0, None]
    assert [each.bill_ratio for each in document.rows] == [0.5, 0.3, 0.1, None]


def test_a_step_stands_at_exactly_the_classes_that_it_changes() -> None:
    document = portfolio_of(*ALL_STEPS)
    assert {each.request_class: ids(each.worth) for each in document.rows} == {
        "agent": ["prompt_cache.agent"],
        "chat": ["capacity.gpu"],  # of the pool that serves both
        "embed": ["capacity.gpu"],
    }
    assert ids(document.of_no_class) == ["commitment.ptu"]
    assert [each.id for each in document.steps] == [each.id for each in ALL_STEPS]


def test_settings_that_stay_as_they_are_change_no_class() -> None:
    same = tuple(replace(each, from_=each.to) for each in FEWER_REPLICAS.change)
    both = replace(FEWER_REPLICAS, change=(*same, *CACHED_PROMPTS.change))
    document = portfolio_of(both)
    assert [each.request_class for each in document.changed] == ["agent"]


def test_what_a_step_is_worth_is_what_its_recommendation_says() -> None:
    document = portfolio_of(*ALL_STEPS)
    by_id = {each.id: each for each in ALL_STEPS}
    for step in document.steps:
        assert [getattr(step, name) for name in WORTH] == [getattr(by_id[step.id], name) for name in WORTH]
        assert document.advice(step) == by_id[step.id]


def test_all_steps_together_are_the_joint_and_no_sum() -> None:
    document = portfolio_of(*ALL_STEPS)
    assert document.joint == advised(*ALL_STEPS).joint
    assert document.joint is not None
    assert document.joint.cash_usd is not None
    alone = sum(each.cash_usd.mid for each in document.steps if each.cash_usd is not None)
    assert document.joint.cash_usd.mid < alone


def test_where_nothing_is_recommended_everything_stays_as_it_is() -> None:
    document = portfolio_of(withheld("prompt_cache", "It would cost more.", request_class="agent"))
    assert document.joint is None
    for each in document.rows:
        assert each.worth is None
        for _, aspect in each.aspects:
            assert (aspect.proposed, aspect.change, aspect.ids) == (aspect.today, (), ())


def test_what_is_proposed_is_the_change_and_the_other_sides_stay() -> None:
    document = portfolio_of(*ALL_STEPS)
    agent, chat = row(document, "agent"), row(document, "chat")
    assert (agent.storage.proposed, agent.storage.ids) == ("prompt_cache 5m", ("prompt_cache.agent",))
    assert agent.storage.change == CACHED_PROMPTS.change
    assert agent.compute.proposed == agent.compute.today == "bought: claude at default tier"
    assert (chat.compute.today, chat.compute.proposed) == ("gpu (2 replicas)", "gpu: replicas 1")
    assert [aspect.verdict for _, aspect in chat.aspects].count("changed") == 1


def test_a_class_that_moves_is_told_the_line_of_its_new_pool() -> None:
    move = replace(
        recommended("tier_placement.agent", setting("class", "pool", "agent", ("gpu",))),
        request_class="agent",
    )
    assert row(portfolio_of(move), "agent").compute.proposed == "gpu (2 replicas)"


def test_what_serves_a_class_today_is_told_and_null_where_nobody_observed_it() -> None:
    document = portfolio_of()
    chat, embed = row(document, "chat"), row(document, "embed")
    assert chat.storage.today == "10% of input read from prompt caches; reads of 75% cold, 25% hot"
    assert chat.scheduling.today == "objective ttft_p95 800ms"
    assert (embed.storage.today, embed.scheduling.today) == (None, None)


def test_of_a_bill_that_is_known_in_part_no_class_is_told_its_part() -> None:
    document = portfolio_of(baseline=replace(BASELINE, unpriced_charges=1))
    assert [each.bill_ratio for each in document.rows] == [None, None, None]


def test_every_setting_belongs_to_one_side_and_every_side_names_only_settings() -> None:
    assert {*ASPECT_OF} == {lever.id for lever in ALL_LEVERS}


EARLY = replace(EMBEDDING, objectives=("e2e_p95 15s",), has_objective=True, may_wait=True)
ALL_DAY = replace(EMBEDDING, active_hours=20)
IS_CANDIDATE = replace(
    CACHED_PROMPTS, id="service_tier.embed", kind="service_tier", request_class="embed", status="candidate",
    missing=("classes.embed.deferrable = true",), reason="A batch costs half.",
)  # fmt: skip
TRIED = withheld("service_tier", "It saves nothing for certain.", request_class="embed")
UNKNOWN = withheld("deferral", "It lacks a price.", pool="gpu", withheld_as="needs_input")
APART = withheld("deferral", "Two days are needed.", withheld_as="not_applicable")
OF_OTHERS = withheld("service_tier", "It saves nothing for chat.", request_class="chat")


@pytest.mark.parametrize(
    ("facts", "advice", "verdict", "why"),
    [
        (replace(EMBEDDING, may_wait=True), (), "not_judged", "No kind of advice looked at it here."),
        (
            replace(EMBEDDING, may_wait=True),
            (OF_OTHERS,),
            "not_judged",
            "No kind of advice looked at it here.",
        ),
        (replace(EMBEDDING, may_wait=True), (APART,), "not_judged", "Two days are needed."),
        (replace(EMBEDDING, may_wait=True), (APART, UNKNOWN), "needs_input", "gpu: It lacks a price."),
        (replace(EMBEDDING, may_wait=True), (UNKNOWN, TRIED), "ruled_out", "It saves nothing for certain."),
        (EARLY, (TRIED,), "trace_argues", "An objective is declared (e2e_p95 15s), which hours of"),
        (ALL_DAY, (TRIED,), "trace_argues", "Its requests come in 20 of 24 hours"),
        (
            ALL_DAY,
            (TRIED, IS_CANDIDATE),
            "candidate",
            "A batch costs half. Not before it is declared: classes.embed.deferrable = true.",
        ),
        (
            replace(EARLY, waiting_tier_ratio=0.97),
            (TRIED,),
            "as_default",
            "It is so today: 97% of its bought",
        ),
    ],
)
def test_the_trace_comes_before_the_default_and_says_why(
    facts: ClassFacts, advice: tuple[Recommendation, ...], verdict: str, why: str
) -> None:
    document = portfolio_of(*advice, facts={**FACTS, "embed": facts})
    scheduling = row(document, "embed").scheduling
    assert scheduling.default == "a batch tier, or the hours of low demand"
    assert (scheduling.verdict, scheduling.proposed) == (verdict, scheduling.today)
    assert scheduling.why.startswith(why)


def test_a_change_beside_a_default_that_the_trace_argues_against_says_both() -> None:
    window = replace(
        recommended("batch_window.gpu", setting("pool", "batch.window", "gpu", 0.1)),
        request_class=None,
        pool="gpu",
    )
    embed = row(portfolio_of(window, facts={**FACTS, "embed": EARLY}), "embed").scheduling
    assert embed.verdict == "changed"
    assert embed.why == (
        "gpu: It is so. Not by default, a batch tier, or the hours of low demand: an objective is declared "
        "(e2e_p95 15s), which hours of waiting would miss."
    )
    assert embed.argues is not None


def test_a_candidate_is_named_where_it_would_change_something_and_is_worth_nothing_yet() -> None:
    document = portfolio_of(replace(CACHED_PROMPTS, status="candidate"), FEWER_REPLICAS)
    named = {each.request_class: each.storage.candidates for each in document.rows}
    assert named == {"agent": ("prompt_cache.agent",), "chat": (), "embed": ()}
    assert document.candidates == ("prompt_cache.agent",)
    assert "prompt_cache.agent" not in [each.id for each in document.steps]


def test_advice_about_nobody_changes_no_row() -> None:
    document = portfolio_of(UNITS)
    assert document.changed == ()
    assert document.kept == document.rows
