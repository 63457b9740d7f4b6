"""Intervals over blocks of time: exact ratios, honest coverage, and no answer without enough blocks."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.simulate.busy_blocks import block_edges_s, busy_s_by_pool_and_block, counts_by_block
from costctl.simulate.workload import Outcome
from costctl.stats.blocks import BLOCKS, FEWEST_BLOCKS, ratio_over_blocks, ratio_over_requests
from tests.thoroughness import how_many

DRAWN = how_many(60, thorough=300)


def test_the_middle_is_the_ratio_of_the_sums() -> None:
    rng = np.random.default_rng(1)
    tops, bottoms = rng.uniform(0, 5, BLOCKS), rng.integers(1, 9, BLOCKS).astype(float)
    estimate = ratio_over_blocks(tops, bottoms, "m", rng)
    assert estimate is not None
    assert estimate.mid == pytest.approx(tops.sum() / bottoms.sum())
    assert estimate.low <= estimate.mid <= estimate.high


def test_fewer_than_28_blocks_give_no_interval() -> None:
    bottoms = np.zeros(BLOCKS)
    bottoms[: FEWEST_BLOCKS - 1] = 1.0
    assert ratio_over_blocks(bottoms, bottoms, "m", np.random.default_rng(0)) is None


def test_nine_in_ten_intervals_or_more_cover_the_truth() -> None:
    # Blocks share a burst: within one, cost per request moves together. True ratio: 2.
    rng = np.random.default_rng(20)
    covered = 0
    for _ in range(300):
        requests = rng.poisson(40, BLOCKS).astype(float)
        level = rng.gamma(8.0, 2.0 / 8.0, BLOCKS)
        estimate = ratio_over_blocks(requests * level, requests, "m", rng)
        assert estimate is not None
        covered += estimate.low <= 2.0 <= estimate.high
    assert covered / 300 >= 0.90


def test_a_ratio_over_requests_keeps_attempts_together() -> None:
    rng = np.random.default_rng(3)
    usd, successes = rng.exponential(1.0, 500), (rng.random(500) < 0.8).astype(float)
    estimate = ratio_over_requests(usd, successes, "m", rng)
    assert estimate is not None
    assert estimate.mid == pytest.approx(usd.sum() / successes.sum())
    assert ratio_over_requests(usd[:27], successes[:27], "m", rng) is None


def test_drawn_in_groups_the_interval_is_that_of_requests_and_covers_the_truth() -> None:
    rng, size = np.random.default_rng(21), 12_000
    covered, widths = 0, []
    for _ in range(DRAWN):
        usd, successes = rng.lognormal(0.0, 1.0, size), (rng.random(size) < 0.7).astype(float)
        found = ratio_over_requests(usd, successes, "m", rng)
        assert found is not None
        covered += found.low <= np.exp(0.5) / 0.7 <= found.high
        half = 1.96 * np.sqrt(((usd - found.mid * successes) ** 2).sum()) / successes.sum()
        widths.append((found.high - found.low) / (2 * half))
    assert covered / DRAWN >= 0.90
    assert np.mean(widths) == pytest.approx(1.0, abs=0.02), "as wide as the formula for many requests says"


def test_busy_time_in_blocks_sums_to_the_busy_time_of_the_replay() -> None:
    # replica 0: [0, 2) and [1, 4) overlap, then [6, 7); replica 1: [3, 5)
    begin, end = np.array([0.0, 1.0, 6.0, 3.0]), np.array([2.0, 4.0, 7.0, 5.0])
    outcome = Outcome(
        arrival_s=begin,
        begin_s=begin,
        first_token_s=end,
        end_s=end,
        replica=np.array([0, 0, 0, 1]),
        status=np.zeros(4, np.int64),
        busy_s=np.array([5.0, 2.0]),
        horizon_s=7.0,
        attempts=np.ones(4, np.int64),
        pool=np.zeros(4, np.int64),
        paid_s=np.array([7.0, 7.0]),
    )
    edges = np.array([-np.inf, 3.5, np.inf])
    assert busy_s_by_pool_and_block(outcome, [1, 1], edges) == pytest.approx(
        np.array([[3.5, 1.5], [0.5, 1.5]])
    )


def test_busy_time_that_was_lost_is_spread_over_the_replay() -> None:
    # Of nine busy seconds four were for the call that was served, in [1, 5); the others have no times on record.
    outcome = Outcome(
        arrival_s=np.array([0.0, 1.0]),
        begin_s=np.array([np.nan, 1.0]),
        first_token_s=np.array([np.nan, 2.0]),
        end_s=np.array([np.nan, 5.0]),
        replica=np.array([0, 0]),
        status=np.array([6, 0]),
        busy_s=np.array([9.0]),
        horizon_s=10.0,
        attempts=np.ones(2, np.int64),
        pool=np.zeros(2, np.int64),
        paid_s=np.array([10.0]),
    )
    edges = np.array([-np.inf, 3.0, np.inf])
    assert busy_s_by_pool_and_block(outcome, [1], edges) == pytest.approx(np.array([[2.0 + 1.5, 2.0 + 3.5]]))


def test_every_instant_falls_into_one_block() -> None:
    at_s = np.random.default_rng(4).uniform(3.0, 9.0, 1000)
    counts = counts_by_block(at_s, block_edges_s(at_s))
    assert counts.sum() == 1000
    assert counts.size == BLOCKS
    assert (counts > 0).all()
