"""What was delivered, on teams that are known to have made a change, or half of it, or none, or made it while traffic
doubled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from tests.synth.later_shops import ANSWERED, BILLED, LEFT_OUT, TREATMENTS, WAITED, Delivered, delivered_in
from tests.thoroughness import how_many

SEEDS: Final = range(how_many(1, thorough=4))
# Of what is told by those that came so far a few: what its figures must be is held by hand in test_review_by_reach.
FEWER: Final = replace(
    LEFT_OUT,
    remedies={name: each for name, each in LEFT_OUT.remedies.items() if name != "loop_cap.worker"},
    sessions={"quotes": 500.0, "report": 300.0},
)
WAITS: Final = replace(WAITED, sessions={"feeds": 1000.0})
PAIRS: Final = (
    (BILLED, tuple(TREATMENTS)),
    (ANSWERED, tuple(TREATMENTS)),
    (FEWER, ("half made", "not made")),
    (WAITS, ("made",)),
)
OUTCOMES: Final = {
    "made": {"delivered"},
    "half made": {"partly"},
    "not made": {"not_taken"},
    # five minutes are long enough for more of the prompts that come twice as often: an hour saves less of each
    "traffic doubled": {"delivered", "partly"},
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Delivered, ...]:
    return tuple(
        each
        for seed in SEEDS
        for pairs, treatments in PAIRS
        for each in delivered_in(pairs, seed, tmp_path_factory.mktemp(f"shop{seed}"), treatments)
    )


def test_the_interval_of_what_was_delivered_holds_the_worlds_own_bill(told: tuple[Delivered, ...]) -> None:
    expected = sum(len(pairs.remedies) * len(treatments) for pairs, treatments in PAIRS)
    assert len(told) == len(SEEDS) * expected
    missed = [each for each in told if not each.is_covered]
    assert len(missed) <= 0.05 * len(told), missed


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_what_was_done_is_told_from_the_calls(told: tuple[Delivered, ...], treatment: str) -> None:
    found = [each for each in told if each.treatment == treatment]
    assert {each.outcome for each in found} <= OUTCOMES[treatment]
    assert {each.advice for each in found} == {
        name for pairs, treatments in PAIRS if treatment in treatments for name in pairs.remedies
    }


def test_twice_the_traffic_is_no_saving(told: tuple[Delivered, ...]) -> None:
    exact = ("service_tier.digest", "model_choice.triage", "prompt_cache.support", "response_cache.faq")
    doubled = [each.outcome for each in told if each.treatment == "traffic doubled" and each.advice in exact]
    assert doubled == ["delivered"] * len(exact) * len(SEEDS)


def test_what_was_not_done_delivers_nothing(told: tuple[Delivered, ...]) -> None:
    said = {each.advice: each.said for each in told if each.treatment == "not made"}
    assert None not in said.values()
    by_bill = {name: each.mid for name, each in said.items() if each and name not in LEFT_OUT.remedies}
    assert set(by_bill.values()) == {0.0}
