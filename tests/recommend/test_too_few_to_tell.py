"""What would not save is ruled out; what may save, of which too few were seen, is not: it says how many would tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec.structs import replace as with_

from costctl.documents.estimate import Estimate
from costctl.documents.grades import Grade
from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import ClassSettings, Settings
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.kinds.model_choice import propose
from costctl.recommend.bought.ledger import ledger_of, settled
from costctl.recommend.doubts import Seen, doubt_of, times_needed
from tests.recommend.calls_by_hand import study_of_calls

LARGE, MINI = "gpt-4.1", "gpt-4.1-mini"


def saving(low: float, mid: float, high: float) -> Estimate:
    return Estimate(low=low, mid=mid, high=high, level=0.95, method="by hand")


def judged(low: float, mid: float, high: float) -> str:
    found = doubt_of("Here", saving(low, mid, high), Seen(30, "sessions"), "so much", least=0.01)
    return "saves" if found is None else found.how


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((1.0, 2.0, 3.0), "saves"),
        ((-1.0, 2.0, 5.0), "too_few"),
        ((-5.0, -1.0, 3.0), "too_few"),
        ((-5.0, -4.0, -3.0), "ruled_out"),
        ((-1.0, 0.0, 0.005), "ruled_out"),
    ],
)
def test_only_what_its_whole_interval_denies_is_ruled_out(
    bounds: tuple[float, float, float], expected: str
) -> None:
    assert judged(*bounds) == expected


def test_how_many_are_needed_is_told_by_the_root_law() -> None:
    """An interval that is twice as wide as its middle, on one side, needs four times as many."""
    found = doubt_of("Here", saving(-2.0, 2.0, 6.0), Seen(30, "sessions"), "-2 to 6", least=0.01)
    assert found is not None
    assert found.reason == "Here the saving is not certain: -2 to 6, from 30 sessions; about 120 are needed."


def test_with_as_many_as_are_needed_the_lower_bound_reaches_nothing() -> None:
    """Sums of draws: n values of mean 1 and deviation 4 have a lower bound of n - 1.96 * 4 * sqrt(n)."""
    count = 20
    mid, half = float(count), 1.96 * 4.0 * np.sqrt(count)
    times = times_needed(saving(mid - half, mid, mid + half))
    assert times is not None
    needed = count * times
    assert needed - 1.96 * 4.0 * np.sqrt(needed) == pytest.approx(0.0)


def test_no_number_is_said_where_the_middle_is_no_saving() -> None:
    assert times_needed(saving(-3.0, -1.0, 2.0)) is None


def advice_on(calls: int) -> Recommendation:
    """On so many calls, of sessions of their own, that may go to a model that is as good for a fifth of the price."""
    study = study_of_calls([{"model_served": LARGE}] * calls)
    (name,) = study.calls.classes
    study = replace(
        study,
        settings=Settings(classes={name: ClassSettings(allowed_models=(LARGE, MINI))}),
        grades=(Grade(name, LARGE, 0.9, 1000), Grade(name, MINI, 0.9, 1000)),
    )
    (found,) = propose(study)
    return evaluated(study, found)


@pytest.mark.parametrize(("calls", "status"), [(48, "withheld"), (50, "recommended")])
def test_a_true_saving_of_too_few_sessions_is_not_ruled_out_and_as_many_as_it_says_are_enough(
    calls: int, status: str
) -> None:
    found = advice_on(calls)
    assert (found.status, found.withheld_as) == (status, "too_few" if status == "withheld" else None)
    assert ("20 that are needed on each; about 50 in all" in found.reason) == (status == "withheld")


def test_what_adds_nothing_at_all_to_others_is_ruled_out() -> None:
    """The same change twice: the second finds nothing left to save."""
    study = study_of_calls([{"model_served": LARGE}] * 60)
    once = advice_on(60)
    made = [once, with_(once, id="the_same_again")]
    ledger = ledger_of(study, made)
    (dropped,) = (each for each in settled(made, ledger) if each.status == "withheld")
    assert dropped.withheld_as == "ruled_out"
    assert dropped.reason.endswith("Once the other changes are made, it saves nothing more.")
