"""Does the planned number of requests see the planned change? Against an oracle, and in worlds where it is planted."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower

from costctl.arrays import Floats
from costctl.documents.check import Outcome
from costctl.documents.gate_settings import Gate
from costctl.gates.judge import judge_change
from costctl.gates.measured import Measured
from costctl.rollout.sample_size import samples_against, samples_needed, spread_of_one, spread_of_part
from costctl.stats.blocks import ratio_over_requests
from costctl.stats.noninferiority import LEVEL, wilson
from costctl.stats.quantiles import quantile
from costctl.stats.rank_bounds import rank_bounds
from tests.thoroughness import how_many


@pytest.mark.parametrize(("spread", "change"), [(0.5, 0.1), (1.0, 0.05), (2.5, 0.2), (0.1, 0.01)])
def test_samples_are_those_of_the_power_of_a_normal_test(spread: float, change: float) -> None:
    told = NormalIndPower().solve_power(math.log1p(change) / spread, alpha=0.05, power=0.8, ratio=1.0)
    assert samples_needed(spread, spread, change, 0).now == pytest.approx(math.ceil(told), abs=1)


def test_a_long_baseline_saves_up_to_half_and_never_costs() -> None:
    plain = samples_needed(1.0, 1.0, 0.1, 0).now
    found = [samples_needed(1.0, 1.0, 0.1, baseline).now for baseline in (plain, 2 * plain, 10**9)]
    assert found == sorted(found, reverse=True)
    assert found[0] == plain
    assert found[-1] == pytest.approx(plain / 2, abs=2)


def test_smaller_changes_and_wilder_metrics_take_more() -> None:
    by_change = [samples_needed(1.0, 1.0, change, 0).now for change in (0.3, 0.1, 0.03)]
    by_spread = [samples_against(spread, 0.1) for spread in (0.3, 1.0, 3.0)]
    assert by_change == sorted(by_change)
    assert by_spread == sorted(by_spread)


def named(metric: str, before: Measured, after: Measured, change: float) -> tuple[bool, bool]:
    """Whether the gates of a plan say that the metric got worse, or that it got better."""
    worse, better = ("max_decrease", "max_increase") if change < 0 else ("max_increase", "max_decrease")
    found: list[Outcome] = []
    for limit in (worse, better):
        gate = Gate(metric=metric, request_class="chat", **{limit: 0.0})
        found.append(judge_change(gate, gate.limits[0], after, before, 1.0).outcome)
    return found[0] == "breached", found[1] == "breached"


def measured(value: float, low: float | None, high: float | None, samples: int) -> Measured:
    """What ``costctl check`` knows of a metric."""
    subject = (("request_class", "chat"),)
    return Measured(
        "analysis", "", subject, value, low, high, LEVEL, "", True, samples, "requests", True, "exact"
    )


def successes(dice: np.random.Generator, part: float, samples: int) -> Measured:
    """Requests of which each succeeds with a probability."""
    found = dice.binomial(samples, part) / samples
    return measured(found, *wilson(found, samples), samples)


def costs(dice: np.random.Generator, usd: float, sessions: int) -> Measured:
    """Sessions of one to nine requests that cost much the same: what is drawn anew are sessions."""
    requests = dice.integers(1, 10, sessions)
    spent: Floats = usd * requests * dice.lognormal(-0.125, 0.5, sessions)
    found = ratio_over_requests(spent, requests.astype(np.float64), "", dice)
    assert found is not None
    return measured(found.mid, found.low, found.high, sessions)


def latencies(dice: np.random.Generator, seconds: float, samples: int) -> Measured:
    """Requests that take a skewed time."""
    found: Floats = seconds * dice.lognormal(0.0, 0.6, samples)
    return measured(quantile(found, 0.95), *rank_bounds(found, 0.95), samples)


def planned_samples(metric: str, known: Measured, change: float) -> int:
    """How many a plan asks for that was made from this baseline."""
    assert known.low is not None
    assert known.high is not None
    assert known.samples is not None
    assert known.value is not None
    before = spread_of_one(known.low, known.high, known.samples)
    after = spread_of_part(known.value * (1 + change)) if metric == "success_ratio" else before
    return samples_needed(before, after, change, 0).now


Draw = Callable[[np.random.Generator, float, int], Measured]
WORLDS: list[tuple[str, Draw, float, float, int, int]] = [
    ("success_ratio", successes, 0.97, -0.02, 2_000, how_many(150, thorough=200)),
    ("usd_per_success", costs, 0.004, 0.1, 1_000, how_many(20, thorough=25)),
    ("e2e_p95", latencies, 2.0, 0.1, 10_000, how_many(100, thorough=100)),
]


@pytest.mark.parametrize(
    ("metric", "draw", "truth", "change", "pilot", "worlds"), WORLDS, ids=[each[0] for each in WORLDS]
)
def test_the_planned_requests_see_the_planted_change_in_four_of_five_worlds(
    metric: str, draw: Draw, truth: float, change: float, pilot: int, worlds: int
) -> None:
    """Each world has a baseline of its own, from which its plan is made: what it tells of the spread is chance too."""
    dice = np.random.default_rng(30)
    changed, alarms = 0, 0
    for _ in range(worlds):
        planned = planned_samples(metric, draw(dice, truth, pilot), change)
        base = draw(dice, truth, planned)
        changed += named(metric, base, draw(dice, truth * (1 + change), planned), change)[0]
        alarms += any(named(metric, base, draw(dice, truth, planned), change))
    assert changed / worlds == pytest.approx(0.8, abs=0.05 + 2 * math.sqrt(0.8 * 0.2 / worlds))
    assert alarms / worlds <= 0.06 + 2 * math.sqrt(0.05 * 0.95 / worlds)
