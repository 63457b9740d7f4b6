"""Waits between attempts: found in a team whose providers are down now and then, never claimed where time does not
matter, and without a promise where nobody recorded what a longer wait would have met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.documents.settings import ClassSettings, Settings
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.kinds import retry
from costctl.recommend.bought.review.promises import promises_in as promises_kept
from costctl.recommend.bought.study import bought_study_of
from costctl.render.bought_words import in_plain_words, is_about_tokens
from costctl.render.recommendation_words import saving
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.world import Shop
from tests.rebill.made_calls import Made, bought
from tests.synth.planted_shops import advice_of, promises_in
from tests.synth.written_shop import small_shop_with_outages

World = tuple[Shop, tuple[Call, ...], Recommendations]
PROMPT = (("p", 1000),)


@pytest.fixture(scope="module")
def down_at_times(tmp_path_factory: pytest.TempPathFactory) -> World:
    whole = small_shop_with_outages()
    apps = tuple(
        replace(app, sessions=0.5 * app.sessions if app.outages == 0 else app.sessions)
        for app in whole.apps
        if app.name != "ticker"
    )
    world = replace(whole, apps=apps)
    calls = traffic_of(world)
    return world, calls, advice_of(world, calls, tmp_path_factory.mktemp("outages"))


def waits_in(document: Recommendations) -> dict[str, Recommendation]:
    return {each.id: each for each in document.recommendations if each.id.endswith(".wait")}


def test_a_wait_is_advised_that_saves_what_the_world_billed_again_says(down_at_times: World) -> None:
    world, calls, document = down_at_times
    (found,) = promises_in(document, world, calls, seed=0)
    assert (found.advice, found.status) == ("retry.feeds.wait", "recommended")
    assert found.error_ratio == pytest.approx(0.0, abs=0.1)
    assert found.is_covered


def test_a_failure_that_has_nothing_to_do_with_time_is_no_ground_to_wait(down_at_times: World) -> None:
    assert "retry.flaky.wait" not in waits_in(down_at_times[2])


def test_of_calls_that_were_given_up_a_longer_wait_is_a_candidate_without_a_promise(
    down_at_times: World,
) -> None:
    document = down_at_times[2]
    found = waits_in(document)["retry.hopeless.wait"]
    assert (found.status, found.cash_usd, found.cash_usd_per_week) == ("candidate", None, None)
    assert [each.to for each in found.change] == [10.0]
    assert found.before is not None
    assert found.before.startswith("Nothing is promised:")
    kept = {each.id for each in promises_kept(document, "2026-11-30T00:00:00Z", "")}
    assert "retry.feeds.wait" in kept
    assert "retry.hopeless.wait" not in kept


def told(made: Sequence[Made], *, is_deferrable: bool = False) -> Recommendation | None:
    """What is said of a wait."""
    settings = Settings(classes={"chat": ClassSettings(deferrable=is_deferrable)})
    calls = bought(sorted(made, key=lambda call: call.at_s))
    study = bought_study_of(calls, settings, PriceList(PriceSettings()), 100_000.0, 1)
    assert study is not None
    said = [evaluated(study, each) for each in retry.KIND.propose(study)]
    return next((each for each in said if each.id.endswith(".wait")), None)


def spread(failures: Sequence[int], **facts: bool) -> list[Made]:
    """Calls that fail so often, attempts of 2 s that are a second apart, until they are answered."""
    return [
        Made(number, 200.0 * number + 3.0 * nth, 2.0, parts=PROMPT, is_failed=nth < fails, **facts)
        for number, fails in enumerate(failures)
        for nth in range(fails + 1)
    ]


STORMS = [(0, 0, 0, 6)[number % 4] for number in range(400)]


@pytest.mark.parametrize(("is_deferrable", "status"), [(True, "recommended"), (False, "candidate")])
def test_calls_that_would_be_answered_later_are_for_the_class_to_decide(
    is_deferrable: bool, status: str
) -> None:
    found = told(spread(STORMS), is_deferrable=is_deferrable)
    assert found is not None
    assert (found.status, [each.to for each in found.change]) == (status, [20.0])
    later = next(each.statement for each in found.evidence if each.id == "later")
    assert later == "100 calls would be answered later: half of them by up to 4 s, the last by 4 s."
    assert (found.before is None) == is_deferrable


def test_where_each_attempt_fails_as_often_as_the_first_no_wait_is_advised() -> None:
    rng = np.random.default_rng(5)
    found = told(spread([int(each) - 1 for each in rng.geometric(0.6, 800)]), is_deferrable=True)
    assert found is not None
    assert (found.status, found.withheld_as, found.cash_usd_per_week) == ("withheld", "too_few", None)
    assert "the saving is not certain" in found.reason


def test_attempts_that_the_provider_does_not_bill_are_no_ground_to_wait() -> None:
    unpaid = [replace(call, is_billed=not call.is_failed) for call in spread(STORMS)]
    assert told(unpaid, is_deferrable=True) is None


def test_of_a_few_calls_that_were_given_up_it_is_said_how_many_would_tell() -> None:
    def given_up(count: int) -> list[Made]:
        lost = [replace(call, is_failed=True) for call in spread([2] * count)]
        return [*lost, *(Made(number, 200.0 * number, parts=PROMPT) for number in range(count, count + 100))]

    few = told(given_up(19))
    assert few is not None
    assert (few.status, few.withheld_as) == ("withheld", "too_few")
    assert few.reason.startswith("19 calls were made again soon and given up")
    assert few.reason.endswith("20 are needed.")
    found = told(given_up(20))
    assert found is not None
    assert (found.status, [each.to for each in found.change]) == ("candidate", [2.0])


def test_the_advice_is_shown_as_one_would_say_it_and_what_is_not_known_is_not_called_nothing(
    down_at_times: World,
) -> None:
    found = waits_in(down_at_times[2])["retry.hopeless.wait"]
    assert all(map(is_about_tokens, found.change))
    assert in_plain_words(found.change) == "wait at least 10 s before another attempt"
    assert saving(found).startswith("cash not observed")
