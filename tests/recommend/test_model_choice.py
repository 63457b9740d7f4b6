"""Another model: advised where graders show it to be no worse, withheld where they show it worse, else to be tried."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from costctl.documents.grades import Grade
from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import ClassSettings, Settings
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.kinds.model_choice import propose
from costctl.recommend.bought.study import BoughtStudy
from tests.thoroughness import how_many

TODAY, CHEAP, CHEAPER = "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"


def advice(shop_study: BoughtStudy, *grades: Grade, margin: float = 0.05) -> Recommendation:
    """Of the class triage, which allows two cheaper models."""
    allowed = ClassSettings(allowed_models=(TODAY, CHEAP, CHEAPER), quality_margin=margin)
    asked = replace(shop_study, settings=Settings(classes={"triage": allowed}), grades=grades)
    (found,) = (each for each in propose(asked) if each.subject.request_class == "triage")
    return evaluated(asked, found)


def with_strays(shop_study: BoughtStudy, other: str) -> BoughtStudy:
    """The same calls, of which each fiftieth was answered by a model of another name."""
    frame = shop_study.calls.frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 50 == 7)
        .then(pl.lit(other))
        .otherwise(pl.col("model"))
        .alias("model")
    )
    return replace(shop_study, calls=replace(shop_study.calls, frame=frame))


def graded(model: str, score: float, n: int = 1000) -> Grade:
    return Grade("triage", model, score, n)


def test_without_grades_the_cheapest_is_to_be_tried_and_the_answers_that_tell_are_counted(
    shop_study: BoughtStudy,
) -> None:
    found = advice(shop_study)
    assert (found.status, found.change[0].to) == ("candidate", CHEAPER)
    assert found.before is not None
    assert "at most 1,570 answers of each model" in found.before


def test_the_cheapest_that_is_no_worse_is_advised_though_a_cheaper_one_is_not(
    shop_study: BoughtStudy,
) -> None:
    found = advice(shop_study, graded(TODAY, 0.9), graded(CHEAP, 0.9), graded(CHEAPER, 0.7))
    assert (found.status, found.change[0].to, found.before) == ("recommended", CHEAP, None)
    measured = {each.id: each.value for each in found.evidence if each.id.startswith("grades.")}
    assert set(measured) == {f"grades.{CHEAP}", f"grades.{CHEAPER}"}
    assert measured[f"grades.{CHEAPER}"] is not None
    assert measured[f"grades.{CHEAPER}"].mid == pytest.approx(-0.2)


def test_of_two_that_are_no_worse_the_cheaper_is_advised(shop_study: BoughtStudy) -> None:
    found = advice(shop_study, graded(TODAY, 0.9), graded(CHEAP, 0.91), graded(CHEAPER, 0.9))
    assert (found.status, found.change[0].to) == ("recommended", CHEAPER)


def test_the_names_of_a_model_with_a_date_and_without_are_one(shop_study: BoughtStudy) -> None:
    found = advice(
        with_strays(shop_study, "gpt-4.1-2025-04-14"),
        graded(TODAY, 0.9),
        graded(CHEAP, 0.9),
        graded(CHEAPER, 0.7),
    )
    assert (found.status, found.change[0].to) == ("recommended", CHEAP)


def test_what_is_worse_is_withheld_with_its_grades(shop_study: BoughtStudy) -> None:
    found = advice(shop_study, graded(TODAY, 0.9), graded(CHEAP, 0.7), graded(CHEAPER, 0.7))
    assert (found.status, found.withheld_as, found.change) == ("withheld", "ruled_out", ())
    assert "worse than gpt-4.1" in found.reason
    assert len(found.evidence) == 2


def test_too_few_grades_ask_for_as_many_as_the_score_of_today_needs(shop_study: BoughtStudy) -> None:
    found = advice(shop_study, graded(TODAY, 0.9, 50), graded(CHEAPER, 0.88, 50))
    assert found.status == "candidate"
    assert found.before is not None
    assert "Its grades do not tell yet" in found.before
    assert "566 answers of each model" in found.before


def test_a_wider_margin_never_takes_advice_back(shop_study: BoughtStudy) -> None:
    grades = (graded(TODAY, 0.9), graded(CHEAPER, 0.86))
    ranks = ["withheld", "candidate", "recommended"]
    found = [
        ranks.index(advice(shop_study, *grades, margin=margin).status) for margin in (0.005, 0.02, 0.05, 0.1)
    ]
    assert found == sorted(found)
    assert found[-1] == 2


def test_of_many_worlds_a_model_that_is_worse_by_the_margin_is_seldom_advised(
    shop_study: BoughtStudy,
) -> None:
    """Graders that pass answers at random, of a model that is just too bad."""
    rng = np.random.default_rng(16)
    advised, worlds = 0, how_many(12, thorough=200)
    for _ in range(worlds):
        old, new = rng.binomial(400, 0.9) / 400, rng.binomial(400, 0.85) / 400
        asked = (graded(TODAY, old, 400), graded(CHEAP, new, 400), graded(CHEAPER, new, 400))
        advised += advice(shop_study, *asked).status == "recommended"
    assert advised <= 1 + 0.05 * worlds


def test_a_class_that_says_nothing_of_models_is_shown_the_cheapest_that_the_traces_know(
    shop_study: BoughtStudy,
) -> None:
    bare = replace(shop_study, settings=Settings())
    found = {each.subject.request_class: evaluated(bare, each) for each in propose(bare)}
    assert {name: each.change[0].to for name, each in found.items()} == {"digest": CHEAP, "triage": CHEAP}
    assert found["triage"].missing == ('classes.triage.allowed_models = ["gpt-4.1", "gpt-4.1-mini"]',)
