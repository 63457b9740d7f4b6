"""Attempts that come to nothing, agents that run away, prompts that are too long: found in a team whose waste is known,
billed as its world bills them again, and never claimed where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.documents.settings import Settings
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.kinds import context, loop_cap, output_limit, retry
from costctl.recommend.bought.proposals import BillKind
from costctl.recommend.bought.study import bought_study_of
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.world import Shop
from costctl.units import S_PER_WEEK
from tests.rebill.made_calls import Made, bought
from tests.synth.planted_shops import PLANTED_WASTE, advice_of, promises_in
from tests.synth.written_shop import small_shop_with_waste
from tests.thoroughness import how_many

KINDS: Final = ("retry", "loop_cap", "context", "output_limit")
SEEDS: Final = range(how_many(1, thorough=2))
World = tuple[Shop, tuple[Call, ...], Recommendations]


def by_id(document: Recommendations) -> dict[str, Recommendation]:
    return {each.id: each for each in document.recommendations if each.kind in (*KINDS, "prompt_cache")}


@pytest.fixture(scope="module", params=SEEDS, ids=str)
def wasteful(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = small_shop_with_waste(seed=request.param)
    calls = traffic_of(world)
    return world, calls, advice_of(world, calls, tmp_path_factory.mktemp("waste"))


def test_planted_waste_is_found_and_saves_what_the_world_billed_again_says(wasteful: World) -> None:
    world, calls, document = wasteful
    promises = promises_in(document, world, calls, seed=0)
    assert {each.advice: each.status for each in promises} == PLANTED_WASTE
    for each in promises:
        assert each.error_ratio == pytest.approx(0.0, abs=0.02), each
        assert each.is_covered, each


def test_shorter_prompts_are_never_promised_and_end_where_the_price_steps_up(wasteful: World) -> None:
    found = by_id(wasteful[2])["context.dossier"]
    assert found.before is not None
    assert [change.to for change in found.change] == [200_000]


def test_a_class_without_waste_is_told_so(wasteful: World) -> None:
    found = by_id(wasteful[2])
    assert {each.status for each in found.values() if each.request_class == "clerk"} == {"withheld"}
    assert "cost nothing" in found["retry.clerk"].reason
    assert "runs away" in found["loop_cap.clerk"].reason
    assert "would not lower the bill" in found["output_limit.clerk"].reason
    assert "context.clerk" not in found


def test_where_there_is_no_waste_nothing_is_claimed(tmp_path: Path) -> None:
    claimed = []
    for seed in range(how_many(1, thorough=5)):
        whole = small_shop_with_waste(seed, part=0.3)
        apps = tuple(
            replace(app, lost_ratio=0.0, runaway_ratio=0.0, document=None, refused_ratio=0.03)
            for app in whole.apps
        )
        folder = tmp_path / str(seed)
        folder.mkdir()
        world = replace(whole, apps=apps)
        document = advice_of(world, traffic_of(world), folder)
        claimed += [
            each.id for each in by_id(document).values() if each.kind in KINDS and each.status != "withheld"
        ]
    assert claimed == []


def all_told(kind: BillKind, made: Sequence[Made], window_s: float = 100_000.0) -> list[Recommendation]:
    """What the kind says of these calls."""
    calls = bought(sorted(made, key=lambda call: call.at_s))
    study = bought_study_of(calls, Settings(), PriceList(PriceSettings()), window_s, 1)
    assert study is not None
    return [evaluated(study, each) for each in kind.propose(study)]


def told(kind: BillKind, made: Sequence[Made]) -> Recommendation:
    """The one thing that it says, of waits apart."""
    (found,) = [each for each in all_told(kind, made) if not each.id.endswith(".wait")]
    return found


def tried(
    request: int, fails: int, *, succeeds: bool, parts: tuple[tuple[str, int], ...] = (("p", 1000),)
) -> list[Made]:
    """A call that fails so often before it succeeds, or is given up."""
    at_s = 100.0 * request
    failed = [Made(request, at_s + 2 * nth, parts=parts, is_failed=True) for nth in range(fails)]
    return [*failed, Made(request, at_s + 2 * fails, parts=parts)] if succeeds else failed


def test_a_budget_that_cuts_successes_is_a_candidate_only_where_they_are_dear() -> None:
    dear = [call for number in range(400) for call in tried(number, (0, 3)[number % 4 == 0], succeeds=True)]
    found = told(retry.KIND, dear)
    assert (found.status, [change.to for change in found.change]) == ("candidate", [1])
    assert found.before is not None
    assert "60 calls of the first part succeeded only after the first attempt" in found.before
    cheap = [call for number in range(400) for call in tried(number, number % 2, succeeds=True)]
    assert told(retry.KIND, cheap).status == "withheld"
    assert "further attempts succeed" in told(retry.KIND, cheap).reason


def test_a_success_lost_in_the_hold_out_period_makes_a_budget_a_candidate() -> None:
    lost = [call for number in range(300) for call in tried(number, 4, succeeds=number == 290)]
    found = told(retry.KIND, lost)
    assert (found.status, [change.to for change in found.change]) == ("candidate", [1])
    assert found.before is not None
    assert found.before.startswith("In the hold-out period 1 call succeeded only after the first attempt")


def test_attempts_without_an_amount_are_not_called_free() -> None:
    unknown = [
        replace(call, is_billed=not call.is_failed, is_priced=not call.is_failed)
        for number in range(100)
        for call in tried(number, 2, succeeds=True)
    ]
    found = told(retry.KIND, unknown)
    assert (found.withheld_as, found.missing) == ("needs_input", ("token counts of its failed attempts",))


def runs(request: int, calls: int, *, is_success: bool) -> list[Made]:
    """A request of an agent."""
    return [
        Made(request, 100.0 * request + 2 * nth, parts=(("p", 1000),), is_success=is_success)
        for nth in range(calls)
    ]


def test_a_cap_is_what_successes_needed_and_says_what_it_would_have_cut() -> None:
    agents = [call for number in range(300) for call in runs(number, 3 + number % 4, is_success=True)]
    astray = [call for number in range(300, 900, 5) for call in runs(number, 30, is_success=False)]
    spread = [
        replace(call, request=call.request * 7 % 901, at_s=call.request * 7 % 901 * 100 + call.at_s % 100)
        for call in (*agents, *astray)
    ]
    found = told(loop_cap.KIND, spread)
    assert (found.status, [change.to for change in found.change]) == ("recommended", [6])
    assert any("would cut 0 of 300 successes" in each.statement for each in found.evidence)


def test_few_requests_that_run_away_may_save_and_say_how_many_would_tell() -> None:
    """14 of 220 run away: 9 on the first part of the calls, 5 on the rest."""
    agents = [
        call
        for number in range(220)
        for call in runs(number, 30 if number % 16 == 8 else 3, is_success=number % 16 != 8)
    ]
    found = told(loop_cap.KIND, agents)
    assert (found.status, found.withheld_as) == ("withheld", "too_few")
    first, rest, each, in_all = (int(word) for word in re.findall(r"\b\d+\b(?!%)", found.reason)[-4:])
    assert (first + rest, each, in_all) == (14, 20, 50)


def test_without_a_failure_that_is_known_a_cap_asks_for_the_outcome() -> None:
    agents = [
        call for number in range(100) for call in runs(number, 30 if number % 9 == 0 else 4, is_success=True)
    ]
    found = told(loop_cap.KIND, agents)
    assert (found.status, found.withheld_as) == ("withheld", "needs_input")
    assert found.missing == ("an error status of the requests that came to nothing",)


def test_of_a_class_that_costs_cents_a_week_nothing_is_asked() -> None:
    agents = [
        call for number in range(100) for call in runs(number, 30 if number % 9 == 0 else 4, is_success=True)
    ]
    (found,) = all_told(loop_cap.KIND, agents, window_s=52.0 * S_PER_WEEK)
    assert (found.withheld_as, found.missing) == ("not_applicable", ())
    assert "from 1 USD on that is asked for" in found.reason


def test_a_limit_on_answers_is_compared_with_what_is_written() -> None:
    found = told(
        output_limit.KIND,
        [Made(number, number, asked=1000, output=100 + 9 * number) for number in range(101)],
    )
    asked, cut = (each.statement for each in found.evidence)
    assert (
        asked == "Its calls ask for up to 1,000 tokens (median) and write 550 (median), 991 (0.99 quantile)."
    )
    assert cut.startswith("1 of its 101 answers are as long as they may be")
    assert (found.status, found.cash_usd_per_week) == ("withheld", None)


def talks(model: str = "claude-sonnet-4-5", *, between: int, read: int = 0) -> list[Made]:
    """Calls of which every fourth carries much along. read: of the tokens between, from a cache."""
    return [
        Made(
            number,
            100.0 * number,
            model=model,
            parts=(
                ("system", 100),
                (f"between {number}", between if number % 4 == 0 else 10),
                (f"last {number}", 100),
            ),
            read=read if number % 4 == 0 else 0,
        )
        for number in range(400)
    ]


def test_history_that_is_read_from_a_cache_is_not_worth_cutting() -> None:
    found = told(context.KIND, talks(between=1000, read=1000))
    assert (found.status, found.withheld_as) == ("withheld", "ruled_out")
    assert "read from no cache behind its system prompt" in found.reason
    assert told(context.KIND, talks(between=1000)).status == "candidate"


def test_a_prompt_that_is_long_by_its_last_message_cannot_be_cut() -> None:
    sizes = (9000, 100, 100, 100)
    made = [
        Made(number, 100.0 * number, parts=(("system", 100), (f"last {number}", sizes[number % 4])))
        for number in range(400)
    ]
    found = told(context.KIND, made)
    assert (found.status, found.cash_usd_per_week) == ("withheld", None)
    assert "nothing lies between system prompt and last message" in found.reason


def test_of_a_model_without_a_price_nothing_is_said() -> None:
    assert [
        all_told(kind, talks("nobody-knows-it", between=9000))
        for kind in (context.KIND, loop_cap.KIND, output_limit.KIND)
    ] == [[], [], []]
