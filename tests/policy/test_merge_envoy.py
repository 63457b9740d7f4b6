"""Our listener stands beside those of an Envoy in use, at a port of its own; a cluster that is there is that pool."""

from __future__ import annotations

import pytest

from costctl.errors import InfeasibleError, InputError
from tests.policy.merge_shapes import ENVOY
from tests.policy.merged import bound_policy, merged, values

THERE = ENVOY["a pool that is there"]


def test_the_listener_takes_the_first_port_that_is_free() -> None:
    found = merged("envoy", ENVOY["the port is taken"])
    theirs, ours = values(found.text)["static_resources"]["listeners"]
    assert (theirs["name"], ours["address"]["socket_address"]["port_value"]) == ("listener_0", 10002)
    assert any("at port 10002" in each for each in found.conditions)


def test_a_cluster_of_the_name_of_a_pool_keeps_its_address_and_gets_the_limits() -> None:
    found = merged("envoy", THERE)
    large = values(found.text)["static_resources"]["clusters"][0]
    assert (large["type"], large["connect_timeout"]) == ("STATIC", "1s")
    assert large["circuit_breakers"]["thresholds"] == [{"priority": "DEFAULT", "max_connections": 64}]
    assert any("keep their own addresses" in each and "large" in each for each in found.conditions)


def test_limits_that_somebody_set_are_in_the_way() -> None:
    text = THERE.replace(
        "    type: STATIC\n", "    type: STATIC\n    circuit_breakers: {thresholds: [{max_connections: 9}]}\n"
    )
    with pytest.raises(
        InputError, match=r"Line 6, static_resources.clusters\[large\].circuit_breakers.thresholds is"
    ):
        merged("envoy", text)


def test_a_listener_of_our_name_that_somebody_wrote_is_in_the_way() -> None:
    address = "{socket_address: {address: a, port_value: 1}}"
    text = f"static_resources:\n  listeners:\n  - name: costctl\n    address: {address}\n"
    with pytest.raises(InputError, match=r"static_resources.listeners\[costctl\].address"):
        merged("envoy", text)


def test_a_pool_that_stands_outside_of_a_required_boundary_is_refused() -> None:
    by_region = bound_policy(jurisdictions=(), regions=("eu-west-2",))
    assert merged("envoy", THERE, by_region).merged.blocks
    with pytest.raises(InfeasibleError, match="endpoints in us-east-1"):
        merged("envoy", THERE.replace("eu-west-2", "us-east-1"), by_region)
