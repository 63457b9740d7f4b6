"""A class whose calls go to several models: those of each are judged alone, by their own bill and their own grades.

A call costs 0.04 USD at gpt-4.1, a fifth of that at gpt-4.1-mini and a twentieth at gpt-4.1-nano.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from costctl.documents.grades import Grade
from costctl.documents.policy import Backend, Match, Placement, Policy, PolicyClass, Target
from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import ClassSettings, Settings
from costctl.levers.bought_from_policy import bought_settings
from costctl.levers.plan import plan_of
from costctl.levers.platform import Platform
from costctl.levers.settings import Setting, setting, settings_in
from costctl.levers.to_policy import to_policy
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.kinds.model_choice import propose
from costctl.recommend.bought.ledger import ledger_of
from costctl.recommend.bought.study import BoughtStudy
from costctl.units import S_PER_WEEK
from tests.policy.policies import sound_policy
from tests.recommend.calls_by_hand import study_of_calls

LARGE, MINI, NANO = "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"
USD = {LARGE: 0.04, MINI: 0.008, NANO: 0.002}
HALF_AND_HALF = [LARGE, MINI] * 60


def study_of(models: Sequence[str], *, allowed: tuple[str, ...] = (LARGE, MINI, NANO)) -> BoughtStudy:
    """Calls of one class to these models, one after the other."""
    study = study_of_calls([{"model_served": each} for each in models])
    (name,) = study.calls.classes
    return replace(study, settings=Settings(classes={name: ClassSettings(allowed_models=allowed)}))


def advice(study: BoughtStudy, **scores: float) -> dict[str, Recommendation]:
    """By the model that is replaced. scores: of a thousand graded answers each of large, mini and nano."""
    (name,) = study.calls.classes
    models = {"large": LARGE, "mini": MINI, "nano": NANO}
    grades = tuple(Grade(name, models[size], score, 1000) for size, score in scores.items())
    study = replace(study, grades=grades)
    return {str(each.subject.form): evaluated(study, each) for each in propose(study)}


def saved_usd(study: BoughtStudy, found: Recommendation) -> float:
    assert found.cash_usd_per_week is not None
    return found.cash_usd_per_week.mid * study.window_s / S_PER_WEEK


def test_only_the_calls_that_may_go_to_another_model_are_compared_and_billed() -> None:
    study = study_of(HALF_AND_HALF)
    found = advice(study, large=0.9, mini=0.9, nano=0.7)
    assert (found[LARGE].status, found[MINI].status) == ("recommended", "withheld")
    (change,) = found[LARGE].change
    assert (change.from_, change.to, change.instead_of) == (LARGE, MINI, LARGE)
    assert saved_usd(study, found[LARGE]) == pytest.approx(60 * (USD[LARGE] - USD[MINI]))
    assert "the cheaper models worse than gpt-4.1-mini" in found[MINI].reason


def test_each_models_grades_are_set_beside_those_of_the_model_it_would_replace() -> None:
    """What is as good as the small model is not as good as the large one."""
    found = advice(study_of(HALF_AND_HALF), large=0.95, mini=0.8, nano=0.8)
    assert (found[LARGE].status, found[MINI].status) == ("withheld", "recommended")
    assert [each.id for each in found[MINI].evidence] == ["calls_of_model", f"grades.{NANO}", "bills"]


def test_a_dearer_model_that_is_no_worse_does_not_hide_a_cheaper_one_without_grades() -> None:
    found = advice(study_of([MINI] * 60), large=0.9, mini=0.9)
    assert {name: (each.status, each.change[0].to) for name, each in found.items()} == {
        "None": ("candidate", NANO)
    }


def test_the_cheapest_of_all_is_told_that_none_is_cheaper() -> None:
    found = advice(study_of([NANO, LARGE] * 60), large=0.9, nano=0.9)
    assert (found[NANO].status, found[NANO].reason) == (
        "withheld",
        "No other model that it allows is cheaper than gpt-4.1-nano, by prices that are known.",
    )


def test_a_class_that_says_nothing_of_models_gets_one_line_for_all_of_them() -> None:
    found = advice(study_of(HALF_AND_HALF, allowed=()))
    assert list(found) == [LARGE]
    assert found[LARGE].status == "candidate"
    assert found[LARGE].missing[0].endswith('.allowed_models = ["gpt-4.1", "gpt-4.1-mini"]')


def test_two_models_of_a_class_may_both_be_replaced_and_their_savings_add_up() -> None:
    study = study_of(HALF_AND_HALF)
    found = advice(study, large=0.9, mini=0.9, nano=0.9)
    assert {name: each.change[0].to for name, each in found.items()} == {LARGE: NANO, MINI: NANO}
    joint = ledger_of(study, [*found.values()]).joint
    assert joint is not None
    assert joint.cash_usd_per_week is not None
    assert joint.cash_usd_per_week.mid * study.window_s / S_PER_WEEK == pytest.approx(
        sum(saved_usd(study, each) for each in found.values())
    )
    assert sum(saved_usd(study, each) for each in found.values()) == pytest.approx(
        60 * (USD[LARGE] + USD[MINI] - 2 * USD[NANO])
    )


def test_names_of_one_model_with_a_date_and_without_are_replaced_together() -> None:
    study = study_of([LARGE, "gpt-4.1-2025-04-14", MINI] * 40)
    found = advice(study, large=0.9, mini=0.9, nano=0.7)
    assert {(each.instead_of, each.to) for each in found[LARGE].change} == {
        (LARGE, MINI),
        ("gpt-4.1-2025-04-14", MINI),
    }
    assert saved_usd(study, found[LARGE]) == pytest.approx(80 * (USD[LARGE] - USD[MINI]))


def policy_of(*entries: tuple[str, ...]) -> Policy:
    """An entry of the class chat for each of these lists of backends, which are models of OpenAI's; calls ask for the
    first of them.
    """
    sold = tuple(Backend(each, each, provider="openai") for each in (LARGE, MINI))
    classes = tuple(
        PolicyClass(
            f"chat.{number}",
            "chat",
            Match(model=(models[0],)),
            "first",
            Placement(tuple(Target(each, 100 // len(models)) for each in models)),
        )
        for number, models in enumerate(entries)
    )
    return sound_policy(backends=sold, classes=classes, default_class="chat.0")


def moved(replaced: str) -> Setting:
    return replace(setting("class", "model", "chat", NANO), instead_of=replaced)


def targets(policy: Policy) -> list[dict[str, int]]:
    return [{each.backend: each.weight for each in kind.placement.targets} for kind in policy.classes]


def test_a_policy_changes_the_entries_that_go_to_the_model_and_says_so_when_it_is_read() -> None:
    written = to_policy(policy_of((LARGE,), (MINI,)), [moved(LARGE)], Platform({}, {}), {})
    assert targets(written.policy) == [{f"openai.{NANO}": 100}, {MINI: 100}]
    assert written.pointers == {"class.chat.model[gpt-4.1]": ("/classes/0/placement/targets",)}
    assert plan_of(bought_settings(written.policy)[0]) == plan_of([moved(LARGE)])


def test_within_an_entry_only_what_goes_to_the_model_moves() -> None:
    written = to_policy(policy_of((LARGE, MINI)), [moved(MINI)], Platform({}, {}), {})
    assert targets(written.policy) == [{LARGE: 50, f"openai.{NANO}": 50}]


def test_a_model_that_no_entry_goes_to_is_not_carried() -> None:
    written = to_policy(policy_of((LARGE,)), [moved(MINI)], Platform({}, {}), {})
    assert [each.reason for each in written.not_carried] == ["no entry of chat goes to gpt-4.1-mini"]


def test_what_is_replaced_survives_the_document() -> None:
    found = advice(study_of(HALF_AND_HALF), large=0.9, mini=0.9, nano=0.7)[LARGE]
    (made,) = settings_in(found.change, found.id)
    assert made.key.endswith(".model[gpt-4.1]")
