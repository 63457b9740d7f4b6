"""Traces held to a contract: what is planted is found and nothing else, and chance is no breach."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

from costctl.contracts.check import Kept, kept
from costctl.contracts.draft import contract_of
from costctl.contracts.uses import Uses, interfaces_in
from costctl.documents.contract import (
    Attribute,
    Basis,
    Contract,
    Degraded,
    Drafted,
    Interface,
    Success,
    Timeout,
)
from tests.contracts.interface_worlds import World, calls_in, uses_in
from tests.thoroughness import how_many

WORLD = World(requests=600)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return drafted(uses_in(WORLD, 1), WORLD.requests)


@pytest.fixture(scope="module")
def later() -> tuple[Uses, ...]:
    """The same world, another time."""
    return uses_in(WORLD, 2)


def drafted(uses: tuple[Uses, ...], requests: int) -> Contract:
    return contract_of(uses, Drafted("test", requests))


def breaches(found: Kept) -> set[tuple[str, str, str | None]]:
    return {
        (each.interface, each.clause, each.attribute) for each in found.clauses if each.outcome == "breached"
    }


LARGE, SMALL = "model chat large", "model chat small"
SEARCH, TOOL = "vector store query qdrant", "tool execute_tool search"
PLANTED: list[tuple[str, dict[str, Any], set[tuple[str, str, str | None]]]] = [
    ("another type", {"tool_version": "text"}, {(TOOL, "type", "tool.version")}),
    (
        "a lost attribute",
        {"is_finish_said": False},
        {(LARGE, "attribute missing", "finish_reason"), (SMALL, "attribute missing", "finish_reason")},
    ),
    ("a new attribute", {"extra": "tool.trace=text"}, {(TOOL, "attribute new", "tool.trace")}),
    ("another value", {"finish": ("content_filter", 0.3)}, {(LARGE, "values", "finish_reason")}),
    ("slower beyond the time-out", {"search_s": 0.25}, {(SEARCH, "time-out", None)}),
    ("more failures", {"tool_failing": 0.3}, {(TOOL, "success", None)}),
    ("more attempts", {"tries": 5}, {(LARGE, "attempts", None)}),
    ("no degraded mode", {"is_going_on": False}, {(SEARCH, "after a failure", None)}),
    ("an interface gone", {"has_cache": False}, {("cache redis", "in use", None)}),
    ("a new interface", {"has_reranker": True}, {("retrieval kb", "new interface", None)}),
]


@pytest.mark.parametrize(
    ("change", "planted"), [each[1:] for each in PLANTED], ids=[each[0] for each in PLANTED]
)
def test_what_is_planted_is_found_and_nothing_else(
    contract: Contract, change: dict[str, Any], planted: set[tuple[str, str, str | None]]
) -> None:
    found = kept(contract, uses_in(changed(WORLD, **change), 2), WORLD.requests)
    assert breaches(found) == planted
    assert found.outcome == "breached"
    broken = found.clauses[0]
    assert 0 < broken.broken <= broken.checked
    assert broken.clause == "in use" or [each.trace_id for each in broken.examples] != []


def test_a_trace_keeps_to_its_own_draft() -> None:
    for requests in (1, 2, 20, 300):
        uses = uses_in(World(requests=requests), 4)
        assert breaches(kept(drafted(uses, requests), uses, requests)) == set()


def test_of_two_halves_of_one_traffic_one_keeps_to_the_other() -> None:
    worlds, half, wrong = how_many(10, thorough=40), 150, 0
    for seed in range(worlds):
        calls = calls_in(World(requests=2 * half), 100 + seed)
        first = interfaces_in(calls.filter(pl.col("request_id") < half))
        second = interfaces_in(calls.filter(pl.col("request_id") >= half))
        wrong += bool(breaches(kept(drafted(first, half), second, half)))
    assert wrong <= worlds // 20


def with_store(contract: Contract, **parts: Any) -> Contract:
    """The contract with parts of the vector store changed."""
    found = [replace(each, **parts) if each.name == "qdrant" else each for each in contract.interfaces]
    return replace(contract, interfaces=tuple(found))


@pytest.mark.parametrize(
    ("parts", "clause", "outcome"),
    [
        ({"success": Success("declared")}, "success", "breached"),
        ({"success": Success("declared", least=0.99)}, "success", "breached"),
        ({"success": Success("declared", least=0.5)}, "success", "passed"),
        ({"success": Success("declared", least=0.93)}, "success", "cannot_say"),
        ({"timeout": Timeout("declared", 0.05)}, "time-out", "breached"),
        ({"timeout": Timeout("declared", 60.0)}, "time-out", "passed"),
        ({"degraded": Degraded("declared", "fallback")}, "after a failure", "breached"),
        (
            {"attributes": (Attribute("documents", "integer", "required", "declared", values=("1",)),)},
            "values",
            "breached",
        ),
        (
            {"attributes": (Attribute("documents", "integer", "required", "declared", high=20),)},
            "range",
            "passed",
        ),
        (
            {"attributes": (Attribute("documents", "integer", "required", "declared", high=19),)},
            "range",
            "breached",
        ),
        (
            {"attributes": (Attribute("region", "text", "required", "declared"),)},
            "attribute missing",
            "breached",
        ),
        ({"attributes": (Attribute("documents", "text", "required", "declared"),)}, "type", "passed"),
    ],
)
def test_what_is_declared_is_broken_by_the_first_that_breaks_it(
    contract: Contract, later: tuple[Uses, ...], parts: dict[str, Any], clause: str, outcome: str
) -> None:
    found = kept(with_store(contract, **parts), later, WORLD.requests)
    assert [each.outcome for each in found.clauses if each.interface == SEARCH and each.clause == clause] == [
        outcome
    ]


def test_one_call_that_is_too_long_breaks_a_declared_time_out_and_no_measured_one(
    contract: Contract, later: tuple[Uses, ...]
) -> None:
    store = next(each for each in later if each.name == "qdrant")
    longest_s = store.calls["duration_s"].max()
    second_s = store.calls["duration_s"].sort()[-2]
    bases: tuple[tuple[Basis, str], ...] = (("declared", "breached"), ("measured", "passed"))
    for basis, outcome in bases:
        asked = with_store(contract, timeout=Timeout(basis, second_s, samples=400, broken=0))
        clause = next(
            each
            for each in kept(asked, later, WORLD.requests).clauses
            if each.interface == SEARCH and each.clause == "time-out"
        )
        assert (clause.broken, clause.outcome) == (1, outcome)
        assert longest_s > second_s


def test_a_declared_clause_that_no_record_tells_leaves_the_answer_open(
    contract: Contract, later: tuple[Uses, ...]
) -> None:
    untimed = [
        Uses(
            each.kind,
            each.stage,
            each.operation,
            each.name,
            each.calls.with_columns(duration_s=None),
            each.shapes,
        )
        for each in later
    ]
    assert kept(contract, untimed, WORLD.requests).outcome == "passed"  # of what is measured it is only said
    found = kept(with_store(contract, timeout=Timeout("declared", 1.0)), untimed, WORLD.requests)
    untold = next(each for each in found.clauses if each.basis == "declared")
    assert (untold.clause, untold.checked, untold.outcome) == ("time-out", 0, "cannot_say")
    assert untold.unknown > 0
    assert (found.of("breached"), found.outcome) == (0, "cannot_say")


def test_too_few_requests_are_no_breach() -> None:
    full, few = drafted(uses_in(WORLD, 1), WORLD.requests), uses_in(World(requests=1, has_cache=False), 2)
    found = kept(full, few, 1)
    assert found.outcome == "cannot_say"
    assert found.of("breached") == found.of("passed") == 0


def test_a_declared_interface_must_be_in_use(contract: Contract, later: tuple[Uses, ...]) -> None:
    refund = Interface("tool", "tool", "execute_tool", "refund", basis="declared")
    asked = replace(contract, interfaces=(*contract.interfaces, refund))
    assert breaches(kept(asked, later, WORLD.requests)) == {("tool execute_tool refund", "in use", None)}
