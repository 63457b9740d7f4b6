"""The delay that a request puts on others, against what queueing theory says of one server and Poisson arrivals."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.arrays import Floats, Ints
from costctl.cost.marginal import removals
from costctl.service_model.batch_fit import BatchTimes
from costctl.service_model.pool_calls import PoolCalls
from costctl.service_model.pool_fit import Calibration, PoolFit, PoolFits
from costctl.simulate.busy_blocks import block_edges_s
from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Pool, PoolSetup, ServiceModel, Workload
from tests.oracles.queueing_formulas import mg1_delay_of_others_s

MS_A_TOKEN = ServiceModel("static", alpha_s=0.0, beta_s=0.0, gamma_s=0.001)
ONE_BY_ONE = Pool(MS_A_TOKEN, PoolSetup(1, 1, "recorded", 0.0, Lanes.plain(3)))
NAMES = ("quick", "rare", "slow")
RATES, TOKENS = (
    (2.6, 0.2, 0.6),
    (100, 300, 300),
)  # per second, of each class; the server is busy half of the time


def fits_of(arrival_s: Floats, request_class: Ints) -> PoolFits:
    """What would have been fitted to calls that one server takes one by one."""
    size = arrival_s.size
    zeros, numbers = np.zeros(size, np.int64), np.arange(size)
    workload = Workload(
        arrival_s=arrival_s,
        after=np.full(size, -1),
        think_s=np.zeros(size),
        uncached_tokens=np.array(TOKENS)[request_class],
        decode_steps=zeros,
        lane=request_class,
        replica=zeros,
    )
    outcome = replay_network(workload, zeros, [ONE_BY_ONE])
    calls = PoolCalls(
        pools=("one",),
        classes=NAMES,
        request_ids=numbers,
        replicas=np.array([1]),
        pool=zeros,
        replica=zeros,
        request=numbers,
        request_class=request_class,
        arrival_s=arrival_s,
        begin_s=outcome.begin_s,
        first_token_s=outcome.end_s,
        end_s=outcome.end_s,
        alone_s=outcome.end_s - outcome.begin_s,
        uncached_tokens=workload.uncached_tokens,
        output_tokens=zeros,
        after=workload.after,
        think_s=workload.think_s,
        is_generation=np.ones(size, np.bool_),
        call_ids=numbers,
        is_replica_observed=np.ones(size, np.bool_),
    )
    fit = PoolFit(
        "one", ONE_BY_ONE, BatchTimes(0.0, 0.0, 0.001, size), "declared", Calibration(0.0, 0.0, 0.0)
    )
    return PoolFits(calls, (fit,), workload, numbers, zeros, {})


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[float, float]]:
    """Of each class the delay that a request puts on others, over what theory says, and the seconds that it saves."""
    rng = np.random.default_rng(0)
    arrival_s = np.cumsum(rng.exponential(1 / sum(RATES), 60_000))
    request_class = rng.choice(len(RATES), arrival_s.size, p=np.array(RATES) / sum(RATES))
    edges_s = block_edges_s(arrival_s)
    removed = removals(fits_of(arrival_s, request_class), dict.fromkeys(NAMES, edges_s), 0)
    services_s = [tokens / 1000 for tokens in TOKENS]
    ratios = {}
    for number, name in enumerate(NAMES):
        requests = (request_class == number).sum()
        delay_s = removed[name].delay_s.mean(axis=0).sum() / requests
        saved_s = removed[name].saved_s.mean(axis=0).sum() / requests
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
