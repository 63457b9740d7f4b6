"""Laws of marginal cost: draws change no mean, what takes no time saves none, time has no unit; and a slow twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costctl.arrays import Floats
from costctl.cost.marginal import Removal, removals
from costctl.service_model.covariance import Covariance
from costctl.service_model.law_draws import deviating, deviations, error_roots
from costctl.simulate.lanes import Lanes
from costctl.simulate.workload import Pool, PoolSetup, ServiceModel, Workload
from tests.cost.fitted_by_hand import drawn_workload, fits_of
from tests.oracles.heap_replay import stepwise_replay

SETUP = PoolSetup(2, 8, "least_outstanding", 0.0, Lanes.plain(2))
DECODING = Pool(ServiceModel("continuous", 0.02, 0.001, 0.0001, True), SETUP)
ERRORS_S2: Covariance = ((4e-8, -1e-9, 0.0), (-1e-9, 1e-10, 0.0), (0.0, 0.0, 1e-14))
CLASSES = ("often", "seldom")


def some_calls(size: int = 300, seed: int = 5) -> Workload:
    """Two classes, a busy pool of two replicas."""
    rng = np.random.default_rng(seed)
    request_class = (rng.random(size) < 0.2).astype(np.int64)
    tokens, steps = rng.integers(100, 900, size), rng.integers(5, 40, size)
    return drawn_workload(rng, 0.12, request_class, tokens, steps)


def saved_s(removal: Removal) -> Floats:
    """By replicate, seconds that the class saves."""
    return removal.saved_s.mean(axis=2).sum(axis=(1, 2))


def test_the_laws_of_a_pair_are_the_fitted_one_on_average() -> None:
    roots = error_roots(fits_of(some_calls(), DECODING, CLASSES, ERRORS_S2).fitted)
    for seed in range(20):
        by = deviations(roots, np.random.default_rng(seed))
        (one,), (other,) = (deviating([DECODING], sign * by) for sign in (1.0, -1.0))
        for name in ("alpha_s", "beta_s", "gamma_s"):
            pair = [getattr(each.model, name) for each in (one, other)]
            assert min(pair) > 0.0
            assert sum(pair) / 2 == pytest.approx(getattr(DECODING.model, name), rel=1e-12)


def test_deviations_are_as_far_apart_and_as_correlated_as_the_fit_says_and_keep_the_pace() -> None:
    roots = error_roots(fits_of(some_calls(), DECODING, CLASSES, ERRORS_S2).fitted)
    rng = np.random.default_rng(3)
    drawn = np.array([deviations(roots, rng)[0] for _ in range(20_000)])
    constants = np.array([0.02, 0.001, 0.0001])
    expected = np.array(ERRORS_S2) / np.outer(constants, constants)
    expected[:2, :2] += 0.005**2
    assert np.cov(drawn.T) == pytest.approx(expected, abs=0.03 * expected.max())


def test_calls_that_take_no_time_save_none_and_delay_nobody() -> None:
    model = ServiceModel("static", alpha_s=0.0, beta_s=0.0, gamma_s=0.001)
    pool = Pool(model, replace(SETUP, replicas=1, max_num_seqs=1))
    calls = some_calls()
    weightless = replace(calls, uncached_tokens=np.where(calls.lane == 1, 0, calls.uncached_tokens))
    removed = removals(fits_of(weightless, pool, CLASSES), 0)
    assert saved_s(removed["seldom"]) == pytest.approx(0.0, abs=1e-9)
    assert np.abs(removed["seldom"].delay_s).max() == pytest.approx(0.0, abs=1e-9)
    assert saved_s(removed["often"]).min() > 0.0


def test_in_other_units_of_time_the_same_calls_cost_the_same() -> None:
    # Four is a power of two, so that not a bit of the draws or the replays may differ.
    calls, model = some_calls(), DECODING.model
    slower = Pool(
        replace(model, alpha_s=4 * model.alpha_s, beta_s=4 * model.beta_s, gamma_s=4 * model.gamma_s), SETUP
    )
    stretched = replace(calls, arrival_s=4 * calls.arrival_s)
    errors: Covariance = tuple(tuple(16 * each for each in row) for row in ERRORS_S2)
    here = removals(fits_of(calls, DECODING, CLASSES, ERRORS_S2), 1)
    there = removals(fits_of(stretched, slower, CLASSES, errors), 1)
    for name in CLASSES:
        assert there[name].saved_s == pytest.approx(4 * here[name].saved_s, rel=1e-9, abs=1e-9)
        assert there[name].delay_s == pytest.approx(4 * here[name].delay_s, rel=1e-9, abs=1e-9)


def test_every_request_is_taken_away_once_in_each_replicate_and_classes_share_the_days() -> None:
    removed = removals(fits_of(some_calls(), DECODING, CLASSES, ERRORS_S2), 2)
    replicates, parts, signs, pools = removed["often"].saved_s.shape
    assert replicates >= 3
    assert 12 <= parts <= 18
    assert (signs, pools) == (2, 1)
    shared = min(parts, removed["seldom"].is_idle.size)
    assert (removed["often"].deviations[:, :shared] == removed["seldom"].deviations[:, :shared]).all()


def test_where_the_first_replicates_agree_no_others_are_made() -> None:
    # One replica that never batches: each day costs what the calls take, and a class saves its share of it.
    steady = Pool(replace(DECODING.model, alpha_s=0.0005), replace(SETUP, replicas=1, max_num_seqs=1))
    agreed = removals(fits_of(some_calls(), steady, CLASSES, ERRORS_S2), 3)
    chaotic = removals(fits_of(some_calls(), DECODING, CLASSES, ERRORS_S2), 3)
    for name in CLASSES:
        few, many = saved_s(agreed[name]), saved_s(chaotic[name])
        assert few.size == 4 < many.size
        assert few.std(ddof=1) / 2 <= 0.02 * few.mean()
    first = saved_s(chaotic["seldom"])[:4]
    assert first.std(ddof=1) / 2 > 0.02 * first.mean()


def test_with_an_exact_law_it_is_what_a_slow_twin_says_of_each_request() -> None:
    # α and β are 0, so that no day has a pace of its own; of twelve requests each is a part by itself.
    rng = np.random.default_rng(8)
    few = drawn_workload(rng, 0.3, np.zeros(12, np.int64), rng.integers(100, 900, 12), np.zeros(12, np.int64))
    model, setup = ServiceModel("static", 0.0, 0.0, 0.001), replace(SETUP, max_num_seqs=3)
    pool = Pool(model, replace(setup, lanes=Lanes.plain(1)))
    (removal,) = removals(fits_of(few, pool, ("only",)), 0).values()
    everyone_s = stepwise_replay(few, [0] * 12, [pool]).busy_s.sum()
    one_less = sum(everyone_s - busy_s_without(few, number, pool) for number in range(12))
    assert saved_s(removal) == pytest.approx(one_less)


def busy_s_without(calls: Workload, number: int, pool: Pool) -> float:
    """Busy seconds where one call is not made."""
    keep = np.arange(calls.size) != number
    kept = replace(
        calls,
        **{
            name: getattr(calls, name)[keep]
            for name in (
                "arrival_s",
                "after",
                "think_s",
                "uncached_tokens",
                "decode_steps",
                "lane",
                "replica",
            )
        },
    )
    return float(stepwise_replay(kept, [0] * kept.size, [pool]).busy_s.sum())


def test_of_few_that_find_a_replica_idle_not_all_are_taken_away_at_once() -> None:
    # Twenty bursts of a dozen calls: the first of each finds the replica idle, one call in twelve.
    starts = np.arange(20) * 100.0
    model, setup = ServiceModel("static", 0.0, 0.0, 0.001), replace(SETUP, replicas=1, max_num_seqs=1)
    quiet = Workload(
        arrival_s=np.repeat(starts, 12) + np.tile(0.5 * np.arange(12), 20),
        after=np.full(240, -1),
        think_s=np.zeros(240),
        uncached_tokens=np.full(240, 900),
        decode_steps=np.zeros(240, np.int64),
        lane=np.zeros(240, np.int64),
        replica=np.zeros(240, np.int64),
    )
    (removal,) = removals(
        fits_of(quiet, Pool(model, replace(setup, lanes=Lanes.plain(1))), ("only",)), 0
    ).values()
    assert len(removal.found_idle_ids) == 20
    assert removal.is_idle.sum() == 6
