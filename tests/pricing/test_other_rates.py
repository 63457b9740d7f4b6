"""Bytes between places, runs of tools, searches and processor time cost what the settings say, each by its own rate."""

from __future__ import annotations

from typing import Any

import pytest

from costctl.documents.billing_settings import Network, Tool
from costctl.documents.settings import Settings, Storage
from tests.relations.span_rows import engine_of, span

GB = 10**9
HOT = Storage(region="eu-west-2", zone="eu-west-2a", match={"db.namespace": "hot"})


def charges(
    settings: Settings, *spans: dict[str, Any]
) -> dict[tuple[str, str], tuple[float, float | None, str | None]]:
    """(component, resource) → quantity, USD and note."""
    found = engine_of([span("a/root", 0, 10), *spans], settings).fetch("charge")
    return {
        (row["component"], row["resource"]): (row["quantity"], row["usd"], row["note"])
        for row in found.iter_rows(named=True)
    }


def read(region: str | None, zone: str | None, gb: int = 2, key: str = "a/read/root") -> dict[str, Any]:
    said = [("db.namespace", "hot")]
    return span(key, 1, 2, region=region, zone=zone, storage_bytes=gb * GB, attributes=said)


@pytest.mark.parametrize(
    ("region", "zone", "resource", "usd"),
    [
        ("us-east-1", "us-east-1a", "between regions: eu-west-2 to us-east-1", 0.04),
        ("eu-west-2", "eu-west-2b", "between zones: eu-west-2a to eu-west-2b", 0.02),
        (None, "eu-west-2b", "between zones: eu-west-2a to eu-west-2b", 0.02),
    ],
)
def test_bytes_that_leave_a_zone_or_a_region_are_priced_once_by_the_wider_border(
    region: str | None, zone: str, resource: str, usd: float
) -> None:
    network = Network(usd_per_gb_between_zones=0.01, usd_per_gb_between_regions=0.02)
    found = charges(Settings(storage={"hot": HOT}, network=network), read(region, zone))
    assert found == {("egress", resource): (2 * GB, pytest.approx(usd), None)}


@pytest.mark.parametrize(("region", "zone"), [("eu-west-2", "eu-west-2a"), ("eu-west-2", None), (None, None)])
def test_bytes_that_cross_no_border_that_is_known_cost_nothing(region: str | None, zone: str | None) -> None:
    network = Network(usd_per_gb_between_zones=0.01, usd_per_gb_between_regions=0.02)
    assert charges(Settings(storage={"hot": HOT}, network=network), read(region, zone)) == {}


def test_a_border_without_a_rate_has_no_amount_and_says_what_to_set() -> None:
    found = charges(Settings(storage={"hot": HOT}), read("us-east-1", None))
    assert list(found.values()) == [(2 * GB, None, "[network] usd_per_gb_between_regions is not set")]


SEARCH = Tool(usd_per_1k_calls=0.4, match={"operation": "retrieval"})
BROWSER = Tool(
    usd_per_1k_calls=10.0, usd_per_cpu_hour=3.6, match={"operation": "execute_tool", "name": "browse*"}
)


def test_each_search_and_each_run_of_a_tool_costs_its_rate_and_its_processor_time() -> None:
    found = charges(
        Settings(tools={"vectors": SEARCH, "browser": BROWSER}),
        span("a/s1/root", 1, 2, operation="retrieval"),
        span("a/s2/root", 2, 3, operation="retrieval"),
        span("a/b/root", 3, 8, operation="execute_tool", name="browse the web"),
        span("a/free/root", 8, 9, operation="execute_tool", name="calculator"),
    )
    assert found == {
        ("retrieval", "vectors"): (2, pytest.approx(0.0008), None),
        ("tool", "browser"): (1, pytest.approx(0.01), None),
        ("cpu", "browser"): (pytest.approx(5.0), pytest.approx(0.005), None),
    }


def test_a_tool_that_is_recorded_inside_itself_runs_once() -> None:
    outer = span("a/outer/root", 1, 5, operation="execute_tool", name="browse")
    inner = span("a/inner/outer", 2, 4, operation="execute_tool", name="browse")
    found = charges(Settings(tools={"browser": BROWSER}), outer, inner)
    assert found["tool", "browser"][0] == 1
    assert found["cpu", "browser"][0] == pytest.approx(4.0)


def test_a_tool_that_is_recorded_on_both_sides_of_a_connection_runs_once() -> None:
    client = span("a/client/root", 1, 5, operation="execute_tool", name="browse")
    sent = span("a/http/client", 2, 4, name="POST /mcp")
    server = span("a/server/http", 2.5, 3.5, operation="execute_tool", name="browse")
    again = span("a/again/root", 6, 7, operation="execute_tool", name="browse")
    found = charges(Settings(tools={"browser": BROWSER}), client, sent, server, again)
    assert found["tool", "browser"][0] == 2
    assert found["cpu", "browser"][0] == pytest.approx(5.0)


def test_processor_time_of_a_run_that_was_not_timed_is_unknown() -> None:
    run = span("a/b/root", 3, None, operation="execute_tool", name="browse")
    found = charges(Settings(tools={"browser": BROWSER}), run)
    assert found["cpu", "browser"] == (None, None, "a run was not timed")


def test_a_rate_that_is_twice_as_high_costs_twice_as_much() -> None:
    once, twice = (
        charges(
            Settings(tools={"t": Tool(usd_per_1k_calls=rate, match={"operation": "retrieval"})}),
            *(span(f"a/s{number}/root", 1, 2, operation="retrieval") for number in range(7)),
        )
        for rate in (0.4, 0.8)
    )
    assert twice["retrieval", "t"][1] == pytest.approx(2 * (once["retrieval", "t"][1] or 0))
