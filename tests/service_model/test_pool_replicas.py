"""Names of replicas are not replicas: as many are counted as were in use at once, and declared ones are believed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from costctl.cost.bill import bill_of
from costctl.documents.settings import Pool, Settings
from costctl.service_model.pool_replicas import Life, PoolReplicas, dealt, replicas_of, seconds_in_use
from tests.relations.span_rows import chat, engine_of, frames_of

HOUR_S = 3600.0
A_DAY = 24


def drawn(seed: int, count: int) -> list[Life]:
    """Names in use for whole seconds, as they come."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 12, count)
    lasts = rng.integers(1, 8, count)
    return [
        Life(f"name {number}", int(at) * 10**9, int(at + lasting) * 10**9)
        for number, (at, lasting) in enumerate(zip(first, lasts, strict=True))
    ]


def overlap(one: Life, other: Life) -> bool:
    return one.first_ns < other.last_ns and other.first_ns < one.last_ns


def fewest_by_trying(lives: list[Life]) -> int:
    """The slow twin: every way of giving names to replicas, of as few as possible."""
    pairs = [
        (one, other) for one in range(len(lives)) for other in range(one) if overlap(lives[one], lives[other])
    ]
    return next(
        most
        for most in range(1, len(lives) + 1)
        if any(
            all(given[one] != given[other] for one, other in pairs)
            for given in product(range(most), repeat=len(lives))
        )
    )


@pytest.mark.parametrize("seed", range(12))
def test_names_are_put_into_as_few_replicas_as_can_be(seed: int) -> None:
    lives = drawn(seed, 6)
    fewest = fewest_by_trying(lives)
    assert len(seconds_in_use(lives)) == fewest
    numbers = dealt(lives, most=len(lives))
    assert set(numbers.values()) == set(range(fewest))
    of_one = [(a, b) for a in lives for b in lives if a.name < b.name and numbers[a.name] == numbers[b.name]]
    assert not any(overlap(a, b) for a, b in of_one)


@pytest.mark.parametrize("seed", range(25))
def test_time_in_use_is_what_second_after_second_says(seed: int) -> None:
    lives = drawn(seed, 9)
    at_once = [sum(each.first_ns <= at_s * 10**9 < each.last_ns for each in lives) for at_s in range(20)]
    found = seconds_in_use(lives)
    assert found == [sum(each > level for each in at_once) for level in range(max(at_once))]
    assert sum(found) == sum(each.last_ns - each.first_ns for each in lives) / 1e9
    assert all(fewer >= more for fewer, more in pairwise(found))


@pytest.mark.parametrize("most", [1, 2, 3])
def test_of_more_names_than_replicas_none_is_left_out(most: int) -> None:
    numbers = dealt(drawn(3, 9), most)
    assert len(numbers) == 9
    assert set(numbers.values()) == set(range(most))


def counted(uses: dict[str, tuple[float, float]], declared: int | None) -> tuple[PoolReplicas, float | None]:
    """The replicas of a day of a pool, and what its bill comes to at 1 USD an hour.

    uses: of each name from and to which hour it was in use: a call of a minute at either end, and one now and then.
    """
    spans: list[dict[str, Any]] = []
    for name, (from_h, to_h) in uses.items():
        for number, at_s in enumerate(np.linspace(from_h * HOUR_S, to_h * HOUR_S - 60.0, 5).tolist()):
            spans.append(chat(f"{name}{number}/call", at_s, at_s + 60.0, service="llm", replica_id=name))
    settings = Settings(
        pools={"gpu": Pool(usd_per_replica_hour=1.0, match={"service": "llm"}, replicas=declared)}
    )
    frames = frames_of(engine_of(spans, settings), settings)
    return replicas_of(frames, settings)["gpu"], bill_of(frames, settings).billed_usd


ROLLED = {"a": (0, 12), "b": (0, 12), "c": (12, A_DAY), "d": (12, A_DAY)}


@pytest.mark.parametrize(("declared", "paid"), [(None, 2), (2, 2), (3, 3)])
def test_renamed_replicas_are_paid_for_once_and_idle_ones_as_declared(
    declared: int | None, paid: int
) -> None:
    replicas, usd = counted(ROLLED, declared)
    assert (replicas.count, replicas.most, usd) == (paid, 2, pytest.approx(paid * A_DAY))
    assert replicas.numbers() == {"a": 0, "b": 1, "c": 0, "d": 1}


def test_where_nothing_is_declared_it_says_how_many_names_there_were() -> None:
    (note,) = counted(ROLLED, None)[0].notes()
    assert note.startswith(
        "gpu: calls name 4 replicas, of which at most 2 were in use at one time; 2 are counted"
    )
    assert counted(ROLLED, 2)[0].notes() == ()


def test_old_and_new_side_by_side_for_minutes_are_no_replica_more() -> None:
    """A rolling update starts the new one first: of two replicas there are three for a while."""
    surge = {"a": (0, 12), "b": (0, 12.2), "c": (11.9, A_DAY), "d": (12.1, A_DAY)}
    replicas, usd = counted(surge, 2)
    assert (replicas.count, replicas.most, usd) == (2, 3, pytest.approx(2 * A_DAY))
    assert replicas.above_s == pytest.approx(0.2 * HOUR_S)
    assert replicas.notes() == (
        "gpu: up to 3 replicas were in use at one time, for 12.0 minutes in all more than the 2 declared, which are "
        "counted throughout the window.",
    )
    assert replicas.contradiction() is None
    assert set(replicas.apart().values()) == {0, 1, 2}
    assert set(replicas.numbers().values()) == {0, 1}
    assert counted(surge, None)[1] == pytest.approx(3 * A_DAY)


def test_more_than_are_declared_for_most_of_the_window_contradict_the_declaration() -> None:
    replicas, usd = counted({"a": (0, A_DAY), "b": (0, A_DAY), "c": (1, A_DAY), "d": (23, A_DAY)}, 1)
    assert (replicas.count, usd) == (3, pytest.approx(3 * A_DAY))
    assert replicas.contradiction() == (
        "gpu: 3 replicas were in use at one time for more than half of the window, where replicas = 1 is declared; "
        "3 replicas are counted, as observed. Correct pools.gpu.replicas."
    )


def test_a_name_that_comes_back_is_the_same_replica() -> None:
    replicas, usd = counted({"a": (0, A_DAY), "b": (8, 16)}, None)
    assert (replicas.count, usd) == (2, pytest.approx(2 * A_DAY))
    assert replace(replicas, declared=2).notes() == ()
