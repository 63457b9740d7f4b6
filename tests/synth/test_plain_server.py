"""The plain loop of rules: without any it is the world's own loop, call by call; with them it keeps their laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costctl.synth.demand import demand_of
from costctl.synth.platform import CallEnd
from costctl.synth.world import World
from tests.synth.plain_server import Rules, served_by_rules
from tests.synth.small_worlds import plain_world, served_all


def world(chunk_tokens: int = 0, slots: int = 64, replicas: int = 2) -> World:
    made = replace(plain_world(500), step_jitter=0.02)
    pools = tuple(
        replace(pool, replicas=replicas, window_s=0.02, slots=8)
        if pool.is_static
        else replace(pool, replicas=replicas, chunk_tokens=chunk_tokens, slots=slots)
        for pool in made.pools
    )
    return replace(made, pools=pools)


@pytest.mark.parametrize("chunk_tokens", [0, 512], ids=["prompts stall decoding", "prompts ride along"])
def test_without_rules_it_serves_as_the_world_does(chunk_tokens: int) -> None:
    made = world(chunk_tokens, slots=6)
    demand = demand_of(made)
    here, there = served_by_rules(made, demand, Rules()), served_all(made, demand)
    for name in ("ready_s", "begin_s", "first_token_s", "end_s", "busy_s"):
        np.testing.assert_allclose(getattr(here, name), getattr(there, name), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(here.replica, there.replica)
    np.testing.assert_array_equal(here.end, there.end)


@pytest.fixture(scope="module")
def crowded() -> World:
    return replace(world(slots=1, replicas=1), requests=900)


def waited_s(made: World, rules: Rules, name: str) -> float:
    """Seconds that a call of the class waits, on average."""
    demand = demand_of(made)
    served = served_by_rules(made, demand, rules)
    of_class = [each.name for each in made.classes].index(name)
    here = demand.requests.request_class[demand.calls.request] == of_class
    return float(np.nanmean((served.begin_s - served.ready_s)[here]))


def test_who_is_first_waits_less_and_a_share_gives_those_behind_some_of_it_back(crowded: World) -> None:
    first = Rules(lane={"report": 1})
    shared = replace(first, min_share={"classification": 0.5})
    ahead, behind = (
        [waited_s(crowded, rules, name) for rules in (Rules(), first, shared)]
        for name in ("report", "classification")
    )
    assert ahead[1] < ahead[2] < ahead[0]
    assert behind[2] < behind[0] < behind[1]


def test_no_more_wait_than_may_and_nobody_is_served_who_waited_too_long(crowded: World) -> None:
    demand = demand_of(crowded)
    names = {each.name for each in crowded.classes}
    limited = served_by_rules(crowded, demand, Rules(limit=dict.fromkeys(names, 0)))
    patient = served_by_rules(crowded, demand, Rules(max_wait_s=dict.fromkeys(names, 1.0)))
    assert (limited.end == CallEnd.FAILED).any()
    assert (patient.end == CallEnd.FAILED).any()
    assert np.nanmax(patient.begin_s - patient.ready_s) <= 1.0
    assert limited.busy_s.sum() < served_all(crowded, demand).busy_s.sum()


def test_a_batch_of_a_preferred_size_does_not_wait_for_its_window() -> None:
    made = world(replicas=1)
    pools = tuple(replace(pool, window_s=0.5) if pool.is_static else pool for pool in made.pools)
    patient = replace(made, pools=pools)
    with_sizes = Rules(preferred={"embedder": (2, 8)})
    assert waited_s(patient, with_sizes, "embedding_batch") < 0.9 * waited_s(
        patient, Rules(), "embedding_batch"
    )
