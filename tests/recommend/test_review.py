"""What was delivered, on teams that are known to have made a change, or half of it, or none, or made it while traffic
doubled.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.synth.later_shops import REMEDIES, TREATMENTS, Delivered, delivered_in
from tests.thoroughness import how_many

SEEDS: Final = range(how_many(1, thorough=4))
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
        each for seed in SEEDS for each in delivered_in(seed, tmp_path_factory.mktemp(f"shop{seed}"))
    )


def test_the_interval_of_what_was_delivered_holds_the_worlds_own_bill(told: tuple[Delivered, ...]) -> None:
    assert len(told) == len(SEEDS) * len(TREATMENTS) * len(REMEDIES)
    missed = [each for each in told if not each.is_covered]
    assert len(missed) <= 0.05 * len(told), missed


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_what_was_done_is_told_from_the_calls(told: tuple[Delivered, ...], treatment: str) -> None:
    found = [each for each in told if each.treatment == treatment]
    assert {each.outcome for each in found} <= OUTCOMES[treatment]
    assert {each.advice for each in found} == {*REMEDIES}


def test_twice_the_traffic_is_no_saving(told: tuple[Delivered, ...]) -> None:
    exact = ("service_tier.digest", "model_choice.triage", "prompt_cache.support")
    doubled = [each.outcome for each in told if each.treatment == "traffic doubled" and each.advice in exact]
    assert doubled == ["delivered"] * len(exact) * len(SEEDS)


def test_what_was_not_done_delivers_nothing(told: tuple[Delivered, ...]) -> None:
    said = [each.said for each in told if each.treatment == "not made"]
    assert {each.mid for each in said if each is not None} == {0.0}
    assert None not in said
