"""What was delivered by calls that are not made: by what as many cost before that came as far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from costctl.documents.estimate import Estimate
from costctl.documents.price_settings import PriceSettings
from costctl.documents.review import Promise, Review, ReviewedPromise
from costctl.documents.settings import Settings
from costctl.levers.settings import change_of, setting
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.review.document import build_review
from costctl.recommend.bought.review.predicted import predicted
from costctl.recommend.bought.study import bought_study_of
from costctl.units import iso_utc
from tests.docs.page_tables import explanation, text_of
from tests.rebill.made_calls import Made, bought
from tests.recommend.calls_by_hand import NOWHERE

APART_S: Final = 200.0
PROMPT: Final = (("p", 1000),)  # 0.003 USD in, and 0.00015 out
USD_PER_CALL: Final = 0.00315
LONG: Final = (("system", 1000), ("history", 8000), ("last", 1000))
SENT: Final = (("system", 1000), ("history cut", 3000), ("last", 1000))
Job = Callable[[int], list[Made]]


def tried(fails: int, *, is_answered: bool, after_s: float = 1.0) -> Job:
    """A call that fails so often, each time after 2 s, and is then answered or given up."""

    def job(number: int) -> list[Made]:
        at_s = APART_S * number
        tries = [at_s + (2.0 + after_s) * nth for nth in range(fails + is_answered)]
        return [
            Made(number, start_s, 2.0, parts=PROMPT, is_failed=nth < fails)
            for nth, start_s in enumerate(tries)
        ]

    return job


def steps(count: int, *, is_success: bool) -> Job:
    """A request of so many calls."""

    def job(number: int) -> list[Made]:
        at_s = APART_S * number
        return [Made(number, at_s + 2.0 * nth, parts=PROMPT, is_success=is_success) for nth in range(count)]

    return job


def prompt(parts: tuple[tuple[str, int], ...]) -> Job:
    """A request of one call with this prompt."""
    return lambda number: [Made(number, APART_S * number, parts=parts)]


# What was advised; what comes to it before, one in two; the same since, and with the change made; what that saves.
KINDS: Final[dict[str, tuple[str, float, Job, Job, Job, float]]] = {
    "attempts": (
        "retry.attempts",
        2,
        tried(5, is_answered=False),
        tried(0, is_answered=True),
        tried(2, is_answered=False),
        3 * USD_PER_CALL,
    ),
    "wait": (
        "retry.wait",
        60.0,
        tried(4, is_answered=True),
        tried(0, is_answered=True),
        tried(1, is_answered=True, after_s=60.0),
        3 * USD_PER_CALL,
    ),
    "steps": (
        "loop.steps",
        6,
        steps(20, is_success=False),
        steps(4, is_success=True),
        steps(6, is_success=False),
        14 * USD_PER_CALL,
    ),
    "prompts": (
        "context.most_tokens",
        5000,
        prompt(LONG),
        prompt((("system", 1000), ("last", 1000))),
        prompt(SENT),
        5000 * 3e-6,
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def review_of(kinds: Sequence[str], before: Sequence[Job], since: Sequence[Job]) -> Review:
    """The review of what was advised on the jobs before."""
    made = [call for number, job in enumerate([*before, *since]) for call in job(number)]
    frame = bought(sorted(made, key=lambda call: call.at_s))
    study = bought_study_of(frame, Settings(), PriceList(PriceSettings()), 0.0, 3)
    assert study is not None
    promises = [_promise(kind, len(before)) for kind in kinds]
    return build_review(study, promises, NOWHERE, is_weekly_asked=True)


def _promise(kind: str, requests: int) -> Promise:
    name, value, *_ = KINDS[kind]
    return Promise(
        id=f"{kind}.chat",
        kind=kind,
        request_class="chat",
        pool=None,
        advised_as="recommended",
        change=(change_of(setting("class", name, "chat", value), None),),
        promised_usd=Estimate(low=0.0, mid=1.0, high=2.0, level=0.95, method="by hand"),
        window_from=iso_utc(0),
        window_to=iso_utc(round(requests * APART_S * 1e9)),
        calls=100,
        reversal=None,
        made=iso_utc(0),
        document_sha256="",
    )


def told(kind: str, before: Sequence[Job], since: Sequence[Job]) -> ReviewedPromise:
    (found,) = review_of([kind], before, since).promises
    return found


def mixed(*jobs: Job, times: int) -> list[Job]:
    return [*jobs] * times


def usd(found: ReviewedPromise) -> Estimate:
    assert found.delivered_usd is not None
    return found.delivered_usd


@every_kind
@pytest.mark.parametrize("times", [20, 40, 160])
def test_of_each_that_came_so_far_the_same_is_delivered_whatever_the_traffic(kind: str, times: int) -> None:
    *_, old, other, new, saved = KINDS[kind]
    found = told(kind, mixed(old, other, times=40), mixed(new, other, times=times))
    assert found.outcome == "delivered"
    assert usd(found).mid == pytest.approx(times * saved)
    assert usd(found).low <= times * saved * 1.000001
    assert usd(found).high >= times * saved * 0.999999
    assert (found.taken_ratio, found.lately_ratio) == (1.0, 1.0)
    assert found.promised_usd is not None
    assert found.promised_usd.mid == pytest.approx(times / 40)


@every_kind
def test_where_nothing_was_changed_nothing_is_delivered(kind: str) -> None:
    *_, old, other, _, _ = KINDS[kind]
    found = told(kind, mixed(old, other, times=40), mixed(old, other, times=40))
    assert found.outcome == "not_taken"
    assert usd(found).mid == pytest.approx(0.0)


@every_kind
def test_where_half_was_changed_half_is_delivered(kind: str) -> None:
    *_, old, other, new, saved = KINDS[kind]
    found = told(kind, mixed(old, other, times=60), mixed(old, other, new, other, times=50))
    assert found.outcome == "partly"
    assert found.taken_ratio == pytest.approx(0.5)
    assert usd(found).mid == pytest.approx(50 * saved)


@every_kind
def test_what_was_there_and_went_away_is_said_to_be_gone(kind: str) -> None:
    *_, old, other, new, _ = KINDS[kind]
    since = [*mixed(new, other, times=60), *mixed(old, other, times=60)]
    assert told(kind, mixed(old, other, times=60), since).outcome == "reverted"


@every_kind
def test_that_fewer_come_so_far_is_no_saving(kind: str) -> None:
    *_, old, other, _, _ = KINDS[kind]
    rarer = told(kind, mixed(old, other, times=60), mixed(old, *[other] * 5, times=60))
    found = usd(rarer)
    # of prompts nothing is known but how long they were
    assert (found.low > 1e-9) == (kind == "prompts")


@every_kind
def test_too_few_are_said_to_be(kind: str) -> None:
    *_, old, other, new, _ = KINDS[kind]
    early = told(kind, mixed(old, other, times=40), mixed(new, times=10))
    assert (early.outcome, early.delivered_usd) == ("too_early", None)
    assert early.reason.startswith("10 since came so far")
    few = told(kind, mixed(old, times=10), mixed(new, times=40))
    assert (few.outcome, few.delivered_usd) == ("not_observable", None)
    assert "too few to say what they cost" in few.reason


@every_kind
def test_without_anything_of_the_kind_before_it_is_said_why_nothing_can_be_told(kind: str) -> None:
    *_, _, _, new, _ = KINDS[kind]
    found = told(kind, mixed(new, times=60), mixed(new, times=60))
    assert (found.outcome, found.delivered_usd) == ("not_observable", None)
    assert "no call did what it forbids" in found.reason


def test_without_the_calls_that_it_rests_on_nothing_is_compared() -> None:
    *_, new, _ = KINDS["attempts"]
    found = told("attempts", [], mixed(new, times=60))
    assert (found.outcome, found.delivered_usd) == ("not_observable", None)
    assert "load them" in found.reason


def test_a_class_without_prices_is_not_compared() -> None:
    def unpriced(job: Job) -> Job:
        return lambda number: [replace(call, is_priced=False) for call in job(number)]

    *_, old, other, new, _ = KINDS["attempts"]
    since = [unpriced(new), unpriced(other)]
    found = told("attempts", mixed(old, other, times=40), mixed(*since, times=40))
    assert (found.outcome, found.delivered_usd) == ("not_observable", None)
    assert "is not known" in found.reason


@every_kind
def test_all_that_was_taken_is_the_one_that_was(kind: str) -> None:
    *_, old, other, new, _ = KINDS[kind]
    review = review_of([kind], mixed(old, other, times=40), mixed(new, other, times=40))
    assert review.together is not None
    assert review.together.delivered_usd.mid == pytest.approx(usd(review.promises[0]).mid)


def test_of_two_changes_of_a_class_each_call_that_is_not_made_counts_once() -> None:
    # Twenty attempts of one call are twenty steps of its request, too.
    before = mixed(tried(20, is_answered=False), steps(20, is_success=False), times=30)
    since = mixed(tried(2, is_answered=False), steps(6, is_success=False), times=30)
    review = review_of(["steps", "attempts"], before, since)
    assert [each.outcome for each in review.promises] == ["delivered", "delivered"]
    assert review.together is not None
    assert review.together.delivered_usd.mid == pytest.approx(30 * (18 + 14) * USD_PER_CALL)


def test_the_example_on_the_page(repository: Path) -> None:
    page = text_of(explanation(repository, "delivered"))
    *_, old, other, new, saved = KINDS["attempts"]
    found = usd(told("attempts", mixed(old, other, times=40), mixed(new, other, times=160)))
    assert f"is {saved / USD_PER_CALL:.0f} · {USD_PER_CALL} USD" in page
    assert f"160 · {saved:.5f} = {found.mid:.3f} USD are delivered" in page


def test_what_is_predicted_is_as_unsure_as_its_rate_and_what_comes_are() -> None:
    # n of variance s² before, R since: s² (R²/n + R)
    rng = np.random.default_rng(1)
    amounts = rng.exponential(1.0, 400)
    found = predicted(amounts, np.arange(400), 200, "", 0)
    spread = np.sqrt(amounts.var(ddof=1) * (200**2 / 400 + 200))
    assert found.mid == pytest.approx(200 * amounts.mean())
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(spread, rel=0.05)
    several = predicted(np.repeat(amounts, 3), np.repeat(np.arange(400), 3), 600, "", 0)
    assert (several.high - several.low) / (found.high - found.low) == pytest.approx(3.0, rel=0.05)


def test_what_is_predicted_holds_what_comes() -> None:
    rng = np.random.default_rng(2)
    held = []
    for seed in range(200):
        before, since = rng.gamma(4.0, 1.0, 60), rng.gamma(4.0, 1.0, 45)
        found = predicted(before, np.arange(60), 45, "", seed)
        held.append(found.low <= since.sum() <= found.high)
    assert np.mean(held) >= 0.9  # three standard deviations of 200 draws below 0.95
