"""Of bills with a known gap, each gap is explained within 1 % of its amount; of those without, nothing is claimed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reconcile.compared_worlds import CAUSES, compared, of_cause
from tests.synth.billed_worlds import Form, Plant, World

ONE_PERCENT = 0.01
PLANTED: list[tuple[int, tuple[Plant, ...], Form, bool]] = [
    (1, ("key",), "api", True),
    (2, ("key",), "focus", False),
    (3, ("price",), "api", True),
    (4, ("zone",), "focus", True),
    (5, ("discount",), "api", True),
    (6, ("zone", "discount"), "api", True),
    (7, ("key", "price"), "focus", True),
    (8, ("discount", "price"), "api", True),
    (9, ("key", "zone"), "api", False),
    (10, ("day",), "focus", True),
    (11, ("model",), "api", True),
    (12, ("share",), "api", True),
    (13, ("cached",), "focus", True),
    (14, ("output",), "api", True),
]


@pytest.mark.parametrize(("seed", "plants", "form", "names_keys"), PLANTED)
def test_a_planted_gap_is_explained_with_its_amount(
    seed: int, plants: tuple[Plant, ...], form: Form, names_keys: bool, tmp_path: Path
) -> None:
    world = World(seed, frozenset(plants), form, names_keys)
    document = compared(world, tmp_path)
    truth = world.truth()
    for plant in plants:
        assert of_cause(document, CAUSES[plant]) == pytest.approx(
            float(truth[plant]), rel=ONE_PERCENT, abs=0.01
        )
    assert {each.cause for each in document.told} == {CAUSES[plant] for plant in plants}


@pytest.mark.parametrize("form", ["api", "focus"])
def test_the_cut_of_the_days_is_found_to_the_hour_with_what_it_moves(form: Form, tmp_path: Path) -> None:
    world = World(21, frozenset({"zone"}), form)
    (zone,) = [each for each in compared(world, tmp_path).differences if each.cause == "time_zones"]
    assert zone.shift_hours == world.shift_s / 3_600
    assert zone.moved_usd == pytest.approx(float(world.moved_usd()), rel=ONE_PERCENT)
    assert "UTC-8" in zone.said


@pytest.mark.parametrize("seed", range(100, 104))
def test_of_a_bill_without_a_gap_nothing_is_claimed(seed: int, tmp_path: Path) -> None:
    form: Form = "focus" if seed % 2 else "api"
    document = compared(World(seed, form=form, rounded_to=2), tmp_path)
    assert document.is_agreed
    assert document.told == ()
    assert document.is_explained


def test_a_bill_of_quantities_alone_is_valued_at_our_prices(tmp_path: Path) -> None:
    world = World(31, frozenset({"key"}))
    usage, _ = world.write(tmp_path)
    document = compared(world, tmp_path, bills=[usage])
    assert of_cause(document, "not_traced") == pytest.approx(float(world.truth()["key"]), rel=ONE_PERCENT)
    assert document.providers[0].valued_usd == pytest.approx(document.billed_usd, abs=0.01)
    assert any("valued at our prices" in note for note in document.notes)


def test_amounts_alone_show_a_discount_and_no_more_than_that(tmp_path: Path) -> None:
    world = World(32, frozenset({"discount"}))
    _, costs = world.write(tmp_path)
    document = compared(world, tmp_path, bills=[costs])
    assert of_cause(document, "discounts_and_credits") == pytest.approx(
        float(world.truth()["discount"]), rel=ONE_PERCENT
    )
    assert {each.cause for each in document.told} == {"discounts_and_credits"}


def test_amounts_alone_do_not_tell_why_some_calls_are_missing(tmp_path: Path) -> None:
    world = World(33, frozenset({"share"}))
    _, costs = world.write(tmp_path)
    document = compared(world, tmp_path, bills=[costs])
    assert {each.reason for each in document.differences} <= {"no_quantities", "small"}
    assert of_cause(document, "rest") == pytest.approx(float(world.truth()["share"]), rel=ONE_PERCENT)
    assert not document.is_explained
