"""What a cache of answers delivered, where it writes down what it gives; and what is said where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from costctl.documents.estimate import Estimate
from costctl.documents.price_settings import PriceSettings
from costctl.documents.review import Promise, ReviewedPromise
from costctl.documents.settings import Settings
from costctl.levers.settings import change_of, setting
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.review.document import build_review
from costctl.recommend.bought.study import bought_study_of
from costctl.units import S_PER_HOUR, iso_utc
from tests.rebill.made_calls import Made, bought
from tests.recommend.calls_by_hand import NOWHERE

APART_S: Final = 60.0
USD_PER_TOKEN: Final = 3e-6
OUTPUT_USD: Final = 10 * 15e-6
TOKENS: Final = {"a": 1000, "b": 3000}
USD: Final = {name: tokens * USD_PER_TOKEN + OUTPUT_USD for name, tokens in TOKENS.items()}


def asked(*questions: str) -> list[Made]:
    """A call a minute; of a question in capitals a cache gives the answer, and no provider sees it."""
    return [
        Made(
            number,
            APART_S * number,
            parts=((name.lower(), TOKENS.get(name.lower(), 500)),),
            is_kept_answer=name.isupper(),
        )
        for number, name in enumerate(questions)
    ]


def told(before: Sequence[str], since: Sequence[str]) -> ReviewedPromise:
    """What comes of keeping answers for a day, which was advised on the calls before."""
    study = bought_study_of(bought(asked(*before, *since)), Settings(), PriceList(PriceSettings()), 0.0, 3)
    assert study is not None
    promise = Promise(
        id="response_cache.chat",
        kind="response_cache",
        request_class="chat",
        pool=None,
        advised_as="recommended",
        change=(change_of(setting("class", "response_cache.ttl", "chat", 24 * S_PER_HOUR), None),),
        promised_usd=Estimate(low=0.0, mid=0.1, high=0.2, level=0.95, method="by hand"),
        window_from=iso_utc(0),
        window_to=iso_utc(round(len(before) * APART_S * 1e9)),
        calls=len(before),
        reversal=None,
        made=iso_utc(0),
        document_sha256="",
    )
    (found,) = build_review(study, [promise], NOWHERE, is_weekly_asked=True).promises
    return found


BEFORE: Final = ["a", "b"] * 30


def test_an_answer_that_was_given_again_would_have_cost_what_its_question_did() -> None:
    found = told(BEFORE, ["A", "B", "A"] * 20)
    assert found.outcome == "delivered"
    assert found.delivered_usd is not None
    assert found.delivered_usd.mid == pytest.approx(40 * USD["a"] + 20 * USD["b"])
    assert (found.taken_ratio, found.unknown_calls) == (1.0, 0)


def test_repeats_that_are_still_paid_for_show_no_cache() -> None:
    found = told(BEFORE, ["A", "a"] * 30)
    assert found.outcome == "partly"
    assert found.taken_ratio == pytest.approx(0.5, abs=0.02)  # the first one that was paid for repeats none
    assert found.delivered_usd is not None
    assert found.delivered_usd.mid == pytest.approx(30 * USD["a"])


def test_an_answer_to_what_nobody_paid_for_is_not_known_and_counts_for_nothing() -> None:
    found = told(BEFORE, [*["A"] * 60, "C"])
    assert (found.outcome, found.unknown_calls) == ("delivered", 1)
    assert found.delivered_usd is not None
    assert found.delivered_usd.mid == pytest.approx(60 * USD["a"])
    many = told(BEFORE, [*["A"] * 60, *["C"] * 20])
    assert (many.outcome, many.delivered_usd) == ("not_observable", None)


def test_a_cache_that_writes_nothing_down_is_asked_to() -> None:
    found = told(BEFORE, [f"new {number}" for number in range(60)])
    assert (found.outcome, found.delivered_usd) == ("not_observable", None)
    assert "cache.hit" in found.reason


def test_as_many_repeats_as_before_mean_that_nothing_was_done() -> None:
    found = told(BEFORE, ["a", "b"] * 30)
    assert found.outcome == "not_taken"
    assert found.delivered_usd is not None
    assert found.delivered_usd.is_exact


def test_where_a_cache_answered_before_what_is_new_is_not_known() -> None:
    found = told([*BEFORE, "A"], ["A", "B"] * 30)
    assert (found.outcome, found.delivered_usd) == ("not_observable", None)
    assert "before, too" in found.reason
