"""What interruptions of spot replicas make calls do again: the formula, a slow run of the same, and a replay's bill."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.placement_settings import Spot
from costctl.documents.settings import Pool
from costctl.scenario.interruptions import done_again_ratio, interruptions_per_s, there_ratio
from tests.levers.small_platforms import period

SECONDS = st.lists(st.floats(0.01, 100.0), min_size=1, max_size=20).map(np.array)


def held_s(service_s: float, per_s: float, rng: np.random.Generator) -> float:
    """How long a call holds its place, run through: it begins anew whenever an interruption comes before its end."""
    total_s = 0.0
    while (next_s := rng.exponential(1.0 / per_s)) < service_s:
        total_s += next_s
    return total_s + service_s


def test_the_formula_is_what_running_it_through_takes() -> None:
    rng = np.random.default_rng(0)
    times_s = [held_s(10.0, 0.1, rng) for _ in range(20_000)]
    ratio = float(np.mean(times_s)) / 10.0 - 1.0
    assert done_again_ratio(np.array([10.0]), 0.1) == pytest.approx(np.e - 2.0)
    assert ratio == pytest.approx(np.e - 2.0, abs=4 * np.std(times_s) / 10.0 / np.sqrt(20_000))


def test_few_interruptions_take_half_a_call_each() -> None:
    # once an hour, calls of 36 s: one in a hundred is interrupted, and has done half of its work
    assert done_again_ratio(np.full(3, 36.0), 1 / 3600) == pytest.approx(0.005, rel=0.01)


@given(SECONDS, st.floats(1e-6, 0.01), st.floats(1.0, 5.0))
def test_more_interruptions_and_longer_calls_never_take_less(
    service_s: np.ndarray, per_s: float, factor: float
) -> None:
    ratio = done_again_ratio(service_s, per_s)
    assert 0.0 < ratio <= done_again_ratio(service_s, factor * per_s) * (1 + 1e-9)
    assert ratio <= done_again_ratio(factor * service_s, per_s) * (1 + 1e-9)
    assert done_again_ratio(service_s / factor, factor * per_s) == pytest.approx(ratio)


def test_nothing_is_done_again_without_interruptions_or_calls() -> None:
    assert done_again_ratio(np.array([10.0]), 0.0) == 0.0
    assert done_again_ratio(np.array([]), 0.1) == 0.0


def test_a_replica_that_is_taken_every_hour_and_starts_in_twenty_minutes_is_there_three_quarters_of_the_time() -> (
    None
):
    assert there_ratio(1 / 3600, 1200.0) == pytest.approx(0.75)
    assert there_ratio(0.0, 1200.0) == 1.0


def test_a_pool_on_spot_costs_what_spot_says() -> None:
    pool = Pool(spot=Spot(usd_per_replica_hour=1.2, interruptions_per_hour=2.0))
    assert pool.usd_per_replica_hour == 1.2
    assert interruptions_per_s(pool) == pytest.approx(2 / 3600)
    assert interruptions_per_s(Pool(usd_per_replica_hour=1.2)) == 0.0
    with pytest.raises(ValueError, match="leave usd_per_replica_hour out"):
        Pool(usd_per_replica_hour=3.0, spot=pool.spot)


def test_a_replay_charges_what_is_done_again_at_the_price_of_busy_time() -> None:
    plain = period(200)
    often = replace(plain, interruptions_per_s=np.array([0.01]))
    outcome = plain.today
    ratio = done_again_ratio(outcome.end_s - outcome.begin_s, 0.01)
    calm, interrupted = (each.trial(each.pools) for each in (plain, often))
    assert ratio > 0.001
    assert interrupted.busy_usd.sum() == pytest.approx(calm.busy_usd.sum() * (1.0 + ratio))
    assert interrupted.paid_usd.tolist() == calm.paid_usd.tolist()
