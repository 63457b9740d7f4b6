"""Settings are chosen on a first part of the window and held to the rest, which begins with what the first leaves.

Laws: the rest is the whole, counted from the cut on; what comes after the cut and what came before it add up.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from costctl.levers.settings import Setting, setting
from costctl.recommend.study import FIRST_PART, Study
from costctl.scenario.period import rest_of
from costctl.synth.presets import sample_world
from costctl.synth.world import World
from tests.recommend.studied_world import study_of_world

POOL = "llm-economy"


def busy_world(replicas: int = 2, requests: float = 2200.0) -> World:
    """The sample, short and busy."""
    world = sample_world(5)
    return replace(
        world,
        hours=0.2,
        requests=requests,
        pools=tuple(replace(pool, replicas=replicas) for pool in world.pools),
        classes=tuple(replace(spec, failure_ratio=0.0, timeout_s=1e9) for spec in world.classes),
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study_of_world(busy_world(), tmp_path_factory.mktemp("busy"))


ONE_REPLICA = (setting("pool", "replicas", POOL, 1),)
SCALED = (
    setting("pool", "scaling.least", POOL, 1),
    setting("pool", "scaling.most", POOL, 4),
    setting("pool", "scaling.target_outstanding", POOL, 4.0),
    setting("pool", "scaling.interval", POOL, 15.0),
    setting("pool", "scaling.delay", POOL, 30.0),
    setting("pool", "scaling.idle", POOL, 30.0),
)


@pytest.mark.parametrize("settings", [(), ONE_REPLICA, SCALED], ids=["today", "one", "scaled"])
def test_the_rest_is_the_whole_from_the_cut_on(study: Study, settings: tuple[Setting, ...]) -> None:
    rest, whole = study.second.period, study.whole.period
    of_rest, of_whole = (study.trial(part, settings) for part in (study.second, study.whole))
    counted = rest.is_counted
    assert 0 < counted.sum() < counted.size
    np.testing.assert_array_equal(of_rest.e2e_s, of_whole.e2e_s)
    np.testing.assert_array_equal(of_rest.is_good, of_whole.is_good & counted)
    for number in study.served_classes():
        np.testing.assert_array_equal(rest.members(number), whole.members(number) & counted)


def test_the_cut_is_of_the_time_in_which_requests_begin(tmp_path: Path) -> None:
    # One replica is far too few: the last call ends long after the last request has begun.
    study = study_of_world(busy_world(1, 12_000.0), tmp_path)
    began_s = study.whole.period.began_s()
    began_s = began_s[np.isfinite(began_s)]
    assert study.whole.period.to_s > 1.2 * began_s.max()
    first_s, last_s = began_s.min(), began_s.max()
    assert study.second.period.from_s == pytest.approx(first_s + FIRST_PART * (last_s - first_s))
    assert (
        study.first.name
        == f"the first {study.second.period.from_s / study.whole.period.to_s:.0%} of the window"
    )
    parts = [each.is_counted[each.request].sum() for each in (study.first.period, study.second.period)]
    assert sum(parts) == study.whole.period.workload.size
    assert min(parts) > 0


@pytest.mark.parametrize("settings", [ONE_REPLICA, SCALED], ids=["constant", "scaled"])
def test_what_is_paid_and_busy_before_and_after_a_cut_adds_up(
    study: Study, settings: tuple[Setting, ...]
) -> None:
    whole = study.whole.period
    pools, pool = study.replayed_as(study.whole, settings)
    cuts_s = [0.0, 100.0, 250.0, 600.0]
    trials = [rest_of(whole, cut_s).trial(pools, pool) for cut_s in cuts_s]
    paid_usd, busy_usd = (
        [float(getattr(each, name).sum()) for each in trials] for name in ("paid_usd", "busy_usd")
    )
    assert paid_usd[0] == pytest.approx(float(whole.trial(pools, pool).paid_usd.sum()))
    most = np.array([each.setup.replicas if each.setup.scaling is None else 4 for each in pools])
    least = np.array([each.setup.replicas if each.setup.scaling is None else 1 for each in pools])
    for (early_s, late_s), paid, busy in zip(
        pairwise(cuts_s), -np.diff(paid_usd), -np.diff(busy_usd), strict=True
    ):
        assert (late_s - early_s) * (least @ whole.usd_per_s) <= paid + 1e-9
        assert paid <= (late_s - early_s) * (most @ whole.usd_per_s) + 1e-9
        assert 0 < busy <= paid + 1e-9
