"""Intervals cover what they did not see, on days of known law; and where nothing grows, no growth is claimed."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.forecast.estimates import estimate_of
from costctl.forecast.futures import futures_of, outlooks_of
from tests.forecast.daily_worlds import FLAT, GROWING, World, standard_error

WORLDS = 20


def covered(world: World, seed: int, days: int, ahead: int) -> bool:
    """Whether what was spent on the days ahead lies in the interval from the days before."""
    usd = world.spent(seed, days + ahead)
    futures = futures_of(outlooks_of({"chat": usd[:days]}, 7, 1), ahead, seed)
    estimate = estimate_of(futures["chat"].sum(axis=1), 0.95)
    return estimate.low <= usd[days:].sum() <= estimate.high


@pytest.mark.parametrize("world", [FLAT, GROWING, World(shift=0.4, shift_day=15), World(scatter=0.3)])
@pytest.mark.parametrize(("days", "ahead"), [(21, 7), (42, 28)])
def test_the_interval_covers_what_comes(world: World, days: int, ahead: int) -> None:
    hits = sum(covered(world, seed, days, ahead) for seed in range(WORLDS))
    assert hits / WORLDS >= 0.95 - 2.0 * max(standard_error(hits, WORLDS), 0.05)


def test_on_worlds_that_stand_still_no_growth_is_claimed() -> None:
    parts = {"chat": 0.6, "digest": 0.4}
    claims = 0
    for seed in range(40):
        series = {
            name: part * FLAT.spent(1000 * seed + place, 42)
            for place, (name, part) in enumerate(parts.items())
        }
        claims += bool(outlooks_of(series, 7, 1).growing)
    assert claims <= 2


def test_growth_of_a_tenth_a_week_is_claimed_and_found() -> None:
    usd = World(growth=0.10, scatter=0.05).spent(1, 56)
    outlooks = outlooks_of({"chat": usd}, 7, 1)
    assert outlooks.growing == {"chat", None}
    expected = sum(World(growth=0.10).expected(day) for day in range(56, 84))
    total = futures_of(outlooks, 28, 0)["chat"].sum(axis=1)
    assert float(total.mean()) == pytest.approx(expected, rel=0.1)


def test_where_all_grow_a_little_their_sum_grows() -> None:
    series = {name: World(growth=0.05, scatter=0.12).spent(seed, 56) for seed, name in enumerate("abcdef")}
    outlooks = outlooks_of(series, 7, 1)
    assert None in outlooks.growing
    assert all(each.growth_weight == 1.0 for each in outlooks.classes.values())


def test_the_means_of_the_classes_add_up_to_the_mean_of_all() -> None:
    series = {name: FLAT.spent(seed, 28) for seed, name in enumerate("abc")}
    futures = futures_of(outlooks_of(series, 7, 1), 30, 0)
    total = np.sum([each.sum(axis=1) for each in futures.values()], axis=0)
    assert total.mean() == pytest.approx(sum(each.sum(axis=1).mean() for each in futures.values()))
