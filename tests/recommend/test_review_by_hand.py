"""What was delivered, where it can be told by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from costctl.documents.review import ReviewedPromise
from costctl.levers.settings import change_of, setting
from costctl.recommend.bought.review.document import build_review
from tests.docs.page_tables import explanation, text_of
from tests.recommend.calls_by_hand import NOWHERE, USD_PER_CALL, promise_of, review_of, study_of

BEFORE = ["default"] * 100


def of_calls_since(*tiers: str, usd: float = 2.0, to: str = "batch") -> ReviewedPromise:
    """What comes of a promise on the hundred calls before these."""
    study = study_of([*BEFORE, *tiers])
    (found,) = review_of(study, promise_of(study, 100, usd, to)).promises
    return found


def test_the_example_on_the_page(repository: Path) -> None:
    page = text_of(explanation(repository, "delivered"))
    said = [
        float(each)
        for each in re.findall(
            r"\b(\d+\.\d\d)(?= USD| are delivered| were promised for)",
            page.partition("**Worked**")[2].partition("##")[0],
        )
    ]
    found = of_calls_since(*["batch"] * 200)
    assert found.promised_usd is not None
    assert found.delivered_usd is not None
    charged, old = 200 * USD_PER_CALL / 2, 200 * USD_PER_CALL
    told = [2.0, charged, old, found.delivered_usd.mid, found.promised_usd.mid, 100 * USD_PER_CALL]
    assert said == pytest.approx(told)
    assert found.outcome == "delivered"


@pytest.mark.parametrize("calls", [40, 100, 400])
def test_what_was_delivered_of_each_call_is_the_same_whatever_the_traffic(calls: int) -> None:
    found = of_calls_since(*["batch"] * calls)
    assert found.promised_usd is not None
    assert found.delivered_usd is not None
    assert found.delivered_usd.mid == pytest.approx(calls * USD_PER_CALL / 2)
    assert found.delivered_usd.mid == pytest.approx(found.promised_usd.mid)
    assert found.traffic_ratio == pytest.approx(1.0, rel=0.02)


def test_delivered_grows_with_the_part_of_the_calls_that_were_changed() -> None:
    parts = [of_calls_since(*["batch", *["default"] * others] * 40) for others in (0, 1, 3)]
    assert [each.outcome for each in parts] == ["delivered", "partly", "partly"]
    assert [each.taken_ratio for each in parts] == pytest.approx([1.0, 0.5, 0.25])
    assert [each.delivered_usd.mid for each in parts if each.delivered_usd is not None] == pytest.approx(
        [40 * USD_PER_CALL / 2] * 3
    )


def test_what_was_there_and_went_away_is_said_to_be_gone() -> None:
    assert of_calls_since(*["batch"] * 60, *["default"] * 40).outcome == "reverted"


def test_what_came_late_is_delivered_from_then_on() -> None:
    found = of_calls_since(*["default"] * 40, *["batch"] * 60)
    assert (found.outcome, found.taken_ratio) == ("delivered", 0.6)


def test_what_nobody_did_delivers_nothing_and_is_exact() -> None:
    found = of_calls_since(*["default"] * 60)
    assert found.outcome == "not_taken"
    assert found.delivered_usd is not None
    assert found.delivered_usd.is_exact


def test_what_costs_more_is_said_to() -> None:
    found = of_calls_since(*["priority"] * 60, to="priority")
    assert found.outcome == "costs_more"
    assert found.delivered_usd is not None
    assert found.delivered_usd.high < 0.0


def test_what_saves_less_than_was_promised_is_partly_delivered() -> None:
    found = of_calls_since(*["batch"] * 60, usd=20.0)
    assert (found.outcome, found.taken_ratio) == ("partly", 1.0)


@pytest.mark.parametrize("calls", [0, 1, 19])
def test_of_too_few_calls_nothing_is_said(calls: int) -> None:
    found = of_calls_since(*["batch"] * calls)
    assert found.outcome == "too_early"
    assert found.delivered_usd is None


def test_without_a_price_of_either_bill_nothing_is_said() -> None:
    study = study_of([*BEFORE, *["batch"] * 60], model_served="nobodys-model")
    (found,) = review_of(study, promise_of(study, 100, 2.0)).promises
    assert (found.outcome, found.delivered_usd) == ("not_observable", None)


def test_all_that_was_taken_is_one_bill() -> None:
    study = study_of([*BEFORE, *["batch"] * 60])
    review = review_of(study, promise_of(study, 100, 2.0))
    assert review.together is not None
    assert review.together.delivered_usd == review.promises[0].delivered_usd


def test_of_what_changes_no_bill_of_calls_the_calls_say_nothing() -> None:
    change = change_of(setting("pool", "replicas", "gpu", 2), 3)
    study = study_of([*BEFORE, *["batch"] * 20])
    promise = replace(
        promise_of(study, 100, 2.0), request_class=None, pool="gpu", change=(change,), calls=None
    )
    for calls in (None, study):
        (found,) = build_review(calls, [promise], NOWHERE).promises
        assert (found.outcome, found.delivered_usd) == ("not_observable", None)
        assert "capacity" in found.reason
