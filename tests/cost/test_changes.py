"""What changed is named, with how it came about; what is chance is not, and a day's jump is not averaged away."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.cost.change import change_of_part, change_of_total, spent
from costctl.cost.spending import changes_of, timeline_of
from costctl.documents.spending import Change, Changes, Comparison
from costctl.frames.spending import Amount
from tests.cost.spending_worlds import START_NS, Drawn, drawn, spending
from tests.thoroughness import how_many

DAY_S = 86_400.0
WEEK_H = 168.0
SEEDS = range(40)
NOON_NS = START_NS + 12 * 3_600_000_000_000


def week(seed: int) -> Drawn:
    return drawn(seed, WEEK_H, 20)


def second_half(requests: Drawn) -> np.ndarray:
    return requests.at_s >= WEEK_H * 1800.0


def named(changes: Changes) -> list[Change]:
    """Everything that is said to have changed."""
    compared = [*([changes.halves] if changes.halves is not None else []), *changes.days]
    return [
        change
        for each in compared
        for change in (*((each.total,) if each.total.is_listed else ()), *each.movers)
    ]


def halves(changes: Changes) -> Comparison:
    assert changes.halves is not None
    return changes.halves


@pytest.mark.parametrize(
    ("hours", "sessions", "swing"), [(48.0, 40.0, 0.5), (WEEK_H, 10.0, 0.5), (1.5, 200.0, 0.0)]
)
def test_where_nothing_changed_no_change_is_claimed(hours: float, sessions: float, swing: float) -> None:
    quiet = [
        seed for seed in SEEDS if not named(changes_of(spending(drawn(seed, hours, sessions, swing), hours)))
    ]
    assert len(quiet) >= 38, sorted(set(SEEDS) - set(quiet))


@pytest.mark.parametrize("seed", range(how_many(5, thorough=20)))
def test_a_model_that_becomes_dearer_is_named_with_its_price(seed: int) -> None:
    requests = week(seed)
    is_dearer = second_half(requests) & requests.where("model", "claude-sonnet-4-5")
    first = halves(changes_of(spending(requests.with_usd(np.where(is_dearer, 1.6, 1.0)), WEEK_H)))
    (mover,) = (change for change in first.movers if change.of == "model")
    assert (mover.value, mover.mainly) == ("claude-sonnet-4-5", "unit_cost")
    assert (first.total.is_listed, first.total.mainly) == (True, "unit_cost")


@pytest.mark.parametrize("seed", range(how_many(5, thorough=20)))
def test_a_tenant_that_asks_twice_as_much_is_named_with_its_volume(seed: int) -> None:
    requests = week(seed)
    more = drawn(seed + 1_000, WEEK_H, 20)
    more = more.kept(second_half(more) & more.where("tenant", "birch"))
    first = halves(changes_of(spending(requests.beside(more), WEEK_H)))
    (mover,) = (change for change in first.movers if change.of == "tenant")
    assert (mover.value, mover.mainly) == ("birch", "volume")


@pytest.mark.parametrize("seed", range(how_many(5, thorough=20)))
def test_where_dear_requests_take_the_place_of_cheap_ones_the_mix_is_named(seed: int) -> None:
    requests = drawn(seed, WEEK_H, 40)
    rng = np.random.default_rng(seed)
    is_rare = np.where(second_half(requests), "chat", "agent")
    kept = requests.kept((requests.names["class"] != is_rare) | (rng.random(requests.at_s.size) < 0.3))
    first = halves(changes_of(spending(kept, WEEK_H)))
    assert (first.total.is_listed, first.total.mainly) == (True, "mix")
    movers = {change.value: change.mainly for change in first.movers if change.of == "class"}
    assert movers["agent"] == "volume"


@pytest.mark.parametrize("seed", range(how_many(5, thorough=20)))
def test_one_day_of_seven_that_costs_three_times_as_much_is_shown_though_the_halves_hide_it(
    seed: int,
) -> None:
    requests = week(seed)
    is_that_day = requests.at_s // DAY_S == 3
    is_dearer = is_that_day & requests.where("class", "agent")
    changes = changes_of(spending(requests.with_usd(np.where(is_dearer, 3.0, 1.0)), WEEK_H))
    assert halves(changes).movers == ()
    jumps = [
        (day.after_from[:10], change.value, change.change_usd > 0)
        for day in changes.days
        for change in day.movers
        if change.of == "class"
    ]
    assert jumps == [("2026-11-23", "agent", True), ("2026-11-24", "agent", False)]


def test_a_part_of_a_day_is_not_compared_with_a_whole_one() -> None:
    requests = drawn(3, 84.0, 20)  # from noon to midnight, three and a half days later
    changes = changes_of(spending(requests, 84.0, NOON_NS))
    assert [halves(changes).before_from, halves(changes).after_to] == [
        "2026-11-21T00:00:00.000000Z",
        "2026-11-24T00:00:00.000000Z",
    ]
    assert halves(changes).days == 1
    assert {day.seconds for day in changes.days} == {DAY_S}
    assert len(changes.days) == 2


def test_the_halves_of_a_window_without_two_whole_days_are_equally_long() -> None:
    first = halves(changes_of(spending(drawn(3, 36.0, 20), 36.0, NOON_NS)))
    assert (first.days, first.seconds, first.is_same_time_of_day) == (0, pytest.approx(18 * 3600.0), False)


def test_less_than_an_hour_is_too_short_and_says_so() -> None:
    changes = changes_of(spending(drawn(3, 0.5, 200, 0.0), 0.5))
    assert (changes.halves, changes.days) == (None, ())
    assert changes.reason is not None


def test_a_class_that_is_new_is_all_volume() -> None:
    requests = week(1)
    kept = requests.kept(second_half(requests) | ~requests.where("class", "agent"))
    first = halves(changes_of(spending(kept, WEEK_H)))
    mover = next(change for change in first.movers if change.value == "agent")
    assert (mover.before.requests, mover.mainly, mover.volume_usd) == (0, "volume", mover.change_usd)


AMOUNTS = st.builds(
    Amount,
    requests=st.integers(1, 10_000),
    usd=st.floats(0, 1e6),
    unpriced_charges=st.just(0),
) | st.just(Amount(0, None, 0))


@given(before=AMOUNTS, after=AMOUNTS)
def test_volume_and_cost_per_request_add_up_to_the_change(before: Amount, after: Amount) -> None:
    change = change_of_part("class", "value", "chat", (spent(before), spent(after)), 0.0, 0.0)
    assert change is not None
    added = change.volume_usd + change.unit_cost_usd
    assert math.isclose(added, change.change_usd, rel_tol=1e-12, abs_tol=1e-9)


@given(sides=st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=5))
def test_volume_cost_per_request_and_mix_add_up_to_the_change_of_the_total(
    sides: list[tuple[Amount, Amount]],
) -> None:
    classes = [
        change
        for before, after in sides
        if (change := change_of_part("class", "value", "chat", (spent(before), spent(after)), 0.0, 0.0))
    ]
    whole = (spent(Amount.sum(before for before, _ in sides)), spent(Amount.sum(after for _, after in sides)))
    total = change_of_total(whole, classes, 0.0, 0.0)
    added = total.volume_usd + total.unit_cost_usd + (total.mix_usd or 0.0)
    assert math.isclose(added, total.change_usd, rel_tol=1e-9, abs_tol=1e-6)
    assert math.isclose(
        total.change_usd, sum(each.change_usd for each in classes), rel_tol=1e-9, abs_tol=1e-6
    )


def test_without_a_change_of_the_mix_there_is_no_effect_of_it() -> None:
    before, after = Amount(100, 1.0, 0), Amount(200, 2.0, 0)
    classes = [
        change_of_part("class", "value", name, (spent(before), spent(after)), 0.0, 0.0) for name in ("a", "b")
    ]
    whole = (spent(Amount(200, 2.0, 0)), spent(Amount(400, 4.0, 0)))
    total = change_of_total(whole, [each for each in classes if each is not None], 0.0, 0.0)
    assert (total.mix_usd, total.volume_usd) == (pytest.approx(0.0), pytest.approx(2.0))


def test_the_days_of_the_timeline_sum_to_all_that_was_spent() -> None:
    requests = week(2)
    timeline = timeline_of(spending(requests, WEEK_H))
    assert sum(timeline.total.requests) == requests.at_s.size
    assert math.fsum(usd or 0.0 for usd in timeline.total.usd) == pytest.approx(requests.usd.sum(), rel=1e-12)
    by_class = zip(*(series.requests for series in timeline.classes), strict=True)
    assert tuple(sum(day) for day in by_class) == timeline.total.requests
    assert [slot.is_whole for slot in timeline.slots] == [True] * 7
