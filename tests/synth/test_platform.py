"""The platform that worlds run on: closed forms, its agreement with the replay, and what leaving out changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costctl.simulate.network import replay_network
from costctl.synth.demand import demand_of
from costctl.synth.platform import CallEnd, serve
from tests.synth.small_worlds import as_pools, as_workload, everyone, plain_world, served_all


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize(("window_s", "chunk_tokens"), [(0.0, 0), (0.02, 0), (0.0, 2048), (0.0, 300)])
def test_taking_every_step_and_jumping_from_event_to_event_agree(
    replicas: int, window_s: float, chunk_tokens: int
) -> None:
    # Two programs that share no code: the world's loop, and the replay that the estimates rest on.
    world = plain_world(2500.0)
    pools = tuple(
        replace(
            pool,
            replicas=replicas,
            window_s=window_s if pool.is_static else 0.0,
            chunk_tokens=0 if pool.is_static else chunk_tokens,
        )
        for pool in world.pools
    )
    world = replace(world, pools=pools)
    demand = demand_of(world)
    served = served_all(world, demand)
    workload, pool, order = as_workload(demand, served)

    outcome = replay_network(workload, pool, as_pools(world))

    assert np.array_equal(outcome.replica, served.replica[order])
    np.testing.assert_allclose(outcome.begin_s, served.begin_s[order], rtol=0, atol=1e-8)
    np.testing.assert_allclose(outcome.first_token_s, served.first_token_s[order], rtol=0, atol=1e-8)
    np.testing.assert_allclose(outcome.end_s, served.end_s[order], rtol=0, atol=1e-8)
    np.testing.assert_allclose(outcome.busy_s, served.busy_s, rtol=0, atol=1e-6)


def test_a_call_that_meets_nobody_takes_prefill_and_its_steps() -> None:
    world = plain_world(6.0, hours=3.0)
    demand = demand_of(world)
    served = served_all(world, demand)
    calls = demand.calls
    law = np.array([(pool.alpha_s, pool.beta_s, pool.gamma_s) for pool in world.pools])[calls.pool]
    steps = np.where(np.array([pool.is_static for pool in world.pools])[calls.pool], 1, calls.steps)
    alone_s = law[:, 2] * calls.uncached_tokens + steps * (law[:, 0] + law[:, 1])
    np.testing.assert_allclose(served.end_s - served.ready_s, alone_s, rtol=1e-9)
    assert served.busy_s.sum() == pytest.approx(alone_s.sum())


def test_leaving_requests_out_changes_no_draw_of_the_others() -> None:
    world = plain_world(800.0)
    demand = demand_of(world)
    takes_part = np.arange(demand.requests.start_s.size) % 3 > 0
    everything, some = served_all(world, demand), serve(world, demand, takes_part)
    first = takes_part[demand.calls.request] & (demand.calls.after < 0)
    assert np.array_equal(everything.ready_s[first], some.ready_s[first])
    assert (some.end[~takes_part[demand.calls.request]] == CallEnd.NEVER_MADE).all()
    assert some.busy_s.sum() < everything.busy_s.sum()


def test_a_caller_gives_up_after_its_timeout_and_nothing_follows() -> None:
    world = plain_world(400.0)
    classes = tuple(replace(spec, timeout_s=0.5, failure_ratio=0.0) for spec in world.classes)
    world = replace(world, classes=classes)
    demand = demand_of(world)
    served = served_all(world, demand)
    late = served.end == CallEnd.TIMED_OUT
    assert late.any()
    assert (served.end_s - served.ready_s)[late].min() > 0.5
    followers = np.flatnonzero((demand.calls.after >= 0) & ~demand.calls.is_retry)
    after_late = followers[late[demand.calls.after[followers]]]
    assert (served.end[after_late] == CallEnd.NEVER_MADE).all()


def test_a_retry_is_made_only_where_the_attempt_before_it_failed() -> None:
    world = plain_world(1500.0)
    classes = tuple(replace(spec, failure_ratio=0.2) for spec in world.classes)
    world = replace(world, classes=classes)
    demand = demand_of(world)
    served = serve(world, demand, everyone(demand))
    retries = np.flatnonzero(demand.calls.is_retry)
    made = served.end[retries] != CallEnd.NEVER_MADE
    before = served.end[demand.calls.after[retries]]
    assert made.sum() > 50
    assert (before[made] == CallEnd.FAILED).all()
