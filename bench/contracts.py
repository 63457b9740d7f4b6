"""How often is a contract called broken where nothing changed, and how large a change is found?

Run from the checkout: `python -m bench.contracts [WORLDS]`. Each world is cut into two halves in time; a contract is
drafted from one and held against the other, both ways. Then each change is planted at several sizes of traffic.

Prints, for halves of 60 to 1,200 requests, how many checks broke a clause; and the part of worlds in which what is
planted was found, and in which something else was.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, Final

import polars as pl

from costctl.contracts.check import kept
from costctl.contracts.draft import contract_of
from costctl.contracts.uses import Uses, interfaces_in
from costctl.documents.contract import Contract, Drafted
from tests.contracts.interface_worlds import World, calls_in, uses_in

WORLDS: Final = 50
HALVES: Final = (60, 150, 400, 1_200)
CHANGES: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("type", "another type", {"tool_version": "text"}),
    ("attribute missing", "a lost attribute", {"is_finish_said": False}),
    ("success", "failures 4 % to 12 %", {"tool_failing": 0.12}),
    ("success", "failures 4 % to 30 %", {"tool_failing": 0.3}),
    ("time-out", "slower, 1.5 times", {"search_s": 0.075}),
    ("time-out", "slower, 3 times", {"search_s": 0.15}),
    ("after a failure", "no degraded mode", {"is_going_on": False}),
    ("in use", "an interface gone", {"has_cache": False}),
)


def main(worlds: int = WORLDS) -> None:
    """Print both tables."""
    for half in HALVES:
        wrong = sum(_wrong_halves(half, seed) for seed in range(worlds))
        print(f"unchanged, {half:,} requests each: {wrong} of {2 * worlds} checks broke a clause")
    for clause, name, change in CHANGES:
        for requests in HALVES[1:]:
            found, more = _found(clause, change, requests, worlds)
            print(f"{name}, {requests:,} requests: found in {found} of {worlds}, something else in {more}")


def _drafted(uses: tuple[Uses, ...], requests: int) -> Contract:
    return contract_of(uses, Drafted("bench", requests))


def _wrong_halves(half: int, seed: int) -> int:
    calls = calls_in(World(requests=2 * half), seed)
    sides = [
        interfaces_in(calls.filter(pl.col("request_id") < half)),
        interfaces_in(calls.filter(pl.col("request_id") >= half)),
    ]
    return sum(
        kept(_drafted(one, half), other, half).of("breached") > 0 for one, other in (sides, sides[::-1])
    )


def _found(clause: str, change: dict[str, Any], requests: int, worlds: int) -> tuple[int, int]:
    found = more = 0
    for seed in range(worlds):
        world = World(requests=requests)
        contract = _drafted(uses_in(world, seed), requests)
        after = uses_in(replace(world, **change), seed + 10_000)
        broken = {
            each.clause for each in kept(contract, after, requests).clauses if each.outcome == "breached"
        }
        found += clause in broken
        more += bool(broken - {clause})
    return found, more


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:2]))
