"""The delay that a request puts on others, against what queueing theory says of one server and Poisson arrivals."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.cost.marginal import removals
from costctl.simulate.lanes import Lanes
from costctl.simulate.workload import Pool, PoolSetup, ServiceModel
from tests.cost.fitted_by_hand import drawn_workload, fits_of
from tests.oracles.queueing_formulas import mg1_delay_of_others_s

MS_A_TOKEN = ServiceModel("static", alpha_s=0.0, beta_s=0.0, gamma_s=0.001)
ONE_BY_ONE = Pool(MS_A_TOKEN, PoolSetup(1, 1, "recorded", 0.0, Lanes.plain(3)))
NAMES = ("quick", "rare", "slow")
RATES, TOKENS = (
    (2.6, 0.2, 0.6),
    (100, 300, 300),
)  # per second, of each class; the server is busy half of the time


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[float, float]]:
    """Of each class the delay that a request puts on others, over what theory says, and the seconds that it saves."""
    rng = np.random.default_rng(0)
    request_class = rng.choice(len(RATES), 60_000, p=np.array(RATES) / sum(RATES))
    steps = np.zeros(request_class.size, np.int64)
    workload = drawn_workload(rng, 1 / sum(RATES), request_class, np.array(TOKENS)[request_class], steps)
    removed = removals(fits_of(workload, ONE_BY_ONE, NAMES), 0)
    services_s = [tokens / 1000 for tokens in TOKENS]
    ratios = {}
    for number, name in enumerate(NAMES):
        requests = (request_class == number).sum()
        delay_s = removed[name].delay_s.mean(axis=(0, 2)).sum() / requests
        saved_s = removed[name].saved_s.mean(axis=(0, 2)).sum() / requests
        ratios[name] = (delay_s / mg1_delay_of_others_s(RATES, services_s, number), saved_s)
    return ratios


def test_of_a_small_class_it_is_the_congestion_that_mendelson_and_whang_price(
    found: dict[str, tuple[float, float]],
) -> None:
    # Over ten seeds the mean is 0.99, and one day is off by 0.03 (standard deviation).
    assert found["rare"][0] == pytest.approx(1.0, abs=0.1)


def test_of_a_large_class_it_leaves_out_what_those_who_are_taken_away_together_do_to_each_other(
    found: dict[str, tuple[float, float]],
) -> None:
    assert 0.8 < found["quick"][0] < 0.9 < found["slow"][0] < 1.0


def test_one_by_one_each_request_saves_the_time_that_it_is_served(
    found: dict[str, tuple[float, float]],
) -> None:
    assert [found[name][1] for name in NAMES] == pytest.approx([tokens / 1000 for tokens in TOKENS])
