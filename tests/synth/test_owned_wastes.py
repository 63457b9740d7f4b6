"""Worlds with a planted waste, and what following advice brings in them: two of the kinds of the bench."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costctl.documents.changes import SettingChange, Value
from costctl.levers.lever import Owner
from costctl.levers.settings import change_of, setting
from costctl.synth.demand import Requests, demand_of
from costctl.synth.world import World
from tests.synth.own_promises import promise_of
from tests.synth.pool_wastes import made
from tests.synth.remedies import as_it_is, put_off, remedied, run
from tests.synth.small_worlds import plain_world

HOUR_S = 3600.0


@pytest.mark.parametrize("kind", ["batch_window", "tier_placement"])
def test_a_planted_waste_is_found_and_the_world_bears_out_what_is_promised(kind: str) -> None:
    promise = promise_of(kind, 31)
    assert promise.is_found
    assert promise.is_covered
    assert promise.is_kept
    assert promise.told is not None
    assert promise.told.low > 0


def change(owner: Owner, name: str, subject: str, value: Value) -> SettingChange:
    return change_of(setting(owner, name, subject, value), None)


def test_a_world_is_served_with_the_settings_that_are_advised() -> None:
    world = made("tier_placement", 31, is_wasteful=True).world
    then = remedied(
        world, [change("class", "pool", "chat", ("plain",)), change("pool", "max_num_seqs", "plain", 3)]
    )
    assert {step.pool for spec in then.world.classes for step in spec.steps} == {"plain"}
    assert then.world.pool("plain").slots == 3
    assert then.world.pool("dear") == world.pool("dear")
    idle = run(then, HOUR_S)
    assert idle.busy_usd[0] == 0.0
    assert idle.paid_usd[0] == pytest.approx(2 * world.pool("dear").usd_per_replica_hour)
    assert run(as_it_is(world), HOUR_S).busy_usd[0] > 0.0


def test_a_change_that_no_world_can_follow_is_refused() -> None:
    with pytest.raises(ValueError, match=r"pool\.dispatch"):
        remedied(plain_world(10), [change("pool", "dispatch", "embedder", "round_robin")])


def at(hours: list[float], world: World) -> Requests:
    """Requests of the first class at these hours of the day."""
    since_s = np.array(hours) * HOUR_S - world.start_ns / 1e9 % 86_400.0
    return Requests(since_s, np.zeros(since_s.size, np.int64), np.zeros(since_s.size, np.int64))


def test_work_waits_for_quiet_hours_as_the_page_on_deferral_has_it() -> None:
    # docs/explanation/advice-deferral.md, its example: 22:00 to 06:00, at most nine hours
    world = plain_world(10)
    came = at([9.0, 14.0, 18.0, 20.0, 23.5], world)
    demand = replace(demand_of(world), requests=came)
    waited = put_off(world, demand, world.classes[0].name, "22:00-06:00", 9 * HOUR_S).requests.start_s
    served = [9.0, 23.0, 26.0, 28.0 + 40 / 60, 23.5]
    np.testing.assert_allclose(waited, at(served, world).start_s, atol=1e-6)
